"""What is owed to customers, in the order in which it is due."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, tuple_
from sqlalchemy.orm import Session

from avasanj.people import User
from crm_sync.tables import Customer, FollowUp
from dashboard.access import Person, owned, visible_follow_ups
from telephony.tables import Call, Source

PAGE_ROWS = 100


@dataclass(frozen=True, kw_only=True)
class FollowUpRow:
    """One follow-up with whom it is for and whose it is."""

    follow_up: FollowUp
    call: Call
    customer_name: str | None
    owner: str | None
    mine: bool
    late_s: float

    @property
    def late(self) -> bool:
        return self.late_s > 0


@dataclass(frozen=True, kw_only=True)
class FollowUpPage:
    """One page of the list; `cursor` opens the next one, where the `more` others begin; None at the end."""

    rows: list[FollowUpRow]
    cursor: str | None
    more: int


def page(session: Session, who: Person, *, whose: str, state: str, cursor: str = "") -> FollowUpPage:
    """Follow-ups in due order. `whose` is mine, nobody or all; `state` is open or closed (the last closed first).

    Raises ValueError for a cursor that is none.
    """
    is_open = state == "open"
    at = FollowUp.due_at if is_open else FollowUp.closed_at
    wanted = _wanted(who, whose=whose, is_open=is_open)
    if cursor:
        key, last = tuple_(at, FollowUp.id), _place(cursor)
        wanted = and_(wanted, key > last if is_open else key < last)
    order = (at, FollowUp.id) if is_open else (at.desc(), FollowUp.id.desc())
    rows = (
        select(FollowUp, Call, func.coalesce(Customer.name, Call.caller_name), User.name, owned(who))
        .join(Call, Call.id == FollowUp.call_id)
        .outerjoin(Customer, Customer.id == FollowUp.customer_id)
        .outerjoin(User, User.id == FollowUp.owner_id)
        .where(wanted)
        .order_by(*order)
        .limit(PAGE_ROWS)
    )
    found = [_row(who, *row) for row in session.execute(rows)]
    count = session.scalar(select(func.count()).select_from(FollowUp).where(wanted)) or 0
    last_one = found[-1].follow_up if count > len(found) else None
    last_at = last_one and (last_one.due_at if is_open else last_one.closed_at)
    return FollowUpPage(
        rows=found,
        cursor=f"{last_at.isoformat()}_{last_one.id}" if last_one and last_at else None,
        more=count - len(found),
    )


def one(session: Session, who: Person, follow_up_id: uuid.UUID) -> FollowUp | None:
    """The follow-up, or None where there is none that this person may act on."""
    return session.scalars(select(FollowUp).where(FollowUp.id == follow_up_id, visible_follow_ups(who))).first()


def late_count(session: Session, who: Person) -> int:
    """How many are past their time: what the navigation shows in red. To nobody is anything owed for a sample call."""
    late = (
        select(func.count())
        .select_from(FollowUp)
        .join(Call, Call.id == FollowUp.call_id)
        .where(FollowUp.state == "open", FollowUp.due_at < who.now, Call.source != Source.SAMPLE)
        .where(visible_follow_ups(who))
    )
    return session.scalar(late) or 0


def owed(session: Session, who: Person, customer_id: uuid.UUID) -> list[FollowUpRow]:
    """Open follow-ups of one customer."""
    rows = (
        select(FollowUp, Call, Customer.name, User.name, owned(who))
        .join(Call, Call.id == FollowUp.call_id)
        .outerjoin(Customer, Customer.id == FollowUp.customer_id)
        .outerjoin(User, User.id == FollowUp.owner_id)
        .where(FollowUp.customer_id == customer_id, FollowUp.state == "open", visible_follow_ups(who))
        .order_by(FollowUp.due_at)
    )
    return [_row(who, *found) for found in session.execute(rows)]


def due_choices(now: datetime.datetime) -> dict[str, datetime.datetime]:
    """When something can be promised for, without typing a date in either calendar."""
    return {
        "1h": now + datetime.timedelta(hours=1),
        "4h": now + datetime.timedelta(hours=4),
        "1d": now + datetime.timedelta(days=1),
        "3d": now + datetime.timedelta(days=3),
        "7d": now + datetime.timedelta(days=7),
    }


def _wanted(who: Person, *, whose: str, is_open: bool) -> ColumnElement[bool]:
    wanted = [visible_follow_ups(who), FollowUp.state == "open" if is_open else FollowUp.state != "open"]
    if whose == "mine":
        wanted.append(owned(who))
    elif whose == "nobody":
        wanted.append(FollowUp.owner_id.is_(None))
    return and_(*wanted)


def _place(cursor: str) -> tuple[datetime.datetime, uuid.UUID]:
    at, _, follow_up_id = cursor.partition("_")
    return datetime.datetime.fromisoformat(at), uuid.UUID(follow_up_id)


def _row(
    who: Person, follow_up: FollowUp, call: Call, customer: str | None, owner: str | None, mine: bool
) -> FollowUpRow:
    late_s = (who.now - follow_up.due_at).total_seconds() if follow_up.state == "open" else 0.0
    return FollowUpRow(
        follow_up=follow_up,
        call=call,
        customer_name=customer,
        owner=owner or follow_up.owner_name,
        mine=mine,
        late_s=late_s,
    )
