"""Customers, found by their numbers. A number that several share is decided by a person, never guessed."""

from __future__ import annotations

import uuid

from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session, selectinload

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from avasanj.people import AuditEntry
from crm_sync import outbox
from crm_sync.events import customer_of
from crm_sync.tables import Customer, CustomerPhone, FollowUp, TimelineEntry


def find(session: Session, e164: str) -> list[Customer]:
    """All customers with this number, oldest first."""
    query = select(Customer).join(CustomerPhone).where(CustomerPhone.e164 == e164).order_by(Customer.created_at)
    return list(session.scalars(query))


def find_or_create(session: Session, e164: str, name: str | None, *, sample: bool = False) -> list[Customer]:
    """The customers with this number; a new one, called `name`, where nobody has it yet.

    Two calls of one new number at the same moment make one customer: the number is locked until the commit.
    """
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:number, 0))"), {"number": e164})
    found = find(session, e164)
    if found:
        return found
    customer = Customer(name=name, sample=sample, phones=[CustomerPhone(e164=e164)])
    session.add(customer)
    session.flush()
    announce(session, "customer", customer.id)
    return [customer]


def load(session: Session, customer_id: uuid.UUID) -> Customer:
    """A customer with their numbers. Raises InputError when there is none with this id."""
    customer = session.get(Customer, customer_id, options=[selectinload(Customer.phones)])
    if customer is None:
        raise InputError(
            N_("There is no customer %(customer)s. The record may have been removed; open the list again."),
            customer=customer_id,
        )
    return customer


def rename(session: Session, customer_id: uuid.UUID, name: str) -> None:
    """Give a customer the name that people know them by; an empty one takes it away."""
    load(session, customer_id).name = name.strip() or None
    announce(session, "customer", customer_id)


def add_phone(session: Session, customer_id: uuid.UUID, e164: str) -> None:
    """One more number of a customer; adding it twice changes nothing."""
    customer = load(session, customer_id)
    if e164 not in {phone.e164 for phone in customer.phones}:
        customer.phones.append(CustomerPhone(e164=e164))
        announce(session, "customer", customer_id)


def remove_phone(session: Session, customer_id: uuid.UUID, e164: str) -> None:
    """Take a number away, for instance when it passed to somebody else; the calls stay where they are."""
    session.execute(delete(CustomerPhone).where(CustomerPhone.customer_id == customer_id, CustomerPhone.e164 == e164))
    announce(session, "customer", customer_id)


def choose(session: Session, call_id: uuid.UUID, customer_id: uuid.UUID, user_id: uuid.UUID | None) -> None:
    """A person says whose call it was, where the number alone could not.

    Raises InputError for a customer who does not share the number.
    """
    entry = session.get_one(TimelineEntry, call_id)
    if str(customer_id) not in entry.candidates:
        raise InputError(
            N_("Customer %(customer)s does not share the number of call %(call)s. Choose one of those offered."),
            customer=customer_id,
            call=call_id,
        )
    entry.customer_id = customer_id
    session.execute(update(FollowUp).where(FollowUp.call_id == call_id).values(customer_id=customer_id))
    outbox.name_customer(session, call_id, customer_of(load(session, customer_id)))
    detail = {"customer": str(customer_id)}
    session.add(AuditEntry(user_id=user_id, action="choose_customer", subject=str(call_id), detail=detail))
    announce(session, "call", call_id)
    announce(session, "customer", customer_id)
