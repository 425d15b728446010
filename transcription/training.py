"""Corrected turns as training data: clips of the recordings, and what is said in each."""

from __future__ import annotations

import datetime
import json
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.database import Database
from avasanj.errors import AvasanjError, InputError
from avasanj.settings import Settings
from telephony.storage import let_go
from transcription import corrections, stage
from transcription.at_hand import legs_at_hand
from transcription.audio import Recording, Samples
from transcription.clock import sound_of
from transcription.legs import Leg
from transcription.tables import Transcript, Turn
from transcription.windows import RATE_HZ

#: A clip holds this much before and after its turn, so that no word is cut at its edge.
MARGIN_S = 0.3
INDEX = "corrections.jsonl"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written."""

    clips: int
    seconds: float
    problems: list[str] = field(default_factory=list)  #: why a call's turns are not among them


def export(settings: Settings, database: Database, out: Path, since: datetime.datetime) -> Exported:
    """Write a clip for each corrected turn (WAV, 16 kHz, one party) and an index with its text, in the folder `out`.

    A turn that stands "nothing was said" has an empty text. The index is written anew; clips keep their names. Raises
    InputError where the folder can't be written.
    """
    with database.read() as session:
        found = corrections.since(session, since)
    by_call: dict[Transcript, list[Turn]] = {}
    for turn, transcript in found:
        by_call.setdefault(transcript, []).append(turn)
    rows: list[dict[str, Any]] = []
    problems: list[str] = []
    try:
        (out / "clips").mkdir(parents=True, exist_ok=True)
        for transcript, turns in by_call.items():
            try:
                rows += _clips(settings, database, out, transcript, turns)
            except AvasanjError as error:
                problems.append(f"{transcript.call_id}: {error}")
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (out / INDEX).write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{error.filename or out} can't be written: {error.strerror}. Give another folder.") from error
    return Exported(clips=len(rows), seconds=round(sum(row["duration_s"] for row in rows), 1), problems=problems)


def _clips(
    settings: Settings, database: Database, out: Path, transcript: Transcript, turns: Sequence[Turn]
) -> Iterator[dict[str, Any]]:
    with database.read() as session:
        call = stage.load_call(session, transcript.call_id)
    legs, _ = legs_at_hand(settings, call)
    sounds = _sounds(legs, turns)
    for turn in turns:
        sound = sounds[turn.id]
        file = f"clips/{transcript.call_id}-{turn.position:04}.wav"
        _write(out / file, sound)
        yield {
            "file": file,
            "text": turn.said,
            "original": turn.text,
            "language": transcript.language,
            "party": turn.party,
            "call": str(transcript.call_id),
            "turn": turn.position,
            "start_s": turn.start_s,
            "end_s": turn.end_s,
            "duration_s": round(len(sound) / RATE_HZ, 3),
            "model": transcript.model,
            "model_version": transcript.model_version,
        }
    for recording in call.recordings:
        let_go(settings, recording.path)


def _leg_of(legs: Sequence[Leg], turn: Turn) -> Leg:
    """The recording that holds the turn: of a party's several, the last that had begun."""
    mine = [leg for leg in legs if leg.party in (turn.party, "mixed") and leg.start_s <= turn.start_s + MARGIN_S]
    if not mine:
        raise InputError(f"There is no recording of the {turn.party} that holds the turn at {turn.start_s} s any more.")
    return mine[-1]


def _sounds(legs: Sequence[Leg], turns: Sequence[Turn]) -> dict[int, Samples]:
    """The sound of each turn, by its id; each recording is read once."""
    of_leg: dict[Leg, list[Turn]] = {}
    for turn in turns:
        of_leg.setdefault(_leg_of(legs, turn), []).append(turn)
    return {id_: sound for leg, found in of_leg.items() for id_, sound in _cut(leg, found).items()}


def _cut(leg: Leg, turns: Sequence[Turn]) -> dict[int, Samples]:
    """Each turn with its margins, as far as the recording has them."""
    parts: dict[int, list[Samples]] = {turn.id: [] for turn in turns}
    end_s = max(turn.end_s for turn in turns) + MARGIN_S
    at_s = leg.start_s
    for block in sound_of(leg, Recording(leg.path, channel=leg.channel)):
        if at_s >= end_s:
            break
        for turn in turns:
            first = round((turn.start_s - MARGIN_S - at_s) * RATE_HZ)
            last = round((turn.end_s + MARGIN_S - at_s) * RATE_HZ)
            parts[turn.id].append(block[max(0, first) : max(0, last)])
        at_s += len(block) / RATE_HZ
    return {id_: np.concatenate(found) if found else np.zeros(0, np.float32) for id_, found in parts.items()}


def _write(file: Path, sound: Samples) -> None:
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
