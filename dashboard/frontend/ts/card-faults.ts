import { keyOf } from "./card-conditions";

export interface Fault {
  where: string;
  text: string;
  warning: boolean;
}

/** Puts what the linter says to the fields that it speaks of, and opens what holds a fault. */
export function showFaults(editor: HTMLElement, faults: Fault[], open: boolean): void {
  for (const beside of editor.querySelectorAll(".faults.beside")) beside.remove();
  for (const list of editor.querySelectorAll<HTMLElement>("[data-root] .faults, .save-bar .faults")) {
    list.replaceChildren();
    list.hidden = true;
  }
  for (const marked of editor.querySelectorAll(".faulty")) marked.classList.remove("faulty");
  const bar = editor.querySelector<HTMLElement>(".save-bar .faults")!;
  for (const fault of faults) {
    const part = partOf(editor, fault.where);
    const field = part ? fieldOf(part, fault.where) : headFieldOf(editor, fault.where);
    say(field && field !== part ? beside(field) : (part?.querySelector<HTMLElement>(":scope > .faults") ?? bar), fault);
    if (!field || fault.warning) continue;
    field.classList.add("faulty");
    part?.classList.add("faulty");
    for (let holder = open ? field.closest("details") : null; holder; holder = holder.parentElement?.closest("details") ?? null) holder.open = true;
  }
  if (open) editor.querySelector<HTMLElement>("[data-place].faulty :is(input:not([type=hidden]), textarea, select)")?.focus();
}

function say(list: HTMLElement, fault: Fault): void {
  const item = document.createElement("li");
  item.className = fault.warning ? "warning" : "refusal";
  item.textContent = fault.text;
  list.append(item);
  list.hidden = false;
}

/** The list of faults right after a field; made when there is none. */
function beside(field: HTMLElement): HTMLElement {
  const next = field.nextElementSibling;
  if (next instanceof HTMLElement && next.matches(".faults.beside")) return next;
  const list = document.createElement("ul");
  list.className = "faults beside";
  field.after(list);
  return list;
}

/** A field of the whole form: "title", "for.queues", "pass_mark". */
function headFieldOf(editor: HTMLElement, where: string): HTMLElement | null {
  const name = where.split(".")[0];
  return name ? editor.querySelector<HTMLElement>(`.head-fields [data-place="${CSS.escape(name)}"]`) : null;
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
