"""A chunk's calls as they are stored now: the ledger, the words, the sound, and what stands of them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Uuid, column, func, select, tuple_
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Session, aliased, selectinload

from scoring.dialogue import Turn
from scoring.material import REPEAT
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayChunk
from telephony.tables import Call
from transcription.tables import Measures, Transcript
from transcription.tables import Turn as StoredTurn

_LEDGER = (Call.spans, Call.hold_spans, Call.recordings, Call.handovers, Call.visits)


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What is told of a transcript beside its turns."""

    id: uuid.UUID
    language: str
    too_weak: bool
    speakers_guessed: bool
    changed_at: datetime.datetime


@dataclass(frozen=True, kw_only=True)
class StoredCall:
    """One call with all that its scoring looks at."""

    call: Call
    heard: Heard
    turns: Sequence[Turn]
    earlier_calls: int
    sound: Mapping[str, Any] | None


def stored_calls(session: Session, chunk: ReplayChunk, selection: Selection) -> list[StoredCall]:
    """The chunk's calls that are still there and still fit, in the order of time."""
    first, last = (chunk.first_at, chunk.first_id), (chunk.last_at, chunk.last_id)
    key = tuple_(Call.started_at, Call.id)
    query = selection.matching(select(Call.id)).where(
        Call.started_at >= chunk.first_at, Call.started_at <= chunk.last_at, key >= first, key <= last
    )
    calls = session.scalars(
        select(Call)
        .where(Call.id.in_(query))
        .options(*(selectinload(one) for one in _LEDGER))
        .order_by(Call.started_at, Call.id)
    ).all()
    ids = [call.id for call in calls]
    heard = _heard(session, ids)
    turns = _turns(session, [one.id for one in heard.values()])
    sound = _sound(session, ids)
    earlier = _earlier(session, [call for call in calls if call.customer_e164 and call.direction == "inbound"])
    return [
        StoredCall(
            call=call,
            heard=heard[call.id],
            turns=turns[heard[call.id].id],
            earlier_calls=earlier.get(call.id, 0),
            sound=sound.get(call.id),
        )
        for call in calls
        if call.id in heard
    ]


def _heard(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Heard]:
    columns = (
        Transcript.call_id,
        Transcript.id,
        Transcript.language,
        Transcript.too_weak,
        Transcript.speakers_guessed,
        Transcript.changed_at,
    )
    rows = session.execute(select(*columns).where(Transcript.call_id.in_(ids), Transcript.current))
    return {
        call_id: Heard(id=id_, language=language, too_weak=weak, speakers_guessed=guessed, changed_at=changed_at)
        for call_id, id_, language, weak, guessed, changed_at in rows
    }


def _turns(session: Session, transcripts: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Turn]]:
    """Their turns in order. Each row carries its transcript's place in the list: reading a million ids anew costs seconds."""
    row = StoredTurn
    said = func.coalesce(row.corrected, row.text)
    listed = func.unnest(array(transcripts, type_=Uuid)).table_valued(column("id", Uuid), with_ordinality="place")
    wanted = listed.render_derived(name="wanted")
    query = select(wanted.c.place, row.position, row.party, row.start_s, row.end_s, said, row.confidence)
    found: list[list[Turn]] = [[] for _ in transcripts]
    ordered = query.join(wanted, wanted.c.id == row.transcript_id).order_by(wanted.c.place, row.position)
    for place, position, party, start_s, end_s, words, confidence in session.execute(ordered):
        found[place - 1].append(
            Turn(position=position, party=party, start_s=start_s, end_s=end_s, text=words, confidence=confidence)
        )
    return dict(zip(transcripts, found, strict=True))


def _sound(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Mapping[str, Any]]:
    rows = session.execute(select(Measures.call_id, Measures.details).where(Measures.call_id.in_(ids)))
    return dict(rows.all())


def _earlier(session: Session, calls: Sequence[Call]) -> dict[uuid.UUID, int]:
    """Inbound calls of the same customer in the days before, as when a call is scored."""
    if not calls:
        return {}
    this, other = aliased(Call), aliased(Call)
    before = (
        other.customer_e164 == this.customer_e164,
        other.direction == "inbound",
        other.started_at < this.started_at,
        other.started_at >= this.started_at - REPEAT,
    )
    query = select(this.id, func.count()).join(other, before[0] & before[1] & before[2] & before[3])
    rows = session.execute(query.where(this.id.in_([call.id for call in calls])).group_by(this.id))
    return dict(rows.all())
