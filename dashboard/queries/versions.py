"""A transcript beside the current one: what differs, and what became of people's corrections."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from dashboard.access import Person
from dashboard.queries.call import CallDetail, detail
from transcription import versions
from transcription.carrying import Carried, carry
from transcription.comparing import Compared, compare
from transcription.exports import line_of
from transcription.tables import Transcript


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The current transcript and another one of the same call."""

    detail: CallDetail
    current: Transcript
    other: Transcript
    compared: Compared
    carried: Carried  #: the current one's corrections in the other as its model heard it

    @property
    def confidence(self) -> tuple[float | None, float | None]:
        """Mean confidence of the current one's turns and of the other's."""
        return _mean(self.current), _mean(self.other)


def comparison(session: Session, who: Person, call_id: uuid.UUID, transcript_id: uuid.UUID) -> Comparison | None:
    """None where there is no such pair, or this person may not see it."""
    found = detail(session, who, call_id)
    other = versions.one(session, call_id, transcript_id) if found else None
    if found is None or found.transcript is None or other is None or other.current:
        return None
    mine = [line_of(turn) for turn in found.transcript.turns]
    theirs = [line_of(turn) for turn in other.turns]
    return Comparison(
        detail=found,
        current=found.transcript,
        other=other,
        compared=compare(mine, theirs),
        carried=carry(mine, [versions.as_heard(turn) for turn in other.turns]),
    )


def _mean(transcript: Transcript) -> float | None:
    known = [(turn.confidence, len(turn.text)) for turn in transcript.turns if turn.confidence is not None]
    weight = sum(length for _, length in known)
    return sum(value * length for value, length in known) / weight if weight else None
