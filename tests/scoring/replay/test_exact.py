"""A replay of what is in use gives what live scoring stored, to the last digit: forms with examples, moods, language models."""

import json

import pytest
from sqlalchemy import select

from avasanj.database import Database
from avasanj.settings import Settings
from scoring import heads, library, stage
from scoring.card_text import written
from scoring.mood import Encodes
from scoring.replay import planning
from scoring.replay.chunks import Bench, do, take, tried_in
from scoring.replay.process import Once
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayMood, ReplayResult, ReplayState
from scoring.tables import Evaluation, Mood
from tests.scoring.test_stage import START, TWO_AGENTS, add_call, seconds

pytestmark = pytest.mark.model
MORE = [
    ("agent", "سلام، نگار هستم، بفرمایید."),
    ("customer", "سلام، اینترنتم از دیروز قطعه و هیچ‌کس جواب نمی‌ده."),
    ("agent", "ببخشید، شماره اشتراکتون رو لطف می‌کنید؟ همکارم تا فردا باهاتون تماس می‌گیره."),
    ("customer", "باشه، ممنون."),
]


def tried(database: Database, encoder: Encodes, **what) -> None:
    """Plan and do a replay with this encoder, in this process."""
    with database.transaction() as session:
        run = planning.plan(session, Selection(), **what)
        run.state = ReplayState.RUNNING.value
    with database.transaction() as session:
        bench = Bench(
            tried=tried_in(session, run),
            heads=heads.shipped() if run.heads is not None else None,
            encoder=Once(encoder),
        )
        while (chunk := take(session, run.id)) is not None:
            do(session, run, chunk, bench)
            session.flush()
            session.expire_all()


def scored(settings: Settings, database: Database, encoder: Encodes) -> None:
    ids = [
        add_call(database, TWO_AGENTS, spans=2),
        add_call(database, MORE, hold_at_s=8, started_at=START + seconds(400)),
        add_call(database, TWO_AGENTS, confidence=0.3, started_at=START + seconds(800)),
    ]
    for call_id in ids:
        stage.score(settings, database, encoder, call_id)


def test_the_form_in_use_and_the_shipped_heads_reproduce_what_live_scoring_stored(settings, database, encoder):
    scored(settings, database, encoder)
    tried(database, encoder, scorecard="service", version=1, heads=0)
    with database.read() as session:
        stood = {(one.call_id, one.span_position): one.score for one in session.scalars(select(Evaluation))}
        rows = session.scalars(select(ReplayResult)).all()
        assert {(one.call_id, one.span_position): one.score_after for one in rows} == stood
        assert not any(one.changes or one.note for one in rows)
        moods = {one.call_id: one.dissatisfied for one in session.scalars(select(Mood))}
        felt = session.scalars(select(ReplayMood)).all()
        assert {one.call_id: one.after for one in felt} == moods
        assert all(one.before == one.after and one.moved == [] for one in felt)


class Clerk:
    """A language model's protocol answered here: it quotes the agent."""

    name = "clerk"

    def __init__(self) -> None:
        self.asked = 0

    def complete(self, task: str, text: str) -> str:
        self.asked += 1
        rows = [{"question": "cheer", "answer": "yes", "turn": 2, "quote": "May I have your name"}]
        return json.dumps({"answers": rows})


def test_a_language_models_answers_stand_and_it_is_not_asked_again(settings, database, encoder, monkeypatch):
    from tests.scoring.cards import card, question

    clerk = Clerk()
    monkeypatch.setattr("scoring.language_model.of", lambda _settings: clerk)
    asking = card(question("cheer", weight=100.0, ask={"en": "Is the agent cheerful?", "fa": "خوش‌برخورد است؟"}))
    with database.transaction() as session:
        library.import_card(session, written(asking), "tiny.yaml")
        library.publish(session, "tiny")
    stage.score(settings, database, encoder, add_call(database, TWO_AGENTS))
    asked = clerk.asked
    assert asked
    tried(database, encoder, scorecard="tiny", version=1)
    assert clerk.asked == asked
    with database.read() as session:
        [row] = session.scalars(select(ReplayResult)).all()
        assert (row.score_before, row.score_after, row.changes) == (100.0, 100.0, [])
