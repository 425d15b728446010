"""A wrong guess at which voice is the agent's, put right by a person."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from avasanj.notify import announce
from telephony.tables import Party
from transcription.corrections import score_again
from transcription.tables import Transcript

_OTHER = {Party.AGENT.value: Party.CUSTOMER.value, Party.CUSTOMER.value: Party.AGENT.value}


def swap_parties(session: Session, transcript_id: uuid.UUID, *, by: uuid.UUID | None = None) -> Transcript:
    """Give the agent's turns to the customer and the other way about, and have the call scored by them.

    Only where who spoke was guessed: raises InputError otherwise, NoResultFound for a transcript that is not there. Doing
    it twice puts everything back.
    """
    query = select(Transcript).where(Transcript.id == transcript_id).options(selectinload(Transcript.turns))
    transcript = session.scalars(query.with_for_update()).one()
    if not transcript.speakers_guessed:
        raise InputError(N_("Who spoke is known from the recordings of this call; there is nothing to swap."))
    for turn in transcript.turns:
        turn.party = _OTHER.get(turn.party, turn.party)
    transcript.changed_at = utc_now()
    audit(session, by, "transcript.parties_swapped", transcript.call_id, transcript=str(transcript.id))
    if transcript.current:
        score_again(session, transcript.call_id, at_once=True)
    announce(session, "call", transcript.call_id)
    return transcript
