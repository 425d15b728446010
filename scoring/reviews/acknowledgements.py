"""Agents say that they have seen their evaluations. Each version asks anew: what the machine said, and each review that came to stand."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.errors import AccessError
from avasanj.i18n import N_
from avasanj.notify import announce
from scoring.reviews.evaluators import agent_of
from scoring.reviews.standing import evaluation_of, one_at_a_time, same_part
from scoring.reviews.tables import Acknowledgement
from scoring.reviews.values import short
from scoring.tables import Evaluation
from telephony.tables import AgentSpan, Call

NOT_YOUR_WORK = N_("Only the agent whose work an evaluation is about can do this.")
TEXTS = (NOT_YOUR_WORK,)


def acknowledge(
    session: Session, evaluation_id: uuid.UUID, user_id: uuid.UUID, *, comment: str = ""
) -> Acknowledgement:
    """The agent has seen the evaluation as it stands. A second time for the same version changes nothing but a missing comment.

    Raises InputError for an unknown evaluation, AccessError for anybody but the agent.
    """
    found = evaluation_of(session, evaluation_id)
    one_at_a_time(session, found.call_id)
    found = evaluation_of(session, evaluation_id)
    if agent_of(session, found) != user_id:
        raise AccessError(NOT_YOUR_WORK)
    said = short(comment)
    row = of(session, found)
    if row is None:
        row = Acknowledgement(
            call_id=found.call_id,
            span_position=found.span_position,
            scorecard=found.scorecard,
            scorecard_version=found.scorecard_version,
            review_id=found.review_id,
            user_id=user_id,
            comment=said,
            score=found.score,
        )
        session.add(row)
        session.flush()
        login.audit(session, user_id, "evaluation.acknowledged", evaluation_id, call=str(found.call_id))
        announce(session, "call", found.call_id)
    elif said and not row.comment:
        row.comment = said
        session.flush()
    return row


def of(session: Session, evaluation: Evaluation) -> Acknowledgement | None:
    """The agent's acknowledgement of an evaluation as it stands now; None where they have not given it."""
    query = select(Acknowledgement).where(*same_part(evaluation, Acknowledgement))
    agent = agent_of(session, evaluation)
    if agent is None:
        return None
    standing = (
        Acknowledgement.review_id.is_(None)
        if evaluation.review_id is None
        else Acknowledgement.review_id == evaluation.review_id
    )
    return session.scalar(query.where(standing, Acknowledgement.user_id == agent))


def waiting(session: Session, user_id: uuid.UUID, *, limit: int = 200) -> Sequence[Evaluation]:
    """An agent's evaluations that a person made and they have not acknowledged yet, the newest first.

    The machine's own can be acknowledged too, and are not asked for: there is one for every call.
    """
    own = and_(AgentSpan.call_id == Evaluation.call_id, AgentSpan.position == Evaluation.span_position)
    seen = exists().where(Acknowledgement.review_id == Evaluation.review_id, Acknowledgement.user_id == user_id)
    query = (
        select(Evaluation)
        .join(AgentSpan, own)
        .join(Call, Call.id == Evaluation.call_id)
        .where(AgentSpan.user_id == user_id, Evaluation.review_id.is_not(None), ~seen.correlate(Evaluation))
        .order_by(Evaluation.reviewed_at.desc(), Evaluation.id)
    )
    return session.scalars(query.limit(limit)).all()
