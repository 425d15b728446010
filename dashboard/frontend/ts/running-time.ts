import { clock } from "./texts";

/** How far the server's clock is ahead of this machine's: a screen on the wall may be minutes wrong. */
const AHEAD_MS = (Date.parse(document.body.dataset["now"] ?? "") || Date.now()) - Date.now();

/** A length of time that is still growing: `<running-time since="2026-11-22T10:00:00Z">`; beyond `warn` seconds it is marked. */
class RunningTime extends HTMLElement {
  private timer = 0;

  connectedCallback(): void {
    const since = Date.parse(this.getAttribute("since") ?? "");
    const warnAfter = Number(this.getAttribute("warn")) || Infinity;
    const show = (): void => {
      const seconds = (Date.now() + AHEAD_MS - since) / 1000;
      this.textContent = Number.isNaN(since) ? "–" : clock(seconds);
      this.classList.toggle("long", seconds > warnAfter);
    };
    show();
    this.timer = window.setInterval(show, 1000);
  }

  disconnectedCallback(): void {
    window.clearInterval(this.timer);
  }
}

customElements.define("running-time", RunningTime);
