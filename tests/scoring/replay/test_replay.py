"""Replays on a real database, in processes of their own."""

import uuid

from sqlalchemy import select, text

from avasanj.database import Database
from avasanj.settings import Settings
from scoring import library
from scoring.replay import planning, running
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayResult, ReplayRun, ReplayState
from scoring.tables import CardState
from tests.scoring.replay.seed import seed


def planned(database: Database, selection: Selection | None = None, **what) -> uuid.UUID:
    with database.transaction() as session:
        return planning.plan(session, selection or Selection(), **{"scorecard": "tiny", **what}).id


def replayed(settings: Settings, database: Database, run_id: uuid.UUID, processes: int = 1) -> ReplayRun:
    running.start(database, run_id)
    running.carry_on(settings, database, run_id, processes=processes)
    with database.read() as session:
        return planning.found(session, run_id)


def results(database: Database, run_id: uuid.UUID) -> list[ReplayResult]:
    with database.read() as session:
        query = select(ReplayResult).where(ReplayResult.run_id == run_id).order_by(ReplayResult.started_at)
        return list(session.scalars(query))


def standing(database: Database) -> list[tuple]:
    """All that stands of the calls' scores."""
    with database.read() as session:
        rows = session.execute(text("select * from scoring.evaluation order by id")).all()
        return [*rows, *session.execute(text("select * from scoring.answer order by id")).all()]


def test_the_published_version_reproduces_what_stands_exactly_and_touches_nothing(settings, database):
    ids = seed(database, 12, spans=2)
    before = standing(database)
    run = replayed(settings, database, planned(database, version=1))
    found = results(database, run.id)
    assert run.state == ReplayState.DONE
    assert {one.call_id for one in found} == {*ids}
    assert len(found) == 24
    assert all(one.score_before == one.score_after and one.score_before is not None for one in found)
    assert not any(one.changes or one.note for one in found)
    assert run.summary["changed"] == 0
    assert run.summary["overall"]["difference"] == {"value": 0.0, "interval": [0.0, 0.0], "shown": False}
    assert standing(database) == before
    with database.read() as session:
        assert library.find(session, "tiny", 2).state == CardState.DRAFT


def test_a_draft_tells_who_moves_by_how_much_and_why(settings, database):
    seed(database, 30)
    run = replayed(settings, database, planned(database, version=2), processes=2)
    found = results(database, run.id)
    bad = [one for n, one in enumerate(found) if n % 3 == 2]
    assert [(one.score_before, one.score_after) for one in bad] == [(0.0, 60.0)] * 10
    change = next(one for one in bad[0].changes if one["q"] == "greeting")
    assert (change["b"], change["a"], change["d"]) == ("no", "yes", 50.0)
    assert change["why"]["values"]["words"] == "lantern internet"
    assert change["at"][:2] == ["agent", 0]
    good = found[0]
    assert (good.score_before, good.score_after, good.note) == (100.0, 100.0, None)
    summary = run.summary
    assert summary["overall"]["up"] == 10
    assert summary["overall"]["now_passed"] == 10
    assert summary["overall"]["difference"]["shown"]
    assert summary["agents"][0]["name"] == "Emma Collins"
    by_question = {one["question"]: one for one in summary["questions"]}
    assert by_question["greeting"]["moves"] == [{"before": "no", "after": "yes", "n": 10}]
    assert by_question["bye"]["n"] == 30
