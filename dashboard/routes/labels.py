"""What people say of the customer's mood on a call's page: of a turn, and of the call as it ended. For supervisors."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response

from dashboard.access import Changes, Supervisor
from dashboard.queries import call as one_call
from scoring.learning import gold

router = APIRouter(prefix="/calls/{call_id}")
Grade = Annotated[Literal["", "1", "2", "3", "4", "5"], Form()]
Attitude = Annotated[Literal["", "neg", "neu", "pos"], Form()]
AngerAt = Annotated[Literal["", "agent", "company", "other"], Form()]


@router.get("/turns/{turn_id}/label")
def form(who: Supervisor, call_id: uuid.UUID, turn_id: int) -> Response:
    return _turn(who, call_id, turn_id)


@router.post("/turns/{turn_id}/label", dependencies=Changes)
def label_turn(
    who: Supervisor, call_id: uuid.UUID, turn_id: int, label: Attitude = "", satisfaction: Grade = ""
) -> Response:
    """How the customer felt at this turn; with nothing chosen, one's own label is taken back."""
    with who.site.database.transaction() as session:
        position = one_call.position_of(session, who, call_id, turn_id)
        if position is None:
            raise HTTPException(404)
        gold.label_turn(session, call_id, position, who.id, label=label or None, satisfaction=_grade(satisfaction))
    return _turn(who, call_id, turn_id)


@router.post("/label", dependencies=Changes)
def label_call(who: Supervisor, call_id: uuid.UUID, satisfaction: Grade = "", anger_at: AngerAt = "") -> Response:
    """How content the customer was as the call ended; with nothing chosen, one's own label is taken back."""
    with who.site.database.transaction() as session:
        if not one_call.may_see(session, who, call_id):
            raise HTTPException(404)
        gold.label_call(session, call_id, who.id, satisfaction=_grade(satisfaction), anger_at=anger_at or None)
    if not who.request.headers.get("hx-request"):
        return RedirectResponse(f"/calls/{call_id}#call-mood", status_code=303)
    with who.site.database.read() as session:
        detail = one_call.detail(session, who, call_id)
    return who.show("call_label_part.html", d=detail)


def _turn(who: Supervisor, call_id: uuid.UUID, turn_id: int) -> Response:
    """The turn with its label open. Raises HTTPException 404."""
    with who.site.database.read() as session:
        detail = one_call.detail(session, who, call_id)
    item = next((one for one in detail.shown if one.turn.id == turn_id), None) if detail else None
    if item is None:
        raise HTTPException(404)
    return who.show("turn.html", d=detail, item=item, focused=False, labelling=True)


def _grade(chosen: str) -> int | None:
    return int(chosen) if chosen else None
