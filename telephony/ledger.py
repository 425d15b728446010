"""What the ledger says of a call at one moment: plain values, made by the assembler, kept by the store.

The parts of a call are tuples with named fields, made by keyword: of each call many are made again and again, and a frozen
dataclass costs eight times as much to make.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
from typing import NamedTuple

from telephony.tables import ActivityState, CallState, Direction, Disposition, Party, VisitOutcome

#: Python's last year, less a day for the zones.
_LAST_S = 253_402_214_400.0


class HungUpBy(enum.StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    PBX = "pbx"  #: timeout, busy, end of the dialplan


class TransferKind(enum.StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"


class Span(NamedTuple):
    """One agent's own time in the call. `uniqueid` is the agent's channel."""

    uniqueid: str
    interface: str
    agent_name: str | None
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    hold_s: float
    ring_s: float | None
    wrap_s: float | None = None


class Visit(NamedTuple):
    """A caller's time in one queue; `outcome` is None while they wait."""

    queue: str
    joined_at: datetime.datetime
    left_at: datetime.datetime | None
    outcome: VisitOutcome | None


class Stretch(NamedTuple):
    """A stretch of time within a call; None for an end that is not known (yet)."""

    started_at: datetime.datetime | None
    ended_at: datetime.datetime | None


class Activity(NamedTuple):
    """One stretch of what an agent did; `ended_at` is None while it goes on. `linked_id` is the call's.

    Where its beginning is not known, `started_at` is when it was first seen, and where its end isn't, `ended_at` when it was
    last seen; a gap lies before or after it then. A gap within it: what else the agent did meanwhile is not known.
    """

    pbx: str
    interface: str
    agent_name: str | None
    state: ActivityState
    reason: str | None
    linked_id: str | None
    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    from_known: bool = True
    to_known: bool = True
    #: in which events of the agent may have been missed
    gaps: tuple[Stretch, ...] = ()


class Hold(NamedTuple):
    """One stretch on hold; `by` is who put the other there."""

    started_at: datetime.datetime
    ended_at: datetime.datetime | None
    by: Party


class Transfer(NamedTuple):
    """`transferrer` and `target` as the PBX names them: extensions."""

    kind: TransferKind
    transferrer: str
    target: str
    at: datetime.datetime


class NamedRecording(NamedTuple):
    """A file that the PBX said it writes, by the PBX's own path.

    `expected` is False for a name that follows from a convention only: it is used where it exists and not missed where
    it doesn't. `offset_s` is the file's second 0 in seconds from the call's start, None where no event told it.
    """

    party: Party
    path: str
    offset_s: float | None
    expected: bool = True
    #: (from_s, to_s) from the call's start, after `offset_s`, in which nothing was written: the file's time stood still
    cuts: tuple[tuple[float, float], ...] = ()
    #: the same for a recording of which nothing tells whether it stands still while nobody is connected
    maybe_cuts: tuple[tuple[float, float], ...] = ()
    #: (from_s, to_s) from the call's start: a recording on one agent's own channel counts in these alone, and there in
    #: place of the party's other one. None: it counts wherever no such recording does.
    counts: tuple[tuple[float, float], ...] | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, order=True, slots=True)
class Position:
    """A place in the journal, from which a call's events can be read again.

    `offset` is the first byte of the block in the segment's file, `message` the message's within what the block holds.
    """

    segment: str
    offset: int
    message: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallSnapshot:
    """One call as far as its events tell. Times in UTC, durations in seconds, None while unknown."""

    pbx: str
    linked_id: str
    direction: Direction
    state: CallState
    disposition: Disposition | None
    queue: str | None
    caller_raw: str | None
    caller_name: str | None
    called_raw: str | None
    started_at: datetime.datetime
    queued_at: datetime.datetime | None
    answered_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    wait_s: float | None
    ring_s: float | None
    talk_s: float | None
    hold_s: float
    hung_up_by: HungUpBy | None
    complete: bool
    spans: tuple[Span, ...]
    holds: tuple[Hold, ...]
    transfers: tuple[Transfer, ...]
    recordings: tuple[NamedRecording, ...]
    #: files that are being written now, by party; `cuts` and `counts` may end at infinity
    running: tuple[NamedRecording, ...] = ()
    wrap_s: float | None = None
    visits: tuple[Visit, ...] = ()
    #: in which events may have been missed; `complete` says that there are none
    gaps: tuple[Stretch, ...] = ()
    #: in which the recording was muted
    mutes: tuple[Stretch, ...] = ()
    #: the call that this one turned out to be a part of (a consultation): it has no row of its own then
    merged_into: str | None = None
    #: where its first event lies in the journal
    since: Position | None = dataclasses.field(default=None, compare=False)


def seconds_since_1970(text: str | bytes) -> float:
    """Seconds since 1970 from a PBX's writing. Raises ValueError for what is no moment between 1970 and the year 9999."""
    seconds = float(text)
    if not 0 <= seconds < _LAST_S:
        raise ValueError(str(text))
    return seconds


@functools.lru_cache(maxsize=10_000)  # every picture of a call shows the same moments again
def moment(epoch_s: float) -> datetime.datetime:
    """Seconds since 1970 as the ledger keeps times: UTC, to the millisecond."""
    return datetime.datetime.fromtimestamp(round(epoch_s, 3), datetime.UTC)
