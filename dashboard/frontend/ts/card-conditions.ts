import { items } from "./card-data";

type Words = Record<string, string>;

/** Offers each condition the questions before it, and of the chosen one its answers; what was chosen before stays chosen. */
export function renewConditions(editor: HTMLElement, words: Words): void {
  const earlier: HTMLElement[] = [];
  const all = [...editor.querySelectorAll<HTMLElement>("[data-root] [data-question]")];
  for (const question of all) {
    for (const condition of question.querySelectorAll<HTMLElement>(".condition")) renew(condition, earlier, all, words);
    earlier.push(question);
  }
}

export const keyOf = (part: HTMLElement): HTMLInputElement => part.querySelector<HTMLInputElement>("[data-field=key]")!;
export const typeOf = (question: HTMLElement): string => question.querySelector<HTMLSelectElement>("[data-switch=type]")!.value;

/** Conditions go on hanging on a question, or ticking an option, whose key is another now. */
export function renamed(editor: HTMLElement, part: HTMLElement, was: string, now: string): void {
  const question = part.matches("[data-question]") ? part : part.closest<HTMLElement>("[data-question]");
  if (!question) return;
  const wanted = part === question ? was : keyOf(question).value;
  for (const condition of editor.querySelectorAll<HTMLElement>("[data-root] .condition")) {
    const select = condition.querySelector<HTMLSelectElement>("[data-earlier]")!;
    if ((select.value || select.dataset["chosen"]) !== wanted) continue;
    if (part === question) {
      select.replaceChildren(new Option(now, now));
      select.dataset["chosen"] = now;
    } else for (const box of condition.querySelectorAll<HTMLInputElement>(".answers-of input")) if (box.value === was) box.value = now;
  }
}

function titleOf(part: HTMLElement, words: Words): string {
  const [fa, en] = ["fa", "en"].map((language) => part.querySelector<HTMLInputElement>(`[data-object=title] [data-field=${language}]`)?.value.trim());
  return (document.documentElement.lang === "fa" ? fa || en : en || fa) || words["question"]!;
}

function renew(condition: HTMLElement, earlier: HTMLElement[], all: HTMLElement[], words: Words): void {
  const select = condition.querySelector<HTMLSelectElement>("[data-earlier]")!;
  const chosen = select.value || select.dataset["chosen"] || "";
  const choices = earlier.map((question) => new Option(titleOf(question, words), keyOf(question).value));
  if (chosen && !choices.some((choice) => choice.value === chosen)) {
    const later = all.find((question) => keyOf(question).value === chosen);
    choices.push(new Option(`${later ? titleOf(later, words) : chosen} ${words["later"]}`, chosen));
  }
  select.replaceChildren(...choices);
  select.value = chosen || choices.at(-1)?.value || "";
  select.dataset["chosen"] = select.value;
  const on = all.find((question) => keyOf(question).value === select.value);
  const type = on ? typeOf(on) : "text";
  const answers = condition.querySelector<HTMLElement>(".answers-of")!;
  const limits = condition.querySelector<HTMLElement>(".limits-of")!;
  limits.hidden = type !== "number" && type !== "scale";
  answers.hidden = !limits.hidden;
  offer(condition, answers, on ? answersOf(on, type, words) : []);
}

function answersOf(question: HTMLElement, type: string, words: Words): [string, string][] {
  if (type === "yes_no") return [["yes", words["yes"]!], ["no", words["no"]!]];
  const list = question.querySelector<HTMLElement>("[data-list=options]");
  return list ? items(list).map((option) => [keyOf(option).value, titleOf(option, words)]) : [];
}

function offer(condition: HTMLElement, place: HTMLElement, answers: [string, string][]): void {
  const shown = [...place.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);
  const wanted = place.childElementCount ? shown : (condition.dataset["is"] ?? "").split(",");
  place.replaceChildren(
    ...answers.map(([value, title]) => {
      const label = document.createElement("label");
      const box = document.createElement("input");
      label.className = "check-line";
      box.type = "checkbox";
      box.value = value;
      box.checked = wanted.includes(value);
      label.append(box, title);
      return label;
    }),
  );
}
