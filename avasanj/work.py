"""Starting work by name: a room asks for a job in its own transaction and never knows who does it.

Each job has a key; asking twice with one key starts it once. The jobs themselves are in `avasanj/pipeline.py`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer
from dbos._client import EnqueueOptions
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

#: Work is recovered by processes of the same version; a deploy keeps it unless a job's shape changes.
APPLICATION_VERSION = "1"
APPLICATION_NAME = "avasanj"
#: Schema of the pipeline's own tables, in the same database, so that work starts in the caller's transaction.
WORK_SCHEMA = "work"


class Queue(enum.StrEnum):
    """Where jobs wait. A worker takes from those it is told to."""

    INTAKE = "intake"
    SPEECH = "speech"
    #: other transcripts of calls that have one: taken by whoever takes speech, one at a time, so that it stays free for new calls
    AGAIN = "again"
    SCORING = "scoring"
    SYNC = "sync"


#: The queues that somebody must take from for calls to be understood; AGAIN goes with SPEECH.
NEEDED = tuple(queue for queue in Queue if queue is not Queue.AGAIN)


@dataclass(frozen=True, kw_only=True)
class Job:
    """A kind of work. `partitioned` jobs of one partition run one after the other, in the order asked for."""

    name: str
    queue: Queue
    partitioned: bool = False


INTAKE = Job(name="intake", queue=Queue.INTAKE)
TRANSCRIBE = Job(name="transcribe", queue=Queue.SPEECH)
#: its subject is what was asked for (`Rehearing`), not the call
TRANSCRIBE_AGAIN = Job(name="transcribe_again", queue=Queue.AGAIN)
SCORE = Job(name="score", queue=Queue.SCORING)
#: some calls' topics by the list in use; its subject is what was asked for
TOPICS_AGAIN = Job(name="topics_again", queue=Queue.SCORING)
SYNC = Job(name="sync", queue=Queue.INTAKE)
DELIVER = Job(name="deliver", queue=Queue.SYNC, partitioned=True)

URGENT, NORMAL, LATER = 1, 100, 10_000

#: How often a worker looks at a queue: each look costs about 6 ms of processor, whether anything waits or not.
IDLE_LOOK_S, BUSY_LOOK_S = 3.0, 0.3
_PACE = text(  # the schema's name is a constant
    f"update {WORK_SCHEMA}.queues set polling_interval_sec = :pace where polling_interval_sec <> :pace"  # noqa: S608
)
_HASTEN = text(
    f"update {WORK_SCHEMA}.workflow_status set priority = :priority "  # noqa: S608 - a constant
    "where status in ('ENQUEUED', 'DELAYED') and priority > :priority "
    "and (workflow_uuid = any(:keys) or workflow_uuid like any(:later))"
)
_ASKED = text(
    f"select exists(select 1 from {WORK_SCHEMA}.workflow_status "  # noqa: S608 - a constant
    "where name = :name and status in ('ENQUEUED', 'DELAYED', 'PENDING'))"
)
_BUSY = text(
    f"select exists(select 1 from {WORK_SCHEMA}.workflow_status where status in ('ENQUEUED', 'PENDING'))"  # noqa: S608 - a constant
)


def enqueue(
    session: Session,
    job: Job,
    *arguments: str,
    key: str,
    partition: str | None = None,
    priority: int = NORMAL,
    delay_s: float = 0.0,
) -> None:
    """Ask for `job` in the session's transaction: it is there if and only if the transaction commits.

    `key` is the workflow's id: a second call with it changes nothing. A lower `priority` goes first.
    """
    options: EnqueueOptions = {
        "workflow_name": job.name,
        "queue_name": job.queue,
        "workflow_id": key,
        "app_version": APPLICATION_VERSION,
        "application_name": APPLICATION_NAME,
    }
    if job.partitioned:
        options["queue_partition_key"] = partition or key
    else:
        options["priority"] = priority
    if delay_s > 0:
        options["delay_seconds"] = delay_s
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    _client(engine.url.render_as_string(hide_password=False)).enqueue_in_transaction(session, options, *arguments)
    session.execute(_PACE, {"pace": BUSY_LOOK_S})


def hasten(session: Session, subject_id: object) -> None:
    """Let what waits for this subject (a call) go before the rest of its queue."""
    keys = [f"{job.name}:{subject_id}" for job in (INTAKE, TRANSCRIBE, SCORE, SYNC)]
    session.execute(_HASTEN, {"priority": URGENT, "keys": keys, "later": [f"{key}:%" for key in keys]})
    session.execute(_PACE, {"pace": BUSY_LOOK_S})


def set_pace(session: Session) -> None:
    """Have the queues looked at often while there is work, seldom when there is none. `enqueue` hastens them too."""
    session.execute(_PACE, {"pace": BUSY_LOOK_S if session.scalar(_BUSY) else IDLE_LOOK_S})


def forget(session: Session, keys: Sequence[str]) -> None:
    """Take work with these keys away, with all that the engine remembers of it: a key can then be used anew."""
    for table in ("workflow_input", "workflow_output", "operation_outputs", "workflow_status"):  # no foreign keys there
        statement = f"delete from {WORK_SCHEMA}.{table} where workflow_uuid = any(:keys)"  # noqa: S608 - constants
        session.execute(text(statement), {"keys": [*keys]})


def is_asked_for(session: Session, job: Job) -> bool:
    """Whether any work of this kind waits or is being done."""
    return bool(session.scalar(_ASKED, {"name": job.name}))


def prepare(url: str) -> None:
    """Make or update the tables in which jobs wait."""
    DBOS.migrate(url, schema=WORK_SCHEMA)


@functools.cache
def _client(url: str) -> DBOSClient:
    return DBOSClient(
        system_database_url=url,
        dbos_system_schema=WORK_SCHEMA,
        serializer=DBOSPortableJSONSerializer(),
        use_listen_notify=False,
        lazy=True,
        application_name=APPLICATION_NAME,
    )
