"""Sentences that people's answers propose for a form."""

import json

import pytest
from sqlalchemy import update

from avasanj.cli import learning
from avasanj.database import Database
from avasanj.settings import Settings
from scoring.learning.examples import counted
from scoring.reviews import person
from scoring.tables import Answer
from tests.scoring.reviews.center import Center, open_center


def words(text: str) -> list[dict[str, object]]:
    return [{"party": "agent", "start_s": 1.0, "end_s": 2.0, "text": text, "turn": 0}]


def reviewed(center: Center, machine: str, given: str, text: str) -> None:
    """A call whose greeting the machine judged by `text`, and a person otherwise, by the same words."""
    made = center.call(says={"greeting": (machine, 0.8), "respect": ("yes", 0.8)})
    with center.database.transaction() as session:
        mine = (Answer.evaluation_id == made) & (Answer.question == "greeting")
        session.execute(update(Answer).where(mine).values(evidence=words(text)))
    with center.database.transaction() as session:
        begun = person.start(session, made, center.people["mina"])
        person.answer(session, begun.id, "greeting", given, evidence=words(text))
        person.submit(session, begun.id)


def test_only_what_people_saw_otherwise_is_proposed(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    center = open_center(database)
    reviewed(center, "no", "yes", "A very warm welcome to you. Yes?")
    reviewed(center, "no", "yes", "a very warm welcome to you")
    reviewed(center, "yes", "no", "Hello hello is this thing on")
    reviewed(center, "yes", "yes", "Hello dear customer of ours")
    monkeypatch.setattr(learning, "settings_and_log", lambda: settings)
    learning.examples("desk", json=True)
    assert json.loads(capsys.readouterr().out) == [
        {
            "question": "greeting",
            "like": [{"sentence": "A very warm welcome to you.", "answers": 2}],
            "unlike": [{"sentence": "Hello hello is this thing on", "answers": 1}],
        }
    ]
    learning.examples("desk")
    assert "like      2  A very warm welcome to you." in capsys.readouterr().out


def test_another_spelling_is_the_same_sentence():
    assert [(one.sentence, one.answers) for one in counted(["خيلي خوش آمدید", "خیلی خوش آمدید!", "b c d"])] == [
        ("خيلي خوش آمدید", 2),
        ("b c d", 1),
    ]
