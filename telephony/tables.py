"""The call ledger's tables: what happened on the PBX, who took part, and where their voices are kept."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from avasanj.database import Base, utc_now
from avasanj.people import SCHEMA as PEOPLE
from telephony.agent_tables import SCHEMA, AgentActivity, AgentLine
from telephony.vocabulary import ActivityState, CallState, Direction, Disposition, Party, Source, VisitOutcome

__all__ = [
    "SCHEMA",
    "ActivityState",
    "AgentActivity",
    "AgentLine",
    "AgentSpan",
    "Call",
    "CallState",
    "Direction",
    "Disposition",
    "HoldSpan",
    "Party",
    "Pbx",
    "QueueVisit",
    "Recording",
    "RecordingRequest",
    "Source",
    "Transfer",
    "VisitOutcome",
]


class Call(Base):
    """One call, from its first event on. Times in UTC; durations in seconds, None while unknown."""

    __tablename__ = "call"
    __table_args__ = (
        UniqueConstraint("pbx", "linked_id"),
        Index("ix_call_started_at", "started_at", "id"),
        Index("ix_call_caller_e164", "customer_e164"),
        Index("ix_call_repeat_of", "repeat_of"),
        Index("ix_call_open", "started_at", postgresql_where="state <> 'ended'"),
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
    #: False where events of this call may have been missed (the listener was away): it then has `gaps`
    complete: Mapped[bool] = mapped_column(default=True)
    #: stretches in which events may have been missed: [[from_s, to_s], …] from `started_at`; null where unknown
    gaps: Mapped[list[list[float | None]]] = mapped_column(JSONB, default=list, server_default="[]")
    #: stretches in which the recording was muted (card numbers): [[from_s, to_s], …] from `started_at`; the last one's end is
    #: null while it goes on
    mutes: Mapped[list[list[float | None]]] = mapped_column(JSONB, default=list, server_default="[]")
    #: why the ended call still waits for its recordings (their folder is away), in words for a person; else None
    recordings_problem: Mapped[str | None]
    #: the parties' files that are being written now, as `telephony.call_rows` has them; None once the call has ended
    running: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    #: how long the last agent's queue kept them free after the call; None where nothing tells
    wrap_s: Mapped[float | None]
    #: the same customer's call before this one, where it was recent
    repeat_of: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="SET NULL"))
    updated_at: Mapped[datetime.datetime] = mapped_column(default=utc_now, onupdate=utc_now)

    spans: Mapped[list[AgentSpan]] = relationship(
        lazy="raise_on_sql", order_by="AgentSpan.position", cascade="all, delete-orphan"
    )
    recordings: Mapped[list[Recording]] = relationship(lazy="raise_on_sql", cascade="all, delete-orphan")
    hold_spans: Mapped[list[HoldSpan]] = relationship(
        lazy="raise_on_sql", order_by="HoldSpan.started_at", cascade="all, delete-orphan"
    )
    handovers: Mapped[list[Transfer]] = relationship(
        lazy="raise_on_sql", order_by="Transfer.position", cascade="all, delete-orphan"
    )
    visits: Mapped[list[QueueVisit]] = relationship(
        lazy="raise_on_sql", order_by="QueueVisit.position", cascade="all, delete-orphan"
    )


class AgentSpan(Base):
    """One agent's own time in a call: what that agent is judged on."""

    __tablename__ = "agent_span"
    __table_args__ = (
        UniqueConstraint("call_id", "position"),
        Index("ix_agent_span_user_id", "user_id", "started_at"),
        Index("ix_agent_span_agent_name", "agent_name"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    position: Mapped[int]  #: 0 for the first agent
    #: who sat at that line then, by `AgentLine`; None where nobody is named
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{PEOPLE}.user.id", ondelete="SET NULL"))
    interface: Mapped[str]  #: e.g. PJSIP/1001
    agent_name: Mapped[str | None]  #: the queue member's name, else the phone's
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    hold_s: Mapped[float] = mapped_column(default=0.0)
    ring_s: Mapped[float | None]
    wrap_s: Mapped[float | None]


class HoldSpan(Base):
    """One stretch on hold."""

    __tablename__ = "hold_span"
    __table_args__ = (UniqueConstraint("call_id", "started_at"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    started_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    by: Mapped[str | None] = mapped_column(String(10))  #: customer or agent


class Transfer(Base):
    """The call was handed on: from one extension to another."""

    __tablename__ = "transfer"
    __table_args__ = (UniqueConstraint("call_id", "position"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))  #: blind or attended
    from_number: Mapped[str]
    to_number: Mapped[str]
    at: Mapped[datetime.datetime]


class QueueVisit(Base):
    """A caller's time in one queue; `outcome` is None while they wait."""

    __tablename__ = "queue_visit"
    __table_args__ = (
        UniqueConstraint("call_id", "position"),
        Index("ix_queue_visit_joined_at", "joined_at"),
        Index("ix_queue_visit_open", "call_id", postgresql_where="left_at is null"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    position: Mapped[int]
    queue: Mapped[str] = mapped_column(String(80))
    joined_at: Mapped[datetime.datetime]
    left_at: Mapped[datetime.datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(10))


class RecordingRequest(Base):
    """Somebody asked to mute a running recording (a card number is being said) or to go on. The call's listener does it."""

    __tablename__ = "recording_request"
    __table_args__ = (
        Index("ix_recording_request_call_id", "call_id", "id"),
        Index("ix_recording_request_open", "id", postgresql_where="done_at is null"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    mute: Mapped[bool]  #: True: write silence from now on; False: go on recording
    asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{PEOPLE}.user.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    done_at: Mapped[datetime.datetime | None]
    problem: Mapped[str | None]  #: why it could not be done, in words for a person


class Recording(Base):
    """One file with one party's voice (or both, `mixed`)."""

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("call_id", "party", "path"),
        Index("ix_recording_path", "path"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.call.id", ondelete="CASCADE"))
    party: Mapped[str] = mapped_column(String(10))
    path: Mapped[str]
    #: channel of a stereo file that carries the party, None for a mono file
    channel: Mapped[int | None]
    #: what was said at second 0 of the file was said this long after the call's `started_at`
    offset_s: Mapped[float | None]
    #: stretches of the call, after `offset_s`, in which nothing was written to the file: [[from_s, to_s], …] from the
    #: call's `started_at`. The file's time stands still meanwhile.
    cuts: Mapped[list[list[float]]] = mapped_column(JSONB, default=list, server_default="[]")
    #: stretches of the call in which this recording is not to be heard, since another one holds the party's voice or the
    #: recorded channel is with somebody else: [[from_s, to_s], …] from the call's `started_at`; null: up to, or on from
    unheard: Mapped[list[list[float | None]]] = mapped_column(JSONB, default=list, server_default="[]")
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
    #: connected, connecting, refused, unprivileged, lost, paused, stopped
    state: Mapped[str] = mapped_column(String(30))
    since: Mapped[datetime.datetime]
    detail: Mapped[str | None]  #: what to do, in words for a person
    #: what else is wrong (the journal, call records), each with what to do, in words for a person
    troubles: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    version: Mapped[str | None]
    last_event_at: Mapped[datetime.datetime | None]
