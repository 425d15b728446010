"""Drawn reviews that lie with somebody who can't evaluate any more go to others, with the answers that they have."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.notify import announce
from avasanj.people import User
from scoring.reviews.evaluators import EVALUATING, able
from scoring.reviews.loads import loads_of
from scoring.reviews.obstacles import OPEN
from scoring.reviews.standing import same_part
from scoring.reviews.tables import Review, ReviewKind, ReviewState, SamplingRule

#: So many at a time, so that nothing waits long for it.
MOST = 1000


def hand_over(session: Session, now: datetime.datetime) -> list[uuid.UUID]:
    """Give them to whoever has the fewest open by the same rule; what nobody may take stays. The caller holds the sampling's lock."""
    can = select(User.id).where(User.active, User.role.in_(EVALUATING))
    lost = or_(Review.evaluator_id.is_(None), Review.evaluator_id.not_in(can))
    query = select(Review, SamplingRule).join(SamplingRule, SamplingRule.id == Review.rule_id)
    query = query.where(lost, Review.state.in_(OPEN), Review.kind == ReviewKind.REVIEW)
    loads: dict[uuid.UUID, dict[str, int]] = {}
    given = []
    for review, rule in session.execute(query.order_by(Review.due_at, Review.id).limit(MOST)).all():
        if rule.id not in loads:
            loads[rule.id] = loads_of(session, rule)
        if (who := _next(session, review, loads[rule.id])) is not None and _give(
            session, review, who, now, rule.due_days
        ):
            for one in loads.values():
                if str(who) in one:
                    one[str(who)] += 1
            given.append(review.id)
    return given


def _give(session: Session, review: Review, who: uuid.UUID, now: datetime.datetime, days: float) -> bool:
    """Unless somebody withdrew it or gave it to somebody else meanwhile."""
    same = (
        Review.id == review.id,
        Review.evaluator_id.is_not_distinct_from(review.evaluator_id),
        Review.state.in_(OPEN),
    )
    due_at = now + datetime.timedelta(days=days)
    query = update(Review).where(*same).values(evaluator_id=who, due_at=due_at).returning(Review.id)
    if session.scalar(query) is None:
        return False
    login.audit(session, None, "review.reassigned", review.id, evaluator=str(who))
    announce(session, "inbox", who)
    return True


def _next(session: Session, review: Review, loads: dict[str, int]) -> uuid.UUID | None:
    """Not somebody who spoke in the call, gave the evaluation back, or has it open already."""
    had = select(Review.evaluator_id).where(*same_part(review, Review), Review.kind == ReviewKind.REVIEW)
    barred = {*session.scalars(had.where(Review.state.in_((*OPEN, ReviewState.WITHDRAWN.value))))}
    free = sorted(str(one) for one in able(session, review.call_id) - barred if str(one) in loads)
    return uuid.UUID(min(free, key=lambda one: loads[one])) if free else None
