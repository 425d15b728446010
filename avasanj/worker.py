"""A process that takes work from queues, and takes over what a dead one left."""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from dbos import Queue as DBOSQueue
from dbos._dbos import _get_dbos_instance
from prometheus_client import Counter
from sqlalchemy import delete, null, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from avasanj import pipeline, stuck, work
from avasanj.database import Database, utc_now
from avasanj.log import get_logger
from avasanj.people import Worker
from avasanj.pipeline import Tools
from avasanj.settings import Settings
from avasanj.work import APPLICATION_NAME, APPLICATION_VERSION, DELIVER, TRANSCRIBE_AGAIN, WORK_SCHEMA, Queue
from scoring.encoder import Encoder
from scoring.replay import watching as replaying
from scoring.reviews import periodic
from scoring.topics.periodic import Daily
from transcription import live_turns, versions, watching
from transcription.engines import calls_at_once, engine_of
from transcription.live import LiveListener

_log = get_logger(__name__)
_TAKEN_OVER = Counter("avasanj_worker_taken_over_total", "Pieces of work taken over from workers that died.")
_BEAT_S, _LEAVE_S = 8.0, 2.0
#: The engine's own queue, which nothing here uses: looking at it every second took a fifth of what an idle worker takes.
_OWN_QUEUE_LOOK_S = 15.0
#: A worker that has not been seen for this long is dead. Wrongly so does no harm: steps are fenced and effects have keys.
DEAD_AFTER = datetime.timedelta(seconds=30)
#: how the speech engine does; None in a worker that transcribes nothing
_Report = Callable[[], dict[str, object]] | None
_KEEP_DONE = datetime.timedelta(days=7)
_FORGET_AT_ONCE = 2000
_SCORING_AT_ONCE, _INTAKE_AT_ONCE, _SENDING_AT_ONCE = 1, 2, 8


def run(
    settings: Settings, database: Database, executor_id: str, queues: Sequence[Queue], stop: threading.Event
) -> None:
    """Work until `stop` is set. `executor_id` is this slot's stable name: the process that has it next goes on with
    what this one leaves. Two live processes must never share one.
    """
    encoder = Encoder(settings.models_dir / "multilingual-e5-small")
    speech = engine_of(settings)
    tools = Tools(settings=settings, database=database, speech=speech, encoder=encoder, leaving=stop)
    pipeline.use(tools)
    report = speech.report if Queue.SPEECH in queues else None
    _beat(database, executor_id, queues, report)
    _launch(database, executor_id, queues, calls_at_once(settings))
    _log.info("worker_started", executor=executor_id, queues=",".join(queues))
    live = threading.Thread(
        target=LiveListener(settings, database, speech, tools.speaking).run, args=(stop,), name="live", daemon=True
    )
    if Queue.SPEECH in queues:
        live.start()
    replays = threading.Thread(target=replaying.watch, args=(settings, database, stop), name="replay", daemon=True)
    if Queue.SCORING in queues:
        replays.start()
    daily = Daily(database)
    try:
        last_sweep, seen = utc_now() - _KEEP_DONE, utc_now()
        while not stop.wait(_BEAT_S):
            try:
                seen = _look_after(database, executor_id, queues, seen, report)
                _rest_the_hopeless(database)
                with database.transaction() as session:
                    work.set_pace(session)
                if utc_now() - last_sweep > datetime.timedelta(hours=1):
                    last_sweep = utc_now()
                    _forget_done(database)
                    with database.transaction() as session:
                        versions.forget_old(session, settings.old_transcripts_keep_days)
                        live_turns.forget_old(session)
                        watching.forget_old(session)
                    periodic.run(settings, database)
                    if Queue.SCORING in queues:  # beside the beat: it can take longer than a worker may be silent
                        threading.Thread(target=daily.run, name="topics", daemon=True).start()
            except DBAPIError:
                _log.warning("database_away", remedy="work goes on when it is back")
            if settings.model_idle_s:
                tools.rest(settings.model_idle_s)
    finally:
        for thread in (live, replays):
            if thread.is_alive():
                thread.join(_LEAVE_S)
        tools.leave()
        DBOS.destroy(workflow_completion_timeout_sec=2)
        _leave(database, executor_id)


def _launch(database: Database, executor_id: str, queues: Sequence[Queue], speech_at_once: int) -> None:
    config = DBOSConfig(
        name=APPLICATION_NAME,
        system_database_url=database.url,
        dbos_system_schema=WORK_SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        executor_id=executor_id,
        application_version=APPLICATION_VERSION,
        log_level="WARNING",
        console_log_level="ERROR",  # failed attempts are logged by the pipeline, in its own words
        sys_db_pool_size=5,
        notification_coalesce_sec=1.0,  # nothing here waits for events; the default wakes up a hundred times a second
    )
    DBOS(config=config)
    DBOS.listen_queues([*dict.fromkeys([*queues, *([Queue.AGAIN] if Queue.SPEECH in queues else [])])])
    DBOS.launch()
    engine = _get_dbos_instance()
    engine._registry.get_internal_queue()._polling_interval_sec = _OWN_QUEUE_LOOK_S  # noqa: SLF001 - no public way; pinned, and `bench idle` shows it
    _take_at_once(engine, Queue.SPEECH, speech_at_once)
    DBOS.register_queue(Queue.INTAKE, worker_concurrency=_INTAKE_AT_ONCE, polling_interval_sec=work.IDLE_LOOK_S)
    DBOS.register_queue(Queue.SPEECH, worker_concurrency=speech_at_once, polling_interval_sec=work.IDLE_LOOK_S)
    DBOS.register_queue(Queue.AGAIN, worker_concurrency=1, polling_interval_sec=work.IDLE_LOOK_S)
    DBOS.register_queue(Queue.SCORING, worker_concurrency=_SCORING_AT_ONCE, polling_interval_sec=work.IDLE_LOOK_S)
    DBOS.register_queue(
        Queue.SYNC, worker_concurrency=_SENDING_AT_ONCE, partition_concurrency=1, polling_interval_sec=work.IDLE_LOOK_S
    )


def _take_at_once(engine: DBOS, queue_name: str, most: int) -> None:
    """How much of a queue this process takes at once, whatever others take.

    The database keeps one number for all workers, that of whoever started last; but a machine with graphics cards takes
    more calls at once than one without.
    """
    known = engine._sys_db  # noqa: SLF001 - no public way; pinned, and held by a test
    ask = known.get_queue

    def get_queue(name: str, *arguments: Any, **options: Any) -> DBOSQueue | None:
        queue = ask(name, *arguments, **options)
        if queue is not None and name == queue_name:
            queue._worker_concurrency = most  # noqa: SLF001 - as above
        return queue

    known.get_queue = get_queue  # type: ignore[method-assign]


def _look_after(
    database: Database, executor_id: str, queues: Sequence[Queue], seen: datetime.datetime, report: _Report = None
) -> datetime.datetime:
    """Say that this worker lives, and take over from those that do not; when it said so, to be handed in as `seen` next.

    After an absence of our own (a database that was away, a machine that slept) the others get a round to say so first.
    """
    _beat(database, executor_id, queues, report)
    now = utc_now()
    if now - seen < DEAD_AFTER:
        _take_over_from_the_dead(database)
    return now


def _beat(database: Database, executor_id: str, queues: Sequence[Queue], report: _Report = None) -> None:
    """Say that this worker lives, and how its speech engine does where it has work for one."""
    row = {
        "executor_id": executor_id,
        "queues": [*queues],
        "started_at": utc_now(),
        "seen_at": utc_now(),
        "speech": report() if report is not None else null(),
    }
    with database.transaction() as session:
        session.execute(
            insert(Worker)
            .values(row)
            .on_conflict_do_update(
                index_elements=["executor_id"], set_={name: row[name] for name in ("seen_at", "queues", "speech")}
            )
        )


def _leave(database: Database, executor_id: str) -> None:
    """Take this worker off the list, unless it leaves work that the others should notice and take over."""
    with database.transaction() as session:
        if not _has_pending(session, executor_id):
            session.execute(delete(Worker).where(Worker.executor_id == executor_id))


def _take_over_from_the_dead(database: Database) -> None:
    with database.transaction() as session:
        dead = session.scalars(select(Worker.executor_id).where(Worker.seen_at < utc_now() - DEAD_AFTER)).all()
        left = {executor_id: _has_pending(session, executor_id) for executor_id in dead}
        gone = [executor_id for executor_id, pending in left.items() if not pending]
        session.execute(delete(Worker).where(Worker.executor_id.in_(gone), Worker.seen_at < utc_now() - DEAD_AFTER))
    for executor_id in (executor_id for executor_id, pending in left.items() if pending):
        handles = DBOS._recover_pending_workflows([executor_id])  # noqa: SLF001 - no public way; pinned, and held by the kill tests
        _TAKEN_OVER.inc(len(handles))
        _log.warning("work_taken_over", dead=executor_id, pieces=len(handles))


def _has_pending(session: Session, executor_id: str) -> bool:
    query = text("select exists(select 1 from work.workflow_status where executor_id = :id and status = 'PENDING')")
    return bool(session.scalar(query, {"id": executor_id}))


_CANCEL = text("update work.workflow_status set status = 'CANCELLED' where workflow_uuid = :id")


def _rest_the_hopeless(database: Database) -> None:
    """Work that took its process down time and again is shown to a person instead of being tried for ever."""
    query = text(
        "select workflow_uuid, name, i.inputs from work.workflow_status join work.workflow_input i using (workflow_uuid) "
        "where status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' "
        "and workflow_uuid not in (select workflow_id from avasanj.stuck_work)"
    )
    with database.transaction() as session:
        for workflow_id, name, inputs in session.execute(query).all():
            subject = _first_uuid(str(inputs))
            reason = f"The process died {pipeline.MAX_RECOVERY_ATTEMPTS} times at this work. Look at its log before starting it again."
            if name == DELIVER.name:  # its events keep their place; resuming the connection sends them
                pipeline.pause_connection(session, workflow_id, DELIVER, subject, reason)
                session.execute(_CANCEL, {"id": workflow_id})
            elif name == TRANSCRIBE_AGAIN.name:  # whoever asked for it sees why it didn't come
                versions.gave_up(session, uuid.UUID(subject), reason)
                session.execute(_CANCEL, {"id": workflow_id})
            else:
                stuck.record(session, workflow_id, name, subject, reason)


def _first_uuid(inputs: str) -> str:
    for part in inputs.replace('"', " ").replace(":", " ").split():
        try:
            return str(uuid.UUID(part))
        except ValueError:
            continue
    return inputs


def _forget_done(database: Database) -> None:
    cutoff_ms = int((utc_now() - _KEEP_DONE).timestamp() * 1000)
    query = text(
        "select workflow_uuid from work.workflow_status where status in ('SUCCESS', 'ERROR', 'CANCELLED') "
        "and updated_at < :cutoff limit :most"
    )
    while True:
        with database.transaction() as session:
            keys = session.scalars(query, {"cutoff": cutoff_ms, "most": _FORGET_AT_ONCE}).all()
            work.forget(session, keys)
        if len(keys) < _FORGET_AT_ONCE:
            return
