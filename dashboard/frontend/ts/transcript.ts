import htmx from "htmx.org";
import { player } from "./call-player";

/** A turn's words: where each begins in the text (UTF-16 units) and in the sound (seconds). */
interface Words {
  places: number[];
  starts: number[];
}

const read = new WeakMap<HTMLElement, Words>();

/** Words play from where they stand, and turns are corrected in place. Nothing is done for a turn that nobody touches. */
export function startTranscript(): void {
  document.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    const correct = target.closest<HTMLElement>("[data-correct]");
    if (correct) return void openForm(correct);
    const leave = target.closest<HTMLElement>("[data-correct-leave]");
    if (leave) return void closeForm(leave);
    const said = target.closest<HTMLElement>("li.turn > .said");
    if (said && String(getSelection() ?? "") === "") playWord(said, event);
  });
  document.addEventListener("keydown", (event) => {
    const form = (event.target as HTMLElement).closest<HTMLFormElement>("form.correcting");
    if (!form) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      closeForm(form.querySelector<HTMLElement>("[data-correct-leave]")!);
    }
  }, true);
}

/** Correct the turn in which the keyboard is, else the one that is playing. */
export function correctHere(): boolean {
  const here = document.activeElement?.closest("li.turn") ?? document.querySelector("li.turn.lit");
  const button = here?.querySelector<HTMLElement>("[data-correct]");
  if (button) openForm(button);
  return Boolean(button);
}

function openForm(button: HTMLElement): void {
  fetchTurn(button, `turns/${button.dataset["correct"]}/correct`);
}

function closeForm(button: HTMLElement): void {
  fetchTurn(button, `turns/${button.dataset["correctLeave"]}`);
}

function fetchTurn(button: HTMLElement, path: string): void {
  const turn = button.closest<HTMLElement>("li.turn");
  const call = button.closest<HTMLElement>("[data-call]")?.dataset["call"];
  if (turn && call) void htmx.ajax("get", `/calls/${call}/${path}`, { target: turn, swap: "outerHTML" });
}

function playWord(said: HTMLElement, event: MouseEvent): void {
  const turn = said.parentElement as HTMLElement;
  const at = placeOf(said, event.clientX, event.clientY);
  const { places, starts } = wordsOf(turn);
  const index = at === null ? -1 : last(places, at);
  player()?.play(index < 0 ? Number(turn.dataset["start"]) : starts[index]!);
}

/** Mark the word that is heard at this second; a range that the style sheet colours, so that the page itself stays as it is. */
export function spoken(turn: HTMLElement | null, seconds: number): void {
  if (!("highlights" in CSS)) return;
  const said = turn?.querySelector<HTMLElement>(":scope > .said");
  const { places, starts } = turn ? wordsOf(turn) : { places: [], starts: [] };
  const index = last(starts, seconds);
  const range = said && index >= 0 ? rangeOf(said, places[index]!, places[index + 1]) : null;
  if (range) CSS.highlights.set("spoken", new Highlight(range));
  else CSS.highlights.delete("spoken");
}

function wordsOf(turn: HTMLElement): Words {
  const known = read.get(turn);
  if (known) return known;
  const numbers = (turn.dataset["words"] ?? "").split(" ").filter(Boolean).map(Number);
  const words: Words = {
    places: numbers.filter((_, index) => index % 2 === 0),
    starts: numbers.filter((_, index) => index % 2 === 1).map((hundredths) => hundredths / 100),
  };
  read.set(turn, words);
  return words;
}

/** Index of the last of the rising numbers that is not above `limit`; -1 for none. */
function last(numbers: number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function* textsOf(element: HTMLElement): Generator<Text> {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) yield walker.currentNode as Text;
}

/** Which character of the text lies under this point; null where none does. */
function placeOf(said: HTMLElement, x: number, y: number): number | null {
  const found = document.caretPositionFromPoint?.(x, y);
  const range = found ? null : document.caretRangeFromPoint?.(x, y);
  const [node, offset] = found ? [found.offsetNode, found.offset] : [range?.startContainer, range?.startOffset ?? 0];
  let before = 0;
  for (const text of textsOf(said)) {
    if (text === node) return before + Math.min(offset, text.length - 1);
    before += text.length;
  }
  return null;
}

/** The characters from `from` to `to` (to the end without one), without the space after them. */
function rangeOf(said: HTMLElement, from: number, to: number | undefined): Range | null {
  const whole = said.textContent ?? "";
  const end = from + whole.slice(from, to).trimEnd().length;
  const range = document.createRange();
  let before = 0;
  let begun = false;
  for (const text of textsOf(said)) {
    if (!begun && from < before + text.length) {
      range.setStart(text, from - before);
      begun = true;
    }
    if (begun && end <= before + text.length) {
      range.setEnd(text, end - before);
      return range;
    }
    before += text.length;
  }
  return null;
}
