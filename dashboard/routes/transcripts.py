"""A call's transcripts: turns corrected in place, other transcripts asked for, compared, chosen. For supervisors."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from avasanj.errors import InputError
from dashboard.access import Changes, Supervisor
from dashboard.queries import call as one_call
from dashboard.queries.call import CallDetail
from dashboard.queries.follow_ups import late_count
from dashboard.queries.script import ShownTurn
from dashboard.queries.versions import comparison
from transcription import versions
from transcription.corrections import correct

router = APIRouter(prefix="/calls/{call_id}")


@router.get("/turns/{turn_id}")
def turn(who: Supervisor, call_id: uuid.UUID, turn_id: int) -> Response:
    """The turn as it is read: what leaving a correction shows."""
    with who.site.database.read() as session:
        detail, item = _turn(session, who, call_id, turn_id)
    return who.show("turn.html", d=detail, item=item, focused=True)


@router.get("/turns/{turn_id}/correct")
def form(who: Supervisor, call_id: uuid.UUID, turn_id: int) -> Response:
    with who.site.database.read() as session:
        detail, item = _turn(session, who, call_id, turn_id)
    return who.show("turn_form.html", d=detail, item=item, typed=item.line.text, problem=None)


@router.post("/turns/{turn_id}", dependencies=Changes)
def save(
    who: Supervisor,
    call_id: uuid.UUID,
    turn_id: int,
    before: Annotated[str, Form()] = "",
    after: Annotated[str, Form()] = "",
) -> Response:
    """The corrected turn; the form again, with what was typed in it, where it can't be saved."""
    problem: InputError | None = None
    try:
        with who.site.database.transaction() as session:
            _turn(session, who, call_id, turn_id)
            correct(session, turn_id, before=before, after=after, by=who.id)
    except InputError as error:
        problem = error
    with who.site.database.read() as session:
        detail, item = _turn(session, who, call_id, turn_id)
    if problem:
        return who.show("turn_form.html", d=detail, item=item, typed=after, problem=problem)
    return who.show("turn.html", d=detail, item=item, focused=True)


@router.post("/transcripts", dependencies=Changes)
def ask(
    who: Supervisor,
    call_id: uuid.UUID,
    model: Annotated[str, Form(max_length=200)],
    make_current: Annotated[bool, Form()] = False,
) -> Response:
    """Another transcript, by a model of the list. The page shows by itself when it is there."""
    settings = who.site.settings
    with who.site.database.transaction() as session:
        if model not in versions.models(settings) or not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        versions.ask(session, settings, call_id, model=model, make_current=make_current, by=who.id)
    return RedirectResponse(f"/calls/{call_id}", status_code=303)


@router.get("/transcripts/{transcript_id}")
def compare(who: Supervisor, call_id: uuid.UUID, transcript_id: uuid.UUID) -> Response:
    """Another transcript beside the current one."""
    with who.site.database.read() as session:
        found = comparison(session, who, call_id, transcript_id)
        if found is None:
            raise HTTPException(404)
        late = late_count(session, who)
    return who.show("compare.html", v=found, late=late)


@router.post("/transcripts/{transcript_id}/current", dependencies=Changes)
def choose(who: Supervisor, call_id: uuid.UUID, transcript_id: uuid.UUID) -> Response:
    with who.site.database.transaction() as session:
        if not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        versions.choose(session, call_id, transcript_id, who.id)
    return RedirectResponse(f"/calls/{call_id}", status_code=303)


def _turn(session: Session, who: Supervisor, call_id: uuid.UUID, turn_id: int) -> tuple[CallDetail, ShownTurn]:
    """The turn of the call's current transcript, with all that stands beside it. Raises HTTPException 404."""
    detail = one_call.detail(session, who, call_id)
    item = next((one for one in detail.shown if one.turn.id == turn_id), None) if detail else None
    if detail is None or item is None:
        raise HTTPException(404)
    return detail, item
