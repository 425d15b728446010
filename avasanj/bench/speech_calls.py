"""The calls of a folder, as the speech bench takes them: two files a call, and what was said where somebody wrote it down."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avasanj.errors import InputError

PARTIES = ("agent", "customer")


@dataclass(frozen=True, kw_only=True)
class SpokenCall:
    """A call of two legs."""

    name: str
    language: str  #: ISO 639-1
    legs: dict[str, Path]  #: by party: "agent", "customer"
    audio_s: float  #: of both legs together
    said: dict[str, str] = field(default_factory=dict)  #: by party; empty where there is no reference


def calls_of(folder: Path, language: str) -> list[SpokenCall]:
    """The pairs NAME-agent.wav and NAME-customer.wav, by name; `language` is that of a call whose NAME.json names none.

    NAME.json holds `turns` (each with `party` and `text`) or a text under `agent` and `customer`. Raises InputError for a
    folder without a pair, half a pair, or a reference that can't be read.
    """
    calls = [_call(path, language) for path in sorted(folder.glob("*-agent.wav"))]
    if not calls:
        raise InputError(f"There is no NAME-agent.wav beside a NAME-customer.wav in {folder}.")
    return calls


def _call(agent: Path, language: str) -> SpokenCall:
    name = agent.name.removesuffix("-agent.wav")
    legs = {party: agent.with_name(f"{name}-{party}.wav") for party in PARTIES}
    if not legs["customer"].is_file():
        raise InputError(f"{agent} has no {legs['customer'].name} beside it: a call has a file for each party.")
    reference = _reference(agent.with_name(f"{name}.json"))
    return SpokenCall(
        name=name,
        language=str(reference.get("language") or language),
        legs=legs,
        audio_s=sum(_seconds(path) for path in legs.values()),
        said=_said(reference),
    )


def _reference(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds a {type(found).__name__}, and an object with `turns` is expected.")
    return found


def _said(reference: dict[str, Any]) -> dict[str, str]:
    turns = reference.get("turns")
    if turns:
        return {p: " ".join(str(turn["text"]) for turn in turns if turn["party"] == p) for p in PARTIES}
    texts = reference.get("reference") or reference
    return {p: str(texts[p]) for p in PARTIES if isinstance(texts, dict) and isinstance(texts.get(p), str)}


def _seconds(path: Path) -> float:
    try:
        with wave.open(str(path)) as file:
            return float(file.getnframes() / file.getframerate())
    except (wave.Error, EOFError):  # A-law and the like, which the standard library does not read
        from transcription.audio import Recording

        recording = Recording(path)
        for _ in recording.blocks(8000):
            pass
        return recording.duration_s
