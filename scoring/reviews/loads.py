"""Who may evaluate by a sampling rule, and how much each has before them."""

from __future__ import annotations

import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from avasanj.people import Role, User
from scoring.reviews.evaluators import EVALUATING
from scoring.reviews.obstacles import OPEN
from scoring.reviews.tables import Review, SamplingRule


def loads_of(session: Session, rule: SamplingRule) -> dict[str, int]:
    """The ids of those whom the rule names, else of all supervisors, with the reviews that each has open."""
    people = select(User.id).where(User.active)
    if rule.evaluators:
        people = people.where(User.id.in_([uuid.UUID(one) for one in rule.evaluators]), User.role.in_(EVALUATING))
    else:
        people = people.where(User.role == Role.SUPERVISOR.value)
    loads = {str(one): 0 for one in session.scalars(people)}
    if not loads and not rule.evaluators:  # a small center may have an administrator only
        admins = select(User.id).where(User.active, User.role == Role.ADMINISTRATOR.value)
        loads = {str(one): 0 for one in session.scalars(admins)}
    count = select(Review.evaluator_id, func.count()).where(Review.state.in_(OPEN)).group_by(Review.evaluator_id)
    for who, reviews in session.execute(count):
        if str(who) in loads:
            loads[str(who)] = reviews
    return loads
