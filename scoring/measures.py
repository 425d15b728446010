"""How good a set of probabilities is: AUC, macro-F1, calibration error. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_BINS = 10


def auc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative (ties count half); nan when one of the two is missing."""
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    order, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    del order
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[inverse][positive].sum() - n * (n + 1) / 2) / (n * m))


def macro_f1(truth: Sequence[str], guess: Sequence[str]) -> float:
    """Mean F1 over the classes that occur in `truth`."""
    found = []
    for label in sorted(set(truth)):
        hit = sum(t == label == g for t, g in zip(truth, guess, strict=True))
        wrong = sum((t == label) != (g == label) for t, g in zip(truth, guess, strict=True))
        found.append(2 * hit / (2 * hit + wrong))
    return float(np.mean(found)) if found else float("nan")


def ece(confidence: Floats, right: NDArray[np.bool_], share: Floats | None = None) -> float:
    """Expected calibration error, 0 to 1: |share right − mean confidence| over ten bins of equal width, weighted by size.

    `share` is what each row counts; the same for all without it.
    """
    if not len(confidence):
        return float("nan")
    counts = np.ones(len(confidence)) if share is None else share
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(float((counts * (right - confidence))[bins == b].sum())) for b in range(_BINS)]
    return float(sum(gaps) / counts.sum())
