"""What changed, as it changes. The one async route: it waits for hours and does no work."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from avasanj import login, work
from dashboard.access import SESSION_COOKIE, LoggedIn, Person
from dashboard.queries.call import may_see
from transcription import watching

router = APIRouter()


@router.get("/live")
async def live(
    who: LoggedIn,
    after: str = "",
    call: uuid.UUID | None = None,
    last_event_id: Annotated[str, Header(max_length=40)] = "",
) -> StreamingResponse:
    """`after` is the page's mark; a browser that connects again sends the last event's id instead.

    `call` is the one whose page this is: while a supervisor looks at it, it is heard before others.
    """
    headers = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }  # the second keeps nginx from holding events back
    return StreamingResponse(
        who.site.hub.events(
            lambda: _still_in(who),
            last_event_id or after,
            (lambda: _watch(who, call)) if call is not None and who.supervises else None,
        ),
        media_type="text/event-stream",
        headers=headers,
    )


def _watch(who: Person, call_id: uuid.UUID) -> None:
    """Note that the page is open; when it has just been opened, what waits for the call goes first."""
    with who.site.database.transaction() as session:
        if may_see(session, who, call_id) and watching.watch(session, call_id):
            work.hasten(session, call_id)


def _still_in(who: Person) -> bool:
    """Whether the session with which the page was opened is still good."""
    with who.site.database.read() as session:
        return login.find_session(session, who.request.cookies[SESSION_COOKIE]) is not None
