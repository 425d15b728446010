"""Who stands where, as far as their calls can tell: ranges of ranks for those with enough calls, none for the others. Pure.

Rank ranges follow Mogstad, Romano, Shaikh and Wilhelm (Inference for Ranks, Review of Economic Studies, 2024): whoever is better beyond
doubt stands before, whoever is worse beyond doubt behind, all others are tied. Doubt is by the interval of each difference, Bonferroni's
correction over all comparisons with one agent. Comparing two agents' own intervals instead would find fewer differences than there are
(Schenker and Gentleman 2001).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from scoring.statistics.intervals import Difference, Sample, Share, mean_difference, share_difference
from scoring.statistics.shrinkage import Shrunk, shrunk, spreads
from scoring.statistics.student import LEVEL

Who = TypeVar("Who")
#: Nobody is ranked on fewer calls.
LEAST_CALLS = 20


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One agent's place. `first` to `last` are the ranks that they may have; both None for one without enough calls."""

    sample: Sample | Share
    first: int | None
    last: int | None
    missing: int  #: calls that it takes until they are ranked
    shrunk: Shrunk | None  #: None for shares

    @property
    def ranked(self) -> bool:
        return self.first is not None

    def stored(self) -> dict[str, Any]:
        drawn = self.shrunk
        return {
            "rank": None if self.first is None else [self.first, self.last],
            "calls_missing": self.missing,
            "shrunk": None if drawn is None else round(drawn.mean, 2),
            "reliability": None if drawn is None else round(drawn.reliability, 3),
            "shrunk_interval": None if drawn is None else drawn.interval.rounded(2),
        }


def ranking(samples: Mapping[Who, Sample], *, least_calls: int = LEAST_CALLS) -> dict[Who, Standing]:
    """By mean score, the best first, those without a rank at the end by their number of calls."""
    known = spreads([*samples.values()])
    drawn = {who: shrunk(one, known) for who, one in samples.items()} if known else {}
    made = _standings(samples, drawn, least_calls)
    return dict(sorted(made.items(), key=lambda item: _order(item[1])))


def share_ranking(shares: Mapping[Who, Share], *, least_calls: int = LEAST_CALLS) -> dict[Who, Standing]:
    """The same by a share, the highest first."""
    made = _standings(shares, {}, least_calls)
    return dict(sorted(made.items(), key=lambda item: _order(item[1])))


def _standings(
    samples: Mapping[Who, Sample] | Mapping[Who, Share], drawn: Mapping[Who, Shrunk], least_calls: int
) -> dict[Who, Standing]:
    enough = {who: None for who, one in samples.items() if one.n >= max(1, least_calls)}
    level = 1 - (1 - LEVEL) / max(1, len(enough) - 1)
    better, worse = Counter[Who](), Counter[Who]()
    for one, other in itertools.combinations(enough, 2):
        found = _difference(samples[one], samples[other], level)
        if found is not None and found.shown:
            above, below = (other, one) if found.value > 0 else (one, other)
            better[below] += 1
            worse[above] += 1
    return {
        who: Standing(
            sample=one,
            first=1 + better[who] if who in enough else None,
            last=len(enough) - worse[who] if who in enough else None,
            missing=max(0, max(1, least_calls) - one.n),
            shrunk=drawn.get(who),
        )
        for who, one in samples.items()
    }


def _difference(one: Sample | Share, other: Sample | Share, level: float) -> Difference | None:
    if isinstance(one, Share) and isinstance(other, Share):
        return share_difference(one, other, level)
    if isinstance(one, Sample) and isinstance(other, Sample):
        return mean_difference(one, other, level)
    return None


def _order(standing: Standing) -> tuple[float, ...]:
    """Ranked before unranked; by rank range, then by the mean as far as it is proven."""
    sample = standing.sample
    own = sample.value if isinstance(sample, Share) else sample.mean
    mean = standing.shrunk.mean if standing.shrunk else (own or 0.0)
    if standing.first is None or standing.last is None:
        return (1, -sample.n, -mean)
    return (0, -mean, standing.first, standing.last)
