"""What is stored of one call, that nothing is encoded for it, and that stored calls can be read again by another list."""

import datetime
import json
import uuid
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import select

from avasanj.database import Database
from avasanj.errors import PassingError
from avasanj.settings import Settings
from scoring.dialogue import Turn
from scoring.mood import Encodes
from scoring.promises import all_promises
from scoring.stage import score
from scoring.tables import Mood
from scoring.topics import lists
from scoring.topics.about import About, about
from scoring.topics.again import again
from scoring.topics.remembered import Remembered
from scoring.topics.retelling import retell
from scoring.topics.summary import extract
from scoring.topics.tables import CallAbout, CallTopic, StoredPromise
from tests.scoring.dialogues import talk
from tests.scoring.test_stage import TWO_AGENTS, add_call

BEGAN = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)
CALL = talk(
    ("a", "Lantern Internet, Emma speaking."),
    ("c", "Hello, I'm calling because my internet keeps dropping every evening."),
    ("a", "I'm sorry to hear that. Let me look at your line."),
    ("c", "Thanks."),
    ("a", "There is a fault at the exchange, I've reported it just now."),
    ("c", "And when will it work?"),
    ("a", "By tomorrow noon. I'll call you back tomorrow at eleven, and I'll text you the ticket number."),
    ("c", "That's great, thank you very much."),
    ("a", "Goodbye."),
)


class Counting:
    """Stands for the encoder: a vector per text, and how many were asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        made = np.array([np.random.default_rng(len(text)).normal(size=384) for text in texts], np.float32).reshape(
            -1, 384
        )
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), np.float32)


class Says:
    """Stands for a language model."""

    name = "stand-in"

    def __init__(self, answer: str | None) -> None:
        self.answer = answer

    def complete(self, task: str, text: str) -> str:
        if self.answer is None:
            raise PassingError("away")
        return self.answer


def read(encoder: Counting, turns: Sequence[Turn] = CALL, model: Says | None = None) -> About:
    remembered = Remembered(encoder)
    remembered.encode([turn.text for turn in turns[:-1]])  # what the mood is read from
    return about(
        turns,
        lists.shipped(),
        encoder,
        began=BEGAN,
        timezone="Asia/Tehran",
        language="en",
        remembered=remembered,
        model=model,
    )


def test_a_call_is_told_by_its_own_sentences():
    found = read(Counting())
    assert found.driver == "fault"
    assert [(one.role, one.turn.position) for one in found.summary] == [
        ("reason", 1), ("done", 4), ("promise", 6), ("outcome", 7),
    ]  # fmt: skip
    assert all(one.text in one.turn.text for one in found.summary)
    assert [one.kind.value for one in found.promises] == ["call_back", "message"]


def test_nothing_that_the_mood_was_read_from_is_encoded_twice():
    encoder = Counting()
    read(encoder)
    known = len(encoder.asked)
    read(encoder)
    assert len(encoder.asked) - known == len(CALL) - 1, "the topics' examples are kept"


def test_calls_of_nothing_come_to_nothing():
    for turns in ([], talk(("a", "Hello?")), talk(("c", "Yes."), ("a", "Yes?"))):
        found = read(Counting(), turns)
        assert (found.driver, list(found.summary), list(found.promises)) == (None, [], [])


def test_a_model_may_tell_it_in_its_words_if_it_quotes_the_call():
    rows = [
        {
            "role": "reason",
            "text": "The internet drops in the evening.",
            "turn": 1,
            "quote": "keeps dropping every evening",
        },
        {"role": "done", "text": "The agent gave a discount.", "turn": 4, "quote": "a discount of ten percent"},
        {"role": "promise", "text": "A call at eleven.", "turn": 0, "quote": "I'll call you back tomorrow"},
    ]
    told = retell(Says(f"Sure! {json.dumps({'sentences': rows})}"), CALL)
    assert [(one.role, one.turn.position, one.method) for one in told] == [
        ("reason", 1, "model"),
        ("promise", 6, "model"),
    ]
    for answer in (
        None,
        "no",
        "{}",
        '{"sentences": [1]}',
        '{"sentences": [{"role": "done", "text": "x", "quote": "y"}]}',
    ):
        assert retell(Says(answer), CALL) == []
        assert {one.method for one in read(Counting(), model=Says(answer)).summary} == {"extract"}


def test_what_a_recogniser_left_without_a_stop_is_cut():
    long = talk(
        ("a", "Hello."),
        ("c", "my internet " + "is very slow and " * 40),
        ("a", "I've reset the line."),
        ("c", "Fine, bye."),
    )
    (reason, *_) = extract(long, long[1], all_promises(long, BEGAN, "UTC"), lambda _: None)
    assert len(reason.text.split()) == 41


@pytest.mark.model
def test_it_is_stored_with_the_score_and_read_again_by_another_list(
    settings: Settings, database: Database, encoder: Encodes
):
    call_id = uuid.UUID(add_call(database, TWO_AGENTS))
    score(settings, database, encoder, call_id)
    with database.read() as session:
        row = session.get_one(CallAbout, call_id)
        assert (row.driver, row.list_version, len(row.vector or b"")) == ("billing", 0, 768)
        assert {one["role"] for one in row.summary} >= {"reason", "promise"}
        promise = session.scalars(select(StoredPromise)).one()
        mood = session.get_one(Mood, call_id)
        assert [one["due_at"] for one in mood.promises] == [promise.due_at.isoformat() if promise.due_at else None]
    assert again(settings, database, encoder) == 0, "it was read by the list in use"
    with database.transaction() as session:
        source = "topics:\n  - {key: invoices, title: {en: Invoices, fa: قبض}, phrases: {en: [my bill]}}\n"
        lists.import_list(session, source, "mine.yaml")
    counting = Counting()
    assert again(settings, database, counting) == 1
    assert counting.asked == [], "the reason's vector was kept"
    with database.read() as session:
        assert session.get_one(CallAbout, call_id).driver == "invoices"
        assert session.scalars(select(CallTopic.topic)).all() == ["invoices"]
