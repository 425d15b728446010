/** Draws the table that it wraps: the customer's displeasure at each of their turns, on the player's time axis. */
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 40;

class MoodCurve extends HTMLElement {
  connectedCallback(): void {
    const duration = Number(this.closest("call-player")?.getAttribute("duration"));
    if (!duration || this.querySelector("svg")) return;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 1000 ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    for (const row of this.querySelectorAll<HTMLTableRowElement>("tbody tr")) {
      const start = Number(row.dataset["start"]);
      const end = Number(row.dataset["end"]);
      const value = Number(row.dataset["value"]);
      const level = 1 + Math.min(4, Math.floor(value * 5));
      const bar = document.createElementNS(SVG, "rect");
      const height = 4 + value * (HEIGHT - 6);
      bar.setAttribute("x", String((start / duration) * 1000));
      bar.setAttribute("width", String(Math.max(4, ((end - start) / duration) * 1000)));
      bar.setAttribute("y", String(HEIGHT - height));
      bar.setAttribute("height", String(height));
      bar.setAttribute("class", `m${level}`);
      bar.dataset["play"] = String(start);
      svg.append(bar);
    }
    this.append(svg);
  }
}

customElements.define("mood-curve", MoodCurve);
