"""How the product itself is: PBXs, waiting work, stuck work, connections, disk."""

from __future__ import annotations

import datetime
import importlib.metadata
import shutil
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import distinct, func, select, text
from sqlalchemy.orm import Session

from avasanj.people import StuckWork
from avasanj.work import WORK_SCHEMA
from crm_sync.tables import Connection, OutboxEvent
from scoring.tables import Evaluation, Mood
from telephony.tables import Call, Pbx

LOW_DISK_SHARE = 0.05
_WELL = {"connected"}


@dataclass(frozen=True, kw_only=True)
class QueueDepth:
    """Jobs that wait or run in one queue, and since when the oldest does."""

    name: str
    waiting: int
    running: int
    oldest_at: datetime.datetime | None


@dataclass(frozen=True, kw_only=True)
class ConnectionHealth:
    """A system that receives events, with how many wait and what it last said."""

    connection: Connection
    waiting: int
    dead: int
    last_reply: str | None
    last_delivered_at: datetime.datetime | None


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
class Health:
    """Everything on the health page."""

    pbxs: list[Pbx]
    queues: list[QueueDepth]
    stuck: list[StuckWork]
    connections: list[ConnectionHealth]
    disk: Disk
    counts: CallCounts
    version: str

    @property
    def degraded(self) -> bool:
        lost = any(pbx.state not in _WELL for pbx in self.pbxs)
        paused = any(found.connection.state != "active" for found in self.connections)
        return lost or paused or bool(self.stuck) or self.disk.low


def health(session: Session, data_dir: Path) -> Health:
    """Ask everything. Raises SQLAlchemy's OperationalError when the database can't serve."""
    stuck = select(StuckWork).where(StuckWork.requeued_at.is_(None)).order_by(StuckWork.failed_at.desc()).limit(100)
    return Health(
        pbxs=list(session.scalars(select(Pbx).order_by(Pbx.name))),
        queues=queues(session),
        stuck=list(session.scalars(stuck)),
        connections=[
            _connection(session, found) for found in session.scalars(select(Connection).order_by(Connection.name))
        ],
        disk=disk(data_dir),
        counts=counts(session),
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


def _connection(session: Session, connection: Connection) -> ConnectionHealth:
    own = OutboxEvent.connection_id == connection.id
    waiting = func.count().filter(OutboxEvent.state.in_(("placed", "ready", "sending")))
    row = session.execute(
        select(waiting, func.count().filter(OutboxEvent.state == "dead"), func.max(OutboxEvent.delivered_at)).where(own)
    ).one()
    tried = select(OutboxEvent.last_reply).where(own, OutboxEvent.last_reply.is_not(None))
    latest = func.coalesce(OutboxEvent.delivered_at, OutboxEvent.next_try_at).desc().nulls_last()
    last = session.scalar(tried.order_by(latest, OutboxEvent.id.desc()).limit(1))
    return ConnectionHealth(
        connection=connection, waiting=row[0], dead=row[1], last_reply=last, last_delivered_at=row[2]
    )
