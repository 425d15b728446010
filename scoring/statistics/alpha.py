"""Agreement of several judges beyond chance, some of whom may not have judged everything: Krippendorff's alpha. Pure.

Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); for the interval Zapf, Castell, Morawietz and Karch (2016). Taken rather
than Fleiss' kappa, since that needs as many judges for every call and knows no distances.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.statistics.intervals import Interval
from scoring.statistics.student import LEVEL

Floats = NDArray[np.float64]
#: Resamples of the interval, and below how many units none is given: fewer say nothing of how much alpha varies.
_RESAMPLES, _LEAST_UNITS = 1000, 5
_SEED = 5


class Level(enum.StrEnum):
    """What the values are: names, an order, or numbers with distances."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


@dataclass(frozen=True, kw_only=True)
class Alpha:
    """1: always agreed; 0: as by chance; below: systematically apart.

    From .8 on it is relied on, from .667 on with care (Krippendorff, Content Analysis, 2004).
    """

    value: float
    interval: Interval | None  #: None with too few units, or where nobody differed: what varies then was not seen
    units: int  #: that at least two have judged
    judgements: int

    def stored(self) -> dict[str, Any]:
        return {
            "value": round(self.value, 3),
            "interval": None if self.interval is None else self.interval.rounded(3),
            "units": self.units,
            "judgements": self.judgements,
        }


def alpha(units: Sequence[Mapping[Any, Any]], level: Level = Level.NOMINAL) -> Alpha | None:
    """`units` are what was judged, each {judge: value}; who didn't judge is left out.

    Values are numbers unless the level is nominal. None where no unit has two judges, or where all values are equal: without any
    difference nothing shows that the judges can tell one from another.
    """
    judged = [[*unit.values()] for unit in units if len(unit) > 1]
    values = sorted({value for unit in judged for value in unit})
    if len(values) < 2:
        return None
    place = {value: n for n, value in enumerate(values)}
    parts = np.stack([_coincidences([place[value] for value in unit], len(values)) for unit in judged])
    numbers = np.arange(len(values), dtype=float) if level == Level.NOMINAL else np.array(values, dtype=float)
    found = _value(parts.sum(axis=0), numbers, level)
    if found is None:
        return None
    return Alpha(
        value=found,
        interval=_interval(parts, numbers, level) if found < 1 else None,
        units=len(judged),
        judgements=sum(len(unit) for unit in judged),
    )


def _coincidences(places: Sequence[int], size: int) -> Floats:
    """How often two judges of one unit gave each pair of values, each judge counting once."""
    counts = np.bincount(places, minlength=size).astype(float)
    return (np.outer(counts, counts) - np.diag(counts)) / (len(places) - 1)


def _value(coincidences: Floats, numbers: Floats, level: Level) -> float | None:
    totals = coincidences.sum(axis=1)
    n = float(totals.sum())
    distances = _distances(totals, numbers, level)
    expected = float((np.outer(totals, totals) * distances).sum()) / (n - 1) if n > 1 else 0.0
    return None if expected <= 0 else 1 - float((coincidences * distances).sum()) / expected


def _distances(totals: Floats, numbers: Floats, level: Level) -> Floats:
    """The squared differences of Krippendorff's metrics."""
    if level == Level.NOMINAL:
        return 1 - np.eye(len(numbers))
    if level == Level.ORDINAL:
        ranks = np.cumsum(totals) - totals / 2
        return np.asarray((ranks[:, None] - ranks[None, :]) ** 2)
    return np.asarray((numbers[:, None] - numbers[None, :]) ** 2)


def _interval(parts: Floats, numbers: Floats, level: Level) -> Interval | None:
    """Percentiles over resampled units. The same data give the same interval."""
    if len(parts) < _LEAST_UNITS:
        return None
    random = np.random.default_rng(_SEED)
    drawn = random.multinomial(len(parts), np.full(len(parts), 1 / len(parts)), size=_RESAMPLES)
    made = [_value(np.tensordot(times.astype(float), parts, axes=1), numbers, level) for times in drawn]
    # a resample without any difference is full agreement
    values = np.array([1.0 if value is None else value for value in made])
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(low=float(low), high=float(high))
