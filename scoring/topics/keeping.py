"""Whether promises were kept. Nothing of it is stored but what a person says: it follows from the ledger, the promises and the clock."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from scoring.promises import CONTACT
from scoring.topics.tables import PromiseMark, StoredPromise
from telephony.tables import Call, Direction, Disposition

#: A call this long after the promised time is still in time: nobody's clock is exact.
GRACE = datetime.timedelta(minutes=30)
_NO_STATE = N_("A promise is marked as kept, as broken, or as open again.")


class State(enum.StrEnum):
    """What became of a promise."""

    OPEN = "open"  #: it is not due yet, or (for what the ledger can't see) nobody has said what became of it
    KEPT = "kept"
    LATE = "late"  #: the customer was called, after the time
    BROKEN = "broken"
    UNKNOWN = "unknown"  #: the ledger can't tell: the customer's number is hidden


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A later call with the same number. `reached`: somebody spoke; an outbound call that rang unanswered was at least an attempt."""

    call_id: uuid.UUID
    at: datetime.datetime
    reached: bool
    inbound: bool = False  #: the customer rang


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`by` is the call that shows it; `marked` that a person said so; `overdue` that the time of an open one has passed."""

    promise: StoredPromise
    state: State
    due_at: datetime.datetime | None
    by: Attempt | None = None
    marked: PromiseMark | None = None
    overdue: bool = False

    @property
    def seen_in_ledger(self) -> bool:
        """Whether the ledger tells what becomes of it: a promise to call or to tell."""
        return self.promise.kind in CONTACT


def outcomes(
    session: Session, promises: Sequence[StoredPromise], *, now: datetime.datetime, within_h: float
) -> list[Outcome]:
    """What became of each, in their order. A promise to call without a time is due `within_h` hours after the call."""
    if not promises:
        return []
    ids = {one.call_id for one in promises}
    calls = {call.id: call for call in session.scalars(select(Call).where(Call.id.in_(ids)))}
    marks = _marks(session, ids)
    attempts = _attempts(session, calls.values())
    return [
        judged(one, calls[one.call_id], attempts.get(calls[one.call_id].customer_e164 or "", []), marks, now, within_h)
        for one in promises
    ]


def judged(
    promise: StoredPromise,
    call: Call,
    attempts: Sequence[Attempt],
    marks: dict[tuple[uuid.UUID, str, str], PromiseMark],
    now: datetime.datetime,
    within_h: float,
) -> Outcome:
    """One promise, from the calls with its customer (in order) and what people said."""
    ended = call.ended_at or call.started_at
    contact = promise.kind in CONTACT
    due = promise.due_at or (ended + datetime.timedelta(hours=within_h) if contact else None)
    overdue = due is not None and now > due + GRACE
    mark = marks.get((promise.call_id, promise.kind, promise.words))
    if mark is not None and mark.state != State.OPEN:
        return Outcome(promise=promise, state=State(mark.state), due_at=due, marked=mark)
    if not contact or due is None:
        return Outcome(promise=promise, state=State.OPEN, due_at=due, overdue=overdue)
    if call.customer_e164 is None:
        return Outcome(promise=promise, state=State.UNKNOWN if overdue else State.OPEN, due_at=due, overdue=overdue)
    state, by = _shown([one for one in attempts if one.at > ended], due, overdue=overdue)
    return Outcome(promise=promise, state=state, due_at=due, by=by, overdue=state == State.BROKEN)


def _shown(later: Sequence[Attempt], due: datetime.datetime, *, overdue: bool) -> tuple[State, Attempt | None]:
    """What the calls after a promise to call show, and which of them shows it."""
    in_time = next((one for one in later if one.at <= due + GRACE), None)
    if in_time is not None:
        return State.KEPT, in_time
    if not overdue:
        return State.OPEN, None
    ours = [one for one in later if not one.inbound]
    first = next((one for one in ours if one.reached), None) or next(iter(ours), None)
    if first is not None:
        return State.LATE, first
    return State.BROKEN, next(iter(later), None)  # who had to ring in after the time was not called back


def of_call(session: Session, call_id: uuid.UUID, *, now: datetime.datetime, within_h: float) -> list[Outcome]:
    rows = session.scalars(
        select(StoredPromise).where(StoredPromise.call_id == call_id).order_by(StoredPromise.position)
    ).all()
    return outcomes(session, rows, now=now, within_h=within_h)


def counted(
    session: Session, *, since: datetime.datetime, now: datetime.datetime, within_h: float, most: int = 20_000
) -> dict[str, dict[State, int]]:
    """By kind, how many promises of the calls since then came to what. Sample calls are left out."""
    rows = session.scalars(
        select(StoredPromise)
        .join(Call, Call.id == StoredPromise.call_id)
        .where(Call.started_at >= since, Call.source != "sample")
        .order_by(Call.started_at.desc())
        .limit(most)
    ).all()
    found: dict[str, dict[State, int]] = {}
    for one in outcomes(session, rows, now=now, within_h=within_h):
        of_kind = found.setdefault(one.promise.kind, {})
        of_kind[one.state] = of_kind.get(one.state, 0) + 1
    return found


def mark(session: Session, promise_id: int, state: str, *, by: uuid.UUID | None) -> StoredPromise:
    """A person says what became of a promise. Raises InputError for another state, NoResultFound for a promise that is gone."""
    if state not in {State.KEPT, State.BROKEN, State.OPEN}:
        raise InputError(_NO_STATE)
    promise = session.get_one(StoredPromise, promise_id)
    session.add(PromiseMark(call_id=promise.call_id, kind=promise.kind, words=promise.words, state=state, marked_by=by))
    audit(session, by, f"promise.{state}", promise.call_id, kind=promise.kind)
    session.flush()
    return promise


def _marks(session: Session, call_ids: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID, str, str], PromiseMark]:
    """The newest mark of each promise."""
    rows = session.scalars(select(PromiseMark).where(PromiseMark.call_id.in_(call_ids)).order_by(PromiseMark.id))
    return {(one.call_id, one.kind, one.words): one for one in rows}


def _attempts(session: Session, calls: Iterable[Call]) -> dict[str, list[Attempt]]:
    """Later calls by number: outbound ones that rang (answered or not), inbound ones that were answered."""
    since: dict[str, datetime.datetime] = {}
    for call in calls:
        if call.customer_e164:
            since[call.customer_e164] = min(call.started_at, since.get(call.customer_e164, call.started_at))
    if not since:
        return {}
    answered = Call.disposition == Disposition.ANSWERED
    rang = and_(
        Call.direction == Direction.OUTBOUND,
        func.coalesce(Call.disposition, Disposition.FAILED) != Disposition.FAILED,
    )
    rows = session.execute(
        select(Call.id, Call.customer_e164, Call.started_at, answered, Call.direction == Direction.INBOUND)
        .where(Call.customer_e164.in_(since), Call.started_at > min(since.values()))
        .where(or_(rang, and_(Call.direction == Direction.INBOUND, answered)))
        .order_by(Call.started_at)
    )
    found: dict[str, list[Attempt]] = {}
    for id_, number, at, reached, inbound in rows:
        attempt = Attempt(call_id=id_, at=at, reached=bool(reached), inbound=bool(inbound))
        found.setdefault(str(number), []).append(attempt)
    return found
