"""How the product itself is: PBXs, workers, waiting work, stuck work, connections, records with holes, disk."""

from __future__ import annotations

import datetime
import importlib.metadata
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import distinct, func, select, text
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.people import StuckWork, Worker
from avasanj.work import NEEDED, WORK_SCHEMA
from dashboard.queries.outbox import ConnectionHealth, connections
from dashboard.queries.people import unmapped_count
from dashboard.recent import Recent
from scoring.tables import Evaluation, Mood
from telephony.tables import Call, Pbx, Recording

LOW_DISK_SHARE = 0.05
#: A worker beats every 8 s; after this long without a beat the others take its work over (avasanj.worker.DEAD_AFTER).
SILENT_AFTER = datetime.timedelta(seconds=30)
#: Counting goes through the whole ledger (0.4 s at 200,000 calls), so it is done once in this long.
TALLY_S = 5.0
RECENT = datetime.timedelta(days=7)
#: As it should be, or left alone because somebody wanted it so.
_WELL = {"connected", "paused"}


@dataclass(frozen=True, kw_only=True)
class QueueDepth:
    """Jobs that wait or run in one queue, and since when the oldest does."""

    name: str
    waiting: int
    running: int
    oldest_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True)
class WorkerHealth:
    """A process that takes work. `alive` while it has said so within SILENT_AFTER."""

    worker: Worker
    alive: bool

    @property
    def name(self) -> str:
        return self.worker.executor_id


@dataclass(frozen=True, kw_only=True)
class Disk:
    """The disk under the data folder, in bytes."""

    free: int
    total: int

    @property
    def low(self) -> bool:
        return self.free < self.total * LOW_DISK_SHARE


@dataclass(frozen=True, kw_only=True)
class CallCounts:
    total: int
    scored: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """What is wrong with the records of calls."""

    recordings: int  #: calls of the last 7 days with a recording that can't be used
    gaps: int  #: calls of which events were missed
    awaited: int  #: calls that wait for recordings whose place is away
    awaited_why: str | None  #: what is wrong with that place, as one of them says
    unmapped: int  #: lines on which somebody works, nobody has said who


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What is counted over the whole ledger."""

    counts: CallCounts
    flaws: Flaws


@dataclass(frozen=True, kw_only=True)
class Health:
    """Everything on the health page."""

    pbxs: list[Pbx]
    workers: list[WorkerHealth]
    queues: list[QueueDepth]
    stuck: list[StuckWork]
    connections: list[ConnectionHealth]
    disk: Disk
    counts: CallCounts
    flaws: Flaws
    version: str

    @property
    def unattended(self) -> list[str]:
        """Queues on which no living worker works: what waits there waits for ever."""
        attended = {queue for found in self.workers if found.alive for queue in found.worker.queues}
        return [queue for queue in NEEDED if queue not in attended]

    @property
    def living(self) -> int:
        return sum(found.alive for found in self.workers)

    @property
    def degraded(self) -> bool:
        lost = any(pbx.state not in _WELL or pbx.troubles for pbx in self.pbxs)
        paused = any(found.connection.state != "active" for found in self.connections)
        return lost or paused or bool(self.stuck or self.unattended or self.flaws.awaited) or self.disk.low

    @property
    def needs_person(self) -> bool:
        """Degraded, or other systems lack events until somebody sends them again."""
        return self.degraded or any(found.dead for found in self.connections)


def health(session: Session, data_dir: Path, recent: Recent[Tally]) -> Health:
    """Ask everything, but for the tally while `recent` has it. Raises SQLAlchemy's OperationalError when the database can't serve."""
    stuck = select(StuckWork).where(StuckWork.requeued_at.is_(None)).order_by(StuckWork.failed_at.desc()).limit(100)
    tally = recent.get(lambda: Tally(counts=counts(session), flaws=flaws(session)))
    return Health(
        pbxs=list(session.scalars(select(Pbx).order_by(Pbx.name))),
        workers=workers(session),
        queues=queues(session),
        stuck=list(session.scalars(stuck)),
        connections=connections(session),
        disk=disk(data_dir),
        counts=tally.counts,
        flaws=tally.flaws,
        version=version(),
    )


def counts(session: Session) -> CallCounts:
    """Calls in the ledger, those judged, and those on which work is stuck."""
    judged = select(Mood.call_id).union(select(Evaluation.call_id)).subquery()
    failed = select(func.count(distinct(StuckWork.subject_id))).where(
        StuckWork.requeued_at.is_(None), StuckWork.stage != "deliver"
    )
    return CallCounts(
        total=session.scalar(select(func.count()).select_from(Call)) or 0,
        scored=session.scalar(select(func.count()).select_from(judged)) or 0,
        failed=session.scalar(failed) or 0,
    )


def flaws(session: Session) -> Flaws:
    """What is wrong with the records of calls themselves."""
    recent = (Call.started_at >= utc_now() - RECENT, Recording.problem.is_not(None))
    broken = select(func.count(distinct(Recording.call_id))).join(Call, Call.id == Recording.call_id).where(*recent)
    holes = select(
        func.count().filter(Call.complete.is_(False)),
        func.count(Call.recordings_problem),
        func.max(Call.recordings_problem),
    )
    gaps, awaited, why = session.execute(holes).one()
    return Flaws(
        recordings=session.scalar(broken) or 0,
        gaps=gaps,
        awaited=awaited,
        awaited_why=why,
        unmapped=unmapped_count(session, utc_now()),
    )


def workers(session: Session) -> list[WorkerHealth]:
    """Processes that take work, by name; one that ended as it should is not among them."""
    alive_since = utc_now() - SILENT_AFTER
    found = session.scalars(select(Worker).order_by(Worker.executor_id))
    return [WorkerHealth(worker=worker, alive=worker.seen_at >= alive_since) for worker in found]


def queues(session: Session) -> list[QueueDepth]:
    """What waits in the pipeline's queues, read from its own table (the engine has no cheaper way to ask)."""
    rows = session.execute(
        text(
            f"select queue_name, count(*) filter (where status in ('ENQUEUED', 'DELAYED')) as waiting,"  # noqa: S608 - a constant
            f" count(*) filter (where status = 'PENDING') as running, min(created_at) as oldest_ms"
            f" from {WORK_SCHEMA}.workflow_status where status in ('ENQUEUED', 'DELAYED', 'PENDING') and queue_name is not null"
            " group by queue_name order by queue_name"
        )
    )
    return [
        QueueDepth(
            name=row.queue_name,
            waiting=row.waiting,
            running=row.running,
            oldest_at=datetime.datetime.fromtimestamp(row.oldest_ms / 1000, datetime.UTC) if row.oldest_ms else None,
        )
        for row in rows
    ]


def disk(data_dir: Path) -> Disk:
    """The disk that holds the data folder (or the nearest folder above it that exists)."""
    folder = next(place for place in (data_dir, *data_dir.parents) if place.exists())
    usage = shutil.disk_usage(folder)
    return Disk(free=usage.free, total=usage.total)


def version() -> str:
    try:
        return importlib.metadata.version("avasanj")
    except importlib.metadata.PackageNotFoundError:
        return "0+checkout"
