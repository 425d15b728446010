"""Coaching plans: what an agent works on, on which questions, from where to where, and what came of it.

Every function takes an open session first and leaves the commit to its caller.
"""

from __future__ import annotations

import datetime
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.people import User
from scoring import library
from scoring.reviews.coaching_measure import FollowUp, Measure, compared, measure
from scoring.reviews.evaluators import NOBODY, evaluator
from scoring.reviews.tables import CoachingPlan
from scoring.reviews.values import short
from scoring.scorecard import Kind
from telephony.tables import AgentSpan

OPEN, DONE, CANCELLED = "open", "done", "cancelled"
#: The calls of so long before the start are what it is held against.
BASELINE = datetime.timedelta(days=28)
MOST_MOMENTS = 30
NO_PLAN = N_("There is no such coaching plan.")
NOT_OPEN = N_("This coaching plan is finished or cancelled.")
NO_GOAL = N_("Write what the agent is to reach.")
NO_QUESTIONS = N_("Choose at least one question of the form.")
NOT_ASKED = N_("The form has no question “%(question)s” that is scored or answered with yes or no.")
BAD_TARGET = N_("The target is a share above 0 and up to 100 %%, not %(value)s.")
REVIEW_FIRST = N_("The plan is to be reviewed after it has started.")
NOT_THEIRS = N_("The agent did not speak in one of the calls that were chosen as examples.")
BAD_MOMENT = N_("An example is a place in a call: the call, and its start and end in seconds.")
TOO_MANY_MOMENTS = N_("A plan keeps at most %(most)s examples.")
OWN_COACH = N_("Nobody coaches themselves.")
TEXTS = (
    NO_PLAN, NOT_OPEN, NO_GOAL, NO_QUESTIONS, NOT_ASKED, BAD_TARGET, REVIEW_FIRST, NOT_THEIRS, BAD_MOMENT, TOO_MANY_MOMENTS,
    OWN_COACH,
)  # fmt: skip


def begin(
    session: Session,
    agent_id: uuid.UUID,
    *,
    by: uuid.UUID,
    scorecard: str,
    questions: Sequence[str],
    goal: str,
    target: float,
    review_at: datetime.datetime,
    starts_at: datetime.datetime | None = None,
    coach: uuid.UUID | None = None,
    moments: Sequence[Mapping[str, Any]] = (),
    notes: str = "",
) -> CoachingPlan:
    """A plan from `starts_at` (now, if none is given) to `review_at`; `target` is the share of points on `questions`, 0 to 1.

    The baseline is measured at once over the 28 days before the start, or once a later start has come. Raises InputError,
    and AccessError where `by` or the coach is no supervisor.
    """
    evaluator(session, by)
    coach_id = evaluator(session, coach or by).id
    agent = session.get(User, agent_id)
    if agent is None or not agent.active:
        raise InputError(NOBODY)
    if coach_id == agent_id:
        raise InputError(OWN_COACH)
    starts_at = starts_at or utc_now()
    _check(session, scorecard, questions, goal, target)
    if review_at <= starts_at:
        raise InputError(REVIEW_FIRST)
    plan = CoachingPlan(
        agent_id=agent_id,
        coach_id=coach_id,
        scorecard=scorecard,
        questions=[*dict.fromkeys(questions)],
        goal=short(goal),
        target=target,
        starts_at=starts_at,
        review_at=review_at,
        moments=_moments(session, agent_id, moments),
        notes=short(notes),
    )
    session.add(plan)
    _measure_baseline(session, plan, utc_now())
    session.flush()
    login.audit(session, by, "coaching.begun", plan.id, agent=str(agent_id), questions=plan.questions)
    return plan


def follow_up(session: Session, plan_id: uuid.UUID, now: datetime.datetime) -> FollowUp | None:
    """How it goes: the same measure after the start, up to the review at most. None before the start. What ended stays as it was."""
    plan = found(session, plan_id)
    if now <= plan.starts_at:
        return None
    _measure_baseline(session, plan, now)
    assert plan.baseline is not None
    until = min(now, plan.review_at)
    after = measure(session, plan.agent_id, plan.scorecard, plan.questions, plan.starts_at, until)
    before = Measure.of(plan.baseline)
    return compared(session, plan.agent_id, plan.scorecard, plan.questions, before, after, plan.target)


def postpone(session: Session, plan_id: uuid.UUID, review_at: datetime.datetime, *, by: uuid.UUID) -> CoachingPlan:
    """Review it at another time, so that more calls tell. Raises InputError for a time before its start."""
    plan = _open(session, plan_id, by)
    if review_at <= plan.starts_at:
        raise InputError(REVIEW_FIRST)
    plan.review_at = review_at
    return _told(session, plan, by, "coaching.postponed", review_at=review_at.isoformat())


def add_moment(session: Session, plan_id: uuid.UUID, moment: Mapping[str, Any], *, by: uuid.UUID) -> CoachingPlan:
    """One more example: {"call_id", "start_s", "end_s", "note"} of a call in which the agent spoke."""
    plan = _open(session, plan_id, by)
    if len(plan.moments) >= MOST_MOMENTS:
        raise InputError(TOO_MANY_MOMENTS, most=MOST_MOMENTS)
    plan.moments = [*plan.moments, *_moments(session, plan.agent_id, [moment])]
    return _told(session, plan, by, "coaching.example_added")


def note(session: Session, plan_id: uuid.UUID, notes: str, *, by: uuid.UUID) -> CoachingPlan:
    """What coach and agent agreed, in the place of what stood there."""
    plan = _open(session, plan_id, by)
    plan.notes = short(notes)
    return _told(session, plan, by, "coaching.noted")


def finish(session: Session, plan_id: uuid.UUID, *, by: uuid.UUID, notes: str | None = None) -> CoachingPlan:
    """Measure for the last time, and keep what came of it."""
    plan = _open(session, plan_id, by)
    now = utc_now()
    outcome = follow_up(session, plan_id, now)
    plan.outcome = None if outcome is None else outcome.stored()
    plan.state, plan.notes = DONE, plan.notes if notes is None else short(notes)
    told = None if outcome is None else outcome.verdict.value
    return _told(session, plan, by, "coaching.finished", verdict=told)


def cancel(session: Session, plan_id: uuid.UUID, *, by: uuid.UUID, reason: str = "") -> CoachingPlan:
    """Give it up, without a verdict."""
    plan = _open(session, plan_id, by)
    plan.state = CANCELLED
    if reason.strip():
        plan.notes = short(f"{plan.notes}\n{reason}")
    return _told(session, plan, by, "coaching.cancelled")


def plans(
    session: Session, *, agent: uuid.UUID | None = None, coach: uuid.UUID | None = None, state: str | None = None
) -> list[CoachingPlan]:
    """Those of an agent, of a coach, in a state; the next to be reviewed first."""
    query = select(CoachingPlan).order_by(CoachingPlan.review_at, CoachingPlan.id)
    for column, value in (
        (CoachingPlan.agent_id, agent),
        (CoachingPlan.coach_id, coach),
        (CoachingPlan.state, state),
    ):
        if value is not None:
            query = query.where(column == value)
    return list(session.scalars(query))


def due(session: Session, now: datetime.datetime, *, coach: uuid.UUID | None = None) -> list[CoachingPlan]:
    """Open ones whose time of review has come, the oldest first."""
    return [one for one in plans(session, coach=coach, state=OPEN) if one.review_at <= now]


def found(session: Session, plan_id: uuid.UUID, *, lock: bool = False) -> CoachingPlan:
    """Raises InputError for an unknown plan."""
    plan = session.get(CoachingPlan, plan_id, with_for_update=lock or None)
    if plan is None:
        raise InputError(NO_PLAN)
    return plan


def _open(session: Session, plan_id: uuid.UUID, by: uuid.UUID) -> CoachingPlan:
    evaluator(session, by)
    plan = found(session, plan_id, lock=True)
    if plan.state != OPEN:
        raise InputError(NOT_OPEN)
    if plan.agent_id == by:
        raise InputError(OWN_COACH)
    return plan


def _told(session: Session, plan: CoachingPlan, by: uuid.UUID, action: str, **detail: Any) -> CoachingPlan:
    login.audit(session, by, action, plan.id, agent=str(plan.agent_id), **detail)
    session.flush()
    return plan


def _measure_baseline(session: Session, plan: CoachingPlan, now: datetime.datetime) -> None:
    if plan.baseline is None and plan.starts_at <= now:
        since = plan.starts_at - BASELINE
        plan.baseline = measure(session, plan.agent_id, plan.scorecard, plan.questions, since, plan.starts_at).stored()


def _check(session: Session, scorecard: str, questions: Sequence[str], goal: str, target: float) -> None:
    if not goal.strip():
        raise InputError(NO_GOAL)
    if not questions:
        raise InputError(NO_QUESTIONS)
    if not (math.isfinite(target) and 0 < target <= 1):
        raise InputError(BAD_TARGET, value=f"{target:g}")
    card = library.parsed(library.find(session, scorecard).source)
    asked = {one.key for one in card.questions if one.weight > 0 or one.kind == Kind.YES_NO}
    titles = {one.key: one.title for one in card.questions}
    for one in questions:
        if one not in asked:
            raise InputError(NOT_ASKED, question=titles.get(one, one))


def _moments(session: Session, agent_id: uuid.UUID, given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if len(given) > MOST_MOMENTS:
        raise InputError(TOO_MANY_MOMENTS, most=MOST_MOMENTS)
    made = [_moment(one) for one in given]
    calls = {uuid.UUID(one["call_id"]) for one in made}
    spoke = select(AgentSpan.call_id).where(AgentSpan.call_id.in_(calls), AgentSpan.user_id == agent_id)
    if calls - set(session.scalars(spoke)):
        raise InputError(NOT_THEIRS)
    return made


def _moment(one: Mapping[str, Any]) -> dict[str, Any]:
    try:
        call_id, start_s, end_s = uuid.UUID(str(one["call_id"])), float(one["start_s"]), float(one["end_s"])
    except (KeyError, TypeError, ValueError):
        raise InputError(BAD_MOMENT) from None
    if not (math.isfinite(end_s) and 0 <= start_s <= end_s):
        raise InputError(BAD_MOMENT)
    text = short(str(one.get("note") or ""))
    return {"call_id": str(call_id), "start_s": round(start_s, 2), "end_s": round(end_s, 2), "note": text}
