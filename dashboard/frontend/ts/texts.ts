/** Texts and digits of the page's language, as the server sent them. */
const sent: Record<string, string> = JSON.parse(document.body.dataset["texts"] ?? "{}");

export const text = (key: string): string => sent[key] ?? key;

const persian = document.documentElement.lang === "fa";

export function digits(value: string): string {
  return persian ? value.replace(/\d/g, (d) => "۰۱۲۳۴۵۶۷۸۹"[Number(d)]!) : value;
}

/** Seconds as 7:42 or 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = String(whole % 60).padStart(2, "0");
  return digits(hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`);
}
