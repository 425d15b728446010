"""What people say was said: kept beside the model's words, with who and when, and given to scoring."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj import work
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from avasanj.notify import announce
from transcription.tables import Correction, Transcript, Turn

MOST_CHARACTERS = 5000
#: A person who corrects one turn corrects others: the call is scored again once, at the end of each such stretch of time.
SCORE_AGAIN_S = 120


class OvertakenError(InputError):
    """Somebody else has corrected the turn meanwhile; `now` is what it says."""

    def __init__(self, now: str) -> None:
        super().__init__(
            N_("Somebody else has changed this turn meanwhile. Look at what it says now, then save again.")
        )
        self.now = now


def correct(session: Session, turn_id: int, *, before: str, after: str, by: uuid.UUID | None) -> Turn:
    """Put `after` in the place of the turn's words, "" where nothing was said; the model's own words undo a correction.

    `before` is what the person saw. Raises OvertakenError when the turn says something else by now, InputError for a text
    that is too long.
    """
    turn = session.get_one(Turn, turn_id, with_for_update=True)
    after = " ".join(after.split())
    if len(after) > MOST_CHARACTERS:
        raise InputError(N_("This is too long for one turn: at most %(most)s characters."), most=MOST_CHARACTERS)
    if after == turn.said:
        return turn
    if " ".join(before.split()) != " ".join(turn.said.split()):
        raise OvertakenError(turn.said)
    took_back = after == turn.text
    session.add(Correction(turn_id=turn.id, before=turn.said, after=None if took_back else after, made_by=by))
    turn.corrected = None if took_back else after
    transcript = session.get_one(Transcript, turn.transcript_id)
    transcript.changed_at = utc_now()
    audit(session, by, "turn.corrected", turn.id, call=str(transcript.call_id), position=turn.position)
    if transcript.current:
        score_again(session, transcript.call_id)
    announce(session, "call", transcript.call_id)
    return turn


def score_again(session: Session, call_id: uuid.UUID, *, at_once: bool = False) -> None:
    """Have the call scored by its words as they are now: soon, and once for all changes until then."""
    now_s = utc_now().timestamp()
    stretch = int(now_s // SCORE_AGAIN_S)
    key = f"{work.SCORE.name}:{call_id}:changed:{uuid.uuid4() if at_once else stretch}"
    delay_s = 0.0 if at_once else (stretch + 1) * SCORE_AGAIN_S - now_s
    work.enqueue(session, work.SCORE, str(call_id), key=key, delay_s=delay_s)


def history(session: Session, turn_ids: Sequence[int]) -> dict[int, list[Correction]]:
    """The changes of each turn, oldest first."""
    found: dict[int, list[Correction]] = {}
    query = select(Correction).where(Correction.turn_id.in_(turn_ids)).order_by(Correction.id)
    for correction in session.scalars(query):
        found.setdefault(correction.turn_id, []).append(correction)
    return found


def carried(session: Session, turn: Turn, text: str, made: Sequence[Correction]) -> None:
    """Take a correction over into a turn of another transcript, with whoever made it."""
    latest = made[-1] if made else None
    facts: dict[str, Any] = {"made_by": latest.made_by, "made_at": latest.made_at} if latest else {}
    session.add(Correction(turn_id=turn.id, before=turn.text, after=text, carried=True, **facts))
    turn.corrected = text


def since(session: Session, moment: datetime.datetime) -> list[tuple[Turn, Transcript]]:
    """The corrected turns of current transcripts whose words changed at or after `moment`, by call and time."""
    query = (
        select(Turn, Transcript)
        .join(Transcript, Transcript.id == Turn.transcript_id)
        .where(Transcript.current, Turn.corrected.is_not(None), Transcript.changed_at >= moment)
        .order_by(Transcript.call_id, Turn.position)
    )
    return [(row.Turn, row.Transcript) for row in session.execute(query)]
