"""What calls are about: the center's list of topics, what each call was found to be about, and proposals for new topics."""

from __future__ import annotations

import datetime
import enum
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from avasanj.database import Base, utc_now
from scoring.tables import SCHEMA

_CALL = "telephony.call.id"
_USER = "avasanj.user.id"


class TopicList(Base):
    """One version of the center's topics, as its YAML text. The newest is in use; the others are kept to go back to."""

    __tablename__ = "topic_list"
    __table_args__ = {"schema": SCHEMA}

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str]
    why: Mapped[str] = mapped_column(String(30))  #: shipped, imported, named, joined, restored
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_USER, ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class CallAbout(Base):
    """Why the customer called and what came of it. One row a call with words in it."""

    __tablename__ = "call_about"
    __table_args__ = (Index("ix_call_about_driver", "driver"), {"schema": SCHEMA})

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"), primary_key=True)
    language: Mapped[str | None] = mapped_column(String(5))
    list_version: Mapped[int]
    driver: Mapped[str | None] = mapped_column(String(60))  #: key of the topic for which the customer called
    #: the turn in which they say so: {"party", "turn", "start_s", "end_s", "text"}
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    vector: Mapped[bytes | None]  #: that turn's meaning: 384 float16, little-endian
    #: sentences in order: [{"role", "text", "party", "turn", "start_s", "end_s", "method"}]
    summary: Mapped[list[Any]] = mapped_column(default=list)
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class CallTopic(Base):
    """One topic of one call, with the words that show it."""

    __tablename__ = "call_topic"
    __table_args__ = (Index("ix_call_topic_topic", "topic"), {"schema": SCHEMA})

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(60), primary_key=True)
    driver: Mapped[bool] = mapped_column(default=False)
    confidence: Mapped[float]
    method: Mapped[str] = mapped_column(String(10))  #: rule, likeness, group (it was in a group that a person named)
    evidence: Mapped[list[Any]] = mapped_column(default=list)


class StoredPromise(Base):
    """Something that the agent promised in a call."""

    __tablename__ = "promise"
    __table_args__ = (
        Index("ix_promise_call_id", "call_id", "position", unique=True),
        Index("ix_promise_due_at", "due_at"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    by: Mapped[str] = mapped_column(String(10))  #: agent, or colleague: somebody else of the center
    words: Mapped[str]  #: the clause that promises, in search form: by it a person's mark finds it again
    due_at: Mapped[datetime.datetime | None]
    evidence: Mapped[dict[str, Any]]
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class PromiseMark(Base):
    """A person said what became of a promise. Outlives a new transcript: it belongs to the kind and the words. The newest counts."""

    __tablename__ = "promise_mark"
    __table_args__ = (Index("ix_promise_mark_call_id", "call_id"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(12))
    words: Mapped[str]
    state: Mapped[str] = mapped_column(String(10))  #: kept, broken, or open: the mark is taken back
    marked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_USER, ondelete="SET NULL"))
    marked_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class ProposalState(enum.StrEnum):
    """What became of a group of calls that may be a topic."""

    OPEN = "open"
    NAMED = "named"
    JOINED = "joined"
    DISMISSED = "dismissed"


class Proposal(Base):
    """Calls that mean the same and have no topic: for a person to name, to join to a topic, or to dismiss."""

    __tablename__ = "topic_proposal"
    __table_args__ = (Index("ix_topic_proposal_state", "state"), {"schema": SCHEMA})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    state: Mapped[str] = mapped_column(String(10), default=ProposalState.OPEN)
    topic: Mapped[str | None] = mapped_column(String(60))  #: what it became, or was joined to
    size: Mapped[int]
    tightness: Mapped[float]  #: mean cosine of its calls to their middle, 0 to 1
    words: Mapped[dict[str, Any]]  #: distinctive words by language: {"en": [...], "fa": [...]}
    #: the most typical calls: [{"call_id", "language", "party", "turn", "start_s", "end_s", "text"}]
    examples: Mapped[list[Any]]
    members: Mapped[list[str]]  #: ids of its calls
    #: a few members' vectors, 384 float16 each, by which it is known again; their languages stand in `languages`
    vectors: Mapped[bytes]
    languages: Mapped[list[str]]
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    seen_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_USER, ondelete="SET NULL"))
    decided_at: Mapped[datetime.datetime | None]
