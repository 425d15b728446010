/** The drawing of both parties' loudness: the customer above, the agent below, what has been played in full colour. */
export interface Lanes {
  [party: string]: number[];
}

export interface WaveFacts {
  lanes: Lanes;
  holds: [number, number][];
  gaps: [number, number][];
  mutes: [number, number][];
  duration: number;
  at: number;
}

const BAR_PX = 2;
const GAP_PX = 1;

/** A token as a colour that a canvas knows; the token itself may be light-dark(). */
function colour(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

export function drawWave(canvas: HTMLCanvasElement, facts: WaveFacts): void {
  const box = canvas.getBoundingClientRect();
  const context = canvas.getContext("2d");
  if (!context || box.width === 0) return;
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(box.width * scale);
  canvas.height = Math.round(box.height * scale);
  context.scale(scale, scale);
  const x = (seconds: number): number => (seconds / facts.duration) * box.width;
  context.fillStyle = colour(canvas, "--hold");
  for (const [start, end] of facts.holds) context.fillRect(x(start), 0, x(end) - x(start), box.height);
  for (const [start, end] of facts.mutes) hatch(context, x(start), x(end), box.height, colour(canvas, "--line-strong"), 1);
  for (const [start, end] of facts.gaps) hatch(context, x(start), x(end), box.height, colour(canvas, "--red"), -1);

  const parties = Object.keys(facts.lanes).length > 1 ? ["customer", "agent"] : Object.keys(facts.lanes);
  const laneHeight = box.height / Math.max(1, parties.length);
  parties.forEach((party, index) => {
    const peaks = facts.lanes[party] ?? [];
    const played = colour(canvas, party === "agent" ? "--voice-agent" : "--voice-customer");
    const ahead = colour(canvas, party === "agent" ? "--voice-agent-ahead" : "--voice-customer-ahead");
    drawLane(context, peaks, { top: index * laneHeight, height: laneHeight, width: box.width, playedTo: x(facts.at), played, ahead });
  });
  context.fillStyle = colour(canvas, "--accent");
  context.fillRect(Math.min(box.width - 2, x(facts.at)), 0, 2, box.height);
}

/** Slanted lines over a stretch: what was muted leans one way, what was missed the other. At least 3 px, to be seen. */
function hatch(context: CanvasRenderingContext2D, from: number, to: number, height: number, stroke: string, lean: 1 | -1): void {
  const width = Math.max(3, to - from);
  context.save();
  context.beginPath();
  context.rect(from, 0, width, height);
  context.clip();
  context.strokeStyle = stroke;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = from - height; at < from + width + height; at += 7) {
    context.moveTo(at, lean === 1 ? height : 0);
    context.lineTo(at + height, lean === 1 ? 0 : height);
  }
  context.stroke();
  context.restore();
}

interface Lane {
  top: number;
  height: number;
  width: number;
  playedTo: number;
  played: string;
  ahead: string;
}

function drawLane(context: CanvasRenderingContext2D, peaks: number[], lane: Lane): void {
  const count = Math.floor(lane.width / (BAR_PX + GAP_PX));
  const loudest = Math.max(0.05, ...peaks);
  for (let bar = 0; bar < count; bar++) {
    const from = Math.floor((bar * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    const peak = Math.max(0, ...peaks.slice(from, to));
    const height = Math.max(1, Math.sqrt(peak / loudest) * (lane.height - 8));
    const left = bar * (BAR_PX + GAP_PX);
    context.fillStyle = left <= lane.playedTo ? lane.played : lane.ahead;
    context.fillRect(left, lane.top + (lane.height - height) / 2, BAR_PX, height);
  }
}
