import { player } from "./call-player";

/** What every page does: filters send themselves, words play their sound, one-time links fill their form, rows open. */
export function startPage(): void {
  const token = document.querySelector<HTMLInputElement>("input#token");
  if (token && location.hash.length > 20) {
    token.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  }
  if (token?.value) void greet(token);

  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-auto]")) {
    form.addEventListener("change", () => send(form));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send(form);
    });
  }
  document.addEventListener("click", (event) => {
    const target = event.target as HTMLElement;
    const words = target.closest<HTMLElement>("[data-play]");
    if (words) {
      event.preventDefault(); // an evidence button inside a summary plays, it does not open
      player()?.play(Number(words.dataset["play"]));
      return;
    }
    const selectable = target.closest<HTMLInputElement>("input[data-select]");
    if (selectable) selectable.select();
    const row = target.closest<HTMLElement>("[data-href]");
    const chosen = String(getSelection() ?? "") !== "";
    if (row && !chosen && !target.closest("a, button, input, select, summary, form")) location.href = row.dataset["href"]!;
  });
  document.addEventListener("click", closeOthers, true);
}

/** Tells the owner of a one-time link under which name they will log in, or that the link is no longer good. */
async function greet(token: HTMLInputElement): Promise<void> {
  token.closest("label")?.setAttribute("hidden", "");
  const answer = await fetch("/welcome/who", { method: "POST", body: new URLSearchParams({ token: token.value }) });
  const owner = (await answer.json()) as { login?: string; unnamed?: boolean; problem?: string };
  const login = document.querySelector<HTMLInputElement>("#your-login");
  if (owner.login && login) {
    login.value = owner.login;
    login.closest("label")?.removeAttribute("hidden");
  }
  if (owner.unnamed) document.querySelector("#your-name")?.closest("label")?.removeAttribute("hidden");
  const gone = document.querySelector<HTMLElement>("#link-gone");
  if (owner.problem && gone && !document.querySelector(".problem:not([hidden])")) {
    gone.textContent = owner.problem;
    gone.hidden = false;
  }
}

/** Only what is set stands in the address. */
function send(form: HTMLFormElement): void {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.set(name, String(value));
  location.href = query.size ? `${form.getAttribute("action")}?${query}` : form.getAttribute("action")!;
}

/** A click outside closes an open form. */
function closeOthers(event: Event): void {
  for (const open of document.querySelectorAll<HTMLDetailsElement>("details.pop[open]")) {
    if (!open.contains(event.target as Node)) open.open = false;
  }
}
