"""What a replay comes to: who moves, by how much, and how sure that is. Pure; one pass, however many calls there are.

Each part of a call is its own comparison, so differences are paired: the interval of the mean difference is Student's t over the
differences, that of the share passed Agresti and Min's (2005: Wald's, with half a call added to each of the four cells).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scoring.statistics.intervals import Difference, Interval, Sample
from scoring.statistics.ranking import LEAST_CALLS, Standing, ranking
from scoring.statistics.student import t, z

#: More agents than this are not ranked: every one would be compared with every other.
MOST_RANKED = 400
#: Below this a score has not moved: floats are added up in another order.
_NOTHING = 1e-9
GROUPS = ("agent", "team", "queue")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One part of a call with both scores (None: no question that counts was answered)."""

    agent: str | None
    team: str | None
    queue: str | None
    before: float | None
    after: float | None
    passed_before: bool | None
    passed_after: bool | None


@dataclass(kw_only=True)
class Running:
    """Number, mean and spread of numbers that come one by one."""

    n: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.n += 1
        away = value - self.mean
        self.mean += away / self.n
        self.squares += away * (value - self.mean)

    @property
    def mean_or_none(self) -> float | None:
        return self.mean if self.n else None

    @property
    def spread(self) -> float:
        return math.sqrt(max(0.0, self.squares) / (self.n - 1)) if self.n > 1 else 0.0

    @property
    def sample(self) -> Sample:
        return Sample(n=self.n, mean=self.mean_or_none, spread=self.spread)


@dataclass(kw_only=True)
class Moved:
    """Sums over pairs: what is kept of them all. Spreads are added up as Welford (1962) does."""

    n: int = 0
    before: Running = field(default_factory=Running)
    after: Running = field(default_factory=Running)
    difference: Running = field(default_factory=Running)
    up: int = 0
    down: int = 0
    passed: Counter[tuple[bool, bool]] = field(default_factory=Counter)

    def add(self, pair: Pair) -> None:
        self.n += 1
        if pair.before is not None and pair.after is not None:
            moved = pair.after - pair.before
            self.before.add(pair.before)
            self.after.add(pair.after)
            self.difference.add(0.0 if abs(moved) < _NOTHING else moved)
            self.up += moved > _NOTHING
            self.down += moved < -_NOTHING
        if pair.passed_before is not None and pair.passed_after is not None:
            self.passed[pair.passed_before, pair.passed_after] += 1

    def stored(self) -> dict[str, Any]:
        scores = mean_moved(self.difference)
        passes = share_moved(self.passed)
        known = sum(self.passed.values())
        return {
            "n": self.n,
            "before": _rounded(self.before.mean_or_none),
            "after": _rounded(self.after.mean_or_none),
            "difference": scores.stored(2) | {"shown": _is_shown(scores, self.difference.n)} if scores else None,
            "up": self.up,
            "down": self.down,
            "passed_before": _rounded(_share(self.passed, 0, known), 4),
            "passed_after": _rounded(_share(self.passed, 1, known), 4),
            "passed_difference": passes.stored() | {"shown": _is_shown(passes, known)} if passes else None,
            "now_passed": self.passed[False, True],
            "now_not_passed": self.passed[True, False],
        }


def mean_moved(differences: Running) -> Difference | None:
    """The mean difference; None without pairs. Of a single pair, or of pairs that all moved alike, the interval is a point."""
    if not differences.n:
        return None
    half = t(differences.n - 1) * differences.spread / math.sqrt(differences.n) if differences.n > 1 else 0.0
    return Difference(
        value=differences.mean, interval=Interval(low=differences.mean - half, high=differences.mean + half)
    )


def share_moved(passed: Mapping[tuple[bool, bool], int]) -> Difference | None:
    """The difference of two shares of the same calls; None without calls, and a point where no call changed."""
    n = sum(passed.values())
    if not n:
        return None
    gained, lost = passed.get((False, True), 0), passed.get((True, False), 0)
    value = (gained - lost) / n
    if not gained and not lost:
        return Difference(value=0.0, interval=Interval(low=0.0, high=0.0))
    b, c, total = gained + 0.5, lost + 0.5, n + 2
    half = z() * math.sqrt(max(0.0, b + c - (b - c) ** 2 / total)) / total
    middle = (b - c) / total
    return Difference(value=value, interval=Interval(low=max(-1.0, middle - half), high=min(1.0, middle + half)))


def grouped(pairs: Iterable[Pair]) -> tuple[Moved, dict[str, dict[str, Moved]]]:
    """Sums over all, and per agent, team and queue."""
    overall = Moved()
    groups: dict[str, dict[str, Moved]] = {name: defaultdict(Moved) for name in GROUPS}
    for pair in pairs:
        overall.add(pair)
        for name in GROUPS:
            if (key := getattr(pair, name)) is not None:
                groups[name][key].add(pair)
    return overall, groups


def told(groups: Mapping[str, Mapping[str, Moved]]) -> dict[str, list[dict[str, Any]]]:
    """Every group's rows, those that moved most first; agents with the ranks that they may have before and after."""
    found = {}
    for name, members in groups.items():
        rows = [{"name": key, **moved.stored()} for key, moved in members.items()]
        found[name] = sorted(rows, key=_by_movement)
    ranks = _ranks(groups.get("agent", {}))
    unranked = {"rank_before": None, "rank_after": None, "rank_moved": False}
    found["agent"] = [row | ranks.get(row["name"], unranked) for row in found.get("agent", [])]
    return found


def _ranks(agents: Mapping[str, Moved]) -> dict[str, dict[str, Any]]:
    """A rank has moved where the ranks that an agent may have before and after don't meet: anything else may be chance."""
    if not 1 < len(agents) <= MOST_RANKED:
        return {}
    before = ranking({key: moved.before.sample for key, moved in agents.items()})
    after = ranking({key: moved.after.sample for key, moved in agents.items()})
    return {
        key: {
            "rank_before": _places(before[key]),
            "rank_after": _places(after[key]),
            "rank_moved": _apart(before[key], after[key]),
        }
        for key in agents
    }


def _places(standing: Standing) -> list[int] | None:
    return None if standing.first is None or standing.last is None else [standing.first, standing.last]


def _apart(one: Standing, other: Standing) -> bool:
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return False
    return one.last < other.first or other.last < one.first


@dataclass(kw_only=True)
class Answers:
    """How the answers to one question changed: by (before, after), and by whether they give more points or less."""

    changed: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)
    up: int = 0
    down: int = 0

    def add(self, change: Mapping[str, Any]) -> None:
        self.changed[change["b"], change["a"]] += 1
        self.up += change.get("d", 0.0) > _NOTHING
        self.down += change.get("d", 0.0) < -_NOTHING

    def stored(self, question: str) -> dict[str, Any]:
        moves = [{"before": one, "after": other, "n": n} for (one, other), n in self.changed.most_common()]
        return {"question": question, "n": sum(self.changed.values()), "up": self.up, "down": self.down, "moves": moves}


def per_question(changes: Iterable[Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Every question of which an answer changed, the one that changed most often first."""
    found: dict[str, Answers] = defaultdict(Answers)
    for part in changes:
        for change in part:
            found[change["q"]].add(change)
    rows = [one.stored(key) for key, one in found.items()]
    return sorted(rows, key=lambda row: (-row["n"], row["question"]))


def _is_shown(difference: Difference, n: int) -> bool:
    """A difference that the calls prove, on enough of them to speak of one."""
    return n >= LEAST_CALLS and difference.shown and abs(difference.value) > _NOTHING


def _by_movement(row: Mapping[str, Any]) -> tuple[float, int, str]:
    moved = row["difference"]
    return (-abs(moved["value"]) if moved else 0.0, -row["n"], row["name"])


def _share(passed: Mapping[tuple[bool, bool], int], side: int, known: int) -> float | None:
    return sum(n for both, n in passed.items() if both[side]) / known if known else None


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)
