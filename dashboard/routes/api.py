"""Calls as JSON, for people who have logged in and their scripts."""

from __future__ import annotations

import uuid
from typing import Any

from fastapi import APIRouter, HTTPException

from dashboard.access import LoggedIn
from dashboard.queries import call as one_call
from dashboard.queries import calls as call_list
from dashboard.routes.calls import Filters
from dashboard.shapes import call_json, row_json

router = APIRouter(prefix="/api")


@router.get("/me")
def me(who: LoggedIn) -> dict[str, Any]:
    """Who is logged in; 401 tells a page that its session is over."""
    return {"id": who.id, "name": who.user.name, "role": who.user.role, "language": who.language}


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
