"""Swapping agent and customer where who spoke was guessed."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select, text

from avasanj.database import Database
from avasanj.errors import InputError
from tests.transcription.test_stage import save_call
from transcription.speakers_swap import swap_parties
from transcription.tables import Transcript, Turn


def transcript(database: Database, *, guessed: bool) -> uuid.UUID:
    call_id = save_call(database)
    with database.transaction() as session:
        made = Transcript(call_id=call_id, language="en", source="whisper", speakers_guessed=guessed)
        made.turns = [
            Turn(position=i, party=party, start_s=i, end_s=i + 1, text=f"turn {i}")
            for i, party in enumerate(("agent", "customer", "mixed"))
        ]
        session.add(made)
        session.flush()
        return made.id


def parties(database: Database, transcript_id: uuid.UUID) -> list[str]:
    with database.read() as session:
        query = select(Turn.party).where(Turn.transcript_id == transcript_id).order_by(Turn.position)
        return list(session.scalars(query))


def test_swapping_gives_each_turn_to_the_other_and_has_the_call_scored_again(database: Database) -> None:
    made = transcript(database, guessed=True)
    with database.transaction() as session:
        swap_parties(session, made)
    assert parties(database, made) == ["customer", "agent", "mixed"]
    with database.read() as session:
        queued = session.scalars(text("select workflow_uuid from work.workflow_status")).all()
    assert any(":changed:" in key for key in queued)
    with database.transaction() as session:
        swap_parties(session, made)
    assert parties(database, made) == ["agent", "customer", "mixed"]


def test_what_the_recordings_say_is_not_swapped(database: Database) -> None:
    made = transcript(database, guessed=False)
    with pytest.raises(InputError, match="nothing to swap"), database.transaction() as session:
        swap_parties(session, made)
    assert parties(database, made) == ["agent", "customer", "mixed"]
