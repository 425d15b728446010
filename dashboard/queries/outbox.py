"""What waits for other systems: by connection, how much, since when, and what was given up."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_sync.tables import Connection, OutboxEvent

#: Given-up events that the page lists, newest first; it counts all of them.
MOST_DEAD = 20
_WAITS = OutboxEvent.state.in_(("placed", "ready", "sending"))


@dataclass(frozen=True, kw_only=True)
class ConnectionHealth:
    """A system that receives events: how many wait, which of those failed before, which were given up."""

    connection: Connection
    waiting: int
    retrying: int  #: of those that wait, have failed at least once
    dead: int
    oldest_retrying_at: datetime.datetime | None  #: when the oldest of these was placed
    next_try_at: datetime.datetime | None
    last_reply: str | None
    last_delivered_at: datetime.datetime | None
    given_up: list[OutboxEvent]

    @property
    def troubled(self) -> bool:
        return self.connection.state != "active" or self.dead > 0


def connections(session: Session) -> list[ConnectionHealth]:
    """Every connection, by name."""
    return [_connection(session, found) for found in session.scalars(select(Connection).order_by(Connection.name))]


def _connection(session: Session, connection: Connection) -> ConnectionHealth:
    own = OutboxEvent.connection_id == connection.id
    again = _WAITS & (OutboxEvent.attempts > 0)
    row = session.execute(
        select(
            func.count().filter(_WAITS),
            func.count().filter(again),
            func.count().filter(OutboxEvent.state == "dead"),
            func.min(OutboxEvent.placed_at).filter(again),
            func.min(OutboxEvent.next_try_at).filter(again),
        ).where(own, OutboxEvent.state != "delivered")
    ).one()
    tried = select(OutboxEvent.last_reply).where(own, OutboxEvent.last_reply.is_not(None))
    latest = func.coalesce(OutboxEvent.delivered_at, OutboxEvent.next_try_at).desc().nulls_last()
    given_up = select(OutboxEvent).where(own, OutboxEvent.state == "dead").order_by(OutboxEvent.ordered_at.desc())
    return ConnectionHealth(
        connection=connection,
        waiting=row[0],
        retrying=row[1],
        dead=row[2],
        oldest_retrying_at=row[3],
        next_try_at=row[4],
        last_reply=session.scalar(tried.order_by(latest, OutboxEvent.id.desc()).limit(1)),
        last_delivered_at=session.scalar(select(func.max(OutboxEvent.delivered_at)).where(own)),
        given_up=list(session.scalars(given_up.limit(MOST_DEAD))),
    )
