"""Sending what is ready for one customer at one connection, in order, each event until it is taken or given up."""

from __future__ import annotations

import datetime
import random
import uuid
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.errors import SettingsError
from avasanj.notify import announce
from avasanj.settings import Settings
from crm_sync import connections, outbox
from crm_sync.clients.webhook import Outcome, Reply, send
from crm_sync.tables import Connection, OutboxEvent

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 3600.0
_SENT = Counter("avasanj_webhook_attempts_total", "Attempts to deliver an event, by outcome.", ["outcome"])


@dataclass(frozen=True, kw_only=True)
class _Parcel:
    row: int
    event_id: str
    url: str
    payload: dict[str, Any]


def deliver(settings: Settings, database: Database, connection_id: str, partition: str) -> None:
    """Send until nothing is left, or the next event must wait (then its time to try again is already arranged).

    An attempt is written down before it is made. Killed in between, it is made again with the same event id, by which
    the receiver knows that it has it.
    """
    if settings.webhook_url is None:
        with database.transaction() as session:
            connections.pause(session, uuid.UUID(connection_id), connections.NO_ADDRESS)
        return
    while parcel := _take(database, uuid.UUID(connection_id), partition):
        secret = settings.webhook_secret
        if secret is None:
            raise SettingsError("Events wait to be signed: set AVASANJ_WEBHOOK_SECRET (whsec_ and base64).")
        reply = send(
            parcel.url, secret.get_secret_value(), parcel.event_id, parcel.payload, timeout_s=settings.webhook_timeout_s
        )
        _SENT.labels(reply.outcome.value).inc()
        _note(settings, database, parcel.row, reply)


def pause_s(attempts: int) -> float:
    """Seconds until the next attempt: doubling from 5 s to an hour, with jitter (half of it at least), so that a
    receiver that comes back isn't met by everybody at once.
    """
    longest = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 20))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreading load, not hiding anything


def _take(database: Database, connection_id: uuid.UUID, partition: str) -> _Parcel | None:
    with database.transaction() as session:
        connection = session.get_one(Connection, connection_id)
        if connection.state != connections.ACTIVE:
            return None
        event = outbox.head(session, connection_id, partition)
        if event is None or (event.next_try_at and event.next_try_at > utc_now()):
            return None
        event.state, event.attempts = outbox.SENDING, event.attempts + 1
        assert event.payload is not None
        return _Parcel(row=event.id, event_id=str(event.event_id), url=connection.url, payload=event.payload)


def _give_up(session: Session, settings: Settings, connection: Connection, event: OutboxEvent, reply: Reply) -> None:
    """An event that fails while others arrive rests alone; where none arrives the receiver is down, and all keep their place."""
    if connection.failures < settings.webhook_attempts:
        event.state = outbox.DEAD
        return
    event.state = outbox.READY
    connections.pause(session, connection.id, f"{event.attempts} tries failed, the last with: {reply.said}")


def _note(settings: Settings, database: Database, row: int, reply: Reply) -> None:
    with database.transaction() as session:
        event = session.get_one(OutboxEvent, row)
        connection = session.get_one(Connection, event.connection_id, with_for_update=True)
        session.refresh(event, with_for_update=True)
        if event.state == outbox.DELIVERED:
            return  # by a worker that took this one for dead: the receiver has it, whatever it said here
        event.last_reply = reply.said
        if reply.outcome is Outcome.DELIVERED:
            event.state, event.delivered_at, event.next_try_at = outbox.DELIVERED, utc_now(), None
            if connection.failures:
                connection.failures, connection.detail = 0, None
                announce(session, "connection", connection.id)
            return
        connection.failures, connection.detail = connection.failures + 1, reply.said
        announce(session, "connection", connection.id)
        if reply.outcome is Outcome.REFUSED:
            event.state = outbox.READY
            connections.pause(session, connection.id, reply.said)
        elif reply.outcome is Outcome.REJECTED:
            event.state = outbox.DEAD
        elif event.attempts >= settings.webhook_attempts:
            _give_up(session, settings, connection, event, reply)
        else:
            wait_s = max(reply.retry_after_s or 0.0, pause_s(event.attempts))
            event.state, event.next_try_at = outbox.READY, utc_now() + datetime.timedelta(seconds=wait_s)
            connections.kick(
                session,
                connection.id,
                event.partition,
                key=f"{event.id}:{event.attempts}:{event.next_try_at.timestamp():.0f}",
                delay_s=wait_s,
            )
