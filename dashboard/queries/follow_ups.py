"""What is owed to customers, in the order in which it is due."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from avasanj.people import User
from crm_sync.tables import Customer, FollowUp
from dashboard.access import Person, visible_follow_ups
from telephony.tables import Call

MOST_ROWS = 200


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


def listed(session: Session, who: Person, *, whose: str, state: str) -> list[FollowUpRow]:
    """Follow-ups in due order. `whose` is mine, nobody or all; `state` is open or closed (the last closed first)."""
    rows = (
        select(FollowUp, Call, func.coalesce(Customer.name, Call.caller_name), User.name)
        .join(Call, Call.id == FollowUp.call_id)
        .outerjoin(Customer, Customer.id == FollowUp.customer_id)
        .outerjoin(User, User.id == FollowUp.owner_id)
        .where(visible_follow_ups(who))
    )
    if whose == "mine":
        own = FollowUp.owner_id == who.id
        rows = rows.where(or_(own, FollowUp.owner_name == who.user.agent_name) if who.user.agent_name else own)
    elif whose == "nobody":
        rows = rows.where(FollowUp.owner_id.is_(None))
    if state == "open":
        rows = rows.where(FollowUp.state == "open").order_by(FollowUp.due_at)
    else:
        rows = rows.where(FollowUp.state != "open").order_by(FollowUp.closed_at.desc())
    return [_row(who, *found) for found in session.execute(rows.limit(MOST_ROWS))]


def one(session: Session, who: Person, follow_up_id: uuid.UUID) -> FollowUp | None:
    """The follow-up, or None where there is none that this person may act on."""
    return session.scalars(select(FollowUp).where(FollowUp.id == follow_up_id, visible_follow_ups(who))).first()


def late_count(session: Session, who: Person) -> int:
    """How many are past their time: what the navigation shows in red."""
    late = (
        select(func.count())
        .select_from(FollowUp)
        .where(FollowUp.state == "open", FollowUp.due_at < who.now, visible_follow_ups(who))
    )
    return session.scalar(late) or 0


def owed(session: Session, who: Person, customer_id: uuid.UUID) -> list[FollowUpRow]:
    """Open follow-ups of one customer."""
    rows = (
        select(FollowUp, Call, Customer.name, User.name)
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


def _row(who: Person, follow_up: FollowUp, call: Call, customer: str | None, owner: str | None) -> FollowUpRow:
    by_name = (
        follow_up.owner_id is None and follow_up.owner_name is not None and follow_up.owner_name == who.user.agent_name
    )
    late_s = (who.now - follow_up.due_at).total_seconds() if follow_up.state == "open" else 0.0
    return FollowUpRow(
        follow_up=follow_up,
        call=call,
        customer_name=customer,
        owner=owner or follow_up.owner_name,
        mine=follow_up.owner_id == who.id or by_name,
        late_s=late_s,
    )
