"""Work that can't be done, workers that were away, doors tried by many at once."""

from __future__ import annotations

import datetime
import shutil
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from avasanj import login, pipeline, samples, stuck, work, worker
from avasanj.database import Database, utc_now
from avasanj.errors import AccessError, LastingError
from avasanj.people import Role, User, Worker
from avasanj.postgres import EmbeddedPostgres
from avasanj.processes import only_worker
from avasanj.settings import Settings
from crm_sync.tables import Connection
from scoring.encoder import Encoder
from telephony.archive import import_folder
from transcription.engine import SpeechEngine
from transcription.whisper import WhisperRecogniser

PASSWORD = "correct horse battery"


def test_a_delivery_that_keeps_ending_its_process_pauses_the_connection_once(database: Database) -> None:
    connection_id = uuid.uuid4()
    with database.transaction() as session:
        session.add(Connection(id=connection_id, name="webhook", kind="webhook", url="http://127.0.0.1:9/"))
        work.enqueue(
            session, work.DELIVER, str(connection_id), str(uuid.uuid4()), key="deliver:1:0", partition="somebody"
        )
        session.execute(text("update work.workflow_status set status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'"))
    worker._rest_the_hopeless(database)
    with database.transaction() as session:
        connection = session.get_one(Connection, connection_id)
        assert connection.state == "paused"
        assert "died" in (connection.detail or "")
        assert stuck.waiting(session) == [], "nothing that a person could not start again"
        connection.state = "active"
    worker._rest_the_hopeless(database)
    with database.read() as session:
        assert session.get_one(Connection, connection_id).state == "active", "resumed, it stays so"


def test_a_call_at_which_processes_died_can_be_started_again(database: Database) -> None:
    call = str(uuid.uuid4())
    with database.transaction() as session:
        work.enqueue(session, work.SCORE, call, key=f"score:{call}")
        session.execute(text("update work.workflow_status set status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'"))
    worker._rest_the_hopeless(database)
    with database.transaction() as session:
        resting = stuck.waiting(session)
        assert [piece.subject_id for piece in resting] == [call]
        stuck.requeue(session, resting[0].id)
        assert session.scalar(text("select count(*) from work.workflow_status where status = 'ENQUEUED'")) == 1


def remembered(database: Database) -> list[int]:
    tables = ("workflow_status", "workflow_input", "operation_outputs")
    with database.read() as session:
        return [session.scalar(text(f"select count(*) from work.{table}")) or 0 for table in tables]


def test_work_done_long_ago_leaves_nothing_behind(database: Database) -> None:
    with database.transaction() as session:
        for key in ("old", "new"):
            work.enqueue(session, work.SCORE, str(uuid.uuid4()), key=key)
            session.execute(
                text(
                    "insert into work.operation_outputs (workflow_uuid, function_id, function_name, retention_timestamp) "
                    "values (:key, 1, 'score', 0)"
                ),
                {"key": key},
            )
        session.execute(text("update work.workflow_status set status = 'SUCCESS'"))
        session.execute(text("update work.workflow_status set updated_at = 0 where workflow_uuid = 'old'"))
    assert remembered(database) == [2, 2, 2]
    worker._forget_done(database)
    assert remembered(database) == [1, 1, 1]


def test_sample_calls_that_were_removed_are_worked_on_again_when_brought_back(
    database: Database, settings: Settings
) -> None:
    def wait_for_work() -> int:
        with database.read() as session:
            return session.scalar(text("select count(*) from work.workflow_status where status = 'ENQUEUED'")) or 0

    import_folder(settings, database, samples.FOLDER, sample=True)
    taken_in = wait_for_work()
    with database.transaction() as session:
        session.execute(text("update work.workflow_status set status = 'SUCCESS'"))
    assert samples.remove(settings, database) == taken_in > 0
    import_folder(settings, database, samples.FOLDER, sample=True)
    assert wait_for_work() == taken_in


def test_work_on_a_call_that_was_removed_waits_for_nobody(database: Database) -> None:
    with database.transaction() as session:
        pipeline._keep_for_a_person(session, "score:1", work.SCORE, str(uuid.uuid4()), "No row was found")
        assert stuck.waiting(session) == []


def test_after_an_absence_of_its_own_a_worker_gives_the_others_a_round_to_come_back(database: Database) -> None:
    def others() -> set[str]:
        with database.read() as session:
            return set(session.scalars(select(Worker.executor_id))) - {"this"}

    long_ago = utc_now() - 2 * worker.DEAD_AFTER
    with database.transaction() as session:
        session.add(Worker(executor_id="other", queues=[], seen_at=long_ago))
    seen = worker._look_after(database, "this", [], utc_now() - datetime.timedelta(minutes=5))
    assert others() == {"other"}, "the database was away for all"
    worker._look_after(database, "this", [], seen)
    assert others() == set(), "it is dead after all"


def test_two_workers_of_one_name_on_one_machine_are_refused(tmp_path: Path) -> None:
    with only_worker(tmp_path, "main"):
        with pytest.raises(LastingError, match="--name"), only_worker(tmp_path, "main"):
            pass
        with only_worker(tmp_path, "second"):
            pass
    with only_worker(tmp_path, "main"):
        pass


@pytest.fixture
def own_server() -> Iterator[EmbeddedPostgres]:
    folder = Path(tempfile.mkdtemp(prefix="av-own-", dir="/tmp"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_stage_waits_for_a_database_that_went_away(own_server: EmbeddedPostgres, settings: Settings) -> None:
    database = Database(own_server.url())
    models = settings.models_dir
    tools = pipeline.Tools(
        settings=settings, database=database, speech=SpeechEngine([WhisperRecogniser(models)]), encoder=Encoder(models)
    )
    tried: list[float] = []

    def stage() -> None:
        tried.append(time.monotonic())
        with database.read() as session:
            session.execute(select(1))

    own_server.stop()
    thread = threading.Thread(target=pipeline._patiently, args=(tools, stage), daemon=True)
    thread.start()
    thread.join(2.5)
    assert thread.is_alive(), "it waits"
    own_server.start()
    thread.join(15)
    assert not thread.is_alive()
    assert len(tried) == 2, "while the database is away nothing is tried"
    database.close()


def test_tries_at_the_same_moment_do_not_slip_past_the_count(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        session.add(User(login="sara", name="Sara", role=Role.AGENT, password_hash=login._hasher.hash(PASSWORD)))
    gate, outcomes = login.Gate(), Counter[str]()

    def guess() -> None:
        try:
            login.log_in(database, settings, gate, "sara", "a wrong guess", "192.0.2.1")
        except AccessError as error:
            outcomes[type(error).__name__] += 1

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes["TooManyTriesError"] >= 18
    assert outcomes["AccessError"] <= 12


def test_the_link_from_the_command_line_is_for_an_administrator_who_may_come_in(
    database: Database, settings: Settings
) -> None:
    with database.transaction() as session:
        session.add(User(login="left", name="Left", role=Role.ADMINISTRATOR, active=False))
        session.flush()
        session.add(User(login="here", name="Here", role=Role.ADMINISTRATOR))
    token = login.make_login_link(database, settings).partition("#")[2]
    assert login.use_link(database, settings, token, PASSWORD).user_id
