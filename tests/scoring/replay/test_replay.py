"""Replays on a real database: that they reproduce what stands, tell what moves, survive kills, and touch nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

import pytest
from sqlalchemy import func, select, text

from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.people import Role, User
from avasanj.settings import Settings
from scoring import library
from scoring.replay import changed, chunks, comparing_rows, planning, process, running, watching
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayChunk, ReplayResult, ReplayRun, ReplayState
from scoring.reviews import person
from scoring.tables import CardState, Evaluation
from telephony.tables import Call
from tests.scoring.replay.seed import FIRST, SECOND, evaluate, seed
from transcription.tables import Transcript, Turn


def planned(database: Database, selection: Selection | None = None, **what) -> uuid.UUID:
    with database.transaction() as session:
        return planning.plan(session, selection or Selection(), **{"scorecard": "tiny", **what}).id


def replayed(settings: Settings, database: Database, run_id: uuid.UUID) -> ReplayRun:
    """The work is done here, so that no test waits for a process to start; those that are about processes start them."""
    running.start(database, run_id)
    process.work(process.told(settings, database.url, run_id, 1))
    running.carry_on(settings, database, run_id)
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
    run = replayed(settings, database, planned(database, version=2))
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


def test_a_killed_process_loses_nothing_and_does_nothing_twice(settings, database, monkeypatch):
    """kill -9 while chunks are half done: what was saved stays, and whoever goes on does what is left."""
    monkeypatch.setattr(planning, "CHUNK_CALLS", 3)
    ids = seed(database, 45)
    run_id = planned(database, version=2)
    running.start(database, run_id)
    document = process.told(settings, database.url, run_id, 1)
    with subprocess.Popen([sys.executable, "-m", "scoring.replay.process"], stdin=subprocess.PIPE, text=True) as killed:
        assert killed.stdin
        killed.stdin.write(json.dumps(document) + "\n")
        killed.stdin.flush()
        with database.transaction() as session:  # slows every chunk down, so that the kill comes in the middle of one
            _until(lambda: running.progress(database, run_id).done >= 6)
            session.execute(text("lock table scoring.replay_result in exclusive mode"))
            time.sleep(0.3)
            os.kill(killed.pid, signal.SIGKILL)
            killed.wait(10)
    done = running.progress(database, run_id).done
    assert 6 <= done < 45
    assert len(results(database, run_id)) == done
    with database.read() as session:
        assert planning.found(session, run_id).state == ReplayState.RUNNING
    assert running.carry_on(settings, database, run_id, processes=2) == ReplayState.DONE
    found = results(database, run_id)
    assert sorted(one.call_id for one in found) == sorted(ids)


def test_processes_end_when_whoever_started_them_is_gone(settings, database):
    seed(database, 3)
    run_id = planned(database, version=2)
    running.start(database, run_id)
    with database.transaction() as session:
        session.execute(text("lock table scoring.replay_result in exclusive mode"))
        orphan = subprocess.Popen([sys.executable, "-m", "scoring.replay.process"], stdin=subprocess.PIPE, text=True)
        assert orphan.stdin
        orphan.stdin.write(json.dumps(process.told(settings, database.url, run_id, 1)) + "\n")
        orphan.stdin.close()
        assert orphan.wait(30) == process.ORPHANED


def test_a_replay_rests_and_goes_on_where_it_was(settings, database, monkeypatch):
    monkeypatch.setattr(planning, "CHUNK_CALLS", 2)
    seed(database, 6)
    run_id = planned(database, version=2)
    running.start(database, run_id)
    with database.transaction() as session:
        session.execute(text("update scoring.replay_chunk set done_at = now() where number = 0"))
        planning.stop(session, run_id, None)
    process.work(process.told(settings, database.url, run_id, 1))
    assert results(database, run_id) == []
    assert running.carry_on(settings, database, run_id) == ReplayState.PAUSED
    assert len(results(database, replayed(settings, database, run_id).id)) == 4
    with database.transaction() as session, pytest.raises(InputError, match="over"):
        planning.stop(session, run_id, None)


def test_workers_take_up_what_was_asked_for_and_what_a_dead_process_left(database):
    seed(database, 1)
    run_id = planned(database, version=2)
    assert watching.claim(database) is None
    with database.transaction() as session:
        planning.ask(session, run_id, None)
    assert watching.claim(database) == run_id
    assert watching.claim(database) is None
    with database.transaction() as session:
        session.execute(text("update scoring.replay_run set seen_at = now() - interval '1 minute'"))
    assert watching.claim(database) == run_id


def test_a_worker_that_watches_does_what_is_asked_for(settings, database, monkeypatch):
    monkeypatch.setattr(watching, "LOOK_S", 0.05)
    seed(database, 3)
    run_id = planned(database, version=2)
    with database.transaction() as session:
        planning.ask(session, run_id, None)
    stop = threading.Event()
    worker = threading.Thread(target=watching.watch, args=(settings, database, stop))
    worker.start()
    try:
        _until(lambda: _state(database, run_id) == ReplayState.DONE, 40)
    finally:
        stop.set()
        worker.join(20)
    assert len(results(database, run_id)) == 3


def test_what_cannot_be_taken_up_says_why_and_the_next_one_is_done(settings, database, monkeypatch):
    monkeypatch.setattr(watching, "LOOK_S", 0.05)
    seed(database, 3)
    torn, odd, run_id = (planned(database, version=2) for _ in range(3))
    with database.transaction() as session:
        session.get_one(ReplayRun, torn).source = "key: [tiny"
        for one in (torn, odd, run_id):
            planning.ask(session, one, None)
    goes_on = watching.carry_on

    def carry_on(settings, database, one, **more):
        if one == odd:
            raise OSError("no memory for another process")
        return goes_on(settings, database, one, **more)

    monkeypatch.setattr(watching, "carry_on", carry_on)
    stop = threading.Event()
    worker = threading.Thread(target=watching.watch, args=(settings, database, stop))
    worker.start()
    try:
        _until(lambda: _state(database, run_id) == ReplayState.DONE, 60)
    finally:
        stop.set()
        worker.join(20)
    with database.read() as session:
        found = session.get_one(ReplayRun, torn)
        assert found.state == ReplayState.FAILED
        assert found.problem["id"] == watching.CANNOT
    assert _state(database, odd) == ReplayState.RUNNING, "it is tried again"


def test_what_a_person_answered_stands_where_the_question_is_the_same(settings, database):
    ids = seed(database, 3)
    with database.transaction() as session:
        user = User(login="sup", name="Sup", role=Role.SUPERVISOR)
        session.add(user)
        session.flush()
        bad = session.scalar(select(Evaluation.id).where(Evaluation.call_id == ids[2]))
        review = person.start(session, bad, user.id)
        person.answer(session, review.id, "greeting", "yes")
        person.answer(session, review.id, "rude", "no")
        person.submit(session, review.id)
    same = results(database, replayed(settings, database, planned(database, version=1)).id)[2]
    assert (same.score_before, same.score_after, same.changes) == (50.0, 50.0, [])
    draft = results(database, replayed(settings, database, planned(database, version=2)).id)[2]
    told = {one["q"]: one for one in draft.changes}
    # greeting is another question now, so the machine's answer counts; the person's "no" to the unchanged one stands
    assert set(told) == {"bye"}
    assert draft.score_after == 60.0


def test_a_transcript_that_was_corrected_since_is_named_as_the_reason(settings, database):
    ids = seed(database, 3)
    with database.transaction() as session:
        transcript = session.scalar(select(Transcript).where(Transcript.call_id == ids[0]))
        session.execute(
            Turn.__table__.update()
            .where(Turn.transcript_id == transcript.id, Turn.position == 0)
            .values(corrected="Lantern Internet.")
        )
        transcript.changed_at = func.now()
    run = replayed(settings, database, planned(database, version=1))
    assert [one.note for one in results(database, run.id)] == ["words", None, None]
    assert run.summary["notes"] == {"words": 1}


def test_two_versions_can_be_compared_whatever_stands(settings, database):
    seed(database, 3)
    with database.transaction() as session:
        session.execute(text("delete from scoring.evaluation"))
    run = replayed(settings, database, planned(database, version=2, against=1))
    found = results(database, run.id)
    assert [(one.score_before, one.score_after) for one in found] == [(100.0, 100.0)] * 2 + [(0.0, 60.0)]


def test_calls_without_a_standing_score_are_judged_anew_and_those_of_another_queue_no_more(settings, database):
    ids = seed(database, 3)
    third = SECOND.replace("version: 2", "version: 3").replace("pass_mark", "for: {queues: [billing]}\npass_mark")
    with database.transaction() as session:
        session.execute(text("delete from scoring.evaluation where call_id = :id"), {"id": ids[0]})
        library.import_card(session, third, "tiny.yaml")
    anew = replayed(settings, database, planned(database, version=2)).summary
    assert (anew["new"], anew["gone"], anew["overall"]["n"]) == (1, 0, 2)
    gone = replayed(settings, database, planned(database, version=3)).summary
    assert (gone["new"], gone["gone"], gone["overall"]["n"]) == (0, 2, 0)


def test_what_is_published_in_the_midst_of_a_replay_changes_none_of_it(settings, database, monkeypatch):
    """Half of it is done before, half after: by a process that starts when another form takes the queue and version 2 is in use."""
    monkeypatch.setattr(planning, "CHUNK_CALLS", 3)
    seed(database, 6)
    run_id, undisturbed = planned(database, version=2), planned(database, version=2)
    expected = replayed(settings, database, undisturbed).summary
    running.start(database, run_id)
    with database.transaction() as session:
        run = planning.found(session, run_id)
        bench = chunks.Bench(tried=chunks.tried_in(session, run), heads=None, encoder=process.NoEncoder())
        chunks.do(session, run, chunks.take(session, run_id), bench)
    other = FIRST.replace("key: tiny", "key: other").replace("pass_mark", 'for: {queues: ["*"]}\npass_mark')
    with database.transaction() as session:
        library.import_card(session, other, "other.yaml")
        library.publish(session, "other")
        library.publish(session, "tiny", 2)
    evaluate(database, "tiny", 2)
    process.work(process.told(settings, database.url, run_id, 1))
    running.carry_on(settings, database, run_id)
    with database.read() as session:
        assert planning.found(session, run_id).summary == expected
    told = [[(one.score_before, one.score_after) for one in results(database, id_)] for id_ in (run_id, undisturbed)]
    assert told[0] == told[1]
    gone = replayed(settings, database, planned(database, version=2)).summary
    assert gone != expected, "one that is planned now sees what is published now"


@pytest.mark.parametrize(
    ("limits", "calls"),
    [
        ({"most": 4}, 4),
        ({"queues": ("billing",)}, 5),
        ({"agents": ("Emma Collins",)}, 10),
        ({"languages": ("fa",)}, 0),
        ({"directions": ("outbound",)}, 0),
    ],
)
def test_calls_are_chosen_by_their_limits(database, limits, calls):
    ids = seed(database, 10)
    with database.transaction() as session:
        session.execute(Call.__table__.update().where(Call.id.in_(ids[::2])).values(queue="billing"))
    with database.transaction() as session:
        if not calls:
            with pytest.raises(InputError, match="No call"):
                planning.plan(session, Selection(**limits), scorecard="tiny")
            return
        run = planning.plan(session, Selection(**limits), scorecard="tiny")
        assert run.calls == calls
        assert planning.chosen_by(run) == Selection(**limits)
        first = session.scalar(select(ReplayChunk.first_id).where(ReplayChunk.run_id == run.id))
        assert first == (ids[6] if "most" in limits else ids[0])


def test_a_sample_is_the_same_each_time_and_of_its_size(database):
    ids = seed(database, 40)
    with database.read() as session:
        drawn = [set(session.execute(Selection(sample_percent=50).query()).all()) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 8 <= len(drawn[0]) <= 32
    assert len(ids) == 40


def test_what_cannot_be_tried_is_refused(database):
    seed(database, 1)
    with database.transaction() as session:
        for faulty in ({}, {"scorecard": "none"}, {"scorecard": "tiny", "version": 9}, {"heads": 7}):
            with pytest.raises(InputError):
                planning.plan(session, Selection(), **faulty)
    for limits in ({"sample_percent": 0.0}, {"most": 0}):
        with pytest.raises(InputError):
            Selection(**limits)


def test_the_calls_that_moved_most_come_first_with_why_and_a_removed_call_takes_its_results(settings, database):
    ids = seed(database, 6)
    run = replayed(settings, database, planned(database, version=2))
    with database.transaction() as session:
        parts = changed.parts(session, run.id, question="greeting")
        assert {one.row.call_id for one in parts} == {ids[2], ids[5]}
        assert parts[0].moved == 60.0
        assert changed.moves(parts[0].row.changes)[0] == "greeting: no → yes “lantern internet”"
        assert changed.parts(session, run.id, agent="Nobody") == []
        session.execute(text("delete from telephony.call where id = :id"), {"id": ids[2]})
    with database.transaction() as session:
        assert comparing_rows.summary(session, planning.found(session, run.id))["parts"] == 5
        planning.remove(session, run.id, None)
    assert results(database, run.id) == []


def _until(condition, limit_s: float = 30.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "not within the limit"
        time.sleep(0.05)


def _state(database: Database, run_id: uuid.UUID) -> str:
    with database.read() as session:
        return planning.found(session, run_id).state
