"""Follow-ups: what is owed to customers, until somebody has done it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from avasanj.people import AuditEntry, User
from crm_sync.rules import UNANSWERED, Owed
from crm_sync.tables import FollowUp, TimelineEntry
from telephony.tables import Call

OPEN, DONE, DROPPED = "open", "done", "dropped"


def open_all(session: Session, call: Call, customer_id: uuid.UUID | None, owed: Sequence[Owed]) -> None:
    """Open what a call gives rise to. Asked again for the same call and rule, nothing changes; a customer who already
    waits to be called back after a missed call is not listed twice.
    """
    for item in owed:
        if item.rule == "abandoned" and customer_id and _waits_for_call_back(session, customer_id):
            continue
        owner = session.scalar(select(User).where(User.id == item.user_id, User.active)) if item.user_id else None
        row = {
            "id": uuid.uuid4(),
            "call_id": call.id,
            "customer_id": customer_id,
            "rule": item.rule,
            "reason": {"id": item.reason, "values": item.values},
            "state": OPEN,
            "due_at": item.due_at,
            "owner_id": owner.id if owner else None,
            "owner_name": item.agent,
            "created_at": utc_now(),
        }
        made = session.scalar(insert(FollowUp).values(row).on_conflict_do_nothing().returning(FollowUp.id))
        if made:
            announce(session, "follow_up", made)


def close_missed(session: Session, customer_id: uuid.UUID, spoken: Call) -> None:
    """The customer has been spoken to: what was owed for missed calls before is done, and this call proves it.

    Not so where they called again since and were missed: that call may have found this debt open and opened none.
    """
    missed_since = (
        select(TimelineEntry.call_id)
        .join(Call, Call.id == TimelineEntry.call_id)
        .where(TimelineEntry.customer_id == customer_id, Call.started_at > spoken.started_at)
        .where(Call.direction == "inbound", Call.disposition.in_(UNANSWERED))
    )
    if session.scalar(missed_since.limit(1)) is not None:
        return
    query = (
        update(FollowUp)
        .where(FollowUp.customer_id == customer_id, FollowUp.rule == "abandoned", FollowUp.state == OPEN)
        .where(FollowUp.call_id.in_(select(Call.id).where(Call.started_at < spoken.started_at)))
        .values(state=DONE, closed_at=spoken.ended_at, closing_call_id=spoken.id)
        .returning(FollowUp.id)
    )
    for follow_up_id in session.scalars(query):
        announce(session, "follow_up", follow_up_id)


def create(
    session: Session,
    *,
    call_id: uuid.UUID,
    customer_id: uuid.UUID | None,
    due_at: datetime.datetime,
    note: str,
    user_id: uuid.UUID,
) -> uuid.UUID:
    """A follow-up that a person opens. Raises InputError when it doesn't say what is to be done."""
    if not note.strip():
        raise InputError(N_("A follow-up needs a note that says what is to be done."))
    count = session.scalars(
        select(FollowUp.rule).where(FollowUp.call_id == call_id, FollowUp.rule.startswith("manual"))
    ).all()
    follow_up = FollowUp(
        call_id=call_id,
        customer_id=customer_id,
        rule=f"manual-{len(count) + 1}",
        due_at=due_at,
        note=note.strip(),
        owner_id=user_id,
        reason={"id": "Opened by hand", "values": {}},
    )
    session.add(follow_up)
    session.flush()
    _audit(session, user_id, "follow_up_open", follow_up.id)
    return follow_up.id


def close(session: Session, follow_up_id: uuid.UUID, *, user_id: uuid.UUID, state: str, note: str) -> None:
    """End a follow-up as done or dropped. Closing it again keeps who was first; dropping needs a note that says why."""
    if state not in (DONE, DROPPED):
        raise InputError(N_("A follow-up ends as done or dropped, not as %(state)s."), state=state)
    if state == DROPPED and not note.strip():
        raise InputError(N_("Dropping a follow-up needs a note that says why."))
    follow_up = session.get_one(FollowUp, follow_up_id, with_for_update=True)
    if follow_up.state != OPEN:
        return
    follow_up.state, follow_up.closed_at, follow_up.closed_by = state, utc_now(), user_id
    follow_up.note = "\n".join(part for part in (follow_up.note, note.strip()) if part) or None
    _audit(session, user_id, f"follow_up_{state}", follow_up_id)


def assign(session: Session, follow_up_id: uuid.UUID, *, user_id: uuid.UUID) -> None:
    """Give a follow-up to a user."""
    follow_up = session.get_one(FollowUp, follow_up_id)
    follow_up.owner_id, follow_up.owner_name = user_id, None
    _audit(session, user_id, "follow_up_assign", follow_up_id)


def _waits_for_call_back(session: Session, customer_id: uuid.UUID) -> bool:
    query = select(FollowUp.id).where(
        FollowUp.customer_id == customer_id, FollowUp.rule == "abandoned", FollowUp.state == OPEN
    )
    return session.scalar(query.limit(1)) is not None


def _audit(session: Session, user_id: uuid.UUID, action: str, follow_up_id: uuid.UUID) -> None:
    session.add(AuditEntry(user_id=user_id, action=action, subject=str(follow_up_id)))
    announce(session, "follow_up", follow_up_id)
