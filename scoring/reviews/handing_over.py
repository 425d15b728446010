"""Drawn reviews that lie with somebody who can't evaluate any more go to others, with the answers that they have."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.notify import announce
from avasanj.people import User
from scoring.reviews.evaluators import EVALUATING, able
from scoring.reviews.loads import loads_of
from scoring.reviews.obstacles import OPEN
from scoring.reviews.standing import one_at_a_time, same_part
from scoring.reviews.tables import Review, ReviewKind, ReviewState, SamplingRule


def hand_over(session: Session, now: datetime.datetime) -> list[Review]:
    """Give them to whoever has the fewest open by the same rule; what nobody may take stays. The caller holds the sampling's lock."""
    can = select(User.id).where(User.active, User.role.in_(EVALUATING))
    lost = or_(Review.evaluator_id.is_(None), Review.evaluator_id.not_in(can))
    query = select(Review.id, Review.call_id).where(Review.rule_id.is_not(None), lost, Review.state.in_(OPEN))
    rows = session.execute(query.where(Review.kind == ReviewKind.REVIEW).order_by(Review.call_id, Review.id)).all()
    loads: dict[uuid.UUID, dict[str, int]] = {}
    given = []
    for review_id, call_id in rows:
        one_at_a_time(session, call_id)
        review = session.get_one(Review, review_id, populate_existing=True)
        rule = session.get(SamplingRule, review.rule_id) if review.rule_id else None
        if rule is None or review.state not in OPEN:
            continue
        known = loads.setdefault(rule.id, loads_of(session, rule))
        if (who := _next(session, review, known)) is not None:
            known[str(who)] += 1
            review.evaluator_id, review.due_at = who, now + datetime.timedelta(days=rule.due_days)
            session.flush()
            login.audit(session, None, "review.reassigned", review.id, evaluator=str(who))
            announce(session, "inbox", who)
            given.append(review)
    return given


def _next(session: Session, review: Review, loads: dict[str, int]) -> uuid.UUID | None:
    """Not somebody who spoke in the call, gave the evaluation back, or has it open already."""
    had = select(Review.evaluator_id).where(*same_part(review, Review), Review.kind == ReviewKind.REVIEW)
    barred = {*session.scalars(had.where(Review.state.in_((*OPEN, ReviewState.WITHDRAWN.value))))}
    free = sorted(str(one) for one in able(session, review.call_id) - barred if str(one) in loads)
    return uuid.UUID(min(free, key=lambda one: loads[one])) if free else None
