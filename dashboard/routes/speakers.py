"""Who spoke in a call whose parties came in one channel, put right by a supervisor."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, HTTPException
from fastapi.responses import RedirectResponse, Response

from dashboard.access import Changes, Supervisor
from dashboard.queries import call as one_call
from transcription import versions
from transcription.speakers_swap import swap_parties

router = APIRouter(prefix="/calls/{call_id}/transcripts/{transcript_id}")


@router.post("/swap", dependencies=Changes)
def swap(who: Supervisor, call_id: uuid.UUID, transcript_id: uuid.UUID) -> Response:
    """What was the agent's is the customer's, and the other way about."""
    with who.site.database.transaction() as session:
        found = versions.one(session, call_id, transcript_id) if one_call.may_see(session, who, call_id) else None
        if found is None or not found.speakers_guessed:
            raise HTTPException(404)
        swap_parties(session, transcript_id, by=who.id)
    return RedirectResponse(f"/calls/{call_id}", status_code=303)
