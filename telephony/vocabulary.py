"""The words in which the ledger's columns are written."""

from __future__ import annotations

import enum


class Direction(enum.StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class CallState(enum.StrEnum):
    """Where a call is now; `ended` is the only last one."""

    RINGING = "ringing"
    WAITING = "waiting"
    TALKING = "talking"
    ENDED = "ended"


class Disposition(enum.StrEnum):
    """How an ended call came out."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed_out"
    NO_AGENT = "no_agent"
    BUSY = "busy"
    FAILED = "failed"
    VOICEMAIL = "voicemail"


class Source(enum.StrEnum):
    """Where the ledger learnt of the call."""

    LIVE = "live"
    IMPORTED = "imported"
    SAMPLE = "sample"


class Party(enum.StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    MIXED = "mixed"  #: both in one channel: a mono recording, told apart by nobody


class ActivityState(enum.StrEnum):
    """What an agent is doing. `logged_in` and `paused` run beside the others."""

    LOGGED_IN = "logged_in"
    PAUSED = "paused"
    RINGING = "ringing"
    TALKING = "talking"
    WRAPPING_UP = "wrapping_up"


class VisitOutcome(enum.StrEnum):
    """How a caller's time in one queue ended."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMED_OUT = "timed_out"
    NO_AGENT = "no_agent"
    LEFT = "left"  #: by a key, to somewhere else in the dialplan
