"""Two versions of the heads on the same talks, which neither has learnt from: who does better, and how sure that is."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scoring.heads import Floats, Heads
from scoring.learning.judging import Answers, all_figures, answers
from scoring.learning.rows import Encoded, rows_of
from scoring.learning.talks import SATISFIED_FROM, Talk

HELD_OUT = 0.2
RESAMPLES = 2000
#: The interval of the difference: so much of the resamples lies in it.
SURE = 0.95
#: Calls drawn again from fewer than these say nothing: two good ones would always be better.
LEAST_GROUPS = 10


@dataclass(frozen=True, kw_only=True)
class Difference:
    """By how much the candidate's log loss per label is below that of the version in use; above 0 is better."""

    mean: float
    low: float
    high: float
    labels: int
    groups: int

    def plain(self) -> dict[str, Any]:
        return {
            "gain": round(self.mean, 4), "low": round(self.low, 4), "high": round(self.high, 4),
            "labels": self.labels, "calls": self.groups,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`figures` by question: {"in_use", "candidate", "difference"}; `overall` over all questions' labels together."""

    figures: Mapping[str, Mapping[str, Any]]
    differences: Mapping[str, Difference]
    overall: Difference

    @property
    def enough(self) -> bool:
        """Whether enough calls were held out to tell."""
        return self.overall.groups >= LEAST_GROUPS

    @property
    def better(self) -> bool:
        """The gain's whole interval is above 0, on calls enough, and no question has clearly become worse."""
        return self.enough and self.overall.low > 0 and all(one.high >= 0 for one in self.differences.values())


def split(talks: Sequence[Talk], learnt_before: Collection[str] = ()) -> tuple[list[Talk], list[Talk]]:
    """(to learn from, held out): HELD_OUT of the groups of each language with and without a dissatisfied turn, whole.

    Groups that the version in use has learnt from are held out last, so that it is judged on what it doesn't know either. The rest goes
    by a hash: the same talks are always split the same way.
    """
    groups: dict[str, list[Talk]] = defaultdict(list)
    for talk in talks:
        groups[talk.group].append(talk)
    strata: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for group, members in groups.items():
        strata[members[0].language, any(map(_unhappy, members))].append(group)
    held: set[str] = set()
    for members_of in strata.values():
        ordered = sorted(members_of, key=lambda group: (name_of(group) in learnt_before, _hash(group)))
        held |= set(ordered[: math.floor(HELD_OUT * len(ordered) + 0.5)])
    return [talk for talk in talks if talk.group not in held], [talk for talk in talks if talk.group in held]


def name_of(group: str) -> str:
    """A group's name as it is kept with a version: it tells nothing of the text."""
    return hashlib.sha256(group.encode()).hexdigest()[:16]


def compare(talks: Sequence[Talk], encoded: Encoded, in_use: Heads, candidate: Heads, tries: int = 1) -> Comparison:
    """Both on `talks`, by paired bootstrap over groups: calls are drawn again and again, each with all its labels.

    `tries` counts the candidates that were compared with the version in use, this one among them: the more, the surer it must be
    (Bonferroni), so that training again and again until one is lucky doesn't help.
    """
    doubt = (1 - SURE) / tries
    old, new = (answers(talks, rows_of(talks, encoded, heads), heads) for heads in (in_use, candidate))
    groups = {group: n for n, group in enumerate(sorted({talk.group for talk in talks}))}
    of_talk = np.array([groups[talk.group] for talk in talks])
    gains: dict[str, Floats] = {
        name: _by_group(old[name].losses - new[name].losses, old[name], of_talk) for name in old
    }
    counts = {name: _by_group(np.ones(len(old[name].truth)), old[name], of_talk) for name in old}
    differences = {name: _difference(gains[name], counts[name], doubt) for name in old}
    judged_old, judged_new = all_figures(old), all_figures(new)
    return Comparison(
        figures={
            name: {"in_use": judged_old[name], "candidate": judged_new[name], "difference": differences[name].plain()}
            for name in old
        },
        differences=differences,
        overall=_difference(np.sum(list(gains.values()), axis=0), np.sum(list(counts.values()), axis=0), doubt),
    )


def _by_group(values: Floats, found: Answers, of_talk: np.ndarray[Any, np.dtype[np.int64]]) -> Floats:
    return np.bincount(of_talk[found.talk_of], values, int(of_talk.max()) + 1).astype(np.float64)


def _difference(gains: Floats, counts: Floats, doubt: float) -> Difference:
    drawn = np.random.default_rng(0).integers(0, len(gains), (RESAMPLES, len(gains)))
    totals = counts[drawn].sum(axis=1)
    means = (gains[drawn].sum(axis=1) / np.maximum(1, totals))[totals > 0]
    low, high = np.quantile(means, [doubt / 2, 1 - doubt / 2])
    return Difference(
        mean=float(gains.sum() / counts.sum()), low=float(low), high=float(high), labels=int(counts.sum()),
        groups=int((counts > 0).sum()),
    )  # fmt: skip


def _unhappy(talk: Talk) -> bool:
    marks = talk.marks.values()
    return bool(talk.dissatisfied) or any(
        one.label == "neg" or one.angry or (one.satisfaction is not None and one.satisfaction < SATISFIED_FROM)
        for one in marks
    )


def _hash(group: str) -> str:
    return hashlib.sha256(f"held out:{group}".encode()).hexdigest()
