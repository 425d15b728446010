"""Events on their way out: a place taken at intake, content when the call is understood, sent in the order of the calls."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, defer

from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from crm_sync.connections import kick
from crm_sync.tables import OutboxEvent, TimelineEntry

PLACED, READY, SENDING, DELIVERED, DEAD = "placed", "ready", "sending", "delivered", "dead"
CALL, CUSTOMER = "call", "customer"
CUSTOMER_CHOSEN = "avasanj.call.customer_chosen.v1"
_NAMESPACE = uuid.UUID("9b6f2a57-0f0c-4f3f-8d3a-8f6b9a1d7c11")
#: A call that has not been understood after this long no longer holds up its customer's later ones.
PATIENCE = datetime.timedelta(hours=1)


def place(session: Session, connection_id: uuid.UUID, entry: TimelineEntry) -> None:
    """Take the call's place in its customer's order. Again for the same call: no change."""
    row = {
        "event_id": uuid.uuid5(_NAMESPACE, f"{connection_id}\n{entry.call_id}\n{CALL}"),
        "connection_id": connection_id,
        "call_id": entry.call_id,
        "kind": CALL,
        "state": PLACED,
        "attempts": 0,
        "partition": str(entry.customer_id or entry.call_id),
        "ordered_at": entry.at,
        "placed_at": utc_now(),
    }
    session.execute(insert(OutboxEvent).values(row).on_conflict_do_nothing())


def fill(session: Session, event: OutboxEvent, payload: dict[str, Any]) -> None:
    """Give an event its content and ask for its delivery; one that has its content keeps it."""
    if event.state != PLACED:
        return
    event.payload, event.state = payload, READY
    kick(session, event.connection_id, event.partition, key=f"{event.id}:0")


def head(session: Session, connection_id: uuid.UUID, partition: str) -> OutboxEvent | None:
    """The next event of a customer, locked; None when there is none or its turn has not come."""
    waiting = select(OutboxEvent).where(
        OutboxEvent.connection_id == connection_id,
        OutboxEvent.partition == partition,
        OutboxEvent.state.in_((PLACED, READY, SENDING)),
    )
    waiting = waiting.options(defer(OutboxEvent.payload))
    for event in session.scalars(waiting.order_by(OutboxEvent.ordered_at, OutboxEvent.id).with_for_update()):
        if event.state != PLACED:
            return event
        if utc_now() - event.placed_at < PATIENCE:
            # Filling that one in asks for a delivery; should it never be filled, this one looks again after its patience.
            kick(session, connection_id, partition, key=f"{event.id}:patience", delay_s=PATIENCE.total_seconds() + 1)
            return None
    return None


def name_customer(session: Session, call_id: uuid.UUID, customer: dict[str, Any]) -> None:
    """A person has said whose call it was. An event that has not left yet says so; after one that has, another follows.

    `customer` is the event's customer, as `events.customer_of` gives it.
    """
    query = select(OutboxEvent).where(OutboxEvent.call_id == call_id, OutboxEvent.kind == CALL).with_for_update()
    for event in session.scalars(query):
        if event.state == PLACED:
            event.partition = customer["id"]
        elif event.payload is not None:
            told = OutboxEvent(
                event_id=uuid.uuid5(_NAMESPACE, f"{event.connection_id}\n{call_id}\n{CUSTOMER}\n{customer['id']}"),
                connection_id=event.connection_id,
                call_id=call_id,
                kind=f"{CUSTOMER}:{customer['id']}",
                state=READY,
                partition=event.partition,
                ordered_at=event.ordered_at,
            )
            data = event.payload["data"] | {"customer": customer, "customer_candidates": []}
            told.payload = event.payload | {"id": str(told.event_id), "type": CUSTOMER_CHOSEN, "data": data}
            session.add(told)
            session.flush()
            kick(session, told.connection_id, told.partition, key=f"{told.id}:0")


def replay(session: Session, event_id: int) -> None:
    """Send an event again that had been given up. Raises InputError for one that was not."""
    event = session.get_one(OutboxEvent, event_id, with_for_update=True)
    if event.state != DEAD:
        raise InputError(N_("This event has not been given up: there is nothing to send again."))
    event.state, event.attempts, event.next_try_at = READY, 0, None
    kick(session, event.connection_id, event.partition, key=f"{event.id}:replay:{uuid.uuid4()}")
    announce(session, "connection", event.connection_id)
