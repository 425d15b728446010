"""One agent as the events show them now. Times in seconds since 1970."""

from __future__ import annotations

import dataclasses

from telephony.history import CallHistory
from telephony.parts import OpenSpan
from telephony.tables import ActivityState

#: What goes on beside calls, as the queues know it. Of each an agent has one stretch at a time, so that a new one says that an
#: earlier one has ended unseen.
STANDING = (ActivityState.LOGGED_IN, ActivityState.PAUSED)


@dataclasses.dataclass(kw_only=True, slots=True)
class Membership:
    """One member in one queue."""

    since: float
    told_at: float = 0.0  #: when the queue last said anything of them
    login: str = ""  #: since when by the PBX's own word, as it writes it: another one is another log-in
    paused_since: float | None = None
    pause: str = ""  #: the same of the pause
    pause_seen: bool = True  #: False where neither an event nor the PBX's own word tells when the pause began
    reason: str | None = None
    wrap_s: float = 0.0  #: 0 where the queue doesn't say


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Away:
    """Nobody listened from when the PBX was last heard (None: nobody knows when that was) until it was heard again."""

    since: float | None = None
    again: float = 0.0

    def last_seen(self, at: float) -> float:
        """When what the PBX no longer tells at `at` was last seen."""
        return at if self.since is None else min(at, self.since)

    def has(self, at: float) -> bool:
        return (self.since or 0.0) <= at < self.again


@dataclasses.dataclass(kw_only=True, slots=True)
class Doing:
    """One stretch of an agent's activity."""

    state: ActivityState
    started_at: float
    ended_at: float | None = None
    reason: str | None = None
    linked_id: str | None = None
    from_known: bool = True  #: False: it began in a gap, by `started_at` at the latest
    to_known: bool = True  #: False: it ended in a gap, at `ended_at` at the soonest
    #: (from, to) in which events of the agent may have been missed, in order and apart; None: since nobody knows when
    gaps: tuple[tuple[float | None, float], ...] = ()

    def unseen(self, started_at: float | None, ended_at: float) -> bool:
        """Events between the two may be missing. Whether this was new. Between stretches that touch, it was seen."""
        if started_at is not None and started_at >= ended_at:
            return False
        merged: list[tuple[float | None, float]] = []
        for begun, over in sorted([*self.gaps, (started_at, ended_at)], key=lambda gap: gap[0] or 0.0):
            if merged and (begun is None or begun < merged[-1][1]):
                merged[-1] = merged[-1][0], max(merged[-1][1], over)
            else:
                merged.append((begun, over))
        before, self.gaps = self.gaps, tuple(merged)
        return self.gaps != before

    def gap_at(self, at: float) -> tuple[float | None, float] | None:
        """The gap in which the moment lies."""
        return next((gap for gap in self.gaps if (gap[0] or 0.0) <= at < gap[1]), None)


@dataclasses.dataclass(kw_only=True, slots=True)
class Wrap:
    """An agent whom the queue leaves alone after a call until `due`."""

    call: CallHistory
    span: OpenSpan
    due: float


@dataclasses.dataclass(kw_only=True, slots=True)
class Agent:
    interface: str
    name: str | None = None
    queues: dict[str, Membership] = dataclasses.field(default_factory=dict)
    doing: dict[ActivityState, Doing] = dataclasses.field(default_factory=dict)
    last_end: dict[ActivityState, float] = dataclasses.field(default_factory=dict)
    last: dict[ActivityState, Doing] = dataclasses.field(default_factory=dict)  #: the last that ended of each
    ringing: dict[str, str] = dataclasses.field(default_factory=dict)  #: uniqueid -> linked id
    talking: set[tuple[str, str]] = dataclasses.field(default_factory=set)  #: linked id and uniqueid
    wrap: Wrap | None = None
