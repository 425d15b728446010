"""Labels: one per person and turn, the words kept, and what is refused."""

import datetime
import uuid

import pytest
from sqlalchemy import func, select

from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.people import AuditEntry, Role, User
from scoring.learning.gold import label_call, label_turn, labels_of
from scoring.learning.tables import GoldTurn
from telephony.tables import Call
from transcription.tables import Transcript, Turn

START = datetime.datetime(2026, 11, 21, 8, 0, tzinfo=datetime.UTC)
LINES = [
    ("agent", "Good morning."),
    ("customer", "My bill is wrong again."),
    ("agent", "I see."),
    ("customer", "Nobody helps me."),
]


@pytest.fixture
def people(database: Database) -> list[uuid.UUID]:
    with database.transaction() as session:
        made = [User(login=f"p{n}", name=f"P{n}", role=Role.SUPERVISOR) for n in range(2)]
        session.add_all(made)
    return [one.id for one in made]


@pytest.fixture
def call_id(database: Database) -> uuid.UUID:
    with database.transaction() as session:
        ids = []
        for n in range(2):
            id_ = uuid.uuid4()
            session.add(
                Call(
                    id=id_, pbx="pbx", linked_id=str(id_), source="live", direction="inbound", state="ended", queue="bills",
                    customer_e164="+14165550127", started_at=START + datetime.timedelta(hours=n), wait_s=70.0, transfers=n,
                )
            )  # fmt: skip
            ids.append(id_)
        session.flush()
        turns = [
            Turn(position=n, party=party, start_s=6.0 * n, end_s=6.0 * n + 5, text=text)
            for n, (party, text) in enumerate(LINES)
        ]
        session.add(Transcript(call_id=ids[1], language="en", source="whisper", turns=turns))
    return ids[1]


def test_a_label_keeps_the_words_and_the_newest_of_a_person_counts(database: Database, people, call_id):
    with database.transaction() as session:
        label_turn(session, call_id, 3, people[0], label="neu")
        label_turn(session, call_id, 3, people[1], label="pos")
        label_turn(session, call_id, 3, people[0], label="neg", satisfaction=2)
    with database.read() as session:
        found = labels_of(session, call_id)
        assert len(found.turns) == 2
        mine = found.of_turn(3, people[0])
        assert found.of_turn(3) == mine, "the newest stands first"
        assert (mine.label, mine.satisfaction, mine.text, mine.agent) == ("neg", 2, "Nobody helps me.", "I see.")
        assert [one["text"] for one in mine.before] == [text for _, text in LINES[:3]]
        assert (mine.language, mine.queue) == ("en", "bills")
        assert session.scalar(select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "gold.turn")) == 3


def test_a_label_without_anything_takes_it_back(database: Database, people, call_id):
    with database.transaction() as session:
        label_turn(session, call_id, 1, people[0], satisfaction=1)
        label_call(session, call_id, people[0], satisfaction=2)
        assert label_turn(session, call_id, 1, people[0]) is None
        assert label_call(session, call_id, people[0], satisfaction=None) is None
        found = labels_of(session, call_id)
        assert not found.turns
        assert not found.calls


def test_a_label_of_words_that_have_changed_is_kept_and_told_as_stale(database: Database, people, call_id):
    with database.transaction() as session:
        label_turn(session, call_id, 1, people[0], label="neg")
        session.scalars(select(Turn).where(Turn.position == 1)).one().corrected = "My bill is long again."
    with database.read() as session:
        found = labels_of(session, call_id)
        assert found.of_turn(1) is None
        assert found.turns[0].text == "My bill is wrong again."


def test_a_call_is_kept_whole_with_what_the_ledger_said(database: Database, people, call_id):
    with database.transaction() as session:
        label_call(session, call_id, people[0], satisfaction=4)
        label_call(session, call_id, people[0], satisfaction=1, anger_at="company")
    with database.read() as session:
        (one,) = labels_of(session, call_id).calls
        assert (one.satisfaction, one.anger_at) == (1, "company")
        assert [turn["text"] for turn in one.turns] == [text for _, text in LINES]
        assert one.line == {"wait_s": 70.0, "hold_s": 0.0, "transfers": 1, "earlier_calls": 1}


def test_a_person_who_leaves_leaves_the_labels(database: Database, people, call_id):
    with database.transaction() as session:
        label_turn(session, call_id, 1, people[0], label="neg")
        label_turn(session, call_id, 1, people[1], label="neg")
        for person in people:
            session.delete(session.get_one(User, person))
    with database.read() as session:
        assert [one.made_by for one in session.scalars(select(GoldTurn))] == [None, None]


@pytest.mark.parametrize(
    ("position", "values", "told"),
    [
        (1, {"label": "bad"}, "one of neg, neu, pos"),
        (1, {"satisfaction": 6}, "from 1 to 5; it is 6"),
        (1, {"satisfaction": True}, "from 1 to 5"),
        (2, {"label": "neg"}, "Turn 3 is the agent's"),
        (9, {"label": "neg"}, "no words at turn 10"),
    ],
)
def test_what_the_guide_does_not_know_is_refused(database: Database, people, call_id, position, values, told):
    with database.transaction() as session, pytest.raises(InputError, match=told):
        label_turn(session, call_id, position, people[0], **values)


def test_a_call_without_words_or_with_an_unknown_target_is_refused(database: Database, people, call_id):
    with database.transaction() as session:
        with pytest.raises(InputError, match="one of agent, company, other"):
            label_call(session, call_id, people[0], satisfaction=1, anger_at="weather")
        other = session.scalars(select(Call.id).where(Call.id != call_id)).one()
        with pytest.raises(InputError, match="no transcript yet"):
            label_call(session, other, people[0], satisfaction=1)
