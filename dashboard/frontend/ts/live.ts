import htmx from "htmx.org";
import { text } from "./texts";
import { typeAgain, typedIn } from "./typed";

const SETTLE_MS = 250;
const AWAY_MS = 6000;

/** Shows what changed as it changes: rows of the call list one by one, parts of other pages when the server renders them anew. */
export function startLive(): void {
  let source: EventSource | null = null;
  let away = 0;
  // the server sends what came after this mark: after the page was made, or after the last notice that reached it
  let mark = document.body.dataset["live"] ?? "";
  // a call whose page is open is heard before others
  const call = document.querySelector<HTMLElement>("[data-call]")?.dataset["call"];
  const open = (): void => {
    source?.close();
    source = new EventSource(`/live?after=${encodeURIComponent(mark)}${call ? `&call=${call}` : ""}`);
    source.addEventListener("open", () => {
      window.clearTimeout(away);
      offline(false);
    });
    source.addEventListener("error", () => {
      window.clearTimeout(away);
      away = window.setTimeout(() => offline(true), AWAY_MS);
      if (source?.readyState === EventSource.CLOSED) void signedOut();
    });
    source.addEventListener("change", (event) => {
      const notice = event as MessageEvent<string>;
      mark = notice.lastEventId;
      const [kind = "", id = ""] = notice.data.split(" ");
      changed(kind, id);
    });
  };
  // a page that nobody sees holds no connection: browsers allow six to one server
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) source?.close();
    else open();
  });
  window.addEventListener("pagehide", () => source?.close());
  // what changes by time alone: a wait that grows beyond the threshold, a new day
  const every = Number(document.querySelector<HTMLElement>("[data-every]")?.dataset["every"]);
  if (every) window.setInterval(() => !document.hidden && settle("parts", renewParts), every * 1000);
  if (!document.hidden) open();
}

const waiting = new Map<string, number>();
const busy = new Set<string>();
const again = new Set<string>();

function changed(kind: string, id: string): void {
  const list = document.querySelector<HTMLElement>("#calls");
  if (list && kind === "call") settle(`row ${id}`, () => renewRow(list, id));
  else if (list && kind === "gap") location.reload();
  const watching = document.querySelector<HTMLElement>("[data-refresh]")?.dataset["refresh"]?.split(" ") ?? [];
  if (kind === "gap" ? watching.length : watching.includes(kind) || watching.includes(`${kind}:${id}`)) settle("parts", renewParts);
}

/**
 * Several notices of one thing within a moment are answered once. What comes while the answer is being fetched is answered by
 * one more afterwards: an old answer never overtakes a new one, and a slow server is not asked faster than it answers.
 */
function settle(key: string, act: () => Promise<void>): void {
  if (busy.has(key)) {
    again.add(key);
    return;
  }
  if (waiting.has(key)) return;
  waiting.set(
    key,
    window.setTimeout(() => {
      waiting.delete(key);
      busy.add(key);
      void act()
        .catch(() => undefined)
        .finally(() => {
          busy.delete(key);
          if (again.delete(key)) settle(key, act);
        });
    }, SETTLE_MS),
  );
}

async function renewRow(list: HTMLElement, id: string): Promise<void> {
  const query = list.dataset["query"];
  const answer = await fetch(`/calls/${id}/row${query ? `?${query}` : ""}`);
  if (answer.redirected || !answer.ok) return;
  const old = document.getElementById(`call-${id}`);
  if (answer.status === 204) {
    old?.remove();
  } else {
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const row = holder.content.querySelector("tr");
    if (row) place(row, old);
  }
  for (const section of [document.querySelector<HTMLElement>(".now"), document.querySelector<HTMLElement>("#ended")]) {
    if (section) section.hidden = section.querySelector("tr.call") === null;
  }
  const none = document.getElementById("none");
  if (none) none.hidden = document.querySelector("tr.call") !== null;
}

function place(row: HTMLTableRowElement, old: HTMLElement | null): void {
  const live = row.classList.contains("live");
  const body = document.getElementById(live ? "rows-now" : "rows-ended");
  if (!body) return;
  const focused = old !== null && document.activeElement === old;
  row.classList.add(old ? "renewed" : "new");
  if (old?.parentElement === body) {
    old.replaceWith(row);
  } else {
    old?.remove();
    const order = row.dataset["order"] ?? "";
    const rows = [...body.querySelectorAll<HTMLElement>("tr.call")];
    const before = rows.find((other) => (live ? (other.dataset["order"] ?? "") > order : (other.dataset["order"] ?? "") < order));
    body.insertBefore(row, before ?? body.querySelector("tr.more"));
  }
  htmx.process(row);
  if (focused) {
    row.tabIndex = -1;
    row.focus();
  }
}

/** Replace each part whose text the server would write differently now; a part in which somebody types is left alone. */
async function renewParts(): Promise<void> {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of fresh.querySelectorAll<HTMLElement>("[data-part]")) {
    const shown = document.getElementById(part.id);
    if (!shown || shown.dataset["part"] === part.dataset["part"]) continue;
    if (shown.contains(document.activeElement) && document.activeElement?.matches("input, textarea, select")) continue;
    if (shown.querySelector("form.correcting")) continue; // somebody is typing in it, even while they listen to the sound
    const opened = [...shown.querySelectorAll("details")].map((details) => details.open);
    const next = document.importNode(part, true);
    next.querySelectorAll("details").forEach((details, index) => (details.open = opened[index] ?? false));
    const focused = shown.contains(document.activeElement) ? document.activeElement?.id : "";
    const typed = typedIn(shown);
    const scrolled = shown.querySelector(".turns")?.scrollTop ?? 0;
    shown.replaceWith(next);
    htmx.process(next);
    typeAgain(next, typed, true);
    if (scrolled) next.querySelector(".turns")?.scrollTo({ top: scrolled, behavior: "instant" });
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

async function signedOut(): Promise<void> {
  const answer = await fetch("/api/me").catch(() => null);
  if (answer?.status === 401) location.href = `/login?next=${encodeURIComponent(location.pathname)}`;
}

function offline(lost: boolean): void {
  const place = document.getElementById("offline");
  if (!place) return;
  place.hidden = !lost;
  place.textContent = lost ? text("offline") : "";
}
