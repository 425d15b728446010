"""How likely the customer leaves a call dissatisfied, from the path of their turns and what happened on the line. Pure.

Each contribution is an amount that this file makes of the call, times a weight; they are log-odds: +0.7 doubles the odds. The
weights of a language are fitted by `scoring.call_fit` on calls written for this project, near those set by hand here. What was
measured in the sound has small weights set by hand, since no labelled calls with sound exist. Nothing but the customer's own words
(never their voice alone, never the agent's) can carry a call above a half: what the line does is bounded by LINE_MOST.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from scoring.dialogue import Turn, evidence
from scoring.phrases import Phrases

#: A turn of fewer words says less about mood: "No." after "Anything else?" is no complaint.
FULL_WORDS = 6
LAST = 3
SHOWN = 5
SHOWN_FROM = 0.5
LINE_MOST = 2.0  #: log-odds that the line and the sound may add in all
LABELS = {
    "base": "What most calls start from",
    "mean": "Mood over the whole call",
    "worst_three": "The three unhappiest moments",
    "last_turns": "Mood at the end",
    "slope": "Mood got worse or better",
    "recovery": "Glad words at the end",
    "gladness": "Glad words over the whole call",
    "complaint": "Words of complaint",
    "churn": "Speaks of leaving",
    "escalation": "Asks for a manager",
    "legal": "Threatens with law or public",
    "calls_into_silence": "Calls into a silent line",
    "repeats_self": "Had to say it again or put it right",
    "gives_up": "Gave up",
    "wait": "Long wait before the answer",
    "hold": "Long time on hold",
    "unannounced_hold": "Put on hold without a word",
    "repeat_call": "Called before in the last days",
    "transfers": "Passed on to somebody else",
    "agent_talk_over": "The agent talked over the customer",
    "long_silence": "Long silence",
    "raised_voice": "The customer's voice got louder and higher",
    "wrong_number": "Wrong number",
}  #: message ids by the name of a contribution
#: How many turns with a phrase of the group count.
GROUPS = {
    "complaint": 2,
    "churn": 2,
    "escalation": 1,
    "legal": 1,
    "calls_into_silence": 1,
    "repeats_self": 2,
    "gives_up": 1,
}
#: Measured in the sound: their weights are never fitted.
SOUND = ("agent_talk_over", "long_silence", "raised_voice")


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One customer turn with its probabilities, 0 to 1: the attitude's three add up to 1; the other two are their own."""

    turn: Turn
    negative: float
    neutral: float
    positive: float
    dissatisfied: float
    angry: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the ledger and the sound say of the call. Seconds; `earlier_calls` of the same customer in the week before."""

    wait_s: float = 0.0
    hold_s: float = 0.0
    unannounced_holds: int = 0
    earlier_calls: int = 0
    transfers: int = 0
    wrong_number: bool = False
    agent_talk_over_s: float = 0.0  #: the agent spoke into the customer's speech
    longest_silence_s: float = 0.0
    raised_voice: float = 0.0  #: 1 for 6 dB louder and 3 semitones higher than at the start; see `scoring.sound`


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Log-odds: of every call, and per amount of a contribution."""

    base: float
    by_name: Mapping[str, float]


HAND_SET = Weights(
    base=-1.7,
    by_name={
        "mean": 3.0,
        "worst_three": 2.0,
        "last_turns": 2.0,
        "slope": 0.8,
        "recovery": 1.8,
        "gladness": 2.0,
        "complaint": 0.6,
        "churn": 0.9,
        "escalation": 0.8,
        "legal": 1.0,
        "calls_into_silence": 0.6,
        "repeats_self": 0.5,
        "gives_up": 0.7,
        "wait": 0.6,
        "hold": 0.5,
        "unannounced_hold": 1.2,
        "repeat_call": 0.3,
        "transfers": 0.3,
        "agent_talk_over": 0.4,
        "long_silence": 0.3,
        "raised_voice": 0.5,
        "wrong_number": 1.8,
    },
)


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


def judge(path: Sequence[Moment], line: Line, weights: Weights = HAND_SET) -> Judgement:
    """A call's dissatisfaction. None where the customer said nothing."""
    if not path:
        return Judgement(probability=None, contributions=(), evidence=())
    found = _found(path)
    parts = [Contribution(name="base", value=1.0, weight=weights.base)]
    for name, (value, amount) in _amounts(path, found, line).items():
        parts.append(Contribution(name=name, value=value, weight=weights.by_name[name] * amount))
    parts = _bounded(parts)
    log_odds = sum(part.weight for part in parts)
    kept = sorted((part for part in parts if abs(part.weight) >= 0.005), key=lambda part: -abs(part.weight))
    return Judgement(
        probability=1 / (1 + math.exp(-log_odds)), contributions=tuple(kept), evidence=tuple(_evidence(path, found))
    )


def amounts(path: Sequence[Moment], line: Line) -> dict[str, float]:
    """What the weights are multiplied with, by the contribution's name."""
    return {name: amount for name, (_, amount) in _amounts(path, _found(path), line).items()}


def _amounts(path: Sequence[Moment], found: Mapping[str, list[Moment]], line: Line) -> dict[str, tuple[float, float]]:
    """(what is shown, what is weighed) by name."""
    spoken = {name: (float(len(found[name])), float(min(most, len(found[name])))) for name, most in GROUPS.items()}
    return {**_path(path), **spoken, **_line(line)}


def _path(path: Sequence[Moment]) -> dict[str, tuple[float, float]]:
    shares = [min(1.0, len(moment.turn.text.split()) / FULL_WORDS) for moment in path]
    sad = [moment.dissatisfied for moment in path]
    felt = sorted((s * (0.4 + 0.6 * share) for s, share in zip(sad, shares, strict=True)), reverse=True)
    mean = _mean(sad, shares)
    worst = sum(felt[:3]) / min(3, len(felt))
    last = _mean(sad[-LAST:], shares[-LAST:])
    third = max(1, len(path) // 3)
    slope = last - _mean(sad[:third], shares[:third]) if len(path) > LAST else 0.0
    glad = max(moment.positive for moment in path[-LAST:])
    warmth = _mean([moment.positive for moment in path], shares)
    return {
        "mean": (mean, mean - 0.35),
        "worst_three": (worst, worst - 0.4),
        "last_turns": (last, last - 0.35),
        "slope": (slope, slope),
        "recovery": (glad, -glad),
        "gladness": (warmth, -warmth),
    }


def _mean(values: Sequence[float], shares: Sequence[float]) -> float:
    return sum(v * s for v, s in zip(values, shares, strict=True)) / max(1e-9, sum(shares))


def _line(line: Line) -> dict[str, tuple[float, float]]:
    """Each grows with what is waited or suffered, to 1 (a repeated call to 2)."""
    return {
        "wait": (line.wait_s, _share(line.wait_s, above=60, full=240)),
        "hold": (line.hold_s, _share(line.hold_s, above=30, full=150)),
        "unannounced_hold": (line.unannounced_holds, min(1, line.unannounced_holds)),
        "wrong_number": (float(line.wrong_number), -float(line.wrong_number)),
        "repeat_call": (line.earlier_calls, min(2, line.earlier_calls)),
        "transfers": (line.transfers, min(2, line.transfers)),
        "agent_talk_over": (line.agent_talk_over_s, _share(line.agent_talk_over_s, above=4, full=16)),
        "long_silence": (line.longest_silence_s, _share(line.longest_silence_s, above=15, full=60)),
        "raised_voice": (line.raised_voice, _share(line.raised_voice, above=0.5, full=1.5)),
    }


def _share(value: float, *, above: float, full: float) -> float:
    return min(1.0, max(0.0, (value - above) / (full - above)))


def _bounded(parts: Sequence[Contribution]) -> list[Contribution]:
    """What the line adds is made less where it would add more than LINE_MOST."""
    of_line = {name for name in _line(Line()) if name != "wrong_number"}
    total = sum(part.weight for part in parts if part.name in of_line)
    if total <= LINE_MOST:
        return list(parts)
    return [
        dataclasses.replace(part, weight=part.weight * LINE_MOST / total) if part.name in of_line else part
        for part in parts
    ]


def _found(path: Sequence[Moment]) -> dict[str, list[Moment]]:
    return {group: _spoken(path, phrases) for group, phrases in customer_phrases().items()}


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
