"""What people did with evaluations. An evaluation is named by its call, the agent's part, and the form with its version.

Evaluations are made anew whenever a call is scored again; these rows stay, so they name the evaluation by what it is about.
"""

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
_PERSON = "avasanj.user.id"
_CALL = "telephony.call.id"
_EVALUATION = ("call_id", "span_position", "scorecard", "scorecard_version")


class ReviewKind(enum.StrEnum):
    """What a person's evaluation is for. Only a review and a dispute's decision stand over the machine's answers."""

    REVIEW = "review"
    CALIBRATION = "calibration"
    DISPUTE = "dispute"


class ReviewState(enum.StrEnum):
    """Where a person's evaluation has got to."""

    ASSIGNED = "assigned"
    STARTED = "started"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class Origin(enum.StrEnum):
    """How an answer came into a person's evaluation."""

    GIVEN = "given"  #: by this person, to this question
    #: by whoever submitted it without changing the machine's answer; only what the machine was sure of
    KEPT = "kept"
    CARRIED = "carried"  #: by an earlier evaluator, and left as it stood


class DisputeState(enum.StrEnum):
    """Where an agent's objection has got to; `scoring.reviews.disputes` has the transitions."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class SamplingRule(Base):
    """Which calls are given to people to evaluate, how many, and how they are chosen."""

    __tablename__ = "sampling_rule"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    scorecard: Mapped[str | None] = mapped_column(String(60))  #: None: whatever form a call was scored by
    evaluators: Mapped[list[str]] = mapped_column(default=list)  #: user ids; empty: every supervisor
    per: Mapped[str] = mapped_column(String(10))  #: agent, team, queue, evaluator, all
    amount: Mapped[float]
    unit: Mapped[str] = mapped_column(String(10))  #: calls, percent
    period: Mapped[str] = mapped_column(String(10))  #: day, week, month
    chosen_by: Mapped[str] = mapped_column(String(10))  #: random, risk, doubt
    #: {"queues", "directions", "teams", "min_talk_s", "dissatisfied_above", "languages"}; what is left out is no limit
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    due_days: Mapped[float] = mapped_column(default=7.0)
    active: Mapped[bool] = mapped_column(default=True)
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class SamplingDraw(Base):
    """What a rule has drawn for one period, and what it found too little of."""

    __tablename__ = "sampling_draw"
    __table_args__ = (UniqueConstraint("rule_id", "period_starts_at"), {"schema": SCHEMA})

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    rule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.sampling_rule.id", ondelete="CASCADE"))
    period_starts_at: Mapped[datetime.datetime]
    period_ends_at: Mapped[datetime.datetime]
    drawn_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    assigned: Mapped[int] = mapped_column(default=0)  #: reviews that it gave out and nobody had given back then
    #: who or what had too few calls, as catalogue messages: [{"id": ..., "values": {...}}]
    shortages: Mapped[list[Any]] = mapped_column(default=list)


class CalibrationSession(Base):
    """One call evaluated by several people on their own, to see how far they agree. Its reviews have its id."""

    __tablename__ = "calibration_session"
    __table_args__ = (Index("ix_calibration_session_evaluation", *_EVALUATION), {"schema": SCHEMA})

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"))
    span_position: Mapped[int]
    scorecard: Mapped[str] = mapped_column(String(60))
    scorecard_version: Mapped[int]
    title: Mapped[str]
    made_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    #: whose answers the others are held against; None: everybody's against everybody's
    expert_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(10), default="open")  #: open, closed
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    closes_at: Mapped[datetime.datetime | None]
    closed_at: Mapped[datetime.datetime | None]


class Review(Base):
    """One person's evaluation of one agent's part of a call by one version of a form."""

    __tablename__ = "review"
    __table_args__ = (
        Index("ix_review_evaluation", *_EVALUATION),
        Index("ix_review_evaluator", "evaluator_id", "state", "due_at"),
        Index("ix_review_open", "due_at", postgresql_where="state in ('assigned', 'started')"),
        Index("ix_review_submitted_at", "submitted_at", postgresql_where="state = 'submitted'"),
        Index(
            "uq_review_open",
            *_EVALUATION,
            "evaluator_id",
            unique=True,
            postgresql_where="kind = 'review' and state in ('assigned', 'started')",
        ),
        Index("uq_review_rule", "rule_id", *_EVALUATION, unique=True, postgresql_where="state <> 'withdrawn'"),
        UniqueConstraint("session_id", "evaluator_id"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"))
    span_position: Mapped[int]
    scorecard: Mapped[str] = mapped_column(String(60))
    scorecard_version: Mapped[int]
    evaluator_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(12), default=ReviewKind.REVIEW.value)
    rule_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.sampling_rule.id", ondelete="SET NULL"))
    session_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.calibration_session.id", ondelete="CASCADE")
    )
    #: why it was chosen, as a catalogue message: {"id": ..., "values": {...}}
    reason: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[str] = mapped_column(String(10), default=ReviewState.ASSIGNED.value)
    assigned_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    due_at: Mapped[datetime.datetime | None]
    started_at: Mapped[datetime.datetime | None]
    submitted_at: Mapped[datetime.datetime | None]
    #: what it came to, by this person's answers and the confirmed ones of the machine; None until it is submitted
    score: Mapped[float | None]
    passed: Mapped[bool | None]
    failed: Mapped[bool | None]
    critical_score: Mapped[float | None]
    answered: Mapped[float | None]  #: share of the applicable weight that is answered, 0 to 1
    comment: Mapped[str] = mapped_column(default="")

    answers: Mapped[list[ReviewAnswer]] = relationship(
        lazy="raise_on_sql", order_by="ReviewAnswer.id", cascade="all, delete-orphan"
    )


class ReviewAnswer(Base):
    """A person's answer to one question, beside what the machine had said when the review was submitted.

    Agreement between people and the machine is computed from these rows alone: `given` ones, and beside them `kept` ones,
    which say less, since nobody need have looked at them.
    """

    __tablename__ = "review_answer"
    __table_args__ = (
        UniqueConstraint("review_id", "question"),
        Index("ix_review_answer_question", "question", "question_version"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    review_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.review.id", ondelete="CASCADE"))
    question: Mapped[str] = mapped_column(String(60))
    question_version: Mapped[str] = mapped_column(String(12))  #: `scoring.evaluation.version_of`
    value: Mapped[str]
    origin: Mapped[str] = mapped_column(String(10), default=Origin.GIVEN.value)
    #: whose answer it is; another than the review's evaluator where it was carried over from an earlier review
    answered_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    comment: Mapped[str] = mapped_column(default="")
    evidence: Mapped[list[Any]] = mapped_column(default=list)  #: [{"party", "start_s", "end_s", "text", "turn"}]
    #: the machine's own answer at submission; None where it had none (and until then)
    machine_value: Mapped[str | None]
    machine_confidence: Mapped[float | None]
    machine_method: Mapped[str | None] = mapped_column(String(20))


class Acknowledgement(Base):
    """An agent has seen their own evaluation. A new review of it asks again."""

    __tablename__ = "acknowledgement"
    __table_args__ = (
        Index(
            "uq_acknowledgement_machine",
            *_EVALUATION,
            "user_id",
            unique=True,
            postgresql_where="review_id is null",
        ),
        Index("uq_acknowledgement_review", "review_id", "user_id", unique=True),
        Index("ix_acknowledgement_user_id", "user_id", "at"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"))
    span_position: Mapped[int]
    scorecard: Mapped[str] = mapped_column(String(60))
    scorecard_version: Mapped[int]
    #: the review that stood then; None for the machine's evaluation
    review_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.review.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_PERSON, ondelete="CASCADE"))
    at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    comment: Mapped[str] = mapped_column(default="")
    score: Mapped[float | None]  #: as it was then


class Dispute(Base):
    """An agent's objection to answers in their own evaluation, and what came of it."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("ix_dispute_evaluation", *_EVALUATION),
        Index("uq_dispute_open", *_EVALUATION, unique=True, postgresql_where="state in ('open', 'in_review')"),
        Index("ix_dispute_state", "state", "deadline_at"),
        Index("ix_dispute_opened_by", "opened_by", "opened_at"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_CALL, ondelete="CASCADE"))
    span_position: Mapped[int]
    scorecard: Mapped[str] = mapped_column(String(60))
    scorecard_version: Mapped[int]
    opened_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    questions: Mapped[list[str]] = mapped_column(default=list)  #: keys of the answers objected to
    reason: Mapped[str]
    state: Mapped[str] = mapped_column(String(10), default=DisputeState.OPEN.value)
    opened_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    deadline_at: Mapped[datetime.datetime]
    #: who looks at it; None until somebody has taken it
    decider_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    decided_at: Mapped[datetime.datetime | None]
    outcome: Mapped[str | None]  #: what the agent is told
    score_before: Mapped[float | None]
    score_after: Mapped[float | None]
    #: the review that is objected to; None for the machine's evaluation
    disputed_review_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.review.id", ondelete="SET NULL"))
    #: the review by which it was decided
    review_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.review.id", ondelete="SET NULL"))


class CoachingPlan(Base):
    """What an agent and a coach work on, measured before and after."""

    __tablename__ = "coaching_plan"
    __table_args__ = (
        Index("ix_coaching_plan_agent_id", "agent_id", "state"),
        Index("ix_coaching_plan_review_at", "review_at", postgresql_where="state = 'open'"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    agent_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_PERSON, ondelete="CASCADE"))
    coach_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(_PERSON, ondelete="SET NULL"))
    scorecard: Mapped[str] = mapped_column(String(60))
    questions: Mapped[list[str]] = mapped_column(default=list)
    goal: Mapped[str]
    target: Mapped[float]  #: share of full points to reach on those questions, 0 to 1
    state: Mapped[str] = mapped_column(String(10), default="open")  #: open, done, cancelled
    made_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    starts_at: Mapped[datetime.datetime]
    review_at: Mapped[datetime.datetime]
    #: as measured over the calls before it started, per question; None until then
    baseline: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: as measured at its end
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    moments: Mapped[list[Any]] = mapped_column(default=list)  #: [{"call_id", "start_s", "end_s", "note"}]
    notes: Mapped[str] = mapped_column(default="")
