"""Which calls a sampling rule gives to whom. Pure: the same candidates and seed give the same draw, in whatever order they come."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

EVALUATOR = "evaluator"
CALLS, PERCENT = "calls", "percent"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One evaluation that may be drawn."""

    key: str
    group: str  #: the agent, team or queue that it counts for
    weight: float = 0.0  #: the heaviest are drawn first; chance decides between equal ones
    barred: frozenset[str] = frozenset()  #: who can't be given it: who spoke in the call, who gave it back
    reviewed: bool = False  #: by a person, or given to one, in another way than by this rule
    drawn_for: str | None = None  #: whom this rule has given it to before


@dataclass(frozen=True, kw_only=True)
class Wish:
    """How much is drawn: `amount` calls, or percent of the calls, for each group (each evaluator with per "evaluator")."""

    per: str
    amount: float
    unit: str
    seed: str

    def quota(self, calls: int) -> int:
        """Percent are rounded up: of three calls, 10 % are one."""
        wanted = self.amount if self.unit == CALLS else round(calls * self.amount / 100, 9)
        return math.ceil(wanted)


@dataclass(frozen=True, kw_only=True)
class Shortage:
    """A group that had fewer calls than wanted; `blocked` of the missing ones had nobody who could evaluate them."""

    group: str
    wanted: int
    found: int
    blocked: int = 0


@dataclass(frozen=True, kw_only=True)
class Draw:
    """Who gets what, by the candidates' keys."""

    given: Mapping[str, str]
    shortages: Sequence[Shortage]


def draw(candidates: Iterable[Candidate], wish: Wish, loads: Mapping[str, int]) -> Draw:
    """Draw what is missing yet. `loads` are all who may evaluate, with the reviews that each has open.

    Each goes to whoever has the fewest open, never to one who is barred. What was drawn before counts and is not drawn again.
    """
    ordered = sorted(candidates, key=lambda one: (-one.weight, _chance(wish.seed, one.key)))
    if wish.per == EVALUATOR:
        return _each_evaluator(ordered, wish, loads)
    groups: dict[str, list[Candidate]] = {}
    for one in ordered:
        groups.setdefault(one.group, []).append(one)
    chosen: list[Candidate] = []
    shortages = []
    for name in sorted(groups):
        members = groups[name]
        quota = wish.quota(len(members))
        had = sum(one.drawn_for is not None for one in members)
        free = [one for one in members if one.drawn_for is None and not one.reviewed]
        open_to_some = [one for one in free if not one.barred.issuperset(loads)]
        picked = open_to_some[: max(0, quota - had)]
        chosen += picked
        found = had + len(picked)
        if found < quota:
            blocked = min(quota - found, len(free) - len(open_to_some))
            shortages.append(Shortage(group=name, wanted=quota, found=found, blocked=blocked))
    return Draw(given=_share_out(chosen, wish, loads), shortages=shortages)


def _share_out(chosen: Sequence[Candidate], wish: Wish, loads: Mapping[str, int]) -> dict[str, str]:
    """The calls that the fewest people may take go first, so that the rest can even it out."""
    now = dict(loads)
    given = {}
    for one in sorted(chosen, key=lambda one: (-len(one.barred & now.keys()), _chance(wish.seed, one.key))):
        able = [who for who in now if who not in one.barred]
        who = min(able, key=lambda who: (now[who], _chance(wish.seed, who, one.key)))
        given[one.key] = who
        now[who] += 1
    return given


def _each_evaluator(ordered: Sequence[Candidate], wish: Wish, loads: Mapping[str, int]) -> Draw:
    quota = wish.quota(len(ordered))
    had = dict.fromkeys(loads, 0)
    for one in ordered:
        if one.drawn_for in had:
            had[one.drawn_for] += 1
    given: dict[str, str] = {}
    for one in ordered:
        wanting = [who for who in had if had[who] < quota and who not in one.barred]
        if one.reviewed or one.drawn_for is not None or not wanting:
            continue
        who = min(wanting, key=lambda who: (had[who], loads[who], _chance(wish.seed, who, one.key)))
        given[one.key] = who
        had[who] += 1
    short = [Shortage(group=who, wanted=quota, found=had[who]) for who in sorted(had) if had[who] < quota]
    return Draw(given=given, shortages=short)


def _chance(*parts: str) -> str:
    """A number that nobody can foresee without the seed and that is the same for the same parts; no secret."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
