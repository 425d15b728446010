"""One customer: numbers, calls, how they felt over time."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from crm_sync.tables import Customer, TimelineEntry
from dashboard.access import Person, visible_calls
from dashboard.queries.calls import CallRow, rows_of
from dashboard.queries.follow_ups import FollowUpRow, owed
from telephony.tables import Call


@dataclass(frozen=True, kw_only=True)
class CustomerDetail:
    """A customer's story, newest call first."""

    customer: Customer
    numbers: list[str]
    calls: list[CallRow]
    owed: list[FollowUpRow]


def detail(session: Session, who: Person, customer_id: uuid.UUID) -> CustomerDetail | None:
    """The customer, or None where there is none or an agent has never spoken with them."""
    customer = session.scalars(
        select(Customer).where(Customer.id == customer_id).options(selectinload(Customer.phones))
    ).first()
    if customer is None:
        return None
    theirs = select(TimelineEntry.call_id).where(TimelineEntry.customer_id == customer_id)
    calls = rows_of(session, who, Call.id.in_(theirs) & visible_calls(who))
    if not calls and not who.supervises:
        return None
    return CustomerDetail(
        customer=customer,
        numbers=sorted(phone.e164 for phone in customer.phones),
        calls=calls,
        owed=owed(session, who, customer_id),
    )
