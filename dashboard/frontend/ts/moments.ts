const HOUR_S = 3600;
const TICK_MS = 20_000;

/** Keeps "5 minutes ago" true while a page stays open; after an hour the clock time that the server sent takes its place. */
export function startMoments(): void {
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  window.setInterval(() => {
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-later]")) {
      const away = (Date.parse(time.dateTime) - Date.now()) / 1000;
      if (Math.abs(away) >= HOUR_S) time.textContent = time.dataset["later"] ?? "";
      else if (Math.abs(away) >= 45) time.textContent = words.format(Math.round(away / 60) || Math.sign(away), "minute");
    }
  }, TICK_MS);
}
