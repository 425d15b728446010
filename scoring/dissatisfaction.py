"""How likely the customer leaves a call dissatisfied, from the path of their turns and what happened on the line. Pure.

The weights are set by hand: a call's dissatisfaction has no labelled set of our own yet. They were looked at on dialogues written for this
project (samples/, tests/scoring) and are log-odds: +0.7 doubles the odds. A plain business call lies near 10 %, and nothing but the
customer's own words (never their voice alone, never the agent's) can carry it above a half.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from scoring.dialogue import Turn, evidence
from scoring.phrases import Phrases

BASE = -1.9
#: A turn of fewer words says less about mood: "No." after "Anything else?" is no complaint.
FULL_WORDS = 6
LAST = 3
SHOWN = 5
SHOWN_FROM = 0.5
LABELS = {
    "base": "What most calls start from",
    "mean": "Mood over the whole call",
    "worst_three": "The three unhappiest moments",
    "last_turns": "Mood at the end",
    "slope": "Mood got worse or better",
    "recovery": "Glad words at the end",
    "complaint": "Words of complaint",
    "churn": "Speaks of leaving",
    "escalation": "Asks for a manager",
    "legal": "Threatens with law or public",
    "calls_into_silence": "Calls into a silent line",
    "wait": "Long wait before the answer",
    "hold": "Long time on hold",
    "unannounced_hold": "Put on hold without a word",
    "repeat_call": "Called before in the last days",
    "wrong_number": "Wrong number",
}  #: message ids by the name of a contribution
#: Weight of a group of phrases, and how many turns with it count.
GROUPS = {
    "complaint": (0.6, 2),
    "churn": (0.9, 2),
    "escalation": (0.8, 1),
    "legal": (1.0, 1),
    "calls_into_silence": (0.6, 1),
}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One customer turn with its probabilities, 0 to 1: the attitude's three add up to 1; `dissatisfied` is its own."""

    turn: Turn
    negative: float
    neutral: float
    positive: float
    dissatisfied: float


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the ledger knows of the call. Seconds; `earlier_calls` of the same customer in the week before."""

    wait_s: float = 0.0
    hold_s: float = 0.0
    unannounced_holds: int = 0
    earlier_calls: int = 0
    wrong_number: bool = False


@dataclass(frozen=True, kw_only=True)
class Contribution:
    """What one feature adds to the log-odds."""

    name: str
    value: float
    weight: float

    def stored(self) -> dict[str, Any]:
        label = {"id": LABELS[self.name], "values": {}}
        return {"name": self.name, "value": round(self.value, 3), "weight": round(self.weight, 3), "label": label}


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Probability with what made it, largest first, and the turns that speak for it, strongest first."""

    probability: float | None
    contributions: tuple[Contribution, ...]
    evidence: tuple[dict[str, Any], ...]


def judge(path: Sequence[Moment], line: Line) -> Judgement:
    """A call's dissatisfaction. None where the customer said nothing."""
    if not path:
        return Judgement(probability=None, contributions=(), evidence=())
    found = {group: _spoken(path, phrases) for group, phrases in customer_phrases().items()}
    parts = [Contribution(name="base", value=1.0, weight=BASE), *_path(path), *_phrases(found), *_line(line)]
    log_odds = sum(part.weight for part in parts)
    kept = sorted((part for part in parts if abs(part.weight) >= 0.005), key=lambda part: -abs(part.weight))
    return Judgement(
        probability=1 / (1 + math.exp(-log_odds)), contributions=tuple(kept), evidence=tuple(_evidence(path, found))
    )


def _path(path: Sequence[Moment]) -> list[Contribution]:
    shares = [min(1.0, len(moment.turn.text.split()) / FULL_WORDS) for moment in path]
    sad = [moment.dissatisfied for moment in path]
    felt = sorted((s * (0.4 + 0.6 * share) for s, share in zip(sad, shares, strict=True)), reverse=True)
    mean = _mean(sad, shares)
    worst = sum(felt[:3]) / min(3, len(felt))
    last = _mean(sad[-LAST:], shares[-LAST:])
    third = max(1, len(path) // 3)
    slope = last - _mean(sad[:third], shares[:third]) if len(path) > LAST else 0.0
    glad = max(moment.positive for moment in path[-LAST:])
    return [
        Contribution(name="mean", value=mean, weight=3.0 * (mean - 0.35)),
        Contribution(name="worst_three", value=worst, weight=3.0 * (worst - 0.4)),
        Contribution(name="last_turns", value=last, weight=2.0 * (last - 0.35)),
        Contribution(name="slope", value=slope, weight=0.8 * slope),
        Contribution(name="recovery", value=glad, weight=-2.2 * max(0.0, glad - 0.3)),
    ]


def _mean(values: Sequence[float], shares: Sequence[float]) -> float:
    return sum(v * s for v, s in zip(values, shares, strict=True)) / max(1e-9, sum(shares))


def _phrases(found: Mapping[str, list[Moment]]) -> list[Contribution]:
    return [
        Contribution(name=group, value=len(found[group]), weight=weight * min(most, len(found[group])))
        for group, (weight, most) in GROUPS.items()
    ]


def _line(line: Line) -> list[Contribution]:
    """Waiting weighs little by itself: it doubles the odds at most twice in all."""
    return [
        Contribution(name="wait", value=line.wait_s, weight=min(0.6, max(0.0, line.wait_s - 60) / 300)),
        Contribution(name="hold", value=line.hold_s, weight=min(0.5, max(0.0, line.hold_s - 30) / 240)),
        Contribution(
            name="unannounced_hold", value=line.unannounced_holds, weight=1.2 * min(1, line.unannounced_holds)
        ),
        Contribution(name="wrong_number", value=float(line.wrong_number), weight=-1.8 * line.wrong_number),
        Contribution(name="repeat_call", value=line.earlier_calls, weight=0.3 * min(2, line.earlier_calls)),
    ]


def _spoken(path: Sequence[Moment], phrases: Phrases) -> list[Moment]:
    """Turns in which one of the phrases is said and not denied."""
    return [moment for moment in path if any(not hit.negated for hit in phrases.find(moment.turn.text))]


def _evidence(path: Sequence[Moment], found: Mapping[str, list[Moment]]) -> list[dict[str, Any]]:
    spoken = {moment.turn.position for group in GROUPS for moment in found[group]}

    def strength(moment: Moment) -> float:
        return moment.dissatisfied + (0.3 if moment.turn.position in spoken else 0.0)

    shown = sorted(
        (m for m in path if strength(m) >= SHOWN_FROM and m.negative >= m.positive), key=lambda m: -strength(m)
    )
    return [evidence(moment.turn, dissatisfied=round(moment.dissatisfied, 3)) for moment in shown[:SHOWN]]


@cache
def customer_phrases() -> dict[str, Phrases]:
    """The groups of phrases in data/customer_phrases.yaml."""
    text = (resources.files("scoring") / "data" / "customer_phrases.yaml").read_text(encoding="utf-8")
    return {group: Phrases(patterns) for group, patterns in yaml.safe_load(text).items()}
