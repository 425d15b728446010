"""Requests to mute or to resume a recording, as the database keeps them."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.notify import announce
from telephony import problems
from telephony.tables import Call, RecordingRequest


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """An open request of a running call."""

    id: int
    linked_id: str
    mute: bool
    asked_at: datetime.datetime


def open_requests(session: Session, pbx: str) -> list[tuple[RecordingRequest, Call]]:
    query = (
        select(RecordingRequest, Call)
        .join(Call, Call.id == RecordingRequest.call_id)
        .where(RecordingRequest.done_at.is_(None), Call.pbx == pbx)
        .order_by(RecordingRequest.id)
        .with_for_update(of=RecordingRequest, skip_locked=True)
    )
    return [(request, call) for request, call in session.execute(query)]


def last_muted(session: Session, running: Mapping[uuid.UUID, str]) -> dict[str, RecordingRequest]:
    """Of the running calls (id to linked id) those whose last request that took effect is a mute, with that request."""
    if not running:
        return {}
    done = (
        select(RecordingRequest)
        .where(RecordingRequest.call_id.in_(running))
        .where(RecordingRequest.done_at.is_not(None))
        .order_by(RecordingRequest.id)
    )
    last = {running[request.call_id]: request for request in session.scalars(done) if took_effect(request)}
    return {linked_id: request for linked_id, request in last.items() if request.mute}


def took_effect(request: RecordingRequest) -> bool:
    """Whether it was done, if only on the first of several recordings: that one must be resumed as well."""
    return request.done_at is not None and (
        request.problem is None or problems.is_a(request.problem, problems.MUTED_ONE_ONLY)
    )


def as_asked(request: RecordingRequest, call: Call) -> Asked:
    return Asked(id=request.id, linked_id=call.linked_id, mute=request.mute, asked_at=request.asked_at)


def close(session: Session, request: RecordingRequest, problem: str | None) -> None:
    request.done_at, request.problem = utc_now(), problem
    session.flush()
    tell(session, request)


def tell(session: Session, request: RecordingRequest) -> None:
    announce(session, "recording_request", request.id)
    announce(session, "call", request.call_id)
