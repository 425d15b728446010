"""Whose call it was: the customer as the head of a call's page has them, or those who share its number."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_sync.tables import Customer, TimelineEntry
from scoring.tables import Mood
from telephony.tables import Call


@dataclass(frozen=True, kw_only=True)
class CustomerFacts:
    """Who called: what the head of the page says about them. `last_unhappy` is None when nothing is known of the call before."""

    customer: Customer
    calls: int
    last_dissatisfied: float | None


def facts_of(session: Session, entry: TimelineEntry, call: Call) -> CustomerFacts | None:
    customer = session.get(Customer, entry.customer_id) if entry.customer_id else None
    if customer is None:
        return None
    theirs = TimelineEntry.customer_id == customer.id
    before = (
        select(Mood.dissatisfied)
        .join(TimelineEntry, TimelineEntry.call_id == Mood.call_id)
        .where(theirs, TimelineEntry.at < call.started_at)
        .order_by(TimelineEntry.at.desc())
        .limit(1)
    )
    calls = session.scalar(select(func.count()).select_from(TimelineEntry).where(theirs)) or 0
    return CustomerFacts(customer=customer, calls=calls, last_dissatisfied=session.scalar(before))


def candidates_of(session: Session, entry: TimelineEntry) -> list[Customer]:
    if entry.customer_id is not None or not entry.candidates:
        return []
    ids = [uuid.UUID(found) for found in entry.candidates]
    return list(
        session.scalars(select(Customer).where(Customer.id.in_(ids)).order_by(Customer.name, Customer.created_at))
    )
