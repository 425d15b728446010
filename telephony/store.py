"""The ledger in the database: calls by their id, so that writing the same one again changes nothing."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from avasanj import work
from avasanj.database import utc_now
from avasanj.errors import LastingError, PassingError
from avasanj.notify import announce
from avasanj.phone import to_e164
from avasanj.settings import Settings
from telephony.ids import call_id
from telephony.ledger import CallSnapshot
from telephony.recordings import SettledRecording
from telephony.tables import AgentSpan, Call, CallState, Direction, Disposition, HoldSpan, Pbx, Recording, Source

_ALL_OF_IT = (selectinload(Call.spans), selectinload(Call.hold_spans), selectinload(Call.recordings))


def load_ended(session: Session, id: uuid.UUID | str) -> Call:  # noqa: A002 - the field's name
    """The ended call with its spans, holds and recordings. PassingError while it goes on, LastingError if there is none."""
    call = session.scalar(select(Call).where(Call.id == uuid.UUID(str(id))).options(*_ALL_OF_IT))
    if call is None:
        raise LastingError(f"There is no call {id}. It may have been removed with the sample calls.")
    if call.state != CallState.ENDED:
        raise PassingError(f"Call {id} has not ended yet.")
    return call


def save(session: Session, seen: CallSnapshot, settings: Settings, *, source: Source = Source.LIVE) -> bool:
    """Bring the call's row to what was seen, and tell watchers; False where nothing was to be changed.

    An ended call does not come alive again: a listener that reads its journal again sees the calls as they were.
    """
    id_ = call_id(seen.pbx, seen.linked_id)
    row = session.scalar(select(Call).where(Call.id == id_).options(*_ALL_OF_IT))
    if seen.merged_into is not None:
        if row is not None and row.state != CallState.ENDED:
            session.delete(row)
            announce(session, "call", id_)
        return row is not None
    if row is not None and row.state == CallState.ENDED and seen.state is not CallState.ENDED:
        return False
    if row is None:
        row = Call(
            id=id_, pbx=seen.pbx, linked_id=seen.linked_id, source=source, spans=[], hold_spans=[], recordings=[]
        )
        session.add(row)
    _fill(row, seen, settings)
    _fill_spans(row, seen)
    _fill_holds(row, seen)
    session.flush()
    announce(session, "call", id_)
    return True


def settle(session: Session, id: uuid.UUID, recordings: Sequence[SettledRecording]) -> None:  # noqa: A002
    """Keep the ended call's recordings and start its way through the pipeline, both or neither, once however often called."""
    row = session.scalar(select(Call).where(Call.id == id).options(*_ALL_OF_IT))
    if row is None:
        raise LastingError(f"There is no call {id} whose recordings could be kept.")
    known = {(recording.party, recording.path): recording for recording in row.recordings}
    for found in recordings:
        recording = known.get((found.party, found.path))
        if recording is None:
            recording = Recording(party=found.party, path=found.path)
            row.recordings.append(recording)
        recording.offset_s = found.offset_s
        recording.problem = found.problem
        if found.facts is not None:
            recording.duration_s, recording.rate_hz = found.facts.duration_s, found.facts.rate_hz
            recording.codec, recording.sha256 = found.facts.codec[:30], found.facts.sha256
    session.flush()
    work.enqueue(session, work.INTAKE, str(id), key=f"intake:{id}")
    announce(session, "call", id)


def close_orphans(session: Session, pbx: str, known: Collection[str]) -> int:
    """End the calls of `pbx` that the database shows as going on and that are not among `known` (linked ids); how many.

    They end at the moment at which they were last written, marked incomplete: their journal was lost.
    """
    going_on = select(Call).where(Call.pbx == pbx, Call.source == Source.LIVE, Call.state != CallState.ENDED)
    orphans = [row for row in session.scalars(going_on.options(*_ALL_OF_IT)) if row.linked_id not in known]
    for row in orphans:
        row.state, row.complete = CallState.ENDED, False
        row.ended_at = max(row.started_at, row.updated_at)
        row.disposition = Disposition.ANSWERED if row.spans else Disposition.FAILED
        parts: list[AgentSpan | HoldSpan] = [*row.spans, *row.hold_spans]
        for part in parts:
            part.ended_at = part.ended_at or max(part.started_at, row.ended_at)
        session.flush()
        work.enqueue(session, work.INTAKE, str(row.id), key=f"intake:{row.id}")
        announce(session, "call", row.id)
    return len(orphans)


def save_pbx(
    session: Session, name: str, *, state: str, detail: str | None, version: str | None, since: datetime.datetime
) -> None:
    """Note how we stand with a PBX, and tell watchers."""
    row = session.get(Pbx, name)
    if row is None:
        row = Pbx(name=name, state=state, since=since)
        session.add(row)
    elif row.state != state:
        row.since = since
    row.state, row.detail = state, detail
    row.version = version or row.version
    session.flush()
    announce(session, "pbx", name)


def note_event_time(session: Session, name: str, at: datetime.datetime) -> None:
    """Note when the PBX last sent an event; nobody is told, since it changes all the time."""
    row = session.get(Pbx, name)
    if row is not None:
        row.last_event_at = at


def _fill(row: Call, seen: CallSnapshot, settings: Settings) -> None:
    row.direction, row.state = seen.direction, seen.state
    row.disposition = seen.disposition
    row.queue = None if seen.queue is None else seen.queue[:80]
    row.caller_raw, row.caller_name, row.called_raw = seen.caller_raw, seen.caller_name, seen.called_raw
    row.customer_e164 = customer_number(seen.direction, seen.caller_raw, seen.called_raw, settings)
    row.started_at, row.queued_at, row.answered_at, row.ended_at = (
        seen.started_at,
        seen.queued_at,
        seen.answered_at,
        seen.ended_at,
    )
    row.wait_s, row.ring_s, row.talk_s, row.hold_s = seen.wait_s, seen.ring_s, seen.talk_s, seen.hold_s
    row.holds, row.transfers = len(seen.holds), len(seen.transfers)
    row.hung_up_by = seen.hung_up_by
    row.complete = seen.complete
    row.language = settings.queue_languages.get(seen.queue or "", row.language or settings.language)
    row.updated_at = utc_now()


def customer_number(direction: str, caller: str | None, called: str | None, settings: Settings) -> str | None:
    """E.164 of the party outside, None when it is hidden, an extension, or one of the center's own numbers."""
    if direction == Direction.INTERNAL:
        return None
    raw = called if direction == Direction.OUTBOUND else caller
    if raw is None or (raw.isdigit() and len(raw) <= settings.local_extension_digits):
        return None
    number = to_e164(raw, settings.phone_region, settings.phone_area_code)
    own = {to_e164(mine, settings.phone_region, settings.phone_area_code) for mine in settings.own_numbers}
    return None if number in own else number


def _fill_spans(row: Call, seen: CallSnapshot) -> None:
    """By position, so that a span keeps its id, to which an evaluation may already point."""
    by_position = {span.position: span for span in row.spans}
    for position, span in enumerate(seen.spans):
        kept = by_position.pop(position, None)
        if kept is None:
            kept = AgentSpan(position=position)
            row.spans.append(kept)
        kept.interface, kept.agent_name = span.interface, span.agent_name
        kept.started_at, kept.ended_at = span.started_at, span.ended_at
        kept.hold_s, kept.ring_s = span.hold_s, span.ring_s
    for gone in by_position.values():
        row.spans.remove(gone)


def _fill_holds(row: Call, seen: CallSnapshot) -> None:
    by_start = {hold.started_at: hold for hold in row.hold_spans}
    for hold in {hold.started_at: hold for hold in seen.holds}.values():
        kept = by_start.pop(hold.started_at, None)
        if kept is None:
            kept = HoldSpan(started_at=hold.started_at)
            row.hold_spans.append(kept)
        kept.ended_at, kept.by = hold.ended_at, hold.by
    for gone in by_start.values():
        row.hold_spans.remove(gone)
