"""Calls as JSON, for people who have logged in and their scripts."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from dashboard.access import ApiChanges, LoggedIn
from dashboard.queries import call as one_call
from dashboard.queries import calls as call_list
from dashboard.recording import ask_to_mute
from dashboard.routes.calls import Filters
from dashboard.shapes import call_json, request_json, row_json

router = APIRouter(prefix="/api")


class Muting(BaseModel):
    """What is asked of a running recording: to write silence from now on, or to go on."""

    mute: bool


@router.get("/me")
def me(who: LoggedIn) -> dict[str, Any]:
    """Who is logged in; 401 tells a page that its session is over. `csrf` goes into the header X-CSRF-Token of what changes something."""
    return {
        "id": who.id,
        "name": who.user.name,
        "role": who.user.role,
        "language": who.language,
        "csrf": who.csrf,
    }


@router.get("/calls")
def calls(who: LoggedIn, filters: Filters, cursor: str = "") -> dict[str, Any]:
    with who.site.database.read() as session:
        try:
            page = call_list.page(session, who, filters, cursor)
        except ValueError:
            raise HTTPException(404) from None
    return {"calls": [row_json(row) for row in [*page.now, *page.rows]], "cursor": page.cursor}


@router.get("/calls/{call_id}")
def call(who: LoggedIn, call_id: uuid.UUID) -> dict[str, Any]:
    with who.site.database.read() as session:
        found = one_call.detail(session, who, call_id)
    if found is None:
        raise HTTPException(404)
    return call_json(found)


@router.post("/calls/{call_id}/recording", dependencies=ApiChanges, status_code=202)
def recording(who: LoggedIn, call_id: uuid.UUID, asked: Muting) -> dict[str, Any]:
    """Asked, not yet done: `done_at` and `problem` of the call's `recording_request` tell when and whether it was."""
    with who.site.database.transaction() as session:
        if not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        return request_json(ask_to_mute(session, who, call_id, mute=asked.mute))
