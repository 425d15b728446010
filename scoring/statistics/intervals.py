"""How far a share, a mean score or a difference can be believed: the figure, what it rests on, and its interval. Pure.

docs/statistics.md says why these formulas and what was measured of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from scoring.statistics.student import LEVEL, t, z

#: Scores run from 0 to this.
FULL = 100.0
_NOTHING = 1e-12
#: What is supposed of the spread of one agent's scores before any is seen, in points, and how many calls' worth that counts:
#: a form of nine questions of equal weight, each met in 85 of 100 calls, spreads by 12.
USUAL_SPREAD, SPREAD_WEIGHT = 12.0, 2.0


@dataclass(frozen=True, kw_only=True)
class Interval:
    """From `low` to `high`, within which the true figure lies in 95 of 100 such intervals."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def rounded(self, digits: int) -> list[float]:
        return [round(self.low, digits), round(self.high, digits)]


@dataclass(frozen=True, kw_only=True)
class Share:
    """`hits` of `n`."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """0 to 1; None where there is nothing to share."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        return wilson(self.hits, self.n)

    def stored(self) -> dict[str, Any]:
        interval = self.interval
        return {
            "n": self.n,
            "hits": self.hits,
            "share": None if self.value is None else round(self.value, 4),
            "interval": None if interval is None else interval.rounded(4),
        }


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Scores, as their number, their mean (0 to 100) and their spread: the standard deviation (n - 1), 0 for a single one."""

    n: int
    mean: float | None
    spread: float = 0.0

    @property
    def interval(self) -> Interval | None:
        return mean_interval(self)

    def stored(self) -> dict[str, Any]:
        interval = self.interval
        return {
            "n": self.n,
            "mean": None if self.mean is None else round(self.mean, 2),
            "spread": round(self.spread, 2),
            "interval": None if interval is None else interval.rounded(2),
        }


@dataclass(frozen=True, kw_only=True)
class Points:
    """Shares of points, one a call, as their number, their mean (0 to 1) and their standard deviation."""

    n: int
    mean: float | None
    spread: float = 0.0

    @property
    def interval(self) -> Interval | None:
        return points_interval(self)

    def stored(self) -> dict[str, Any]:
        interval = self.interval
        return {
            "n": self.n,
            "mean": None if self.mean is None else round(self.mean, 4),
            "spread": round(self.spread, 4),
            "interval": None if interval is None else interval.rounded(4),
        }


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`value` = second minus first, with its interval."""

    value: float
    interval: Interval

    @property
    def shown(self) -> bool:
        """Whether there is a difference at all, as far as the calls tell."""
        return not self.interval.holds(0.0)

    def stored(self, digits: int = 4) -> dict[str, Any]:
        return {
            "value": round(self.value, digits),
            "interval": self.interval.rounded(digits),
            "shown": self.shown,
        }


def wilson(hits: float, n: float, level: float = LEVEL) -> Interval | None:
    """Interval of a share (Wilson 1927, without continuity correction); None for n = 0.

    Recommended for small n by Newcombe (1998) and Brown, Cai and DasGupta (2001): it neither leaves 0 to 1 nor shrinks to a point
    where all or none of a few calls hit.
    """
    if n <= 0:
        return None
    share, square = hits / n, z(level) ** 2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = z(level) * math.sqrt(max(0.0, share * (1 - share)) / n + square / (4 * n * n)) / (1 + square / n)
    return Interval(
        low=0.0 if hits <= 0 else max(0.0, centre - half), high=1.0 if hits >= n else min(1.0, centre + half)
    )


def points_interval(points: Points, level: float = LEVEL) -> Interval | None:
    """Interval of a mean share of points: Wilson's over the effective number of calls, as for surveys (Korn and Graubard 1998).

    Shares that lie closer together than all-or-nothing ones of the same mean tell more than as many of those: n over the quotient of
    the two variances. All-or-nothing counts as two calls beside what was seen, so that few equal shares don't pass for certainty; for
    a single yes/no question it is Wilson's very interval.
    """
    if points.mean is None or points.n <= 0:
        return None
    most = points.mean * (1 - points.mean)
    seen = min(1.0, points.spread**2 / most) if most > _NOTHING else 1.0
    quotient = (SPREAD_WEIGHT + (points.n - 1) * seen) / (SPREAD_WEIGHT + points.n - 1)
    effective = points.n / quotient
    return wilson(min(1.0, points.mean) * effective, effective, level)


def points_difference(first: Points, second: Points, level: float = LEVEL) -> Difference | None:
    """Second mean share minus first, by their intervals; None where either is empty."""
    one, two = points_interval(first, level), points_interval(second, level)
    if one is None or two is None:
        return None
    return apart(Difference(value=first.mean or 0.0, interval=one), Difference(value=second.mean or 0.0, interval=two))


def apart(first: Difference, second: Difference) -> Difference:
    """Second figure minus first, from the interval of each: Newcombe's hybrid, which holds for any two (Zou and Donner 2008)."""
    one, two, value = first.interval, second.interval, second.value - first.value
    return Difference(
        value=value,
        interval=Interval(
            low=value - math.hypot(second.value - two.low, one.high - first.value),
            high=value + math.hypot(two.high - second.value, first.value - one.low),
        ),
    )


def share_difference(first: Share, second: Share, level: float = LEVEL) -> Difference | None:
    """Second share minus first: Newcombe's hybrid of two Wilson intervals (1998, his method 10); None where either has no calls."""
    one, two = wilson(first.hits, first.n, level), wilson(second.hits, second.n, level)
    if one is None or two is None:
        return None
    return apart(
        Difference(value=first.hits / first.n, interval=one), Difference(value=second.hits / second.n, interval=two)
    )


def variance(sample: Sample) -> tuple[float, float]:
    """The variance of single scores and its degrees of freedom: the sample's, with the usual spread as so many calls beside it.

    The weighted mean of the two is that of a normal model whose variance has an inverse chi-square prior (Gelman et al., Bayesian Data
    Analysis, 3.3; Smyth 2004 does the same for many small samples). It keeps five equal scores from passing for certainty.
    """
    own = max(0, sample.n - 1)
    return (SPREAD_WEIGHT * USUAL_SPREAD**2 + own * sample.spread**2) / (SPREAD_WEIGHT + own), SPREAD_WEIGHT + own


def mean_interval(sample: Sample, level: float = LEVEL) -> Interval | None:
    """Interval of a mean, by Student's t over `variance`, within what a score can be; None without scores."""
    if sample.mean is None or sample.n <= 0:
        return None
    single, freedom = variance(sample)
    half = t(freedom, level) * math.sqrt(single / sample.n)
    return Interval(low=max(0.0, sample.mean - half), high=min(FULL, sample.mean + half))


def mean_difference(first: Sample, second: Sample, level: float = LEVEL) -> Difference | None:
    """Second mean minus first, by Welch (1947) with the degrees of freedom of Satterthwaite (1946); None where either is empty."""
    if first.mean is None or second.mean is None or not first.n or not second.n:
        return None
    (one, one_freedom), (two, two_freedom) = variance(first), variance(second)
    a, b = one / first.n, two / second.n
    freedom = (a + b) ** 2 / (a * a / one_freedom + b * b / two_freedom)
    half, value = t(_rounded(freedom), level) * math.sqrt(a + b), second.mean - first.mean
    return Difference(value=value, interval=Interval(low=max(-FULL, value - half), high=min(FULL, value + half)))


def mean_difference_of_pairs(sample: Sample, level: float = LEVEL) -> Difference | None:
    """Of differences taken pair by pair, such as two people's scores of the same calls; may lie below 0. None without any."""
    if sample.mean is None or sample.n <= 0:
        return None
    single, freedom = variance(sample)
    half = t(freedom, level) * math.sqrt(single / sample.n)
    low, high = max(-FULL, sample.mean - half), min(FULL, sample.mean + half)
    return Difference(value=sample.mean, interval=Interval(low=low, high=high))


def _rounded(freedom: float) -> float:
    """Downwards, to so few values that their quantiles are remembered."""
    if freedom < 30:
        return math.floor(freedom * 10) / 10
    return float(math.floor(freedom) if freedom < 300 else math.floor(freedom / 50) * 50)
