import { player } from "./call-player";
import { labelHere, nextDoubt, submitReview } from "./review";
import { correctHere } from "./transcript";

/** The keys of the "?" list. Letters are taken by place as well, so that they work with a Persian keyboard. */
export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    if (event.key === "Escape") {
      if (isField(target)) target.blur();
      for (const open of document.querySelectorAll<HTMLDetailsElement>("details.pop[open]")) open.open = false;
      return;
    }
    if (isField(target)) return;
    const action = actions[name(event)];
    if (action && action(target) !== false) event.preventDefault();
  });
}

type Action = (target: HTMLElement) => boolean | void;

function name(event: KeyboardEvent): string {
  if (event.key === "?" || event.key === "؟") return "?";
  if (event.key === "/" || event.key === " ") return event.key;
  return { KeyJ: "j", KeyK: "k", KeyE: "e", KeyC: "c", KeyN: "n", KeyU: "u", KeyS: "s", KeyL: "l", BracketLeft: "[", BracketRight: "]", Slash: event.shiftKey ? "?" : "/" }[event.code] ?? event.key;
}

const actions: Record<string, Action> = {
  "/": () => {
    const search = document.querySelector<HTMLInputElement>("#search");
    if (search) search.select();
    else location.href = "/calls";
  },
  "?": () => document.querySelector<HTMLDialogElement>("#keys")?.showModal(),
  j: () => move(1),
  k: () => move(-1),
  Enter: (target) => (target.dataset["href"] ? void (location.href = target.dataset["href"]) : false),
  " ": (target) => (pressedByKeyboard(target) || !player() ? false : player()!.toggle()),
  ArrowLeft: () => (player() ? player()!.step(-5) : false),
  ArrowRight: () => (player() ? player()!.step(5) : false),
  Home: (target) => (target.matches(".wave") ? player()?.seek(0) : false),
  End: (target) => (target.matches(".wave") ? player()?.seek(Infinity) : false),
  "[": () => player()?.turn(-1),
  "]": () => player()?.turn(1),
  e: () => player()?.evidence(),
  c: () => correctHere(),
  l: () => labelHere(),
  u: () => nextDoubt(),
  s: () => submitReview(),
  n: () => {
    const note = document.querySelector<HTMLElement>("#note");
    const folded = note?.closest("details");
    if (folded) folded.open = true;
    note?.focus();
  },
};

/** On a list to the next row, on a call's page to the next call. */
function move(direction: 1 | -1): void {
  const beside = document.querySelector<HTMLAnchorElement>(direction === 1 ? "a#older" : "a#newer");
  if (beside) {
    location.href = beside.href;
    return;
  }
  const rows = [...document.querySelectorAll<HTMLElement>("tr[data-href], .story [data-href], .due-row")];
  const here = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[here === -1 ? 0 : Math.min(rows.length - 1, Math.max(0, here + direction))];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
}

/** Space presses what the keyboard has walked to; after a click with the mouse it plays and pauses. */
function pressedByKeyboard(target: HTMLElement): boolean {
  return target.matches("button, summary, a, input") && !walkedByMouse;
}

let walkedByMouse = false;
document.addEventListener("pointerdown", () => (walkedByMouse = true), true);
document.addEventListener("keydown", (event) => event.key === "Tab" && (walkedByMouse = false), true);

function isField(target: HTMLElement): boolean {
  return target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}
