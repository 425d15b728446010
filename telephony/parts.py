"""The parts of a call's history, one for each thing that happened in it. Times in seconds since 1970."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from telephony.channels import Channel
from telephony.ledger import Position, TransferKind


@dataclasses.dataclass(kw_only=True, slots=True)
class Visit:
    """The caller's time in one queue."""

    uniqueid: str
    queue: str
    joined_at: float
    left_at: float | None = None
    abandoned: bool = False
    connected: bool = False  #: an agent answered
    status: str = ""  #: QUEUESTATUS, the queue's own word for why it let the caller go
    join_unseen: bool = False  #: the queue told of the caller, but not that they came in


@dataclasses.dataclass(kw_only=True, slots=True)
class Dial:
    caller: str | None  #: uniqueid; Originate names none
    target: str
    begun_at: float
    ended_at: float | None = None
    status: str = ""  #: how it came out at this phone
    taken: bool = False  #: another phone picked the call up: of this one's end nothing is told
    verdict: str = ""  #: DIALSTATUS, how the whole Dial came out by the dialplan's own word


@dataclasses.dataclass(kw_only=True, slots=True)
class OpenSpan:
    """An agent channel's time with the customer."""

    channel: Channel
    started_at: float
    ended_at: float | None = None
    ring_s: float | None = None
    wrap_s: float | None = None
    found: bool = False  #: it went on already when a listing told of it: it began in a gap, nobody knows when


@dataclasses.dataclass(kw_only=True, slots=True)
class OpenHold:
    channel: Channel
    started_at: float
    ended_at: float | None = None


@dataclasses.dataclass(kw_only=True, slots=True)
class OpenMute:
    """The recording of a channel writes silence."""

    uniqueid: str
    started_at: float
    ended_at: float | None = None


@dataclasses.dataclass(kw_only=True, slots=True)
class Gap:
    """Events may have been missed; None for an end that nothing tells."""

    started_at: float | None
    ended_at: float | None


@dataclasses.dataclass(kw_only=True, slots=True)
class TransferNote:
    kind: TransferKind
    transferrer: str
    target: str
    at: float
    transferrer_channel: str = ""  #: uniqueid
    ringing: bool = False  #: the target had not answered yet: if it never does, the call may come back
    inferred: bool = (
        False  #: from what became of the customer; a transfer's own event, which names what was dialled, knows better
    )


@dataclasses.dataclass(kw_only=True, slots=True)
class HangupNote:
    uniqueid: str
    at: float


@dataclasses.dataclass(kw_only=True, slots=True)
class QueueEnd:
    """AgentComplete: who ended the conversation, by the queue's own word."""

    uniqueid: str
    reason: str
    at: float


class Note(NamedTuple):  # not a dataclass: nearly every event makes one
    """One conclusion and the event that made it. `offset` is the event's first byte in its file or segment's block."""

    text: str  #: a sentence of `telephony.sentences`
    values: tuple[tuple[str, str], ...]
    event: str
    at: float
    offset: int
    position: Position | None
