"""Who may evaluate whom: supervisors, never a call in which they spoke themselves."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.errors import AccessError, InputError
from avasanj.i18n import N_
from avasanj.people import Role, User
from scoring.tables import Evaluation
from telephony.tables import AgentSpan

EVALUATING = (Role.SUPERVISOR.value, Role.ADMINISTRATOR.value)
NOBODY = N_("There is no such person, or they were shut out.")
ONLY_SUPERVISORS = N_("Only supervisors and administrators evaluate calls.")
OWN_CALL = N_("Nobody evaluates a call in which they spoke themselves. Let somebody else do it.")
TEXTS = (NOBODY, ONLY_SUPERVISORS, OWN_CALL)


def evaluator(session: Session, user_id: uuid.UUID) -> User:
    """The person, if they may evaluate at all. Raises InputError for nobody, AccessError for an agent."""
    user = session.get(User, user_id)
    if user is None or not user.active:
        raise InputError(NOBODY)
    if user.role not in EVALUATING:
        raise AccessError(ONLY_SUPERVISORS)
    return user


def able(session: Session, call_id: uuid.UUID) -> set[uuid.UUID]:
    """Everybody who may evaluate this call: all active supervisors and administrators but those who spoke in it."""
    spoke = select(AgentSpan.user_id).where(AgentSpan.call_id == call_id, AgentSpan.user_id.is_not(None))
    query = select(User.id).where(User.active, User.role.in_(EVALUATING), User.id.not_in(spoke))
    return {*session.scalars(query)}


def check_not_own(session: Session, call_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Raises AccessError where the person spoke in the call, whichever part of it is to be evaluated."""
    own = select(AgentSpan.id).where(AgentSpan.call_id == call_id, AgentSpan.user_id == user_id).limit(1)
    if session.scalar(own) is not None:
        raise AccessError(OWN_CALL)


def agent_of(session: Session, evaluation: Evaluation) -> uuid.UUID | None:
    """Whose work an evaluation is about; None where nobody is named at that line."""
    query = select(AgentSpan.user_id).where(
        AgentSpan.call_id == evaluation.call_id, AgentSpan.position == evaluation.span_position
    )
    return session.scalar(query)
