"""A call's transcript for programs and players, in the form that they ask for; corrections by programs."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, HTTPException
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from dashboard.access import ApiChanges, LoggedIn, Supervisor
from dashboard.queries import call as one_call
from dashboard.queries.script import notes
from transcription.corrections import MOST_CHARACTERS, OvertakenError, correct
from transcription.exports import Format, line_of, script_of, written

router = APIRouter(prefix="/api/calls/{call_id}")
Language = Literal["fa", "en"]


class Wording(BaseModel):
    """What a turn is to say, and what it said when this was written."""

    before: str
    after: str = Field(max_length=MOST_CHARACTERS)


@router.get("/transcript")
def transcript(
    who: LoggedIn,
    call_id: uuid.UUID,
    format: Format | None = None,  # noqa: A002 - the name in the address
    language: Language | None = None,
    accept: Annotated[str, Header()] = "",
) -> Response:
    """The current transcript: in `format`, else in the first form that the header Accept names, else as JSON."""
    form = format or accepted(accept)
    if form is None:
        raise HTTPException(406)
    with who.site.database.read() as session:
        found = one_call.detail(session, who, call_id)
    if found is None or found.transcript is None:
        raise HTTPException(404)
    text = written(script_of(found.transcript, notes(found.breaks)), form, language or who.language)
    name = f"{found.call.started_at:%Y%m%d-%H%M%S}-{call_id}{form.ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
    return Response(text, media_type=f"{form.media_type}; charset=utf-8", headers=headers)


@router.post("/turns/{position}", dependencies=ApiChanges)
def correct_turn(who: Supervisor, call_id: uuid.UUID, position: int, wording: Wording) -> Response:
    """Correct a turn of the current transcript; 409 where it says something else than `before` by now."""
    with who.site.database.read() as session:
        found = one_call.detail(session, who, call_id)
    turn = next((turn for turn in found.turns if turn.position == position), None) if found else None
    if turn is None:
        raise HTTPException(404)
    try:
        with who.site.database.transaction() as session:
            line = line_of(correct(session, turn.id, before=wording.before, after=wording.after, by=who.id))
    except OvertakenError as overtaken:
        return JSONResponse({"error": str(overtaken), "text": overtaken.now}, status_code=409)
    answer: dict[str, Any] = {"position": line.position, "text": line.text, "original": line.original}
    return JSONResponse(answer)


def accepted(accept: str) -> Format | None:
    """The form that the header asks for most; JSON where it takes anything, None where it takes none of ours."""
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept.split(",") if accept.strip() else ["*/*"]):
        kind, *parameters = (piece.strip() for piece in part.lower().split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        wishes.append((-_number(weight), place, kind))
    for refused, _, kind in sorted(wishes):
        if not refused:
            continue
        if kind in {"*/*", "application/*"}:
            return Format.JSON
        for form in Format:
            if kind == form.media_type or (kind == "text/*" and form is Format.TEXT):
                return form
    return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
