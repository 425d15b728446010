import { keyOf } from "./card-conditions";

export interface Fault {
  where: string;
  text: string;
  warning: boolean;
}

/** Puts what the linter says to the fields that it speaks of, and opens what holds a fault. */
export function showFaults(editor: HTMLElement, faults: Fault[], open: boolean): void {
  for (const list of editor.querySelectorAll<HTMLElement>("[data-root] .faults")) {
    list.replaceChildren();
    list.hidden = true;
  }
  for (const marked of editor.querySelectorAll(".faulty")) marked.classList.remove("faulty");
  const bar = editor.querySelector<HTMLElement>(".save-bar .faults")!;
  bar.replaceChildren();
  bar.hidden = true;
  for (const fault of faults) {
    const part = partOf(editor, fault.where);
    const field = part ? fieldOf(part, fault.where) : null;
    say(part?.querySelector<HTMLElement>(":scope > .faults") ?? bar, fault);
    if (!field || fault.warning) continue;
    field.classList.add("faulty");
    for (let holder = open ? field.closest("details") : null; holder; holder = holder.parentElement?.closest("details") ?? null) holder.open = true;
  }
  if (open) editor.querySelector<HTMLElement>(".faulty :is(input, textarea, select), input.faulty")?.focus();
}

function say(list: HTMLElement, fault: Fault): void {
  const item = document.createElement("li");
  item.className = fault.warning ? "warning" : "refusal";
  item.textContent = fault.text;
  list.append(item);
  list.hidden = false;
}

/** The question or section that a place belongs to: "greeting.rule.any", "section opening.title"; null for the whole form. */
function partOf(editor: HTMLElement, where: string): HTMLElement | null {
  const name = where.split(".")[0] ?? "";
  const section = name.startsWith("section ");
  const key = section ? name.slice("section ".length) : name;
  const parts = editor.querySelectorAll<HTMLElement>(`[data-root] ${section ? "[data-section]" : "[data-question]"}`);
  return [...parts].find((part) => keyOf(part).value === key) ?? null;
}

/** The innermost field that the place names, as far as there is one. */
function fieldOf(part: HTMLElement, where: string): HTMLElement {
  let field = part;
  for (const name of where.split(".").slice(1)) field = field.querySelector<HTMLElement>(`[data-place="${CSS.escape(name)}"]`) ?? field;
  return field;
}
