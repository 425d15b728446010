"""A call whose speakers were guessed: said on the page in both languages, put right with one click by a supervisor."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import select

from tests.dashboard.conftest import Day, csrf
from transcription.tables import Transcript, Turn


@pytest.fixture
def guessed(day: Day) -> tuple[uuid.UUID, uuid.UUID]:
    """A call and its transcript, whose speakers are now said to be guessed."""
    with day.database.transaction() as session:
        query = select(Transcript).join(Turn).where(Transcript.current, Turn.party == "agent").limit(1)
        transcript = session.scalars(query).first()
        assert transcript is not None
        transcript.speakers_guessed = True
        return transcript.call_id, transcript.id


def parties(day: Day, transcript_id: uuid.UUID) -> list[str]:
    with day.database.read() as session:
        return list(
            session.scalars(select(Turn.party).where(Turn.transcript_id == transcript_id).order_by(Turn.position))
        )


@pytest.mark.parametrize(
    ("language", "said", "button"), [("fa", "حدس است", "عوض کن"), ("en", "it is a guess", "Swap agent")]
)
def test_the_page_says_that_it_is_a_guess(
    day: Day, guessed: tuple[uuid.UUID, uuid.UUID], language: str, said: str, button: str
) -> None:
    client = day.enter("super")
    client.post("/language", data={"language": language})
    shown = client.get(f"/calls/{guessed[0]}").text
    assert said in shown
    assert button in shown


def test_a_supervisor_swaps_and_swaps_back(day: Day, guessed: tuple[uuid.UUID, uuid.UUID]) -> None:
    call_id, transcript_id = guessed
    client, before = day.enter("super"), parties(day, transcript_id)
    token = {"csrf": csrf(client, f"/calls/{call_id}")}
    other = {"agent": "customer", "customer": "agent"}
    assert client.post(f"/calls/{call_id}/transcripts/{transcript_id}/swap", data=token).status_code == 303
    assert parties(day, transcript_id) == [other.get(party, party) for party in before]
    client.post(f"/calls/{call_id}/transcripts/{transcript_id}/swap", data=token)
    assert parties(day, transcript_id) == before


def test_nobody_else_swaps_and_nothing_that_is_known(day: Day, guessed: tuple[uuid.UUID, uuid.UUID]) -> None:
    call_id, transcript_id = guessed
    path = f"/calls/{call_id}/transcripts/{transcript_id}/swap"
    agent = day.enter("agent")
    assert agent.post(path, data={"csrf": csrf(agent)}).status_code in (403, 404)
    with day.database.transaction() as session:
        session.get_one(Transcript, transcript_id).speakers_guessed = False
    chief = day.enter("super")
    assert chief.post(path, data={"csrf": csrf(chief)}).status_code == 404
