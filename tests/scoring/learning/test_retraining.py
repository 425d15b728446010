"""From labels on calls to heads in use, on a real database; and one step back."""

import functools
import json

import pytest
from sqlalchemy import func, select

from avasanj.cli import learning, measure
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.people import AuditEntry
from avasanj.settings import Settings
from scoring import heads
from scoring.learning import center, versions
from scoring.learning.center import gold_talks
from scoring.learning.drawn import drawn, drawn_talks
from scoring.learning.retraining import retrain
from scoring.learning.tables import GoldTurn, HeadVersion
from scoring.stage import score
from scoring.tables import Mood
from tests.scoring.learning.center import WideWords, fill


def test_labels_on_calls_are_learnt_taken_over_and_taken_back(database: Database, settings: Settings):
    person = fill(database, 64)
    with database.read() as session:
        call_id = session.scalars(select(GoldTurn.call_id).limit(1)).one()
    score(settings, database, WideWords(), call_id)
    found = retrain(database, WideWords(), by=person)
    assert found.took_over
    assert (found.number, found.compared_with, found.in_use) == (1, 0, 1)
    assert found.comparison.overall.low > 0
    assert found.counts["questions"] == ["attitude", "call en", "dissatisfied"]
    now = versions.in_use(database)
    assert now.version.split()[1:3] == ["heads", "1"]
    assert versions.in_use(database) is now, "read once"
    score(settings, database, WideWords(), call_id)
    with database.transaction() as session:
        assert session.get_one(Mood, call_id).model == now.version, "a running worker goes on with the new version"
        assert versions.back(session, person) is None
    assert versions.in_use(database) is heads.shipped()
    with database.transaction() as session:
        with pytest.raises(InputError, match="nothing was before them"):
            versions.back(session)
        with pytest.raises(InputError, match=r"no version 7 of the heads\. There are: 0, 1"):
            versions.use(session, 7)
        versions.use(session, 1, person)
        told = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("heads.%")).order_by(AuditEntry.id)
        )
        assert list(told) == ["heads.trained", "heads.used", "heads.back", "heads.used"]
    again = retrain(database, WideWords())
    assert not again.better, "the same labels teach nothing new"
    assert (again.number, again.compared_with, again.in_use) == (2, 1, 1)
    assert sum(one["difference"]["labels"] for one in again.comparison.figures.values()) == sum(
        one["difference"]["labels"] for one in found.comparison.figures.values()
    ), "judged on the same calls, of which version 1 knows none"


def test_going_back_goes_from_version_to_version(database: Database):
    with database.transaction() as session:
        for number in (1, 2, 3):
            versions.keep(session, heads.shipped(), number=number, figures={}, counts={})
        for number in (1, 3, 2):
            versions.use(session, number)
        assert versions.current(session).number == 2
        assert [one.number if (one := versions.back(session)) else 0 for _ in range(3)] == [3, 1, 0]


def test_several_peoples_labels_become_one_and_stand_in_their_call(database: Database):
    fill(database, 2)
    with database.transaction() as session:
        for turn in session.scalars(select(GoldTurn).where(GoldTurn.position == 3)).all():
            other = {c.key: getattr(turn, c.key) for c in GoldTurn.__table__.columns if c.key not in {"id", "made_by"}}
            session.add(GoldTurn(**other | {"label": "neu", "satisfaction": 4}))
    with database.read() as session:
        whole = gold_talks(session)
    assert [len(talk.marks) for talk in whole] == [3, 3]
    assert whole[0].marks[3].label == "neu", "one each: the newest"
    assert whole[1].marks[3].satisfaction == 3.0
    assert whole[0].queue == "bills"


def test_of_more_labels_than_a_training_takes_whole_customers_are_drawn_the_same_each_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    fill(database, 12)
    with database.read() as session:
        everything = gold_talks(session)
        monkeypatch.setattr(center, "drawn", functools.partial(drawn, most=20))
        some = gold_talks(session)
        assert gold_talks(session) == some
    assert len(everything) == 12
    assert len(some) == 6, "three turns each"
    assert all(talk in everything for talk in some)
    assert drawn_talks(everything, 18) == [talk for talk in everything if talk in drawn_talks(everything, 18)]
    assert sum(len(talk.chosen) for talk in drawn_talks(everything, 18)) == 18
    assert drawn({"a": 50}, 20) == {"a"}, "one at least"


def test_the_commands(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for one in (learning, measure):
        monkeypatch.setattr(one, "settings_and_log", lambda: settings)
    monkeypatch.setattr(learning, "encoder", lambda settings: WideWords())
    with pytest.raises(InputError, match=r"Too few labels to learn from.*0 labelled, 40 more are needed"):
        learning.train()
    fill(database, 64)
    learning.train(dry_run=True)
    assert "would take over. This was a dry run." in capsys.readouterr().out
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(HeadVersion)) == 0
        [dry] = versions.tried_beside(session, 0)
    learning.train(json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["took_over"]
    with database.read() as session:
        assert versions.tried_beside(session, 0) == {dry}, "the same labels in a dry run and in earnest are one try"
    assert set(printed["held_out"]) == {"attitude", "dissatisfied", "call"}
    learning.list_(json=True)
    assert [(one["number"], one["state"]) for one in json.loads(capsys.readouterr().out)] == [
        (1, "in_use"),
        (0, "retired"),
    ]
    learning.back()
    assert "version 0 (as it came with Avasanj) again" in capsys.readouterr().out
    learning.use(1)
    learning.list_()
    assert "in use" in capsys.readouterr().out
