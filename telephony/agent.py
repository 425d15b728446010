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
    paused_since: float | None = None
    reason: str | None = None
    wrap_s: float = 0.0  #: 0 where the queue doesn't say


@dataclasses.dataclass(kw_only=True, slots=True)
class Doing:
    """One stretch of an agent's activity."""

    state: ActivityState
    started_at: float
    ended_at: float | None = None
    reason: str | None = None
    linked_id: str | None = None


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
