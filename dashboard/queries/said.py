"""Finding calls by what was said in them, and showing where."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.orm import Session

from avasanj.persian import searchable
from dashboard.queries.script import Piece
from telephony.tables import Call
from transcription.tables import Transcript, Turn

#: of each call, as many places and of each, so many words before and after the first that was asked for
_PLACES, _AROUND = 2, 7
#: written out, as the index has it
_SIMPLE: ColumnElement[str] = literal_column("'simple'")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a call it was said. `pieces` with a probability are the words that were asked for."""

    party: str
    position: int
    start_s: float
    pieces: list[Piece]


def terms(text: str) -> list[str]:
    """The words that are looked for: each stands for all that begin with it."""
    return list(dict.fromkeys(searchable(text).split()))


def calls_that_say(text: str) -> ColumnElement[bool]:
    """Condition on Call: somebody said all these words in one turn, in the transcript that counts, as it is corrected."""
    wanted = select(Transcript.call_id).join(Turn, Turn.transcript_id == Transcript.id)
    return Call.id.in_(wanted.where(Transcript.current, _says(terms(text))))


def places(session: Session, call_ids: Sequence[uuid.UUID], text: str) -> dict[uuid.UUID, list[Place]]:
    """The first places in each of these calls where it was said."""
    wanted = terms(text)
    if not wanted or not call_ids:
        return {}
    number = func.row_number().over(partition_by=Transcript.call_id, order_by=Turn.position).label("number")
    hits = (
        select(Transcript.call_id, Turn.id, number)
        .join(Turn, Turn.transcript_id == Transcript.id)
        .where(Transcript.current, Transcript.call_id.in_(call_ids), _says(wanted))
        .subquery()
    )
    query = (
        select(hits.c.call_id, Turn)
        .join(Turn, Turn.id == hits.c.id)
        .where(hits.c.number <= _PLACES)
        .order_by(Turn.position)
    )
    found: dict[uuid.UUID, list[Place]] = {}
    for call_id, turn in session.execute(query):
        found.setdefault(call_id, []).append(
            Place(party=turn.party, position=turn.position, start_s=turn.start_s, pieces=around(turn.said, wanted))
        )
    return found


def around(text: str, wanted: Sequence[str]) -> list[Piece]:
    """Some words of the text around the first that was looked for, with all of those marked by a probability of 1."""
    words = text.split()
    hits = [any(part.startswith(term) for part in searchable(word).split() for term in wanted) for word in words]
    first = hits.index(True) if True in hits else 0
    start, end = max(0, first - _AROUND), first + _AROUND + 1
    pieces = [Piece(text="… ")] if start else []
    for word, hit in zip(words[start:end], hits[start:end], strict=True):
        pieces += [Piece(text=word, probability=1.0), Piece(text=" ")] if hit else [Piece(text=word + " ")]
    return [*pieces, Piece(text="…")] if end < len(words) else pieces


def _says(wanted: Sequence[str]) -> ColumnElement[bool]:
    """All words in one turn; each holds letters and digits only, so that nothing in it is an operator of the search."""
    query = " & ".join(f"{term}:*" for term in wanted)
    return func.to_tsvector(_SIMPLE, Turn.plain).op("@@")(func.to_tsquery(_SIMPLE, query))
