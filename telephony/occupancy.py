"""How an agent's day was spent: lengths of what they did, and the share of their time at work that calls took."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from telephony.tables import ActivityState

Interval = tuple[datetime.datetime, datetime.datetime]


@dataclass(frozen=True, kw_only=True)
class Did:
    """One stretch of what an agent did; `ended_at` is None while it goes on."""

    state: str
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    #: stretches in which events may have been missed; None: up to, or on from
    gaps: tuple[tuple[datetime.datetime | None, datetime.datetime | None], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Seconds of a day. What overlaps itself (two calls at once) is counted once.

    While nobody listened, a log-in or a pause that the PBX itself tells to have gone on is counted; whether somebody who
    was logged in was busy or free then is not known, and counts as neither.
    """

    logged_in_s: float
    paused_s: float
    ringing_s: float
    talking_s: float
    wrapping_up_s: float
    busy_s: float  #: talking or wrapping up, the two together counted once
    free_s: float  #: logged in, and neither busy nor paused
    unseen_s: float  #: logged in and not paused, and nobody knows whether busy or free

    @property
    def occupancy(self) -> float | None:
        """Busy time as a share of busy and free time, 0 to 1: handle time over handle and available time, the usual agent
        occupancy. Pauses are left out of both, ringing counts as free. None for who was neither.
        """
        whole_s = self.busy_s + self.free_s
        return self.busy_s / whole_s if whole_s else None


def spent(did: Iterable[Did], *, since: datetime.datetime, until: datetime.datetime) -> Spent:
    """The lengths between `since` and `until` (the day's start and now)."""
    stretches: dict[str, list[Interval]] = {}
    unseen: list[Interval] = []
    for one in did:
        gaps = [(max(begun or since, since), min(over or until, until)) for begun, over in one.gaps]
        unseen += [gap for gap in gaps if gap[0] < gap[1]]
        start, end = max(one.started_at, since), min(one.ended_at or until, until)
        if start < end:
            stretches.setdefault(one.state, []).append((start, end))

    def of(*states: ActivityState) -> list[Interval]:
        return [stretch for state in states for stretch in stretches.get(state, [])]

    paused = of(ActivityState.PAUSED)
    busy = of(ActivityState.TALKING, ActivityState.WRAPPING_UP)
    worked = [*of(ActivityState.LOGGED_IN), *busy]
    told = _length([*worked, *paused, *unseen]) - _length([*paused, *unseen])
    return Spent(
        logged_in_s=length_s(of(ActivityState.LOGGED_IN)),
        paused_s=length_s(paused),
        ringing_s=length_s(of(ActivityState.RINGING)),
        talking_s=length_s(of(ActivityState.TALKING)),
        wrapping_up_s=length_s(of(ActivityState.WRAPPING_UP)),
        busy_s=(_length([*busy, *unseen]) - _length(unseen)).total_seconds(),
        free_s=(_length([*worked, *paused, *unseen]) - _length([*busy, *paused, *unseen])).total_seconds(),
        unseen_s=(_length([*worked, *paused]) - _length(paused) - told).total_seconds(),
    )


def length_s(stretches: Iterable[Interval]) -> float:
    """Seconds that at least one of the stretches covers."""
    return _length(stretches).total_seconds()


def _length(stretches: Iterable[Interval]) -> datetime.timedelta:
    """Exact, where seconds as floats would add up to more than a day has. What one covers beside others is the length of all
    less that of the others.
    """
    total, reached = datetime.timedelta(), datetime.datetime.min.replace(tzinfo=datetime.UTC)
    for start, end in sorted(stretches):
        if end > reached:
            total += end - max(start, reached)
            reached = end
    return total
