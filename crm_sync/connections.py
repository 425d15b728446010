"""The systems that receive events, and whether they do."""

from __future__ import annotations

import uuid

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from avasanj import work
from avasanj.database import utc_now
from avasanj.notify import announce
from avasanj.settings import Settings
from crm_sync.tables import Connection, OutboxEvent

ACTIVE, PAUSED = "active", "paused"
_NAMESPACE = uuid.UUID("3d0f3c1e-52a8-4a2e-9e43-5b6cf2b5fd0c")
_WEBHOOK = "webhook"
NO_ADDRESS = (
    "AVASANJ_WEBHOOK_URL is no longer set: what waits stays here. Set it, and the next call's event takes all along."
)


def from_settings(session: Session, settings: Settings) -> list[Connection]:
    """The connections in use: for now the one webhook of the settings, remembered from its first use on.

    An address that was changed or put back is a person's mend: the connection works again.
    """
    if settings.webhook_url is None:
        return []
    row = {
        "id": uuid.uuid5(_NAMESPACE, _WEBHOOK),
        "name": _WEBHOOK,
        "kind": _WEBHOOK,
        "url": settings.webhook_url,
        "state": ACTIVE,
        "failures": 0,
        "changed_at": utc_now(),
    }
    session.execute(insert(Connection).values(row).on_conflict_do_nothing())
    connection = session.scalars(select(Connection).where(Connection.name == _WEBHOOK)).one()
    if connection.url != settings.webhook_url or (connection.state, connection.detail) == (PAUSED, NO_ADDRESS):
        connection.url = settings.webhook_url
        resume(session, connection.id)
    return [connection]


def pause(session: Session, connection_id: uuid.UUID, why: str) -> None:
    """Send nothing more until a person says so; what waits keeps its place."""
    connection = session.get_one(Connection, connection_id)
    connection.state, connection.detail, connection.changed_at = PAUSED, why, utc_now()
    announce(session, "connection", connection_id)


def resume(session: Session, connection_id: uuid.UUID) -> None:
    """Send again, everything that waits first."""
    connection = session.get_one(Connection, connection_id, with_for_update=True)
    connection.state, connection.detail, connection.failures, connection.changed_at = ACTIVE, None, 0, utc_now()
    waiting = (
        update(OutboxEvent)
        .where(OutboxEvent.connection_id == connection_id, OutboxEvent.state.in_(("ready", "sending")))
        .values(next_try_at=None, attempts=0)
        .returning(OutboxEvent.partition)
    )
    for partition in set(session.scalars(waiting)):
        kick(session, connection_id, partition, key=f"resume:{uuid.uuid4()}")
    announce(session, "connection", connection_id)


def kick(session: Session, connection_id: uuid.UUID, partition: str, *, key: str, delay_s: float = 0.0) -> None:
    """Ask for the delivery of what is ready for one customer at one connection."""
    work.enqueue(
        session,
        work.DELIVER,
        str(connection_id),
        partition,
        key=f"deliver:{key}",
        partition=f"{connection_id}:{partition}",
        delay_s=delay_s,
    )
