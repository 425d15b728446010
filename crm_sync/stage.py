"""The CRM's part in a call's life: a place in the customer's record at intake, and what follows once it is understood."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from avasanj.database import Database, utc_now
from avasanj.notify import announce
from avasanj.phone import to_e164
from avasanj.settings import Settings
from crm_sync import connections, customers, followups, outbox
from crm_sync.events import call_event
from crm_sync.rules import CallFacts, Promise, decide
from crm_sync.tables import Customer, FollowUp, OutboxEvent, TimelineEntry
from scoring.tables import Evaluation, Mood
from telephony.tables import AgentSpan, Call, Direction, Source


def place(settings: Settings, database: Database, call_id: uuid.UUID) -> None:
    """Put a call on its customer's timeline and take its place in each connection's order.

    A number shared by several customers leaves the entry without one, with the candidates, for a person to decide.
    """
    with database.transaction() as session:
        call = session.get_one(Call, call_id)
        found = _customers(settings, session, call)
        row = {
            "call_id": call.id,
            "at": call.started_at,
            "customer_id": found[0].id if len(found) == 1 else None,
            "candidates": [str(customer.id) for customer in found] if len(found) > 1 else [],
        }
        session.execute(insert(TimelineEntry).values(row).on_conflict_do_nothing())
        entry = session.get_one(TimelineEntry, call_id)
        if _leaves_the_house(settings, call):
            for connection in connections.from_settings(session, settings):
                outbox.place(session, connection.id, entry)
        announce(session, "call", call_id)


def sync(settings: Settings, database: Database, call_id: uuid.UUID) -> None:
    """Open what is owed after a call, close what it settles, and hand its event to the connections."""
    with database.transaction() as session:
        call = session.get_one(Call, call_id, options=[selectinload(Call.spans)])
        entry = session.get_one(TimelineEntry, call_id)
        if entry.customer_id:  # one call of a customer after the other: what is owed depends on the calls around
            session.get_one(Customer, entry.customer_id, with_for_update={"key_share": True})
        mood = session.get(Mood, call_id)
        owed = decide(
            _facts(session, call, entry, mood),
            dissatisfied_above=settings.dissatisfied_above,
            within_h=settings.follow_up_within_h,
        )
        if not _is_history(settings, call):
            followups.open_all(session, call, entry.customer_id, owed)
        if entry.customer_id and call.disposition == "answered":
            followups.close_missed(session, entry.customer_id, call)
        _fill_outbox(settings, session, call, entry, mood)
        announce(session, "call", call_id)


def _leaves_the_house(settings: Settings, call: Call) -> bool:
    """Whether other systems are told: not of samples, of colleagues among themselves, or of what is long past."""
    return call.source != Source.SAMPLE and call.direction != Direction.INTERNAL and not _is_history(settings, call)


def _is_history(settings: Settings, call: Call) -> bool:
    """Whether a call was over so long before it was taken in that nothing can be owed for it any more."""
    if call.source != Source.IMPORTED:
        return False
    return (call.ended_at or call.started_at) < utc_now() - datetime.timedelta(days=settings.import_acts_within_days)


def _customers(settings: Settings, session: Session, call: Call) -> list[Customer]:
    own = {to_e164(number, settings.phone_region, settings.phone_area_code) for number in settings.own_numbers}
    if call.customer_e164 is None or call.customer_e164 in own or call.direction == "internal":
        return []
    return customers.find_or_create(session, call.customer_e164, _name(call), sample=call.source == Source.SAMPLE)


def _name(call: Call) -> str | None:
    """The caller's name as the PBX shows it, unless it is only the number again."""
    name = (call.caller_name or "").strip()
    return name if call.direction == "inbound" and any(c.isalpha() for c in name) and name != "<unknown>" else None


def _facts(session: Session, call: Call, entry: TimelineEntry, mood: Mood | None) -> CallFacts:
    later = (
        select(TimelineEntry.call_id)
        .join(Call, Call.id == TimelineEntry.call_id)
        .where(
            TimelineEntry.customer_id == entry.customer_id,
            Call.started_at > call.started_at,
            Call.disposition == "answered",
        )
    )
    return CallFacts(
        direction=call.direction,
        disposition=call.disposition or "failed",
        ended_at=call.ended_at or call.started_at,
        wait_s=call.wait_s,
        has_number=call.customer_e164 is not None,
        dissatisfied=mood.dissatisfied if mood else None,
        promises=[_promise(call.spans, promise) for promise in mood.promises] if mood else [],
        reached_since=entry.customer_id is not None and session.scalar(later.limit(1)) is not None,
    )


def _promise(spans: list[AgentSpan], stored: dict[str, Any]) -> Promise:
    due_at = stored.get("due_at")
    last = spans[-1] if spans else None
    return Promise(
        words=stored["text"] or "",
        agent=(last.agent_name or last.interface or None) if last else None,
        user_id=last.user_id if last else None,
        due_at=datetime.datetime.fromisoformat(due_at) if due_at else None,
        meant=bool(stored.get("meant")),
    )


def _fill_outbox(settings: Settings, session: Session, call: Call, entry: TimelineEntry, mood: Mood | None) -> None:
    events = session.scalars(select(OutboxEvent).where(OutboxEvent.call_id == call.id)).all()
    if not events:
        return
    customer = customers.load(session, entry.customer_id) if entry.customer_id else None
    evaluations = session.scalars(
        select(Evaluation).where(Evaluation.call_id == call.id).order_by(Evaluation.span_position)
    ).all()
    owed = session.scalars(select(FollowUp).where(FollowUp.call_id == call.id)).all()
    for event in events:
        payload = call_event(
            event.event_id, call, customer, entry.candidates, mood, evaluations, owed, address=settings.address
        )
        outbox.fill(session, event, payload)
