"""The sound of a call, for those who may hear it, in any range the player asks for."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, Response

from avasanj.log import get_logger
from dashboard.access import LoggedIn
from dashboard.queries.call import playback_path

router = APIRouter()
_log = get_logger(__name__)
_TYPES = {
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".webm": "audio/webm",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}


@router.get("/media/{call_id}")
def play(who: LoggedIn, call_id: uuid.UUID) -> Response:
    with who.site.database.read() as session:
        stored = playback_path(session, who, call_id)
    root = who.site.settings.media_dir.resolve()
    file = (root / stored).resolve() if stored else None
    if file is None or not file.is_relative_to(root) or not file.is_file():
        _log.warning("playback_refused", call=str(call_id), known=stored is not None)
        raise HTTPException(404)
    # kept nowhere: what a browser keeps is played after log-out too, by whoever sits down next
    headers = {"Cache-Control": "private, no-store"}
    return FileResponse(file, media_type=_TYPES.get(file.suffix, "application/octet-stream"), headers=headers)
