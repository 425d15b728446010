/**
 * The form of a scorecard as data, as it stands in its file. What stands where is told by the fields themselves:
 * `data-field` a value, `data-object` keys of their own, `data-list` a list of `data-item`s, `data-set` the values of ticked boxes.
 * What is hidden is not in effect and is left out, and so is what is empty.
 */
export type Data = string | Data[] | { [key: string]: Data };
export type Keys = { [key: string]: Data };

export function dataOf(root: HTMLElement): Keys {
  const found: Keys = {};
  collect(root, found);
  return found;
}

function collect(parent: Element, into: Keys): void {
  for (const child of parent.children) {
    if (!(child instanceof HTMLElement) || child.hidden) continue;
    const { field, object, list, set } = child.dataset;
    if (field !== undefined) put(into, field, valueOf(child as HTMLInputElement));
    else if (list !== undefined) put(into, list, items(child).map(dataOf), child);
    else if (set !== undefined) put(into, set, ticked(child));
    else if (object !== undefined) {
      const own = dataOf(child);
      const needed = child.dataset["needs"]?.split(",");
      if (child.dataset["keep"] !== undefined || (needed ? needed.some((key) => key in own) : Object.keys(own).length)) into[object] = own;
      // the empty list of a section's questions is a list all the same
    } else collect(child, into);
  }
}

function put(into: Keys, key: string, value: Data, list?: HTMLElement): void {
  if (value.length || list?.matches("[data-list=questions], [data-list=sections]")) into[key] = value;
}

export function items(list: Element): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>(":scope > [data-item]")];
}

function ticked(set: HTMLElement): string[] {
  return [...set.querySelectorAll<HTMLInputElement>("input:checked")].map((box) => box.value);
}

function valueOf(field: HTMLInputElement): Data {
  if (field.type === "checkbox") return field.checked ? (field.value === "on" ? "true" : field.value) : "";
  const written = field.value.trim();
  if (field.dataset["as"] === "lines") return split(written, /\n/);
  if (field.dataset["as"] === "commas") return split(written, /[,،\n]/);
  return field.dataset["as"] === "number" ? latin(written) : written;
}

function split(text: string, at: RegExp): string[] {
  return text.split(at).map((part) => part.trim()).filter(Boolean);
}

/** A number as files have it, however its figures were typed. */
export function latin(text: string): string {
  return text
    .replace(/[۰-۹]/g, (figure) => String(figure.charCodeAt(0) - 0x06f0))
    .replace(/[٠-٩]/g, (figure) => String(figure.charCodeAt(0) - 0x0660))
    .replace("٫", ".");
}
