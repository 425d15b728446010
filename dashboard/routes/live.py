"""What changed, as it changes. The one async route: it waits for hours and does no work."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from dashboard.access import LoggedIn

router = APIRouter()


@router.get("/live")
async def live(who: LoggedIn) -> StreamingResponse:
    headers = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }  # the second keeps nginx from holding events back
    return StreamingResponse(who.site.hub.events(), media_type="text/event-stream", headers=headers)
