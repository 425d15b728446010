"""The whole stage on calls and language models as they shouldn't be: each comes to a defined result that a page can show."""

import json
import time
import uuid

import pytest
from sqlalchemy import select

from avasanj.database import Database
from avasanj.settings import Settings
from scoring import library, questions
from scoring.mood import Encodes
from scoring.stage import score
from tests.scoring.test_asking import serving
from tests.scoring.test_stage import TWO_AGENTS, add_call, stored, values
from transcription.tables import Transcript

pytestmark = pytest.mark.model
ASKED = """
key: asked
version: 1
title: {en: Asked, fa: پرسیده}
for: {languages: [en]}
sections:
  - key: all
    title: {en: All, fa: همه}
    questions:
      - key: greeting
        title: {en: Greets, fa: سلام می‌کند}
        weight: 60
        rule: {any: {en: [good morning], fa: [سلام]}}
      - key: solved
        title: {en: Solves it, fa: حل می‌کند}
        weight: 40
        model: {en: Was it solved?, fa: حل شد؟}
      - key: cause
        title: {en: Cause, fa: علت}
        type: text
        weight: 0
        model: {en: What was the cause?, fa: علت چه بود؟}
"""
QUOTE = "My bill is wrong again"


def only(database: Database, source: str) -> None:
    """The form as the only published one."""
    library.ensure_shipped(database)
    with database.transaction() as session:
        for card in library.published(session):
            library.retire(session, card.key)
        library.import_card(session, source, "asked.yaml")
        library.publish(session, "asked")


def rows(**more: object) -> str:
    return json.dumps({"answers": [{"question": "cause", "turn": 1, "quote": QUOTE, **more}]})


@pytest.mark.parametrize(
    ("server", "cause"),
    [
        ({"said": rows(answer="a\x00b \ud800wrong bill")}, "ab wrong bill"),
        ({"said": rows(answer="x", quote=f"{QUOTE}\x00")}, "x"),
        ({"said": rows(answer="x", quote="never\x00 said")}, "unsure"),
        ({"said": '{"answers": [{"question": "\\u0000", "answer": NaN}], "sentences": [{"role": NaN}]}'}, "unsure"),
        ({"said": "از من نپرس \x00"}, "unsure"),
        ({"status": 503}, "unsure"),
        ({"said": "x", "drip_s": 0.2}, "unsure"),
    ],
)
def test_the_call_is_scored_whatever_the_language_model_says(
    settings: Settings, database: Database, encoder: Encodes, server, cause
):
    only(database, ASKED)
    call_id = add_call(database, TWO_AGENTS)
    encoder.encode(["to load it"])
    began = time.monotonic()
    with serving(**server) as (address, _):
        told = {"language_model_url": address, "language_model_timeout_s": 1}
        score(settings.model_copy(update=told), database, encoder, call_id)
    assert time.monotonic() - began < 30
    mood, [found] = stored(database, call_id)
    assert mood is not None
    assert mood.dissatisfied is not None
    assert values(found) == {"greeting": "yes", "solved": "unsure", "cause": cause}
    assert found.score == 100
    assert found.needs_person


def test_a_call_in_another_language_than_the_form_says_so(settings: Settings, database: Database, encoder: Encodes):
    only(database, ASKED)
    call_id = add_call(database, [("agent", "سلام، روز بخیر"), ("customer", "قبضم باز اشتباه اومده، خسته شدم")])
    with database.transaction() as session:
        session.scalars(select(Transcript).where(Transcript.call_id == uuid.UUID(call_id))).one().language = "fa"
    score(settings, database, encoder, call_id)
    mood, [found] = stored(database, call_id)
    assert mood is not None
    assert mood.dissatisfied is not None
    assert set(values(found).values()) == {"unsure"}
    assert {one.reason["id"] for one in found.answers} == {questions.OTHER_LANGUAGE}
    assert found.score is None


def test_a_call_of_three_hours_is_scored_within_a_bounded_time(
    settings: Settings, database: Database, encoder: Encodes
):
    library.ensure_shipped(database)
    lines = [(party, f"{text} ({n % 20})") for n in range(225) for party, text in TWO_AGENTS]
    call_id = add_call(database, lines)
    began_s = time.process_time()
    score(settings, database, encoder, call_id)
    assert time.process_time() - began_s < 60
    mood, [found] = stored(database, call_id)
    assert mood is not None
    assert mood.dissatisfied is not None
    assert len(mood.curve) == 900
    assert found.score is not None


@pytest.mark.parametrize(
    ("lines", "moods"), [(None, 0), ([], 0), ([("agent", "Hello?")] * 3, 0), ([("customer", "Hello? Anyone?")] * 3, 3)]
)
def test_an_empty_call_and_one_of_one_party_are_left_to_a_person(
    settings: Settings, database: Database, encoder: Encodes, lines, moods
):
    call_id = add_call(database, lines)
    score(settings, database, encoder, call_id)
    mood, evaluations = stored(database, call_id)
    assert mood is not None
    assert len(mood.curve) == moods
    assert (mood.dissatisfied is None) == (moods == 0)
    assert not any(one.counts for one in evaluations), "it stays out of averages"
    assert all(one.kept_out for one in evaluations), "and says why"
