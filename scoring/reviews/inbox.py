"""What waits for people: each evaluator's open reviews, the load of all, and what needs a person and nobody was given."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from avasanj.people import User
from scoring.reviews.dispute_states import PENDING
from scoring.reviews.doubt import hesitates, urgency
from scoring.reviews.evaluators import EVALUATING, check_not_own, evaluator
from scoring.reviews.obstacles import OPEN
from scoring.reviews.person import NO_REVIEW, NOT_OPEN
from scoring.reviews.standing import evaluation_of, one_at_a_time, same_part
from scoring.reviews.tables import Dispute, Review, ReviewKind, ReviewState
from scoring.tables import Evaluation, Mood
from telephony.tables import AgentSpan, Call, Source

#: Days until a review given by hand is due, unless a time was named.
DUE_DAYS = 7.0
MOST_ROWS = 200
GIVEN_BY_HAND = N_("Given by %(name)s")
GIVEN_ALREADY = N_("This person has this evaluation to review already.")
TEXTS = (GIVEN_BY_HAND, GIVEN_ALREADY)
_KEYS = ("call_id", "span_position", "scorecard", "scorecard_version")
_AGENT = aliased(User)
_FACTS = (
    Evaluation.id.label("evaluation_id"), Evaluation.scorecard, Evaluation.title, Evaluation.call_id, Evaluation.span_position,
    Evaluation.score, Evaluation.needs_person, Evaluation.counts, Evaluation.kept_out,
    Call.started_at, Call.direction, Call.queue, Call.talk_s, Mood.dissatisfied,
    func.coalesce(_AGENT.name, Evaluation.agent_name, Evaluation.agent_interface).label("agent"),
)  # fmt: skip
_SHOWN = (
    "evaluation_id", "scorecard", "title", "call_id", "span_position", "score", "needs_person", "counts", "kept_out",
    "started_at", "direction", "queue", "talk_s", "dissatisfied", "agent",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One evaluation that waits for a person, with the call's facts; the review is None where nobody was given it."""

    review_id: uuid.UUID | None
    kind: str | None
    state: str | None
    reason: Mapping[str, Any] | None
    assigned_at: datetime.datetime | None
    due_at: datetime.datetime | None
    overdue: bool
    evaluator: str | None  #: name of the one who has it
    evaluation_id: uuid.UUID
    scorecard: str
    title: Mapping[str, str] | None
    call_id: uuid.UUID
    span_position: int
    started_at: datetime.datetime
    direction: str
    queue: str | None
    talk_s: float | None
    agent: str | None
    score: float | None  #: as it stands; None in a calibration, which nobody's answers are to lead
    needs_person: bool
    counts: bool
    kept_out: Sequence[Any]
    dissatisfied: float | None  #: probability 0 to 1


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much an evaluator has before them, and has done in the last 30 days."""

    evaluator_id: uuid.UUID
    name: str
    open: int
    overdue: int
    submitted: int
    next_due_at: datetime.datetime | None


def open_reviews(
    session: Session, evaluator_id: uuid.UUID | None, now: datetime.datetime | None = None, *, limit: int = MOST_ROWS
) -> list[Waiting]:
    """An evaluator's open reviews (None: everybody's), overdue ones first, then by when they are due."""
    moment = now or utc_now()
    overdue = case((Review.due_at < moment, 0), else_=1)
    of_review = and_(*(getattr(Review, name) == getattr(Evaluation, name) for name in _KEYS))
    query = _with_facts(select(Review, User.name.label("evaluator"), *_FACTS).join(Evaluation, of_review))
    query = query.outerjoin(User, User.id == Review.evaluator_id).where(Review.state.in_(OPEN))
    if evaluator_id is not None:
        query = query.where(Review.evaluator_id == evaluator_id)
    query = query.order_by(overdue, Review.due_at.nulls_last(), Review.assigned_at, Review.id).limit(limit)
    return [_waiting(row, row.Review, row.evaluator, moment) for row in session.execute(query)]


def loads(session: Session, now: datetime.datetime | None = None) -> list[Load]:
    """Every active evaluator, whoever has most overdue first; those with nothing to do as well."""
    moment = now or utc_now()
    is_open = Review.state.in_(OPEN)
    lately = and_(Review.state == ReviewState.SUBMITTED, Review.submitted_at >= moment - datetime.timedelta(days=30))
    query = (
        select(
            User.id,
            User.name,
            func.count().filter(is_open).label("open"),
            func.count().filter(is_open, Review.due_at < moment).label("overdue"),
            func.count().filter(lately).label("submitted"),
            func.min(Review.due_at).filter(is_open).label("next_due_at"),
        )
        .outerjoin(Review, Review.evaluator_id == User.id)
        .where(User.active, User.role.in_(EVALUATING))
        .group_by(User.id, User.name)
    )
    found = [
        Load(
            evaluator_id=row.id,
            name=row.name,
            open=row.open,
            overdue=row.overdue,
            submitted=row.submitted,
            next_due_at=row.next_due_at,
        )
        for row in session.execute(query)
    ]
    return sorted(found, key=lambda one: (-one.overdue, -one.open, one.name))


def unassigned(session: Session, *, limit: int = MOST_ROWS, offset: int = 0) -> list[Waiting]:
    """Evaluations in which an answer needs a person, and which nobody has open. Samples are left out.

    First what would fail the form, then what the machine hesitates about, then what only people's own questions wait in; the newest
    first of each.
    """
    query = _with_facts(select(*_FACTS).select_from(Evaluation)).where(*_of_nobody())
    query = query.order_by(urgency(), Call.started_at.desc(), Evaluation.id).limit(limit).offset(offset)
    return [_waiting(row, None, None, utc_now()) for row in session.execute(query)]


def count_unassigned(session: Session) -> tuple[int, int]:
    """How many there are, and in how many of them the machine hesitates; in the others only people's own questions wait."""
    query = select(func.count(), func.count().filter(hesitates())).select_from(Evaluation)
    [(all_, hesitant)] = session.execute(query.join(Call, Call.id == Evaluation.call_id).where(*_of_nobody())).all()
    return all_, hesitant


def owed_by_people(session: Session, now: datetime.datetime) -> dict[str, int]:
    """Open and overdue reviews and disputes of everybody, for whoever watches the product: four counts by index."""
    reviews = select(func.count(), func.count().filter(Review.due_at < now)).where(Review.state.in_(OPEN))
    pending = select(func.count(), func.count().filter(Dispute.deadline_at < now)).where(Dispute.state.in_(PENDING))
    [(open_, overdue)], [(disputed, late)] = session.execute(reviews).all(), session.execute(pending).all()
    return {"reviews": open_, "reviews_overdue": overdue, "disputes": disputed, "disputes_overdue": late}


def assign(
    session: Session,
    evaluation_id: uuid.UUID,
    evaluator_id: uuid.UUID,
    *,
    by: uuid.UUID,
    due_at: datetime.datetime | None = None,
) -> Review:
    """Give an evaluation to a person. Raises InputError where they have it already, AccessError as `person.start` does."""
    giver, user = evaluator(session, by), evaluator(session, evaluator_id)
    found = evaluation_of(session, evaluation_id)
    one_at_a_time(session, found.call_id)
    for one in (giver, user):  # nobody chooses who judges them either
        check_not_own(session, found.call_id, one.id)
    mine = select(Review.id).where(*same_part(found, Review), Review.evaluator_id == user.id, Review.state.in_(OPEN))
    if session.scalar(mine.where(Review.kind == ReviewKind.REVIEW).limit(1)):
        raise InputError(GIVEN_ALREADY)
    review = Review(
        call_id=found.call_id,
        span_position=found.span_position,
        scorecard=found.scorecard,
        scorecard_version=found.scorecard_version,
        evaluator_id=user.id,
        reason={"id": GIVEN_BY_HAND, "values": {"name": giver.name}},
        due_at=due_at or utc_now() + datetime.timedelta(days=DUE_DAYS),
        answers=[],
    )
    session.add(review)
    session.flush()
    login.audit(session, by, "review.assigned", review.id, call=str(found.call_id), evaluator=str(user.id))
    announce(session, "inbox", user.id)
    return review


def reassign(session: Session, review_id: uuid.UUID, evaluator_id: uuid.UUID, *, by: uuid.UUID) -> Review:
    """Give an open review to somebody else (they are ill, they left), with the answers that it has. Raises as `assign` does."""
    evaluator(session, by)
    user = evaluator(session, evaluator_id)
    review = session.get(Review, review_id)
    if review is None:
        raise InputError(NO_REVIEW)
    one_at_a_time(session, review.call_id)
    session.refresh(review)
    if review.state not in OPEN or review.kind != ReviewKind.REVIEW:
        raise InputError(NOT_OPEN)
    for one in (by, user.id):
        check_not_own(session, review.call_id, one)
    mine = select(Review.id).where(*same_part(review, Review), Review.evaluator_id == user.id, Review.state.in_(OPEN))
    if session.scalar(mine.where(Review.kind == ReviewKind.REVIEW).limit(1)):
        raise InputError(GIVEN_ALREADY)
    before, review.evaluator_id = review.evaluator_id, user.id
    session.flush()
    login.audit(session, by, "review.reassigned", review.id, evaluator=str(user.id))
    for who in {before, user.id} - {None}:
        announce(session, "inbox", who)
    return review


def _with_facts(query: Select[Any]) -> Select[Any]:
    """The call, its mood and its agent beside each evaluation."""
    span = and_(AgentSpan.call_id == Evaluation.call_id, AgentSpan.position == Evaluation.span_position)
    return (
        query.join(Call, Call.id == Evaluation.call_id)
        .outerjoin(Mood, Mood.call_id == Call.id)
        .outerjoin(AgentSpan, span)
        .outerjoin(_AGENT, _AGENT.id == AgentSpan.user_id)
    )


def _of_nobody() -> tuple[Any, ...]:
    """Needs a person, and none has it open; one who was shut out can't do it."""
    active = select(User.id).where(User.active)
    has = exists().where(*(getattr(Review, name) == getattr(Evaluation, name) for name in _KEYS))
    return (
        Evaluation.needs_person,
        Call.source != Source.SAMPLE,
        ~has.where(
            Review.state.in_(OPEN), Review.kind != ReviewKind.CALIBRATION, Review.evaluator_id.in_(active)
        ).correlate(Evaluation),
    )


def _waiting(row: Row[Any], review: Review | None, name: str | None, now: datetime.datetime) -> Waiting:
    facts = {column: getattr(row, column) for column in _SHOWN}
    if review is None:
        return Waiting(
            review_id=None, kind=None, state=None, reason=None, assigned_at=None, due_at=None, overdue=False, evaluator=None, **facts
        )  # fmt: skip
    if review.kind == ReviewKind.CALIBRATION:
        facts |= {"score": None, "needs_person": False}
    return Waiting(
        review_id=review.id,
        kind=review.kind,
        state=review.state,
        reason=review.reason,
        assigned_at=review.assigned_at,
        due_at=review.due_at,
        overdue=review.due_at is not None and review.due_at < now,
        evaluator=name,
        **facts,
    )
