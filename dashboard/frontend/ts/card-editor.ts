import { keyOf, renamed, renewConditions, typeOf } from "./card-conditions";
import { dataOf, latin } from "./card-data";
import { showFaults, type Fault } from "./card-faults";
import { digits } from "./texts";

const SETTLE_MS = 700;

interface Answer {
  problems: Fault[];
  seen?: string;
  refused?: string;
  yaml?: string | null;
}

/** A draft of a scorecard as a form. Nothing leaves the page until it is saved as a whole; what was saved by others is never overwritten. */
class CardEditor extends HTMLElement {
  private words: Record<string, string> = {};
  private timer = 0;
  private changed = false;
  private undo: (() => void) | null = null;

  connectedCallback(): void {
    this.words = JSON.parse(this.dataset["words"] ?? "{}") as Record<string, string>;
    this.addEventListener("click", (event) => this.pressed(event));
    this.addEventListener("input", () => this.touch());
    this.addEventListener("change", (event) => this.change(event.target as HTMLInputElement));
    this.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("keydown", this.saveKey);
    window.addEventListener("beforeunload", this.leaving);
    this.arrange();
    void this.check();
  }

  disconnectedCallback(): void {
    document.removeEventListener("keydown", this.saveKey);
    window.removeEventListener("beforeunload", this.leaving);
    window.clearTimeout(this.timer);
  }

  private readonly saveKey = (event: KeyboardEvent): void => {
    if (!(event.ctrlKey || event.metaKey) || event.code !== "KeyS") return;
    event.preventDefault();
    void this.save();
  };

  private readonly leaving = (event: BeforeUnloadEvent): void => {
    if (this.changed) event.preventDefault();
  };

  private get root(): HTMLElement {
    return this.querySelector<HTMLElement>("[data-root]")!;
  }

  private get data(): string {
    return JSON.stringify(dataOf(this.root));
  }

  private pressed(event: Event): void {
    const button = (event.target as HTMLElement).closest<HTMLElement>("button");
    if (!button) return;
    const { add, do: act } = button.dataset;
    if (add) this.add(button, add);
    else if (act) this.act(button.closest<HTMLElement>("[data-item]")!, act, button);
    else if (button.dataset["try"] !== undefined) void this.tryRule(button.closest<HTMLElement>("[data-object=rule]")!);
    else if (button.dataset["saveNow"] !== undefined) void this.save();
    else if (button.dataset["undo"] !== undefined) this.undo?.();
    else if (button.dataset["close"] !== undefined) this.querySelector("dialog")!.close();
  }

  private add(button: HTMLElement, kind: string): void {
    const template = this.querySelector<HTMLTemplateElement>(`template[data-new=${kind}]`)!;
    const made = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
    const place = kind === "section" ? this.querySelector(".sections") : button.closest("p, div, details")!.querySelector("ol") ?? button.parentElement!.previousElementSibling;
    place!.append(made);
    if (["section", "question", "option"].includes(kind)) this.name(made, kind);
    made.querySelector<HTMLDetailsElement>(":scope > details")?.setAttribute("open", "");
    this.touch();
    made.querySelector<HTMLElement>("input:not([type=hidden]), textarea, select")?.focus();
  }

  /** A key that nothing else has; a question's or an option's follows its English title until it is saved. */
  private name(part: HTMLElement, wanted: string): void {
    const among = part.matches(".option") ? part.parentElement!.children : this.root.querySelectorAll(part.matches("[data-section]") ? "[data-section]" : "[data-question]");
    const taken = new Set([...among].filter((other) => other !== part).map((other) => keyOf(other as HTMLElement).value));
    let key = wanted;
    for (let number = 2; taken.has(key) || key === ""; number += 1) key = `${wanted || "question"}_${number}`;
    keyOf(part).value = keyOf(part).defaultValue = key;
    keyOf(part).dataset["own"] = "";
  }

  private act(item: HTMLElement, act: string, button: HTMLElement): void {
    if (act === "remove") return this.takeOut(item);
    if (act === "copy") {
      const copy = item.cloneNode(true) as HTMLElement;
      // what was typed or chosen is not in the clone's attributes
      const fields = item.querySelectorAll<HTMLInputElement>("input, select, textarea");
      copy.querySelectorAll<HTMLInputElement>("input, select, textarea").forEach((field, index) => {
        field.value = fields[index]!.value;
        if (field.type === "checkbox") field.checked = fields[index]!.checked;
      });
      item.after(copy);
      this.name(copy, keyOf(item).value);
    } else this.move(item, act === "up" ? -1 : 1);
    this.touch();
    button.focus();
  }

  /** One place up or down; a question at the end of its section goes on into the next one. */
  private move(item: HTMLElement, way: 1 | -1): void {
    const beside = way === 1 ? item.nextElementSibling : item.previousElementSibling;
    if (beside) return void (way === 1 ? beside.after(item) : beside.before(item));
    if (!item.matches("[data-question]")) return;
    const section = item.closest<HTMLElement>("[data-section]")!;
    const next = way === 1 ? section.nextElementSibling : section.previousElementSibling;
    const list = next?.querySelector<HTMLElement>("[data-list=questions]");
    if (way === 1) list?.prepend(item);
    else list?.append(item);
  }

  private takeOut(item: HTMLElement): void {
    const [parent, next] = [item.parentElement!, item.nextElementSibling];
    const neighbour = (next ?? item.previousElementSibling ?? parent.parentElement)?.querySelector<HTMLElement>("summary, button, input:not([type=hidden])");
    item.remove();
    this.undo = () => {
      parent.insertBefore(item, next?.parentElement === parent ? next : null);
      this.undo = null;
      this.touch();
    };
    this.touch();
    const again = document.createElement("button");
    again.type = "button";
    again.className = "small";
    again.dataset["undo"] = "";
    again.textContent = this.words["undo"]!;
    this.tell("removed", again);
    neighbour?.focus();
  }

  private key(event: KeyboardEvent): void {
    const item = (event.target as HTMLElement).closest<HTMLElement>("summary")?.closest<HTMLElement>("[data-question]");
    if (!item || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    this.move(item, event.key === "ArrowUp" ? -1 : 1);
    this.touch();
    (event.target as HTMLElement).closest("summary")?.focus();
  }

  private change(field: HTMLInputElement): void {
    const part = field.closest<HTMLElement>("[data-item]");
    if (field.dataset["field"] === "key" && part) {
      renamed(this, part, field.defaultValue, field.value);
      field.defaultValue = field.value;
      delete field.dataset["own"];
    }
    if (field.dataset["field"] === "en" && part && field.closest("[data-object]")?.getAttribute("data-object") === "title") {
      const slug = field.value.toLowerCase().replace(/[^a-z0-9]+/g, "_").replace(/^[^a-z]+|_+$/g, "").slice(0, 40);
      if (slug && part.querySelector("[data-field=key]") && keyOf(part).dataset["own"] !== undefined) {
        const was = keyOf(part).value;
        this.name(part, slug);
        renamed(this, part, was, keyOf(part).value);
      }
    }
    this.touch();
  }

  private touch(): void {
    this.changed = true;
    this.tell("unsaved");
    this.arrange();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), SETTLE_MS);
  }

  /** Shows of each part what its type and who answers it call for, and adds up the weights. */
  private arrange(): void {
    renewConditions(this, this.words);
    for (const question of this.root.querySelectorAll<HTMLElement>("[data-question]")) this.arrangeQuestion(question);
    let total = 0;
    for (const section of this.root.querySelectorAll<HTMLElement>("[data-section]")) {
      const sum = [...section.querySelectorAll<HTMLInputElement>("[data-field=weight]")].reduce((all, field) => all + (Number(latin(field.value)) || 0), 0);
      section.querySelector("[data-shown=section-weight]")!.textContent = shown(sum);
      total += sum;
    }
    const output = this.querySelector<HTMLElement>("[data-shown=total]")!;
    output.textContent = shown(total);
    output.closest(".total")!.classList.toggle("right", Math.abs(total - 100) < 0.01);
  }

  private arrangeQuestion(question: HTMLElement): void {
    const [type, who] = ["type", "who"].map((name) => question.querySelector<HTMLSelectElement>(`[data-switch=${name}]`)!);
    for (const option of who!.options) option.hidden = option.disabled = !option.dataset["kinds"]!.split(",").includes(type!.value);
    if (who!.selectedOptions[0]?.disabled) who!.value = "person";
    for (const part of question.querySelectorAll<HTMLElement>("[data-when]")) {
      const near = part.closest("[data-object=rule]") ?? question;
      part.hidden = !part.dataset["when"]!.split("&").every((wish) => {
        const [name, values] = wish.split("=");
        const field = (name === "window" ? near : question).querySelector<HTMLInputElement>(`[data-switch=${name}]`)!;
        return values === undefined ? field.checked : values.split(",").includes(field.value);
      });
    }
    const set = (name: string, text: string): void => void (question.querySelector(`[data-shown=${name}]`)!.textContent = text);
    const title = question.querySelector<HTMLInputElement>(`[data-object=title] [data-field=${this.dataset["lang"]}]`)!.value.trim();
    set("title", title || this.words["question"]!);
    set("weight", shown(Number(latin(question.querySelector<HTMLInputElement>("[data-field=weight]")!.value)) || 0));
    set("type", typeOf(question) === "yes_no" ? "" : type!.selectedOptions[0]!.text);
    set("who", who!.selectedOptions[0]!.text);
  }

  private async send(path: string, values: Record<string, string>): Promise<Response> {
    return fetch(path, { method: "POST", headers: { "X-CSRF-Token": this.dataset["csrf"]! }, body: new URLSearchParams(values) });
  }

  private async check(): Promise<void> {
    const answer = await this.send("/scorecards/check", { data: this.data }).catch(() => null);
    if (answer?.ok) showFaults(this, ((await answer.json()) as Answer).problems, false);
  }

  private async save(): Promise<void> {
    window.clearTimeout(this.timer);
    const sent = this.data;
    const answer = await this.send(this.dataset["save"]!, { data: sent, seen: this.dataset["seen"]! }).catch(() => null);
    if (!answer || ![200, 409, 422].includes(answer.status)) return this.tell("away");
    const said = (await answer.json()) as Answer;
    if (answer.status === 409) return this.conflict(said);
    showFaults(this, said.problems, !answer.ok);
    if (!answer.ok) return this.tell("failed");
    this.dataset["seen"] = said.seen;
    this.changed = sent !== this.data;
    this.tell(this.changed ? "unsaved" : "saved");
  }

  private conflict(said: Answer): void {
    const dialog = this.querySelector("dialog")!;
    dialog.querySelector(".problem")!.textContent = said.refused ?? "";
    dialog.querySelector("textarea")!.value = said.yaml ?? "";
    dialog.showModal();
  }

  private async tryRule(rule: HTMLElement): Promise<void> {
    const place = rule.querySelector<HTMLElement>(":scope > .trial")!;
    place.textContent = "…";
    const answer = await this.send("/scorecards/try", { data: JSON.stringify(dataOf(rule)) }).catch(() => null);
    if (answer?.ok) place.innerHTML = await answer.text();
    else place.textContent = this.words["away"]!;
  }

  private tell(key: string, button?: HTMLElement): void {
    const place = this.querySelector<HTMLElement>(".told")!;
    place.className = `told ${key}`;
    place.replaceChildren(this.words[key] ?? "", ...(button ? [" ", button] : []));
  }
}

const shown = (sum: number): string => digits(String(Math.round(sum * 100) / 100));

/** A text with the numbers of its lines beside it; a fault's line is a button that leads to it. */
class NumberedText extends HTMLElement {
  connectedCallback(): void {
    const area = this.querySelector("textarea")!;
    const numbers = document.createElement("div");
    numbers.className = "numbers";
    numbers.setAttribute("aria-hidden", "true");
    this.prepend(numbers);
    const count = (): void => void (numbers.textContent = area.value.split("\n").map((_, index) => index + 1).join("\n"));
    area.addEventListener("input", count);
    area.addEventListener("scroll", () => (numbers.scrollTop = area.scrollTop));
    count();
    document.addEventListener("click", (event) => {
      const line = Number((event.target as HTMLElement).closest<HTMLElement>("[data-line]")?.dataset["line"]);
      if (!line) return;
      const lines = area.value.split("\n");
      const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      area.focus();
      area.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
      area.scrollTop = (line - 4) * parseFloat(getComputedStyle(area).lineHeight);
    });
  }
}

customElements.define("card-editor", CardEditor);
customElements.define("numbered-text", NumberedText);
