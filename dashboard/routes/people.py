"""Who may log in. For administrators."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from avasanj import login
from avasanj.errors import InputError
from avasanj.people import Role, User
from dashboard.access import Administrator, Changes
from dashboard.queries import people
from dashboard.queries.follow_ups import late_count

router = APIRouter(prefix="/people")


@router.get("")
def page(who: Administrator) -> Response:
    return _show(who)


@router.post("", dependencies=Changes)
def add(
    who: Administrator,
    name: Annotated[str, Form()],
    login_name: Annotated[str, Form()],
    role: Annotated[Role, Form()],
    language: Annotated[Literal["fa", "en"], Form()],
    agent_name: Annotated[str, Form()] = "",
) -> Response:
    new = {"name": name, "login": login_name, "role": role, "agent_name": agent_name.strip(), "language": language}
    try:
        with who.site.database.transaction() as session:
            link = login.add_user(session, who.site.settings, **new, by=who.id)  # type: ignore[arg-type]
    except InputError as problem:
        return _show(who, problem=problem.text, status=422)
    return _show(who, link=link, link_for=name)


@router.post("/{user_id}/link", dependencies=Changes)
def new_link(who: Administrator, user_id: uuid.UUID, name: Annotated[str, Form()] = "") -> Response:
    with who.site.database.transaction() as session:
        session.get_one(User, user_id)
        link = login.link_for(session, who.site.settings, user_id, by=who.id)
    return _show(who, link=link, link_for=name)


@router.post("/{user_id}/active", dependencies=Changes)
def set_active(who: Administrator, user_id: uuid.UUID, active: Annotated[bool, Form()]) -> Response:
    try:
        with who.site.database.transaction() as session:
            login.set_active(session, user_id, active=active, by=who.id)
    except InputError as problem:
        return _show(who, problem=problem.text, status=422)
    return RedirectResponse("/people", status_code=303)


def _show(who: Administrator, *, link: str = "", link_for: str = "", problem: str = "", status: int = 200) -> Response:
    with who.site.database.read() as session:
        listed, names, late = people.listed(session), people.agent_names(session), late_count(session, who)
    return who.show(
        "people.html",
        status,
        people=listed,
        agent_names=names,
        late=late,
        link=link,
        link_for=link_for,
        problem=problem,
    )
