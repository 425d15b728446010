"""Customers, what we owe them, and what goes out to other systems."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from avasanj.database import Base, utc_now

SCHEMA = "crm_sync"


class Customer(Base):
    """A person or firm that calls. Known by its numbers; named when somebody knows the name."""

    __tablename__ = "customer"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str | None]
    sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)

    phones: Mapped[list[CustomerPhone]] = relationship(lazy="raise_on_sql", cascade="all, delete-orphan")


class CustomerPhone(Base):
    """A number of a customer. Several customers may share one; then a person decides whose call it was."""

    __tablename__ = "customer_phone"
    __table_args__ = (Index("ix_customer_phone_e164", "e164"), {"schema": SCHEMA})

    customer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.customer.id", ondelete="CASCADE"), primary_key=True
    )
    e164: Mapped[str] = mapped_column(String(20), primary_key=True)


class TimelineEntry(Base):
    """One call on a customer's record: one call, one customer, one entry. `customer_id` is None while a person must choose."""

    __tablename__ = "timeline"
    __table_args__ = {"schema": SCHEMA}

    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"), primary_key=True)
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.customer.id"), index=True)
    candidates: Mapped[list[str]] = mapped_column(default=list)  #: ids of customers who share the number
    at: Mapped[datetime.datetime]  #: the call's start: the order in which a customer's calls leave for other systems


class FollowUp(Base):
    """Something owed to a customer: what, why, by whom, until when."""

    __tablename__ = "follow_up"
    __table_args__ = (
        UniqueConstraint("call_id", "rule"),
        Index("ix_follow_up_state", "state", "due_at"),
        {"schema": SCHEMA},
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    customer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey(f"{SCHEMA}.customer.id"))
    rule: Mapped[str] = mapped_column(String(40))  #: dissatisfied, promise, abandoned, manual
    #: message id of the catalogue and its values, so that it reads in either language
    reason: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(15), default="open")  #: open, done, dropped
    due_at: Mapped[datetime.datetime]
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id"))
    owner_name: Mapped[str | None]  #: the agent it falls to while no line says who that is
    note: Mapped[str | None]
    created_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    closed_at: Mapped[datetime.datetime | None]
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("avasanj.user.id"))
    closing_call_id: Mapped[uuid.UUID | None]  #: the call that proves it


class Connection(Base):
    """A system that receives events."""

    __tablename__ = "connection"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(20))  #: webhook
    url: Mapped[str]
    state: Mapped[str] = mapped_column(String(15), default="active")  #: active, paused
    detail: Mapped[str | None]  #: why it is paused or what failed last, in words for a person
    failures: Mapped[int] = mapped_column(default=0)  #: in a row
    changed_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)


class OutboxEvent(Base):
    """One event for one connection. Its place in the order is taken at intake, its content filled in when the call is scored."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("connection_id", "call_id", "kind"),
        Index("ix_outbox_order", "connection_id", "partition", "ordered_at", "id"),
        {"schema": SCHEMA},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: uuid5 of connection, call and kind: the same on every retry, the receiver's key against doubles
    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    connection_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(f"{SCHEMA}.connection.id", ondelete="CASCADE"))
    call_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("telephony.call.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))  #: e.g. call.scored
    partition: Mapped[str] = mapped_column(String(40))  #: the customer's id, or the call's where there is none
    ordered_at: Mapped[datetime.datetime]
    placed_at: Mapped[datetime.datetime] = mapped_column(default=utc_now)
    payload: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(String(15), default="placed")  #: placed, ready, sending, delivered, dead
    attempts: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime.datetime | None]
    last_reply: Mapped[str | None]  #: status and the beginning of the receiver's answer
    delivered_at: Mapped[datetime.datetime | None]
