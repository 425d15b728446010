import htmx from "htmx.org";
import { player } from "./call-player";
import { typeAgain, typedIn, type Typed } from "./typed";

/** Answering a form from the keyboard: the next open question, its words, an answer, and the next one. */
export function startReview(): void {
  document.addEventListener("keydown", answerKey, true);
  document.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    if (target.closest("[data-next-doubt]")) nextDoubt();
    const label = target.closest<HTMLElement>("[data-label-turn]");
    if (label) openLabel(label);
    if (target.closest("#call-score button")) byKeyboard = event.detail === 0;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ((event.target as HTMLElement).id !== "call-score") return;
    opened = openKeys();
    const { elt } = (event as CustomEvent<{ requestConfig: { elt: Element } }>).detail.requestConfig;
    typed = typedIn(event.target as HTMLElement, elt.closest("form"));
    answered = (document.activeElement?.closest("[data-key]") as HTMLElement | null)?.dataset["key"] ?? "";
  });
  document.addEventListener("htmx:afterSwap", () => {
    if (opened) restore(opened);
    const part = document.getElementById("call-score");
    if (part && typed) typeAgain(part, typed, part.querySelector(":scope > .problem") !== null);
    opened = typed = null;
  });
}

let opened: Set<string> | null = null;
let typed: Typed | null = null;
let answered = "";
let byKeyboard = false;
let heard = -1;

const answers = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("#call-score li.answer")];
const openKeys = (): Set<string> => new Set(answers().filter((answer) => answer.querySelector("details")!.open).map((answer) => answer.dataset["key"]!));

function restore(keys: Set<string>): void {
  for (const answer of answers()) if (keys.has(answer.dataset["key"]!)) answer.querySelector("details")!.open = true;
  const here = answers().find((answer) => answer.dataset["key"] === answered);
  if (!here) document.querySelector<HTMLElement>("a#older")?.focus({ preventScroll: true });
  else if (byKeyboard && !here.hasAttribute("data-waits")) {
    here.querySelector("details")!.open = false;
    if (!nextDoubt(here)) here.closest(".filled")?.querySelector<HTMLElement>("[data-submit-review]")?.focus();
  } else here.querySelector("summary")!.focus({ preventScroll: true });
}

/** Open the next question that waits for a person, after the one in which the keyboard is; from the beginning again after the last. */
export function nextDoubt(from: Element | null = document.activeElement?.closest("li.answer") ?? null): boolean {
  const all = answers();
  const start = from ? all.indexOf(from as HTMLElement) + 1 : 0;
  const next = [...all.slice(start), ...all.slice(0, start)].find((answer) => answer.hasAttribute("data-waits"));
  if (!next) return false;
  next.querySelector("details")!.open = true;
  next.querySelector("summary")!.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  heard = -1;
  return true;
}

/** Submit the form in which the keyboard is, else the one that has answers of this person, else the first. */
export function submitReview(): boolean {
  const form =
    document.activeElement?.closest(".filled") ?? document.querySelector(".filled:has(.answer.mine)") ?? document.querySelector(".filled:has([data-submit-review])");
  const button = form?.querySelector<HTMLElement>("[data-submit-review]");
  button?.click();
  return Boolean(button);
}

/** Label the turn in which the keyboard is, else the one that is playing. */
export function labelHere(): boolean {
  const here = document.activeElement?.closest("li.turn") ?? document.querySelector("li.turn.lit");
  const button = here?.querySelector<HTMLElement>("[data-label-turn]");
  if (button) openLabel(button);
  return Boolean(button);
}

/** Fetched only where it is wanted: an hour of talk has a thousand turns. */
function openLabel(button: HTMLElement): void {
  const turn = button.closest<HTMLElement>("li.turn");
  const call = button.closest<HTMLElement>("[data-call]")?.dataset["call"];
  if (turn && call) void htmx.ajax("get", `/calls/${call}/turns/${button.dataset["labelTurn"]}/label`, { target: turn, swap: "outerHTML" });
}

function answerKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target as HTMLElement;
  if (target.matches("textarea, select, input:not([type=checkbox])")) return;
  // Escape closes the menu wherever the keyboard is: right after a swap it is nowhere yet, after a click beside it too.
  const label = target.closest<HTMLElement>(".turn-label") ?? (event.code === "Escape" ? document.querySelector<HTMLElement>(".turn-label") : null);
  const answer = target.closest<HTMLElement>("li.answer");
  const done = label ? labelKey(label, event.code) : answer ? keyIn(answer, event.code) : false;
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
}

function labelKey(menu: HTMLElement, code: string): boolean {
  const digit = code.match(/^(?:Digit|Numpad)([1-5])$/)?.[1];
  if (code === "Escape") return press(menu, "[data-correct-leave]");
  return press(menu, digit ? `[name=satisfaction][value="${digit}"]:is(button)` : { KeyN: "[value=neg]", KeyO: "[value=neu]", KeyP: "[value=pos]" }[code]);
}

function keyIn(answer: HTMLElement, code: string): boolean {
  const digit = code.match(/^(?:Digit|Numpad)([0-9])$/)?.[1];
  if (digit) return chooseBy(answer, digit);
  if (code === "KeyE") return hear(answer);
  return press(answer, { KeyY: "button.give[value=yes]", KeyN: "button.give[value=no]", KeyX: "button.give[value=na]", KeyM: "[data-confirm]", Backspace: "[data-back]" }[code]);
}

/** A grade by its figure, else the option at that place. */
function chooseBy(answer: HTMLElement, digit: string): boolean {
  if (press(answer, `button.give[value="${digit}"]`)) return true;
  const options = answer.querySelectorAll<HTMLElement>(".choices button.give:not([value=na], [value=yes], [value=no]), .choices input[type=checkbox]");
  const option = options[Number(digit) - 1];
  option?.click();
  return Boolean(option);
}

/** The answer's pieces of evidence, one after the other. */
function hear(answer: HTMLElement): boolean {
  const places = answer.querySelectorAll<HTMLElement>(".inside .quote [data-play]");
  if (!places.length) return false;
  heard = (heard + 1) % places.length;
  player()?.play(Number(places[heard]!.dataset["play"]));
  return true;
}

function press(within: HTMLElement, wanted: string | undefined): boolean {
  const button = wanted ? within.querySelector<HTMLElement>(wanted) : null;
  button?.click();
  return Boolean(button);
}
