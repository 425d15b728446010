"""The list of calls and the page of one."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query
from fastapi.responses import RedirectResponse, Response

from crm_sync import customers as customer_room
from crm_sync import followups
from dashboard.access import Changes, LoggedIn
from dashboard.queries import call as one_call
from dashboard.queries import calls as call_list
from dashboard.queries.calls import CallFilters
from dashboard.queries.follow_ups import due_choices, late_count
from dashboard.recording import ask_to_mute
from transcription import versions

router = APIRouter()
Filters = Annotated[CallFilters, Query()]


@router.get("/calls")
def calls(who: LoggedIn, filters: Filters) -> Response:
    with who.site.database.read() as session:
        page, late = call_list.page(session, who, filters), late_count(session, who)
    return who.show("calls.html", page=page, filters=filters, late=late)


@router.get("/calls/more")
def more(who: LoggedIn, filters: Filters, cursor: str) -> Response:
    with who.site.database.read() as session:
        try:
            page = call_list.page(session, who, filters, cursor)
        except ValueError:
            raise HTTPException(404) from None
    return who.show("calls_more.html", page=page, filters=filters)


@router.get("/calls/{call_id}/row")
def row(who: LoggedIn, filters: Filters, call_id: uuid.UUID) -> Response:
    """The call's row as it is now; 204 when it is not (or no longer) in this list."""
    with who.site.database.read() as session:
        found = call_list.row(session, who, filters, call_id)
    return who.show("calls_row.html", row=found, filters=filters) if found else Response(status_code=204)


@router.get("/calls/{call_id}")
def call(who: LoggedIn, filters: Filters, call_id: uuid.UUID) -> Response:
    with who.site.database.read() as session:
        found = one_call.detail(session, who, call_id)
        if found is None:
            raise HTTPException(404)
        models = versions.models(who.site.settings) if who.supervises else []
        newer, older = call_list.neighbours(session, who, filters, found.call)
        late = late_count(session, who)
    return who.show(
        "call.html",
        d=found,
        filters=filters,
        newer=newer,
        older=older,
        late=late,
        choices=due_choices(who.now),
        models=models,
    )


@router.post("/calls/{call_id}/customer", dependencies=Changes)
def choose_customer(who: LoggedIn, call_id: uuid.UUID, customer_id: Annotated[uuid.UUID, Form()]) -> Response:
    with who.site.database.transaction() as session:
        if not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        customer_room.choose(session, call_id, customer_id, who.id)
    return RedirectResponse(f"/calls/{call_id}", status_code=303)


@router.post("/calls/{call_id}/recording", dependencies=Changes)
def mute(who: LoggedIn, call_id: uuid.UUID, mute: Annotated[bool, Form()]) -> Response:
    """Ask the PBX to write silence, or to go on; the page shows by itself when it is done."""
    with who.site.database.transaction() as session:
        if not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        ask_to_mute(session, who, call_id, mute=mute)
    return RedirectResponse(f"/calls/{call_id}", status_code=303)


@router.post("/calls/{call_id}/follow-ups", dependencies=Changes)
def add_follow_up(
    who: LoggedIn, call_id: uuid.UUID, due: Annotated[str, Form()], note: Annotated[str, Form()]
) -> Response:
    choices = due_choices(who.now)
    with who.site.database.transaction() as session:
        found = one_call.detail(session, who, call_id)
        if found is None or due not in choices:
            raise HTTPException(404)
        customer_id = found.facts.customer.id if found.facts else None
        followups.create(
            session, call_id=call_id, customer_id=customer_id, due_at=choices[due], note=note.strip(), user_id=who.id
        )
    return RedirectResponse(f"/calls/{call_id}#follow-ups", status_code=303)
