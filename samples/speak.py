"""Speaks the scripts of the sample calls into one recording per party, with the true time of every turn.

    python samples/speak.py --voice en_US-joe-medium.onnx            # all calls
    python samples/speak.py --voice en_US-joe-medium.onnx --only en-rude-agent
    python samples/speak.py --only fa-rude-agent                     # Persian needs no Piper voice

Writes calls/NAME-agent.ogg and calls/NAME-customer.ogg (same length, same clock), references/NAME.json (what
was said and when), calls/NAME.json (the same as a ready transcript, Persian only) and calls.csv.
The same scripts, programs and voice give the same files.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from line import hold_music, line_noise, write_opus
from script import CallScript, Turn, load_script
from voices import MANNERS, RATE_HZ, EspeakSpeaker, PiperSpeaker, Sound, Speaker, speak_line

HERE = Path(__file__).resolve().parent
SOURCES = {
    "fa": "script of the sample, spoken by espeak-ng",
    "en": "script of the sample, spoken by Piper (en_US-joe-medium)",
}
CSV_COLUMNS = (
    "agent_file", "customer_file", "started_at", "direction", "caller", "called", "agent", "queue", "language", "transcript",
)  # fmt: skip
LEAD_IN_S = 0.8
TAIL_S = 1.0
AGENT_NOISE_DB = -62.0


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A turn on the call's clock, with its sound; both times in seconds from answer."""

    turn: Turn
    start_s: float
    end_s: float
    sound: Sound


def place_turns(script: CallScript, sounds: list[Sound], *, seed: int) -> list[Placed]:
    """Sets the turns one after another: pauses and overlaps as the script says, else a pause of 0.25-0.65 s."""
    rng = np.random.default_rng(seed)
    placed: list[Placed] = []
    end_s, last_start_s = LEAD_IN_S, 0.0
    for turn, sound in zip(script.turns, sounds, strict=True):
        usual_s = float(rng.uniform(0.25, 0.65))
        pause_s = usual_s if turn.pause_before_s is None else turn.pause_before_s
        if not placed and turn.pause_before_s is None:
            pause_s = 0.0
        start_s = max(end_s - turn.overlap_s if turn.overlap_s else end_s + pause_s, last_start_s)
        start_s = round(start_s * RATE_HZ) / RATE_HZ
        this_end_s = start_s + sound.size / RATE_HZ
        placed.append(Placed(turn=turn, start_s=start_s, end_s=this_end_s, sound=sound))
        # What is said into a hold does not end it: the next turn waits for the music.
        end_s, last_start_s = max(end_s, this_end_s), start_s
    return placed


def mix_leg(placed: list[Placed], parties: set[str], count: int, noise: Sound) -> Sound:
    """One party's channel: its turns over its own line noise, nothing of the other party."""
    leg = noise.copy()
    for piece in placed:
        if piece.turn.party in parties:
            first = round(piece.start_s * RATE_HZ)
            leg[first : min(first + piece.sound.size, count)] += piece.sound[: count - first]
    return leg


def sound_of(turn: Turn, script: CallScript, speaker: Speaker) -> Sound:
    """The turn's samples at 8 kHz; a hold is music, a silence zeros."""
    if turn.party == "hold":
        return hold_music(turn.duration_s)
    if turn.party == "silence":
        return np.zeros(round(turn.duration_s * RATE_HZ))
    person = script.agent_voice if turn.party == "agent" else script.customer_voice
    return speak_line(speaker, turn.say or turn.text, person, MANNERS[turn.effect])


def transcript_of(placed: list[Placed], language: str) -> dict[str, object]:
    """The words and their times in the format that `avasanj import` takes for a transcript made elsewhere."""
    turns = [
        {"party": p.turn.party, "start_s": round(p.start_s, 2), "end_s": round(p.end_s, 2), "text": p.turn.text}
        for p in placed
        if p.turn.party in {"agent", "customer"}
    ]
    return {"language": language, "source": SOURCES[language], "turns": turns}


def speak_call(script: CallScript, voice_path: Path | None) -> float:
    """Writes a call's two legs and its transcripts; returns its length in seconds."""
    seed = zlib.crc32(script.id.encode())
    speaker = EspeakSpeaker() if script.language == "fa" else _piper(voice_path, seed)
    placed = place_turns(script, [sound_of(turn, script, speaker) for turn in script.turns], seed=seed)
    count = round((max(piece.end_s for piece in placed) + TAIL_S) * RATE_HZ)
    agent_noise = line_noise(count, AGENT_NOISE_DB, seed=seed)
    customer_noise = line_noise(count, script.customer_noise_db, seed=seed + 1)
    # Music on hold comes from the agent's side of the PBX, so it is in the channel that the customer hears.
    write_opus(mix_leg(placed, {"agent", "hold"}, count, agent_noise), HERE / f"calls/{script.id}-agent.ogg")
    write_opus(mix_leg(placed, {"customer"}, count, customer_noise), HERE / f"calls/{script.id}-customer.ogg")
    text = json.dumps(transcript_of(placed, script.language), ensure_ascii=False, indent=1) + "\n"
    (HERE / f"references/{script.id}.json").write_text(text, encoding="utf-8")
    if script.language == "fa":
        (HERE / f"calls/{script.id}.json").write_text(text, encoding="utf-8")
    return count / RATE_HZ


def _piper(voice_path: Path | None, seed: int) -> PiperSpeaker:
    if voice_path is None or not voice_path.is_file():
        msg = f"The Piper voice is not at {voice_path}. Give its .onnx file with --voice (see samples/README.md)."
        raise FileNotFoundError(msg)
    return PiperSpeaker(voice_path, seed=seed % 2**31)


def write_csv(scripts: list[CallScript], path: Path) -> None:
    """The facts of each call as an archive's CSV; file names are relative to the CSV's folder."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for script in sorted(scripts, key=lambda one: one.started_at):
            base = f"calls/{script.id}"
            transcript = f"{base}.json" if script.language == "fa" else ""
            facts = [script.started_at.isoformat(), script.direction, script.caller, script.called]
            agent = [script.agent_name, script.queue, script.language]
            writer.writerow([f"{base}-agent.ogg", f"{base}-customer.ogg", *facts, *agent, transcript])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--voice", type=Path, help="the Piper voice for English, en_US-joe-medium.onnx")
    parser.add_argument("--only", nargs="+", metavar="ID", default=[], help="speak these calls only")
    arguments = parser.parse_args()
    scripts = [load_script(path) for path in sorted((HERE / "scripts").glob("*.yaml"))]
    unknown = set(arguments.only) - {script.id for script in scripts}
    if unknown:
        parser.error(f"no script for {', '.join(sorted(unknown))} in {HERE / 'scripts'}")
    for folder in ("calls", "references"):
        (HERE / folder).mkdir(exist_ok=True)
    for script in scripts:
        if not arguments.only or script.id in arguments.only:
            sys.stderr.write(f"{script.id}: {speak_call(script, arguments.voice):.1f} s\n")
    write_csv(scripts, HERE / "calls.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
