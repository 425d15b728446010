"""How much of an agent's mean is the agent, and how much the luck of their calls: empirical Bayes. Pure.

Bühlmann and Straub's credibility (1970; Bühlmann and Gisler, A Course in Credibility Theory, 2005, chapter 4). It is the one-way random
effects model with unequal numbers: an agent's mean moves to that of all by what their number of calls doesn't yet prove.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scoring.statistics.intervals import FULL, Interval, Sample, variance
from scoring.statistics.student import LEVEL, z


@dataclass(frozen=True, kw_only=True)
class Spreads:
    """Where the differences between scores come from."""

    within: float  #: variance of one agent's scores from call to call
    between: float  #: variance of the agents' true means; 0 where the calls show no difference between agents
    centre: float  #: mean over agents, each counting by what is proven of them


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """An agent's mean, drawn to that of all."""

    mean: float
    reliability: float  #: share of the agents' differences in such means that is true difference, 0 to 1
    interval: Interval


def spreads(samples: Sequence[Sample]) -> Spreads | None:
    """From all agents' means; None without any score."""
    return between(samples, pooled(samples))


def pooled(samples: Sequence[Sample]) -> float:
    """The variance within agents, over all of them."""
    parts = [variance(one) for one in samples if one.n]
    freedom = sum(degrees for _, degrees in parts)
    return sum(one * degrees for one, degrees in parts) / freedom if freedom else 0.0


def between(samples: Sequence[Sample], within: float) -> Spreads | None:
    """The unbiased estimate of Bühlmann and Straub, not below 0, for a known variance `within`. `n` may be any weight."""
    known = [(one.n, one.mean) for one in samples if one.n and one.mean is not None]
    total = sum(n for n, _ in known)
    if not total:
        return None
    plain = sum(n * mean for n, mean in known) / total
    unequal = total * total - sum(n * n for n, _ in known)
    if unequal <= 0:
        return Spreads(within=within, between=0.0, centre=plain)
    excess = sum(n * (mean - plain) ** 2 for n, mean in known) - (len(known) - 1) * within
    variance_between = max(0.0, total * excess / unequal)
    if not variance_between:
        return Spreads(within=within, between=0.0, centre=plain)
    weights = [_reliability(n, within, variance_between) for n, _ in known]
    centre = sum(w * mean for w, (_, mean) in zip(weights, known, strict=True)) / sum(weights)
    return Spreads(within=within, between=variance_between, centre=centre)


def shrunk(sample: Sample, known: Spreads, level: float = LEVEL) -> Shrunk:
    """The agent's mean as far as it is proven; an agent without calls has the mean of all.

    The interval is the agent's posterior one, which takes the spreads for known (Morris 1983 calls that naive: with few agents it is
    somewhat too narrow).
    """
    own = _reliability(sample.n, known.within, known.between)
    mean = known.centre if sample.mean is None else own * sample.mean + (1 - own) * known.centre
    half = z(level) * math.sqrt(known.between * (1 - own))
    return Shrunk(
        mean=mean,
        reliability=own,
        interval=Interval(low=max(0.0, mean - half), high=min(FULL, mean + half)),
    )


def _reliability(n: float, within: float, variance_between: float) -> float:
    """As n / (n + within / between): also the reliability of a mean of n by Spearman and Brown."""
    if not n or not variance_between:
        return 0.0
    return n / (n + within / variance_between)
