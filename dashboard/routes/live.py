"""What changed, as it changes. The one async route: it waits for hours and does no work."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from avasanj import login
from dashboard.access import SESSION_COOKIE, LoggedIn, Person

router = APIRouter()


@router.get("/live")
async def live(
    who: LoggedIn, after: str = "", last_event_id: Annotated[str, Header(max_length=40)] = ""
) -> StreamingResponse:
    """`after` is the page's mark; a browser that connects again sends the last event's id instead."""
    headers = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }  # the second keeps nginx from holding events back
    return StreamingResponse(
        who.site.hub.events(lambda: _still_in(who), last_event_id or after),
        media_type="text/event-stream",
        headers=headers,
    )


def _still_in(who: Person) -> bool:
    """Whether the session with which the page was opened is still good."""
    with who.site.database.read() as session:
        return login.find_session(session, who.request.cookies[SESSION_COOKIE]) is not None
