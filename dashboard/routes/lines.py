"""Whose line it is: given, ended, asked for. For administrators, since it decides which calls an agent sees."""

from __future__ import annotations

import datetime
import uuid
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from avasanj.calendars import from_form
from avasanj.errors import InputError
from avasanj.i18n import N_
from dashboard.access import Administrator, Changes
from dashboard.routes.people import show
from telephony import lines

router = APIRouter(prefix="/people")
Text = Annotated[str, Form(max_length=200)]
Moment = Annotated[str, Form(max_length=40)]


@router.post("/{user_id}/lines", dependencies=Changes)
def add(
    who: Administrator, user_id: uuid.UUID, line: Text, pbx: Text = "", since: Moment = "", until: Moment = ""
) -> Response:
    try:
        with who.site.database.transaction() as session:
            start, end = _moment(who, since) or lines.ALWAYS, _moment(who, until)
            lines.add(session, user_id=user_id, line=line, pbx=pbx or None, valid_from=start, valid_to=end, by=who.id)
    except InputError as problem:
        return show(who, problem=problem, status=422)
    return RedirectResponse("/people", status_code=303)


@router.post("/lines/give", dependencies=Changes)
def give(who: Administrator, user_id: Annotated[uuid.UUID, Form()], line: Text, pbx: Text = "") -> Response:
    try:
        with who.site.database.transaction() as session:
            lines.give(session, user_id=user_id, line=line, pbx=pbx or None, by=who.id)
    except InputError as problem:
        return show(who, problem=problem, status=422)
    return RedirectResponse("/people#unmapped", status_code=303)


@router.post("/lines/{line_id}/end", dependencies=Changes)
def end(who: Administrator, line_id: int, at: Moment = "") -> Response:
    try:
        with who.site.database.transaction() as session:
            lines.end(session, line_id, at=_moment(who, at) or who.now, by=who.id)
    except InputError as problem:
        return show(who, problem=problem, status=422)
    return RedirectResponse("/people", status_code=303)


def _moment(who: Administrator, text: str) -> datetime.datetime | None:
    """What the form's field says, in the center's time; None for an empty one. Raises InputError for what is no moment."""
    if not text:
        return None
    try:
        return from_form(text, who.site.settings.timezone)
    except (ValueError, OverflowError):
        raise InputError(N_("This is no date and time: %(value)s. Write it as 2026-11-22T16:00."), value=text) from None
