import { text } from "./texts";

/** What was typed or ticked and not sent yet, by its place; `sent` was part of the form whose answer comes just now. */
export type Typed = Map<string, { value: string; sent: boolean }>;

type Field = HTMLInputElement | HTMLTextAreaElement;
const FIELDS = "textarea, input:not([type=hidden])";
const ONCE_MS = 5000;

/** A part of the page that is written anew loses nothing that somebody has typed into it. */
export function typedIn(part: HTMLElement, sender: Element | null = null): Typed {
  const typed: Typed = new Map();
  for (const field of fields(part)) if (changed(field)) typed.set(placeOf(part, field), { value: valueOf(field), sent: Boolean(sender?.contains(field)) });
  return typed;
}

export function typeAgain(part: HTMLElement, typed: Typed, withSent: boolean): void {
  for (const field of fields(part)) {
    const was = typed.get(placeOf(part, field));
    if (!was || (was.sent && !withSent)) continue;
    if (isBox(field)) field.checked = was.value === "on";
    else field.value = was.value;
    for (let holder = field.closest("details"); holder; holder = holder.parentElement?.closest("details") ?? null) holder.open = true;
  }
}

/** Leaving a long text unsaved is asked about, a form that was sent is not sent again by a second click, and what could not be done is said. */
export function startTyped(): void {
  let leaves = false;
  window.addEventListener("beforeunload", (event) => {
    const kept = [...document.querySelectorAll<HTMLElement>("[data-unsaved]")];
    if (!leaves && kept.some((form) => fields(form).some(changed))) event.preventDefault();
  });
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.method !== "post") return;
    if ("sent" in form.dataset) return event.preventDefault();
    form.dataset["sent"] = "";
    leaves = form.matches("[data-unsaved]");
    window.setTimeout(() => {
      delete form.dataset["sent"];
      leaves = false;
    }, ONCE_MS);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll<HTMLElement>("[data-sent]").forEach((form) => delete form.dataset["sent"]));
  document.addEventListener("htmx:sendError", () => tell("not_sent"));
  document.addEventListener("htmx:responseError", () => tell("refused"));
  document.addEventListener("htmx:afterRequest", (event) => {
    if ((event as CustomEvent<{ successful?: boolean }>).detail.successful) tell("");
  });
}

/** Stands until the next press that works. */
function tell(key: string): void {
  let place = document.getElementById("not-done");
  if (!place && key) {
    place = document.createElement("p");
    place.id = "not-done";
    place.className = "offline";
    place.setAttribute("role", "alert");
    document.getElementById("main")?.before(place);
  }
  if (!place) return;
  place.hidden = key === "";
  place.textContent = key && text(key);
}

const fields = (part: HTMLElement): Field[] => [...part.querySelectorAll<Field>(FIELDS)];
const isBox = (field: Field): field is HTMLInputElement => field instanceof HTMLInputElement && ["checkbox", "radio"].includes(field.type);
const valueOf = (field: Field): string => (isBox(field) ? (field.checked ? "on" : "") : field.value);
const changed = (field: Field): boolean => (isBox(field) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);

/** The same in a part that was made anew: a call that is scored again has its forms in the same order, under other addresses. */
function placeOf(part: HTMLElement, field: Field): string {
  const holder = field.closest(".filled");
  const question = (field.closest<HTMLElement>("[data-key]")?.dataset["key"] ?? "").split("/").at(-1);
  return [[...part.querySelectorAll(".filled")].indexOf(holder!), question, field.name, isBox(field) ? field.value : ""].join(" ");
}
