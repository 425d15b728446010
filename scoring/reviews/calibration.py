"""Calibration: several people evaluate one call, each on their own, to see how far they agree. Nothing in it changes the evaluation.

The participants answer through `scoring.reviews.person`; nobody sees another's answers before the session is closed.
`scoring.reviews.calibration_result` says what came of it.
"""

from __future__ import annotations

import contextlib
import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, selectinload

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.i18n import N_
from avasanj.people import User
from scoring.reviews.evaluators import check_not_own, evaluator
from scoring.reviews.standing import evaluation_of, one_at_a_time
from scoring.reviews.tables import CalibrationSession, Review, ReviewKind, ReviewState

OPEN, CLOSED = "open", "closed"
FEWEST, MOST = 2, 50
REASON = N_("Calibration: %(title)s")
NO_SESSION = N_("There is no such calibration session.")
NO_TITLE = N_("Give the calibration session a name.")
TOO_FEW = N_("A calibration session takes at least %(least)s people, the expert included.")
TOO_MANY = N_("A calibration session takes at most %(most)s people.")
IN_THE_PAST = N_("The session would end before it has begun. Choose a later moment.")
IS_CLOSED = N_("This calibration session is closed.")
STILL_OPEN = N_("The answers are shown when the session is closed, so that everybody answers on their own.")
TEXTS = (REASON, NO_SESSION, NO_TITLE, TOO_FEW, TOO_MANY, IN_THE_PAST, IS_CLOSED, STILL_OPEN)
_WAITING = (ReviewState.ASSIGNED.value, ReviewState.STARTED.value)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """A session and who has answered, without what."""

    session: CalibrationSession
    #: {person: state of their review}, in the order in which they were asked
    states: dict[uuid.UUID, str]

    @property
    def done(self) -> bool:
        """Whether everybody has answered, so that it can be closed without losing anybody."""
        return not any(state in _WAITING for state in self.states.values())


def open_session(
    session: Session,
    evaluation_id: uuid.UUID,
    participants: Sequence[uuid.UUID],
    *,
    by: uuid.UUID,
    title: str,
    expert: uuid.UUID | None = None,
    closes_at: datetime.datetime | None = None,
) -> CalibrationSession:
    """Ask `participants`, and the expert if there is one, to evaluate this evaluation's part of the call by its form.

    Raises InputError for fewer than two people or unknown ones, AccessError for agents and for people who spoke in the call.
    """
    evaluator(session, by)
    about = evaluation_of(session, evaluation_id)
    people = [*dict.fromkeys([*([expert] if expert else []), *participants])]
    if not title.strip():
        raise InputError(NO_TITLE)
    if len(people) < FEWEST:
        raise InputError(TOO_FEW, least=FEWEST)
    if len(people) > MOST:
        raise InputError(TOO_MANY, most=MOST)
    if closes_at is not None and closes_at <= utc_now():
        raise InputError(IN_THE_PAST)
    for one in people:
        evaluator(session, one)
        check_not_own(session, about.call_id, one)
    made = CalibrationSession(
        call_id=about.call_id,
        span_position=about.span_position,
        scorecard=about.scorecard,
        scorecard_version=about.scorecard_version,
        title=title.strip()[:200],
        made_by=by,
        expert_id=expert,
        closes_at=closes_at,
    )
    session.add(made)
    session.flush()
    session.add_all(_asked(made, one) for one in people)
    login.audit(session, by, "calibration.opened", made.id, call=str(made.call_id), people=len(people))
    session.flush()
    return made


def invite(session: Session, session_id: uuid.UUID, person: uuid.UUID, *, by: uuid.UUID) -> Review:
    """Ask one more person; who is asked already keeps what they have. Raises InputError where the session is closed."""
    evaluator(session, by)
    made = found(session, session_id, lock=True)
    if made.state != OPEN:
        raise InputError(IS_CLOSED)
    known = session.scalar(select(Review).where(Review.session_id == made.id, Review.evaluator_id == person))
    if known is not None:
        return known
    evaluator(session, person)
    check_not_own(session, made.call_id, person)
    if len(progress(session, made.id).states) >= MOST:
        raise InputError(TOO_MANY, most=MOST)
    review = _asked(made, person)
    session.add(review)
    login.audit(session, by, "calibration.invited", made.id, person=str(person))
    session.flush()
    return review


def close(session: Session, session_id: uuid.UUID, *, by: uuid.UUID | None) -> CalibrationSession:
    """Nobody answers any more, and everybody sees what was answered. `by` None: its time is over.

    What was begun and not submitted is withdrawn. Raises InputError for one that is closed already.
    """
    if by is not None:
        evaluator(session, by)
    if (
        call_id := session.scalar(select(CalibrationSession.call_id).where(CalibrationSession.id == session_id))
    ) is not None:
        one_at_a_time(session, call_id)  # nobody submits meanwhile
    made = found(session, session_id, lock=True)
    if made.state != OPEN:
        raise InputError(IS_CLOSED)
    made.state, made.closed_at = CLOSED, utc_now()
    waiting = select(Review).where(Review.session_id == made.id, Review.state.in_(_WAITING))
    late = list(session.scalars(waiting.with_for_update()))
    for review in late:
        review.state = ReviewState.WITHDRAWN.value
    login.audit(session, by, "calibration.closed", made.id, call=str(made.call_id), unanswered=len(late))
    session.flush()
    return made


def close_due(session: Session, now: datetime.datetime) -> list[CalibrationSession]:
    """Close those whose time is over; one that another closes just now is left to them."""
    over = select(CalibrationSession.id).where(CalibrationSession.state == OPEN, CalibrationSession.closes_at <= now)
    closed_now = []
    for one in session.scalars(over.order_by(CalibrationSession.closes_at)).all():
        with contextlib.suppress(InputError):  # somebody was quicker
            closed_now.append(close(session, one, by=None))
    return closed_now


def sessions(session: Session, *, participant: uuid.UUID | None = None, state: str | None = None) -> list[Progress]:
    """All of them, or those in which a person takes part, the newest first."""
    query = select(CalibrationSession.id).order_by(CalibrationSession.made_at.desc(), CalibrationSession.id)
    if state is not None:
        query = query.where(CalibrationSession.state == state)
    if participant is not None:
        asked = exists().where(Review.session_id == CalibrationSession.id, Review.evaluator_id == participant)
        query = query.where(asked)
    return [progress(session, one) for one in session.scalars(query)]


def progress(session: Session, session_id: uuid.UUID) -> Progress:
    """Who has answered. Raises InputError for an unknown session."""
    rows = session.execute(
        select(Review.evaluator_id, Review.state)
        .where(Review.session_id == session_id)
        .order_by(Review.assigned_at, Review.id)
    )
    states = {row.evaluator_id: row.state for row in rows if row.evaluator_id is not None}
    return Progress(session=found(session, session_id), states=states)


def readable(viewer: uuid.UUID) -> ColumnElement[bool]:
    """The reviews whose answers a person may see, as far as calibration goes: no others' of a session that is open."""
    closed = exists().where(CalibrationSession.id == Review.session_id, CalibrationSession.state == CLOSED)
    return or_(Review.kind != ReviewKind.CALIBRATION.value, Review.evaluator_id == viewer, closed)


def answers_of(session: Session, session_id: uuid.UUID, viewer: uuid.UUID) -> list[Review]:
    """The session's reviews with their answers that the viewer may see now: their own, and all once it is closed."""
    query = select(Review).where(Review.session_id == session_id, readable(viewer))
    query = query.options(selectinload(Review.answers)).execution_options(populate_existing=True)
    return list(session.scalars(query.order_by(Review.assigned_at, Review.id)))


def people(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Their names."""
    return {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}


def found(session: Session, session_id: uuid.UUID, *, lock: bool = False) -> CalibrationSession:
    """Raises InputError for an unknown session."""
    query: Any = select(CalibrationSession).where(CalibrationSession.id == session_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    made: CalibrationSession | None = session.scalar(query)
    if made is None:
        raise InputError(NO_SESSION)
    return made


def closed(session: Session, session_id: uuid.UUID) -> CalibrationSession:
    """A session that is closed. Raises AccessError for one that is open: whoever sees the others' answers follows them."""
    made = found(session, session_id)
    if made.state != CLOSED:
        raise AccessError(STILL_OPEN)
    return made


def _asked(made: CalibrationSession, person: uuid.UUID) -> Review:
    return Review(
        call_id=made.call_id,
        span_position=made.span_position,
        scorecard=made.scorecard,
        scorecard_version=made.scorecard_version,
        evaluator_id=person,
        kind=ReviewKind.CALIBRATION.value,
        session_id=made.id,
        reason={"id": REASON, "values": {"title": made.title}},
        due_at=made.closes_at,
        answers=[],
    )
