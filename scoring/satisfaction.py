"""How satisfied the customer would say they are, 1 to 5 (CSAT), predicted from the same log-odds as their dissatisfaction. Pure.

A proportional-odds model (McCullagh 1980): the chance of at most k is the logistic of the log-odds of being dissatisfied plus
a cut for k. The cut for 2 is 0, so that "1 or 2" and "dissatisfied" are one number, and the page can't contradict itself. The
cuts are fitted on the whole calls written for this project. What customers answer in surveys is kept beside it, never mixed in
(`scoring.surveys`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.heads import Floats

GRADES = (1, 2, 3, 4, 5)
DISSATISFIED_UP_TO = 2
#: No call weighs more than this many log-odds, so that a cut stays finite where nearly no call got a grade.
_FARTHEST = 8.0
_STEPS = 60


@dataclass(frozen=True, kw_only=True)
class Cuts:
    """What is added to the log-odds of being dissatisfied for "at most 1", "at most 3" and "at most 4"; rising."""

    one: float
    three: float
    four: float


#: For a language without labelled calls.
HAND_SET = Cuts(one=-2.0, three=1.2, four=3.0)
#: Fitted on the 136 English and 149 Persian whole calls of scoring/data/calls-*.jsonl, judged by heads that never saw their story.
FITTED = {"en": Cuts(one=-2.79, three=2.63, four=6.0), "fa": Cuts(one=-2.22, three=2.17, four=5.46)}


def cuts_of(language: str) -> Cuts:
    """Those of the language; those set by hand where there are none."""
    return FITTED.get(language, HAND_SET)


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """`grade` is the mean, 1 to 5; `chances` of each grade from 1 to 5 add up to 1."""

    grade: float
    chances: tuple[float, ...]

    def stored(self) -> dict[str, Any]:
        return {"grade": round(self.grade, 2), "chances": [round(chance, 3) for chance in self.chances]}


def predicted(dissatisfied: float, cuts: Cuts) -> Predicted:
    """From the probability that the customer is dissatisfied, 0 to 1."""
    kept = min(1 - 1e-9, max(1e-9, dissatisfied))
    odds = math.log(kept / (1 - kept))
    most = [_chance(odds + cut) for cut in (cuts.one, 0.0, cuts.three, cuts.four)] + [1.0]
    chances = tuple(high - low for low, high in zip([0.0, *most], most, strict=False))
    return Predicted(grade=sum(grade * chance for grade, chance in zip(GRADES, chances, strict=True)), chances=chances)


def fit(log_odds: Floats, grades: Sequence[int], share: Floats) -> Cuts:
    """Cuts under which each grade's cumulative chance is right on average; `share` is what each call counts.

    The maximum-likelihood shift of each threshold by itself; that they rise is kept since the counts do.
    """
    given = np.array(grades)
    one, three, four = (_shift(log_odds, given <= grade, share) for grade in (1, 3, 4))
    return Cuts(one=min(one, 0.0), three=max(three, 0.0), four=max(four, three, 0.0))


def _shift(log_odds: Floats, at_most: NDArray[np.bool_], share: Floats) -> float:
    """Where the expected share of `at_most` equals the seen one (the likelihood's stationary point), by halving."""
    seen, low, high = float((share * at_most).sum()), -_FARTHEST, _FARTHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        expected = float((share / (1 + np.exp(-(log_odds + middle)))).sum())
        low, high = (middle, high) if expected < seen else (low, middle)
    return (low + high) / 2


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
