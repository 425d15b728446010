"""The scoring stage itself, with the real model: a person's answers survive a new transcript of the call."""

import datetime
import uuid

import pytest
from sqlalchemy import select

from avasanj.database import Database, utc_now
from avasanj.people import Role, User
from avasanj.settings import Settings
from scoring.mood import Encodes
from scoring.reviews import person
from scoring.stage import score
from tests.scoring.test_stage import TWO_AGENTS, add_call, stored
from transcription.tables import Transcript, Turn

pytestmark = pytest.mark.model


def test_a_review_stands_again_after_the_stage_has_scored_a_new_transcript(
    settings: Settings, database: Database, encoder: Encodes
):
    call_id = add_call(database, TWO_AGENTS, spans=2)
    score(settings, database, encoder, call_id)
    _, [emma, kevin] = stored(database, call_id)
    with database.transaction() as session:
        mina = User(login="mina", name="Mina", role=Role.SUPERVISOR)
        session.add(mina)
        session.flush()
        review = person.start(session, kevin.id, mina.id)
        person.answer(session, review.id, "greeting", "yes")
        person.answer(session, review.id, "forbidden_words", "na", comment="He was quoting.")
        reviewed = person.submit(session, review.id)
    with database.transaction() as session:
        query = select(Transcript).where(Transcript.call_id == uuid.UUID(call_id))
        session.scalars(query).one().changed_at = utc_now() + datetime.timedelta(seconds=60)
        for turn in session.scalars(select(Turn).where(Turn.position == 6)):
            turn.text = "Good bye."
    score(settings, database, encoder, call_id)
    _, [emma_again, kevin_again] = stored(database, call_id)
    answers = {one.question: one for one in kevin_again.answers}
    assert (answers["greeting"].value, answers["forbidden_words"].value) == ("yes", "na")
    assert answers["forbidden_words"].made_by["person"] == str(mina.id)
    assert answers["forbidden_words"].machine is not None
    assert answers["forbidden_words"].machine["value"] == "yes", "the new transcript's own answer, kept beside"
    assert (kevin_again.review_id, kevin_again.score) == (review.id, reviewed.score)
    assert (emma_again.review_id, emma_again.score) == (None, emma.score)
