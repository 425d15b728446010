"""How the customer felt and how the agent worked, each with the words that show it."""

from __future__ import annotations

import datetime
import enum
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from avasanj.database import Base, utc_now

SCHEMA = "scoring"


class Mood(Base):
    """The customer's mood over a call. One row a call."""

    __tablename__ = "mood"
    __table_args__ = {"schema": SCHEMA}

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"), primary_key=True)
    dissatisfied: Mapped[float | None]  #: probability 0 to 1; None where there is nothing to judge by
    model: Mapped[str]  #: encoder and head with their versions
    #: what made the number, largest first: [{"name": feature, "value": x, "weight": log-odds contribution}]
    contributions: Mapped[list[Any]] = mapped_column(default=list)
    #: turns that speak for it, strongest first: [{"turn": position, "start_s", "end_s", "text", "dissatisfied"}]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    #: per customer turn: [{"turn": position, "start_s", "end_s", "negative", "neutral", "positive"}] (probabilities)
    curve: Mapped[list[Any]] = mapped_column(default=list)
    #: what the customer would answer in a survey: {"grade": 1 to 5, "chances": [of 1, 2, 3, 4, 5]}; None without a mood
    satisfaction: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: whom anger was meant for: [{"at": "agent" | "company" | "other", "chance", "turn", "start_s", "end_s", "text"}], strongest first
    anger: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    #: promises the agent made: [{"turn", "start_s", "end_s", "text", "due_at": ISO or null}]
    promises: Mapped[list[Any]] = mapped_column(default=list)
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class CardState(enum.StrEnum):
    """What a version of a scorecard is: only a published one fills in calls, only a draft can change."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class CardVersion(Base):
    """One version of a scorecard, as its YAML text. At most one of a scorecard is published."""

    __tablename__ = "card_version"
    __table_args__ = (
        UniqueConstraint("key", "version"),
        Index("uq_card_version_published", "key", unique=True, postgresql_where="state = 'published'"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    title: Mapped[dict[str, Any]]  #: {"en": ..., "fa": ...}
    source: Mapped[str]
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id", ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    published_at: Mapped[datetime.datetime | None]
    retired_at: Mapped[datetime.datetime | None]


class Evaluation(Base):
    """One agent span judged by one scorecard version. The machine alone never fails anyone: `needs_person` says so."""

    __tablename__ = "evaluation"
    __table_args__ = (
        UniqueConstraint("call_id", "span_position", "scorecard", "scorecard_version"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    span_position: Mapped[int]
    agent_interface: Mapped[str | None]
    agent_name: Mapped[str | None]
    scorecard: Mapped[str] = mapped_column(String(60))
    scorecard_version: Mapped[int]
    title: Mapped[dict[str, Any] | None]  #: the scorecard's own, {"en": ..., "fa": ...}, as it was when filled in
    score: Mapped[float | None]  #: 0 to 100 over the answered questions; None when all are N/A
    needs_person: Mapped[bool] = mapped_column(default=False)
    counts: Mapped[bool] = mapped_column(default=True)  #: False keeps it out of averages
    #: why it stays out of averages, as catalogue messages: [{"id": ..., "values": {...}}]
    kept_out: Mapped[list[Any]] = mapped_column(default=list)
    passed: Mapped[bool | None]  #: None without a score
    failed: Mapped[bool] = mapped_column(default=False)  #: by a fatal question, which a person has confirmed
    doubted: Mapped[list[Any]] = mapped_column(default=list)  #: fatal questions that the machine alone saw failed
    critical: Mapped[list[Any]] = mapped_column(default=list)  #: critical questions without full points
    critical_score: Mapped[float | None]  #: 0 to 100 over the critical questions alone
    #: score per section, in order: [{"key", "title": {"en", "fa"}, "score": 0 to 100 or null}]
    sections: Mapped[list[Any]] = mapped_column(default=list)
    answered: Mapped[float] = mapped_column(default=1.0)  #: share of the applicable weight that is answered, 0 to 1
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    reviewed_at: Mapped[datetime.datetime | None]  #: when the person's review that stands was submitted
    #: the `scoring.review` whose answers stand over the machine's; None: the machine's own
    review_id: Mapped[uuid.UUID | None]

    answers: Mapped[list[Answer]] = relationship(
        lazy="raise_on_sql", order_by="Answer.position", cascade="all, delete-orphan"
    )


class Answer(Base):
    """One question's answer with its evidence."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("evaluation_id", "question"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    evaluation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.evaluation.id", ondelete="CASCADE"))
    position: Mapped[int]
    question: Mapped[str] = mapped_column(String(60))  #: its key in the scorecard
    title: Mapped[dict[str, Any]]  #: {"en": ..., "fa": ...}, as it was when answered
    section: Mapped[str | None] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10), default="yes_no")
    #: yes, no, unsure, na; an option's key or several with commas between; a number; a text
    value: Mapped[str]
    label: Mapped[dict[str, Any] | None]  #: the chosen options' titles, {"en": ..., "fa": ...}
    critical: Mapped[bool] = mapped_column(default=False)
    fatal: Mapped[bool] = mapped_column(default=False)
    needs_person: Mapped[bool] = mapped_column(default=False)
    points: Mapped[float | None]
    points_possible: Mapped[float]
    confidence: Mapped[float]
    method: Mapped[str] = mapped_column(String(20))  #: rule, likeness, ledger, measure, model, condition, person
    #: {"question": version of the question, "model": which answered, "transcript", "speech", "speech_version"}
    made_by: Mapped[dict[str, Any]] = mapped_column(default=dict)
    #: who, when, the words: [{"party", "start_s", "end_s", "text", "turn": position}]
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    #: why, as a message id of the catalogue with its values: {"id": ..., "values": {...}}
    reason: Mapped[dict[str, Any] | None]
    #: the machine's own answer where a person's stands over it: {"value", "label", "confidence", "method", "evidence", "reason"}
    machine: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
