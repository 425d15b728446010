"""Agreement of two judges beyond chance: Cohen's kappa, weighted for scales. Pure.

Cohen (1960, 1968); standard error by Fleiss, Cohen and Everitt (1969), as corrected by Fleiss, Nee and Landis (1979).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.statistics.intervals import Interval, wilson
from scoring.statistics.student import LEVEL, z

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Kappa:
    """`value` 1: always agreed; 0: no more than by chance; below: less than by chance."""

    value: float
    error: float  #: standard error
    interval: Interval
    expected: float  #: the agreement that chance alone would give, 0 to 1
    weighted: bool

    def stored(self) -> dict[str, Any]:
        return {
            "value": round(self.value, 3),
            "interval": self.interval.rounded(3),
            "expected": round(self.expected, 3),
            "weighted": self.weighted,
        }


def kappa(pairs: Iterable[tuple[str, str]]) -> Kappa | None:
    """Of named answers; None where both only ever gave the same single one, since chance explains all of that."""
    table, categories = _table(Counter(pairs))
    return from_table(table, np.eye(len(categories)), weighted=False) if len(categories) else None


def weighted_kappa(pairs: Iterable[tuple[float, float]]) -> Kappa | None:
    """Of numbers, by quadratic weights of their distance (Fleiss and Cohen 1973: then it is an intraclass correlation)."""
    table, values = _table(Counter(pairs))
    if not len(values):
        return None
    places = np.array(values, dtype=float)
    furthest = float(places.max() - places.min())
    if furthest == 0:
        return None
    return from_table(table, 1 - ((places[:, None] - places[None, :]) / furthest) ** 2, weighted=True)


def from_table(counts: Sequence[Sequence[float]] | Floats, weights: Floats, *, weighted: bool) -> Kappa | None:
    """Of a square table of counts with what each cell is worth (1 on the diagonal). None where chance alone agrees always."""
    table = np.asarray(counts, dtype=float)
    n = float(table.sum())
    if not n:
        return None
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    expected = float((weights * np.outer(rows, columns)).sum())
    if expected >= 1 - 1e-12:
        return None
    value = (float((weights * p).sum()) - expected) / (1 - expected)
    reach = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    spread = (p * (weights - reach * (1 - value)) ** 2).sum() - (value - expected * (1 - value)) ** 2
    error = math.sqrt(max(0.0, float(spread)) / n) / (1 - expected)
    half = z(LEVEL) * error
    # by the normal error alone, five equal answers of five would be certain: it is taken no narrower than what is observed lets it be
    observed = wilson(n * float((weights * p).sum()), n)
    assert observed is not None
    low, high = ((one - expected) / (1 - expected) for one in (observed.low, observed.high))
    return Kappa(
        value=value,
        error=error,
        interval=Interval(low=max(-1.0, min(low, value - half)), high=min(1.0, max(high, value + half))),
        expected=expected,
        weighted=weighted,
    )


def _table(counted: Counter[Any]) -> tuple[Floats, list[Any]]:
    categories = sorted({value for pair in counted for value in pair})
    place = {value: n for n, value in enumerate(categories)}
    table = np.zeros((len(categories), len(categories)))
    for (first, second), count in counted.items():
        table[place[first], place[second]] += count
    return table, categories
