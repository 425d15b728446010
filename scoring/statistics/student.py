"""Quantiles of Student's t and of the normal distribution, so that no library of statistics need be loaded for them. Pure."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

#: What intervals cover unless told otherwise.
LEVEL = 0.95
#: From here on t is the normal distribution to four digits.
_MANY = 1e6
_TINY = 1e-300


def z(level: float = LEVEL) -> float:
    """Half width, in standard errors, of a two-sided normal interval of `level` (0 to 1): 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


@lru_cache(maxsize=4096)
def t(freedom: float, level: float = LEVEL) -> float:
    """Half width, in standard errors, of a two-sided t interval of `level` with `freedom` > 0 degrees (fractions too)."""
    if freedom >= _MANY:
        return z(level)
    low, high = 0.0, 1.0
    while _inside(high, freedom) < level:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _inside(middle, freedom) < level else (low, middle)
    return (low + high) / 2


def _inside(at: float, freedom: float) -> float:
    """Probability that |T| is below `at`: 1 - I_x(v/2, 1/2) with x = v / (v + t^2) (DLMF 8.17; Abramowitz and Stegun 26.7.1)."""
    return 1 - _beta(freedom / (freedom + at * at), freedom / 2, 0.5)


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b), DLMF 8.17.22, added up by the modified method of Lentz (1976)."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    total = d
    for m in range(1, 400):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            total *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return total


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
