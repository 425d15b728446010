"""The people who log in."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.people import User
from telephony.tables import AgentSpan


def listed(session: Session) -> list[User]:
    return list(session.scalars(select(User).order_by(User.active.desc(), User.name)))


def agent_names(session: Session) -> list[str]:
    """Names under which the PBX knows agents, for tying a person to one."""
    names = (
        select(AgentSpan.agent_name).where(AgentSpan.agent_name.is_not(None)).distinct().order_by(AgentSpan.agent_name)
    )
    return [name for name in session.scalars(names) if name]
