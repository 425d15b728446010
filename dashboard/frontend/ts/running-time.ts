import { clock } from "./texts";

/** A length of time that is still growing: `<running-time since="2026-11-22T10:00:00Z">`. */
class RunningTime extends HTMLElement {
  private timer = 0;

  connectedCallback(): void {
    const since = Date.parse(this.getAttribute("since") ?? "");
    const show = (): void => {
      this.textContent = Number.isNaN(since) ? "–" : clock((Date.now() - since) / 1000);
    };
    show();
    this.timer = window.setInterval(show, 1000);
  }

  disconnectedCallback(): void {
    window.clearInterval(this.timer);
  }
}

customElements.define("running-time", RunningTime);
