"""What is owed: the list, taking one on, closing one."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response

from crm_sync import followups
from dashboard.access import Changes, LoggedIn
from dashboard.queries import follow_ups

router = APIRouter(prefix="/follow-ups")
Back = Annotated[str, Form()]


@router.get("")
def page(
    who: LoggedIn,
    whose: Literal["mine", "nobody", "all"] | None = None,
    state: Literal["open", "closed"] = "open",
    after: str = "",
) -> Response:
    whose = whose or ("all" if who.supervises else "mine")
    with who.site.database.read() as session:
        late = follow_ups.late_count(session, who)
        try:
            found = follow_ups.page(session, who, whose=whose, state=state, cursor=after)
        except ValueError:
            raise HTTPException(404) from None
    return who.show("follow_ups.html", page=found, rows=found.rows, whose=whose, state=state, late=late)


@router.post("/{follow_up_id}/close", dependencies=Changes)
def close(
    who: LoggedIn,
    follow_up_id: uuid.UUID,
    state: Annotated[Literal["done", "dropped"], Form()],
    note: Annotated[str, Form()] = "",
    back: Back = "",
) -> Response:
    with who.site.database.transaction() as session:
        if follow_ups.one(session, who, follow_up_id) is None:
            raise HTTPException(404)
        followups.close(session, follow_up_id, user_id=who.id, state=state, note=note.strip())
    return _return(back)


@router.post("/{follow_up_id}/assign", dependencies=Changes)
def assign(who: LoggedIn, follow_up_id: uuid.UUID, back: Back = "") -> Response:
    with who.site.database.transaction() as session:
        if follow_ups.one(session, who, follow_up_id) is None:
            raise HTTPException(404)
        followups.assign(session, follow_up_id, user_id=who.id)
    return _return(back)


def _return(back: str) -> Response:
    """To the call whose page the form was on, or to the list."""
    inside = back.startswith(("/calls/", "/customers/", "/follow-ups"))
    return RedirectResponse(back if inside else "/follow-ups", status_code=303)
