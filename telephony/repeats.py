"""Repeat calls: whose number called before, and not long ago. Right also where calls arrive out of order."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.orm import Session

from avasanj.settings import Settings
from telephony.tables import Call, Direction, Source


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a call stands among its customer's: what decides which call it repeats."""

    id: uuid.UUID
    number: str
    sample: bool
    started_at: datetime.datetime


def place(call: Call) -> Place | None:
    """The call's place; None for one that repeats none and is repeated by none: outgoing, internal, or without a number."""
    if call.direction != Direction.INBOUND or call.customer_e164 is None:
        return None
    return Place(id=call.id, number=call.customer_e164, sample=call.source == Source.SAMPLE, started_at=call.started_at)


def lock(session: Session, *places: Place | None) -> None:
    """Let nobody else link the calls of these customers until the transaction ends: two calls of one customer saved at the
    same moment must not overlook each other. To be asked for before any of their rows is changed, or the two wait for ever.
    """
    for number in sorted({found.number for found in places if found is not None}):
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"repeat:{number}"))))


def link(session: Session, settings: Settings, before: Place | None, now: Place | None, *, gone: bool = False) -> None:
    """Set `repeat_of` of a call that was at `before` and is at `now` (flushed), and of the calls that follow these places.

    `lock` comes before. `gone`: the call has just been removed (flushed), and `now` is None. Nothing is done where the place
    is the same.
    """
    if before == now and not gone:
        return
    if before is not None and now is None and not gone:
        session.execute(update(Call).where(Call.id == before.id).values(repeat_of=None, updated_at=Call.updated_at))
    for found in (before, now):
        if found is not None:
            _link_one(session, settings, found, _next(session, found))
    if now is not None:
        _link_one(session, settings, now, now.id)


def _link_one(session: Session, settings: Settings, near: Place, call_id: uuid.UUID | None) -> None:
    """Point the call at the one before it. No watcher is told: its own page says it when it is next looked at."""
    if call_id is None:
        return
    at = select(Call.started_at).where(Call.id == call_id).scalar_subquery()
    earliest = at - datetime.timedelta(hours=settings.repeat_call_hours)
    earlier = (
        select(Call.id)
        .where(_same(near), tuple_(Call.started_at, Call.id) < tuple_(at, call_id), Call.started_at >= earliest)
        .order_by(Call.started_at.desc(), Call.id.desc())
        .limit(1)
    )
    found = session.scalar(earlier)
    linked = update(Call).where(Call.id == call_id, Call.repeat_of.is_distinct_from(found))
    session.execute(linked.values(repeat_of=found, updated_at=Call.updated_at))


def _next(session: Session, near: Place) -> uuid.UUID | None:
    """The customer's call after this place, if any: the one whose link a call at this place decides."""
    later = select(Call.id).where(_same(near), tuple_(Call.started_at, Call.id) > (near.started_at, near.id))
    return session.scalar(later.order_by(Call.started_at, Call.id).limit(1))


def _same(near: Place) -> ColumnElement[bool]:
    sample = Call.source == Source.SAMPLE if near.sample else Call.source != Source.SAMPLE
    return (Call.customer_e164 == near.number) & (Call.direction == Direction.INBOUND) & sample
