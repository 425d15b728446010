"""The call ledger's tables: what happened on the PBX, who took part, and where their voices are kept."""

from __future__ import annotations

import datetime
import enum
import uuid

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from avasanj.database import Base, utc_now

SCHEMA = "telephony"


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


class Call(Base):
    """One call, from its first event on. Times in UTC; durations in seconds, None while unknown."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("pbx", "linked_id"),
        Index("ix_call_started_at", "started_at", "id"),
        Index("ix_call_caller_e164", "customer_e164"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    pbx: Mapped[str] = mapped_column(String(60))
    linked_id: Mapped[str] = mapped_column(String(150))
    source: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10))
    disposition: Mapped[str | None] = mapped_column(String(15))
    queue: Mapped[str | None] = mapped_column(String(80))
    caller_raw: Mapped[str | None]
    caller_name: Mapped[str | None]
    called_raw: Mapped[str | None]
    #: the number of the party outside the center (the caller inbound, the called outbound); None when hidden
    customer_e164: Mapped[str | None] = mapped_column(String(20))
    started_at: Mapped[datetime.datetime]
    queued_at: Mapped[datetime.datetime | None]
    answered_at: Mapped[datetime.datetime | None]
    ended_at: Mapped[datetime.datetime | None]
    wait_s: Mapped[float | None]
    ring_s: Mapped[float | None]
    talk_s: Mapped[float | None]
    hold_s: Mapped[float] = mapped_column(default=0.0)
    holds: Mapped[int] = mapped_column(default=0)
    transfers: Mapped[int] = mapped_column(default=0)
    hung_up_by: Mapped[str | None] = mapped_column(String(10))  #: customer, agent, pbx
    language: Mapped[str | None] = mapped_column(String(5))
    #: False where events of this call may have been missed (the listener was away)
    complete: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime.datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    spans: Mapped[list[AgentSpan]] = relationship(
        lazy="raise_on_sql", order_by="AgentSpan.position", cascade="all, delete-orphan"
    )
    recordings: Mapped[list[Recording]] = relationship(lazy="raise_on_sql", cascade="all, delete-orphan")
    hold_spans: Mapped[list[HoldSpan]] = relationship(
        lazy="raise_on_sql", order_by="HoldSpan.started_at", cascade="all, delete-orphan"
    )


class AgentSpan(Base):
    """One agent's own time in a call: what that agent is judged on."""

    __tablename__ = "agent_span"
    __table_args__ = (UniqueConstraint("call_id", "position"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    position: Mapped[int]  #: 0 for the first agent
    interface: Mapped[str]  #: e.g. PJSIP/1001
    agent_name: Mapped[str | None]  #: the queue member's name, else the phone's
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    hold_s: Mapped[float] = mapped_column(default=0.0)
    ring_s: Mapped[float | None]


class HoldSpan(Base):
    """One stretch on hold."""

    __tablename__ = "hold_span"
    __table_args__ = (UniqueConstraint("call_id", "started_at"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    by: Mapped[str | None] = mapped_column(String(10))  #: customer or agent


class Recording(Base):
    """One file with one party's voice (or both, `mixed`)."""

    __tablename__ = "recording"
    __table_args__ = (UniqueConstraint("call_id", "party", "path"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    party: Mapped[str] = mapped_column(String(10))
    path: Mapped[str]
    #: channel of a stereo file that carries the party, None for a mono file
    channel: Mapped[int | None]
    #: what was said at second 0 of the file was said this long after the call's `started_at`
    offset_s: Mapped[float | None]
    duration_s: Mapped[float | None]
    rate_hz: Mapped[int | None]
    codec: Mapped[str | None] = mapped_column(String(30))
    sha256: Mapped[str | None] = mapped_column(String(64))
    #: why it can't be used, in words for a person; None when it can
    problem: Mapped[str | None]
    #: a transcript made elsewhere that belongs to this recording (path of its JSON)
    transcript_path: Mapped[str | None]


class Pbx(Base):
    """A PBX and the state of our connection to it."""

    __tablename__ = "pbx"
    __table_args__ = {"schema": SCHEMA}

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[str] = mapped_column(String(30))  #: connected, connecting, refused, unprivileged, lost, stopped
    since: Mapped[datetime.datetime]
    detail: Mapped[str | None]  #: what to do, in words for a person
    version: Mapped[str | None]
    last_event_at: Mapped[datetime.datetime | None]
