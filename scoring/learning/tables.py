"""What the center's people say of customers' moods (the gold set), and the heads that were trained on it."""

from __future__ import annotations

import datetime
import enum
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from avasanj.database import Base, utc_now
from scoring.tables import SCHEMA

USER = "avasanj.user.id"
CALL = "telephony.call.id"


class GoldTurn(Base):
    """One person's label of one customer turn, by docs/labelling.md. The words are kept, since transcripts change."""

    __tablename__ = "gold_turn"
    __table_args__ = (UniqueConstraint("call_id", "position", "made_by"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(CALL, ondelete="CASCADE"))
    position: Mapped[int]  #: of the turn, in the transcript that was current
    label: Mapped[str | None] = mapped_column(String(5))  #: neg, neu, pos; None where only the satisfaction was given
    satisfaction: Mapped[int | None]  #: 1 to 5; None where only the attitude was given
    text: Mapped[str]  #: the turn as it stood when it was labelled
    agent: Mapped[str]  #: what the agent said just before; "" where nobody had spoken
    #: the turns before it, oldest first: [{"party", "text"}]
    before: Mapped[list[Any]] = mapped_column(default=list)
    language: Mapped[str] = mapped_column(String(5))
    queue: Mapped[str | None] = mapped_column(String(80))
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(USER, ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class GoldCall(Base):
    """One person's label of a whole call: how content the customer was as it ended, 1 to 5."""

    __tablename__ = "gold_call"
    __table_args__ = (UniqueConstraint("call_id", "made_by"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(CALL, ondelete="CASCADE"))
    satisfaction: Mapped[int]
    anger_at: Mapped[str | None] = mapped_column(String(10))  #: agent, company, other; None where nobody is blamed
    turns: Mapped[list[Any]]  #: the call as it stood when it was labelled: [{"party", "start_s", "end_s", "text"}]
    #: what the ledger said: {"wait_s", "hold_s", "transfers", "earlier_calls"}
    line: Mapped[dict[str, Any]] = mapped_column(default=dict)
    language: Mapped[str] = mapped_column(String(5))
    queue: Mapped[str | None] = mapped_column(String(80))
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(USER, ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class HeadState(enum.StrEnum):
    """What a version of the heads is; one at most is in use, and without one those that came with Avasanj are."""

    CANDIDATE = "candidate"
    IN_USE = "in_use"
    RETIRED = "retired"


class HeadVersion(Base):
    """Heads trained at this center, as text, with what they were trained on and how they did beside those in use."""

    __tablename__ = "head_version"
    __table_args__ = (
        Index("uq_head_version_in_use", "state", unique=True, postgresql_where="state = 'in_use'"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    number: Mapped[int] = mapped_column(unique=True)  #: 1, 2, …; 0 means those that came with Avasanj
    state: Mapped[str] = mapped_column(String(10))
    heads: Mapped[str]  #: as `scoring.heads.dumps` makes it
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)  #: the comparison, as `avasanj train` printed it
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  #: labelled turns and calls it was trained on
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(USER, ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    #: when it was last chosen; going back keeps it, so that "back" finds what was in use before
    used_at: Mapped[datetime.datetime | None]
    retired_at: Mapped[datetime.datetime | None]
