"""The project's sample calls as turns: the scripts that the recordings were spoken from, with what each is meant to come out as."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scoring.dialogue import CUSTOMER, Turn
from scoring.phrases import plain
from scoring.rules import Stretch

SCRIPTS = Path(__file__).parents[2] / "samples" / "scripts"
LETTERS_A_SECOND = 14.0
ANSWERS = {"pass": "yes", "fail": "no", "na": "na"}


@dataclass(frozen=True, kw_only=True)
class Sample:
    id: str
    language: str
    started_at: datetime.datetime
    turns: list[Turn]
    holds: tuple[tuple[float, float], ...]
    slots: dict[str, tuple[str, ...]]
    repeat: bool
    expect: dict[str, Any]

    @property
    def stretch(self) -> Stretch:
        return Stretch(turns=tuple(self.turns), holds=self.holds, slots=self.slots)


def samples() -> list[Sample]:
    return [_sample(path) for path in sorted(SCRIPTS.glob("*.yaml"))]


def _sample(path: Path) -> Sample:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    at, turns, holds = 0.5, [], []
    for one in data["turns"]:
        if one["party"] in {"hold", "silence"}:
            if one["party"] == "hold":
                holds.append((at, at + one["duration_s"]))
            at += one["duration_s"]
            continue
        length_s = len(one["text"]) / LETTERS_A_SECOND
        turns.append(Turn(position=len(turns), party=one["party"], start_s=at, end_s=at + length_s, text=one["text"]))
        at += length_s + 0.3
    said = {word for turn in turns if turn.party == CUSTOMER for word in plain(turn.text).split()}
    outside = data["caller"] if data["direction"] == "inbound" else data["called"]
    slots = {
        "agent": tuple(plain(data["agent"]["name"]).split()),
        "customer_name": (),
        "number": (outside[-4:],),
        "said": tuple(word for word in said if len(word) > 3),
    }
    return Sample(
        id=data["id"], language=data["language"], started_at=datetime.datetime.fromisoformat(data["started_at"]), turns=turns,
        holds=tuple(holds), slots=slots, repeat="repeat_of" in data["expect"], expect=data["expect"],
    )  # fmt: skip


def talk(*lines: tuple[str, str]) -> list[Turn]:
    """Turns from (party's first letter, text), four seconds each."""
    parties = {"a": "agent", "c": "customer", "m": "mixed"}
    return [
        Turn(position=n, party=parties[party], start_s=5.0 * n, end_s=5.0 * n + 4, text=text)
        for n, (party, text) in enumerate(lines)
    ]
