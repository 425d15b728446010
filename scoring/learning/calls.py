"""The weights of whole calls, fitted on a center's labelled calls near those that came with Avasanj.

Unlike `scoring.call_fit`, which fits on calls written to learn from, this believes the calls: they are the center's own. Each turn is
judged by parts that never saw its call, so that the weights learn what those are really worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.call_fit import fit_towards
from scoring.dissatisfaction import HAND_SET, Moment, Weights, amounts
from scoring.heads import Floats
from scoring.learning.queues import LEAST_LABELS, shift_of
from scoring.learning.rows import FOLDS
from scoring.learning.talks import Talk

NAMES = tuple(HAND_SET.by_name)
#: How strongly the weights are drawn to those that came with Avasanj; the one with the least log loss on calls held out is taken.
STRENGTHS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
#: A language with fewer labelled calls keeps its weights; so does one with fewer dissatisfied, or not dissatisfied, ones.
LEAST_CALLS, LEAST_OF_A_KIND = 40, 10
_FREE = np.array([True, *(name == "slope" for name in NAMES)])


@dataclass(frozen=True, kw_only=True)
class FittedCalls:
    """One language's weights, log-odds of its queues beside them, and the log-odds of calls held out."""

    weights: Weights
    shifts: dict[str, float]
    held_out: Floats
    strength: float


def enough(talks: Sequence[Talk]) -> bool:
    """Whether one language's labelled calls can be learnt from."""
    sad = sum(bool(talk.dissatisfied) for talk in talks)
    return len(talks) >= LEAST_CALLS and min(sad, len(talks) - sad) >= LEAST_OF_A_KIND


def fit_language(
    talks: Sequence[Talk], paths: Sequence[Sequence[Moment]], folds: NDArray[np.int64], prior: Weights
) -> FittedCalls:
    """`talks` are of one language; `paths` and `folds` go with them."""
    columns = columns_of(talks, paths)
    sad = np.array([float(bool(talk.dissatisfied)) for talk in talks])
    start = np.array([prior.base, *(prior.by_name[name] for name in NAMES)])
    tried = {strength: _held_out(columns, sad, folds, start, strength) for strength in STRENGTHS}
    strength = min(tried, key=lambda one: float(np.logaddexp(0, np.where(sad > 0, -tried[one], tried[one])).mean()))
    best = _fitted(columns, sad, start, strength)
    shifts = _queue_shifts(talks, tried[strength], sad)
    held_out = tried[strength] + np.array([shifts.get(talk.queue or "", 0.0) for talk in talks])
    weights = Weights(base=float(best[0]), by_name=dict(zip(NAMES, map(float, best[1:]), strict=True)))
    return FittedCalls(weights=weights, shifts=shifts, held_out=held_out, strength=strength)


def columns_of(talks: Sequence[Talk], paths: Sequence[Sequence[Moment]]) -> Floats:
    """(n, 1 + contributions): what a call's weights are multiplied with, the base first."""
    found = [amounts(path, talk.line) for talk, path in zip(talks, paths, strict=True)]
    return np.array([[1.0, *(one[name] for name in NAMES)] for one in found])


def _held_out(columns: Floats, sad: Floats, folds: NDArray[np.int64], start: Floats, strength: float) -> Floats:
    logits = np.zeros(len(sad))
    for fold in range(FOLDS):
        learnt = folds != fold
        logits[~learnt] = columns[~learnt] @ _fitted(columns[learnt], sad[learnt], start, strength)
    return logits


def _fitted(columns: Floats, sad: Floats, start: Floats, strength: float) -> Floats:
    """What never occurs in these calls (most phrases, the sound) keeps its weight."""
    occurs = np.any(columns != 0, axis=0)
    share = np.full(len(sad), 1 / max(1, len(sad)))
    found = start.copy()
    found[occurs] = fit_towards(columns[:, occurs], sad, share, start[occurs], _FREE[occurs], strength)
    return found


def _queue_shifts(talks: Sequence[Talk], logits: Floats, sad: Floats) -> dict[str, float]:
    queues = np.array([talk.queue or "" for talk in talks])
    found = {}
    for queue in sorted({*queues.tolist()} - {""}):
        mine = queues == queue
        if int(mine.sum()) >= LEAST_LABELS:
            no_yes = np.column_stack([-logits[mine], logits[mine]]) / 2
            shift = shift_of(no_yes, sad[mine].astype(np.int64))
            found[queue] = round(float(shift[1] - shift[0]), 4)
    return found
