import { drawWave, type Lanes } from "./wave";
import { clock, digits, text } from "./texts";
import { spoken } from "./transcript";

const SILENCE_S = 1.5;
const LEAD_S = 0.25;
const SHOW_EVERY_MS = 50;

interface Stretch {
  start: number;
  end: number;
  element: HTMLElement;
}

/** Plays a call: waveform, transcript and evidence move together. `play(seconds)` is what a click on words does. */
export class CallPlayer extends HTMLElement {
  readonly audio = new Audio();
  private duration = 0;
  private lanes: Lanes = {};
  private holds: [number, number][] = [];
  private gaps: [number, number][] = [];
  private mutes: [number, number][] = [];
  private lit: HTMLElement | null = null;
  private frame = 0;
  private shownAt = 0;
  private known: Stretch[] = [];
  private list: Element | null = null;
  private resizing: ResizeObserver | null = null;

  connectedCallback(): void {
    this.duration = Number(this.getAttribute("duration")) || 1;
    this.lanes = JSON.parse(this.dataset["peaks"] ?? "{}") as Lanes;
    this.holds = JSON.parse(this.dataset["holds"] ?? "[]") as [number, number][];
    this.gaps = JSON.parse(this.dataset["gaps"] ?? "[]") as [number, number][];
    this.mutes = JSON.parse(this.dataset["mutes"] ?? "[]") as [number, number][];
    this.audio.preload = "metadata";
    this.audio.src = this.getAttribute("src") ?? "";
    this.listen();
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.wave);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    document.addEventListener("htmx:afterSwap", this.forget);
    this.draw();
  }

  disconnectedCallback(): void {
    document.removeEventListener("htmx:afterSwap", this.forget);
    this.audio.pause();
    this.audio.removeAttribute("src");
    this.resizing?.disconnect();
    cancelAnimationFrame(this.frame);
  }

  /** Play from `seconds` on, a breath earlier so that the first word is whole. */
  play(seconds: number): void {
    this.seek(Math.max(0, seconds - LEAD_S));
    void this.audio.play().catch(() => this.complain());
  }

  seek(seconds: number): void {
    this.audio.currentTime = Math.min(this.duration, Math.max(0, seconds));
    this.show();
  }

  toggle(): void {
    if (this.audio.paused) void this.audio.play().catch(() => this.complain());
    else this.audio.pause();
  }

  step(seconds: number): void {
    this.seek(this.audio.currentTime + seconds);
  }

  /** To the turn after (1) or before (-1) the place that is playing. */
  turn(direction: 1 | -1): void {
    const at = this.audio.currentTime + LEAD_S + 0.05;
    const turns = this.turns();
    const next = direction === 1 ? turns.find((turn) => turn.start > at) : turns.filter((turn) => turn.end < at).at(-1);
    if (next) this.seek(Math.max(0, next.start - LEAD_S));
  }

  /** To the next turn that is evidence, from the beginning again after the last. */
  evidence(): void {
    const marked = this.turns().filter((turn) => turn.element.classList.contains("evidence"));
    const next = marked.find((turn) => turn.start > this.audio.currentTime + LEAD_S + 0.05) ?? marked[0];
    if (next) this.play(next.start);
  }

  /** A turn that was corrected is another element in the same list. */
  private readonly forget = (): void => {
    this.list = null;
  };

  private get wave(): HTMLElement {
    return this.querySelector<HTMLElement>(".wave")!;
  }

  /** The transcript's turns; read again only when the transcript has been replaced, since an hour has a thousand. */
  private turns(): Stretch[] {
    const list = document.querySelector("ol.turns");
    if (list !== this.list) {
      this.list = list;
      this.known = [...(list?.querySelectorAll<HTMLElement>("li.turn") ?? [])].map((element) => ({
        start: Number(element.dataset["start"]),
        end: Number(element.dataset["end"]),
        element,
      }));
    }
    return this.known;
  }

  private listen(): void {
    this.querySelector(".toggle")?.addEventListener("click", () => this.toggle());
    this.querySelector(".speed")?.addEventListener("click", (event) => this.changeSpeed(event.currentTarget as HTMLElement));
    this.wave.addEventListener("pointerdown", (event) => {
      const box = this.wave.getBoundingClientRect();
      this.seek(((event.clientX - box.left) / box.width) * this.duration);
    });
    const running = (): void => {
      if (performance.now() - this.shownAt > SHOW_EVERY_MS) this.show();
      if (!this.audio.paused) this.frame = requestAnimationFrame(running);
    };
    this.audio.addEventListener("play", () => {
      this.complain(false);
      this.classList.add("playing");
      this.querySelector(".toggle")?.setAttribute("aria-label", text("pause"));
      running();
    });
    this.audio.addEventListener("pause", () => {
      this.classList.remove("playing");
      this.querySelector(".toggle")?.setAttribute("aria-label", text("play"));
      this.show();
    });
    this.audio.addEventListener("timeupdate", () => this.skipSilence());
    this.audio.addEventListener("seeked", () => this.show());
    this.audio.addEventListener("error", () => {
      if (this.isConnected) this.complain();
    });
  }

  private changeSpeed(button: HTMLElement): void {
    const speeds = (button.dataset["speeds"] ?? "1").split(",").map(Number);
    const next = speeds[(speeds.indexOf(this.audio.playbackRate) + 1) % speeds.length] ?? 1;
    this.audio.playbackRate = next;
    button.textContent = digits(String(next)) + "×";
  }

  private skipSilence(): void {
    if (this.audio.paused || !this.querySelector<HTMLInputElement>("input[name=skip]")?.checked) return;
    const at = this.audio.currentTime;
    const turns = this.turns();
    if (turns.some((turn) => turn.start - LEAD_S <= at && at <= turn.end + 0.3)) return;
    const next = turns.find((turn) => turn.start > at);
    if (next && next.start - at > SILENCE_S) this.seek(next.start - LEAD_S);
  }

  private show(): void {
    const at = this.audio.currentTime;
    this.shownAt = performance.now();
    this.draw();
    this.wave.setAttribute("aria-valuenow", String(Math.round(at)));
    this.wave.setAttribute("aria-valuetext", clock(at));
    const output = this.querySelector(".at");
    if (output) output.textContent = clock(at);
    const here = this.turns().filter((turn) => turn.start - LEAD_S <= at && at < turn.end).at(-1)?.element ?? null;
    spoken(this.audio.paused ? null : here, at);
    if (here === this.lit) return;
    this.lit?.classList.remove("lit");
    this.lit = here;
    here?.classList.add("lit");
    if (here && !this.audio.paused) reveal(here);
  }

  private draw(): void {
    const canvas = this.querySelector("canvas");
    const { lanes, holds, gaps, mutes, duration } = this;
    if (canvas) drawWave(canvas, { lanes, holds, gaps, mutes, duration, at: this.audio.currentTime });
  }

  private complain(problem = true): void {
    const place = this.querySelector<HTMLElement>(".problem");
    if (!place) return;
    place.hidden = !problem;
    place.textContent = problem ? text("no_sound") : "";
  }
}

/** Scroll only the transcript, never the page. */
function reveal(turn: HTMLElement): void {
  const list = turn.closest<HTMLElement>(".turns");
  if (!list) return;
  const above = turn.offsetTop - list.offsetTop < list.scrollTop;
  const below = turn.offsetTop - list.offsetTop + turn.offsetHeight > list.scrollTop + list.clientHeight;
  if (above || below) list.scrollTo({ top: turn.offsetTop - list.offsetTop - list.clientHeight / 3, behavior: "smooth" });
}

customElements.define("call-player", CallPlayer);

export const player = (): CallPlayer | null => document.querySelector<CallPlayer>("call-player");
