"""Teams: who works with whom, and who looks after them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from avasanj import login
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.people import Role, Team, User

LONGEST_NAME = 100
NO_NAME = N_("A team needs a name of at most 100 characters.")
TAKEN = N_("There is a team “%(name)s” already. Choose another name.")
NO_TEAM = N_("There is no team “%(name)s”.")
NO_SUPERVISOR = N_("A team is looked after by a supervisor or an administrator who has not been shut out.")
NO_PERSON = N_("There is no such person.")
TEXTS = (NO_NAME, TAKEN, NO_TEAM, NO_SUPERVISOR, NO_PERSON)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A team with its supervisor's name and how many active people are in it."""

    id: uuid.UUID
    name: str
    supervisor_id: uuid.UUID | None
    supervisor: str | None
    people: int


def teams(session: Session) -> list[Listed]:
    """All teams by name."""
    supervisor, member = aliased(User), aliased(User)
    query = (
        select(Team, supervisor.name, func.count(member.id))
        .outerjoin(supervisor, supervisor.id == Team.supervisor_id)
        .outerjoin(member, (member.team_id == Team.id) & member.active)
        .group_by(Team.id, supervisor.name)
        .order_by(Team.name)
    )
    return [
        Listed(id=team.id, name=team.name, supervisor_id=team.supervisor_id, supervisor=name, people=people)
        for team, name, people in session.execute(query)
    ]


def find(session: Session, name: str) -> Team:
    """By its name. Raises InputError."""
    found = session.scalar(select(Team).where(Team.name == name.strip()))
    if found is None:
        raise InputError(NO_TEAM, name=name)
    return found


def add(session: Session, name: str, *, supervisor_id: uuid.UUID | None = None, by: uuid.UUID | None = None) -> Team:
    """A new team. Raises InputError for a name in use, or somebody who can't look after it."""
    team = Team(name=_free(session, name), supervisor_id=_supervisor(session, supervisor_id))
    session.add(team)
    session.flush()
    login.audit(session, by, "team.added", team.id, name=team.name)
    return team


def change(
    session: Session,
    team_id: uuid.UUID,
    *,
    name: str,
    supervisor_id: uuid.UUID | None = None,
    by: uuid.UUID | None = None,
) -> Team:
    """Another name or supervisor (None: nobody). Raises InputError as `add` does."""
    team = _team(session, team_id)
    team.name, team.supervisor_id = _free(session, name, team), _supervisor(session, supervisor_id)
    session.flush()
    login.audit(session, by, "team.changed", team.id, name=team.name)
    return team


def move(session: Session, user_id: uuid.UUID, team_id: uuid.UUID | None, *, by: uuid.UUID | None = None) -> None:
    """Put a person into a team; None: into none. Raises InputError."""
    user = session.get(User, user_id)
    if user is None:
        raise InputError(NO_PERSON)
    user.team_id = _team(session, team_id).id if team_id else None
    session.flush()
    login.audit(session, by, "team.moved", user.id, team=str(team_id) if team_id else None)


def remove(session: Session, team_id: uuid.UUID, *, by: uuid.UUID | None = None) -> None:
    """Dissolve a team; its people are in none. Raises InputError."""
    team = _team(session, team_id)
    login.audit(session, by, "team.removed", team.id, name=team.name)
    session.delete(team)
    session.flush()


def _free(session: Session, name: str, own: Team | None = None) -> str:
    wanted = name.strip()
    if not 0 < len(wanted) <= LONGEST_NAME:
        raise InputError(NO_NAME)
    taken = session.scalar(select(Team.id).where(func.lower(Team.name) == wanted.lower()))
    if taken is not None and (own is None or taken != own.id):
        raise InputError(TAKEN, name=wanted)
    return wanted


def _supervisor(session: Session, user_id: uuid.UUID | None) -> uuid.UUID | None:
    if user_id is None:
        return None
    user = session.get(User, user_id)
    if user is None or not user.active or user.role == Role.AGENT:
        raise InputError(NO_SUPERVISOR)
    return user.id


def _team(session: Session, team_id: uuid.UUID) -> Team:
    team = session.get(Team, team_id)
    if team is None:
        raise InputError(NO_TEAM, name=str(team_id))
    return team
