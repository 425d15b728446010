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
from telephony import lines

router = APIRouter(prefix="/people")


@router.get("")
def page(who: Administrator) -> Response:
    return show(who)


@router.post("", dependencies=Changes)
def add(
    who: Administrator,
    name: Annotated[str, Form()],
    login_name: Annotated[str, Form()],
    role: Annotated[Role, Form()],
    language: Annotated[Literal["fa", "en"], Form()],
    line: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    new = {"name": name, "login": login_name, "role": role, "language": language}
    try:
        with who.site.database.transaction() as session:
            made = login.add_user(session, who.site.settings, **new, by=who.id)  # type: ignore[arg-type]
            if line.strip():
                lines.give(session, user_id=made.user_id, line=line, pbx=None, by=who.id)
    except InputError as problem:
        return show(who, problem=problem, status=422)
    return show(who, link=made.link, link_for=name)


@router.post("/{user_id}/link", dependencies=Changes)
def new_link(who: Administrator, user_id: uuid.UUID, name: Annotated[str, Form()] = "") -> Response:
    with who.site.database.transaction() as session:
        session.get_one(User, user_id)
        link = login.link_for(session, who.site.settings, user_id, by=who.id)
    return show(who, link=link, link_for=name)


@router.post("/{user_id}/active", dependencies=Changes)
def set_active(who: Administrator, user_id: uuid.UUID, active: Annotated[bool, Form()]) -> Response:
    try:
        with who.site.database.transaction() as session:
            login.set_active(session, user_id, active=active, by=who.id)
    except InputError as problem:
        return show(who, problem=problem, status=422)
    return RedirectResponse("/people", status_code=303)


def show(
    who: Administrator, *, link: str = "", link_for: str = "", problem: InputError | None = None, status: int = 200
) -> Response:
    """The page, with what came of the last press."""
    with who.site.database.read() as session:
        listed, unmapped = people.listed(session, who.now), people.unmapped(session, who.now)
        pbxs, late = people.pbxs(session), late_count(session, who)
    return who.show(
        "people.html",
        status,
        people=listed,
        unmapped=unmapped,
        pbxs=pbxs,
        late=late,
        link=link,
        link_for=link_for,
        problem=problem,
    )
