"""Which scores are disputed: for whoever shows them, counts them, or has to decide."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from scoring.reviews.dispute_states import PENDING
from scoring.reviews.standing import About, same_part
from scoring.reviews.tables import Dispute
from scoring.tables import Evaluation

_KEYS = ("call_id", "span_position", "scorecard", "scorecard_version")


def is_disputed() -> ColumnElement[bool]:
    """For a query over `Evaluation`: whether its score is disputed and not decided yet, so that statistics can leave it out."""
    same = and_(*(getattr(Dispute, name) == getattr(Evaluation, name) for name in _KEYS))
    return exists().where(same, Dispute.state.in_(PENDING)).correlate(Evaluation)


def of(session: Session, about: About) -> Sequence[Dispute]:
    """All disputes about an evaluation, the newest first."""
    query = select(Dispute).where(*same_part(about, Dispute)).order_by(Dispute.opened_at.desc(), Dispute.id)
    return session.scalars(query).all()


def pending(session: Session, now: datetime.datetime | None = None, *, limit: int = 200) -> Sequence[Dispute]:
    """What is to be decided, overdue ones first, then by their deadline."""
    overdue = case((Dispute.deadline_at <= (now or utc_now()), 0), else_=1)
    query = select(Dispute).where(Dispute.state.in_(PENDING)).order_by(overdue, Dispute.deadline_at, Dispute.id)
    return session.scalars(query.limit(limit)).all()


def of_agent(session: Session, user_id: uuid.UUID, *, limit: int = 200) -> Sequence[Dispute]:
    """What an agent has disputed, the newest first."""
    query = select(Dispute).where(Dispute.opened_by == user_id).order_by(Dispute.opened_at.desc(), Dispute.id)
    return session.scalars(query.limit(limit)).all()


def outcomes(session: Session, since: datetime.datetime) -> dict[str, Any]:
    """How the disputes opened since then came out: how many in each state, and the mean change of an accepted one's score."""
    states = select(Dispute.state, func.count()).where(Dispute.opened_at >= since).group_by(Dispute.state)
    change = func.avg(Dispute.score_after - Dispute.score_before)
    mean = select(change).where(Dispute.opened_at >= since, Dispute.state == "accepted")
    return {"states": {row[0]: row[1] for row in session.execute(states)}, "mean_change": session.scalar(mean)}
