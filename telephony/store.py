"""The ledger in the database: calls by their id, so that writing the same one again changes nothing."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from avasanj import work
from avasanj.errors import LastingError, PassingError
from avasanj.notify import announce
from avasanj.settings import Settings
from telephony import activities, call_rows, lines, problems, repeats
from telephony.activities import end_standing
from telephony.activities import save as save_activities
from telephony.call_rows import customer_number
from telephony.ids import call_id
from telephony.ledger import CallSnapshot
from telephony.recordings import SettledRecording, mark_problem
from telephony.tables import AgentSpan, Call, CallState, Disposition, Pbx, Recording, Source

__all__ = [
    "close_orphans",
    "customer_number",
    "end_standing",
    "load_ended",
    "note_event_time",
    "save",
    "save_activities",
    "save_pbx",
    "settle",
]

_ALL_OF_IT = tuple(
    selectinload(part) for part in (Call.spans, Call.hold_spans, Call.recordings, Call.handovers, Call.visits)
)


def load_ended(session: Session, id: uuid.UUID | str) -> Call:  # noqa: A002 - the field's name
    """The ended call with all its parts. PassingError while it goes on, LastingError if there is none."""
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
    before = repeats.place(row) if row is not None else None
    if seen.merged_into is not None:
        if row is not None and row.state != CallState.ENDED:
            repeats.lock(session, before)
            session.delete(row)
            session.flush()
            repeats.link(session, settings, before, None, gone=True)
            announce(session, "call", id_)
        return row is not None
    if row is not None and row.state == CallState.ENDED and seen.state is not CallState.ENDED:
        return False
    after = _place(id_, seen, settings, source=source if row is None else row.source)
    if before != after:
        repeats.lock(session, before, after)
    if row is None:
        parts: dict[str, Any] = {"spans": [], "hold_spans": [], "recordings": [], "handovers": [], "visits": []}
        row = Call(id=id_, pbx=seen.pbx, linked_id=seen.linked_id, source=source, **parts)
        session.add(row)
    call_rows.fill(row, seen, settings)
    session.flush()
    if row.spans:
        lines.name_spans(session, AgentSpan.call_id == id_)
    repeats.link(session, settings, before, after)
    announce(session, "call", id_)
    return True


def _place(id: uuid.UUID, seen: CallSnapshot, settings: Settings, *, source: str) -> repeats.Place | None:  # noqa: A002
    """Where the call stands among its customer's, told before its row is."""
    number = customer_number(seen.direction, seen.caller_raw, seen.called_raw, settings)
    facts = {"direction": seen.direction, "customer_e164": number, "source": source, "started_at": seen.started_at}
    return repeats.place(Call(id=id, **facts))


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
        recording.cuts = [list(cut) for cut in found.cuts]
        recording.unheard = [list(stretch) for stretch in found.unheard]
        recording.problem = found.problem
        if found.facts is not None:
            recording.duration_s, recording.rate_hz = found.facts.duration_s, found.facts.rate_hz
            recording.codec, recording.sha256 = found.facts.codec[:30], found.facts.sha256
    row.recordings_problem = None
    session.flush()
    if row.source == Source.LIVE:
        _mark_shared(session, row)
    work.enqueue(session, work.INTAKE, str(id), key=f"intake:{id}")
    announce(session, "call", id)


def _mark_shared(session: Session, row: Call) -> None:
    """A file that holds the same as it did for another call is nobody's: both say so, and it is not heard (again)."""
    own = {one.path: one for one in row.recordings if one.problem is None and one.sha256 is not None}
    others = select(Recording).join(Call, Call.id == Recording.call_id)
    held = {one.sha256 for one in own.values()}
    others = others.where(Recording.path.in_(own), Recording.sha256.in_(held), Recording.call_id != row.id)
    others = others.where(Call.source == Source.LIVE)
    for other in session.scalars(others).all() if own else ():
        mine = own[other.path]
        if mine.sha256 == other.sha256:
            text = problems.text(problems.SHARED, file=PurePosixPath(mine.path).name)
            mine.problem = text
            mark_problem(session, other.id, text)


def close_orphans(session: Session, pbx: str, known: Collection[str]) -> int:
    """End the calls of `pbx` that the database shows as going on and that are not among `known` (linked ids); how many.

    They end at the moment at which they were last written, marked incomplete: their journal was lost. What agents were doing
    in them ends with them.
    """
    going_on = select(Call).where(Call.pbx == pbx, Call.source == Source.LIVE, Call.state != CallState.ENDED)
    orphans = [row for row in session.scalars(going_on.options(*_ALL_OF_IT)) if row.linked_id not in known]
    for row in orphans:
        row.state, row.complete = CallState.ENDED, False
        row.ended_at = max(row.started_at, row.updated_at)
        row.gaps = [*row.gaps, [(row.ended_at - row.started_at).total_seconds(), None]]
        row.disposition = Disposition.ANSWERED if row.spans else Disposition.FAILED
        call_rows.close_parts(row, row.ended_at)
        session.flush()
        work.enqueue(session, work.INTAKE, str(row.id), key=f"intake:{row.id}")
        announce(session, "call", row.id)
    activities.close_orphans(session, pbx, known)
    return len(orphans)


def save_pbx(
    session: Session,
    name: str,
    *,
    state: str,
    detail: str | None,
    version: str | None,
    since: datetime.datetime,
    troubles: Sequence[str] = (),
) -> None:
    """Note how we stand with a PBX, and tell watchers."""
    row = session.get(Pbx, name)
    if row is None:
        row = Pbx(name=name, state=state, since=since)
        session.add(row)
    elif row.state != state:
        row.since = since
    row.state, row.detail, row.troubles = state, detail, list(troubles)
    row.version = version or row.version
    session.flush()
    announce(session, "pbx", name)


def note_event_time(session: Session, name: str, at: datetime.datetime) -> None:
    """Note when the PBX last sent an event; nobody is told, since it changes all the time."""
    row = session.get(Pbx, name)
    if row is not None:
        row.last_event_at = at
