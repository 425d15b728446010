"""What was heard while a call ran: kept, shown, and taken over when the call is over."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from avasanj.notify import announce
from transcription.clock import second_on_clock
from transcription.engine import SpeechEngine
from transcription.heard import Spoken
from transcription.legs import Leg
from transcription.tables import LiveTurn, Transcript
from transcription.windows import Utterance
from transcription.words import Word

#: a stretch is taken over where what was heard live covers this much of it ...
_COVERED = 0.9
#: ... and goes no further beyond it: the live look and the later one may part speech differently
_BEYOND_S = 0.3


def keep(session: Session, rows: Sequence[LiveTurn]) -> None:
    """Save and announce, unless the call has its transcript already. Saving again changes nothing."""
    for row in rows:
        done = select(Transcript.id).where(Transcript.call_id == row.call_id, Transcript.current).exists()
        if session.scalar(select(done)):
            continue
        values = {c.name: getattr(row, c.name) for c in LiveTurn.__table__.columns if c.name not in ("id", "heard_at")}
        session.execute(insert(LiveTurn).values(values).on_conflict_do_nothing())
        announce(session, "call", row.call_id)


def of_call(session: Session, call_id: uuid.UUID) -> list[LiveTurn]:
    """In the order in which they were said."""
    return list(session.scalars(select(LiveTurn).where(LiveTurn.call_id == call_id).order_by(LiveTurn.at_s)))


def forget(session: Session, call_id: uuid.UUID) -> None:
    """The call has its transcript."""
    session.execute(delete(LiveTurn).where(LiveTurn.call_id == call_id))


@dataclass
class Reuse:
    """Gives the later transcript what was heard live by the same model, and counts it."""

    by_file: Mapping[str, Sequence[LiveTurn]] = field(default_factory=dict)
    seconds: float = 0.0

    def __call__(self, leg: Leg, utterance: Utterance) -> Sequence[Spoken] | None:
        turns = self.by_file.get(leg.kept or str(leg.path), ())
        found = covering(leg, utterance, turns)
        if found is not None:
            self.seconds += sum(span.end_s - span.start_s for span in utterance.spans)
        return found


def reuse(session: Session, call_id: uuid.UUID, engine: SpeechEngine) -> Reuse:
    """What this engine's model heard while the call ran."""
    by_file: dict[str, list[LiveTurn]] = defaultdict(list)
    for turn in of_call(session, call_id):
        if turn.model == engine.name and turn.model_version == engine.version:
            by_file[turn.file].append(turn)
    return Reuse(by_file=by_file)


def covering(leg: Leg, utterance: Utterance, turns: Sequence[LiveTurn]) -> Sequence[Spoken] | None:
    """The live turns that say just this utterance, on the playback's clock; None where they don't."""

    def at(file_s: float) -> float:
        return second_on_clock(file_s, start_s=leg.start_s, cuts=leg.cuts)

    first = leg.start_s + utterance.spans[0].start_s
    last = leg.start_s + utterance.spans[-1].end_s
    within = [(at(turn.start_s), at(turn.end_s), turn) for turn in turns]
    within = [one for one in within if one[0] < last and one[1] > first]
    if not within or within[0][0] < first - _BEYOND_S or within[-1][1] > last + _BEYOND_S:
        return None
    spoken_s = sum(span.end_s - span.start_s for span in utterance.spans)
    covered_s = sum(
        max(0.0, min(end, leg.start_s + span.end_s) - max(start, leg.start_s + span.start_s))
        for start, end, _ in within
        for span in utterance.spans
    )
    if covered_s < _COVERED * spoken_s:
        return None
    return [_spoken(leg, start, end, turn) for start, end, turn in within if turn.text]


def _spoken(leg: Leg, start_s: float, end_s: float, turn: LiveTurn) -> Spoken:
    shift_s = start_s - turn.start_s
    return Spoken(
        party=leg.party,
        start_s=round(start_s, 3),
        end_s=round(end_s, 3),
        text=turn.text,
        confidence=turn.confidence,
        words=tuple(
            Word(text=f" {text}", start_s=round(a + shift_s, 2), end_s=round(b + shift_s, 2), probability=p)
            for text, a, b, p in turn.words
        ),
    )
