"""What people and a second model made of a transcript: corrections, stretches that could not be heard, another version."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from tests.dashboard.seed.names import call_id as id_of
from transcription import corrections, hot_words
from transcription.tables import Transcript, Turn

OTHER_ID = id_of("the other transcript")


def add_second_hearing(session: Session, call_id: uuid.UUID, supervisor_id: uuid.UUID, now: datetime.datetime) -> None:
    """The call has an older transcript by another model, one turn corrected, one stretch that was not believed."""
    current = session.scalars(
        select(Transcript).where(Transcript.call_id == call_id).options(selectinload(Transcript.turns))
    ).one()
    current.model_version = "d01c3014aa6a"
    current.language_probability = 0.87
    last = current.turns[-1]
    dropped = {"party": "agent", "start_s": round(last.end_s + 0.1, 2), "end_s": round(last.end_s + 0.5, 2)}
    current.dropped = [dropped | {"reason": "the text repeats “از از از”"}]
    other = Transcript(
        id=OTHER_ID,
        call_id=call_id, current=False, set_aside_at=now, language=current.language, source="whisper", too_weak=True,
        model="whisper-tiny int8", model_version="65147644a518", made_at=now - datetime.timedelta(days=1),
    )  # fmt: skip
    other.turns = [
        Turn(
            position=turn.position, party=turn.party, start_s=turn.start_s, end_s=turn.end_s, confidence=0.61,
            text=turn.text.replace("یک‌ساله", "یک سال").replace("عالیه", "علیه"),
        )
        for turn in current.turns
    ]  # fmt: skip
    session.add(other)
    turn = current.turns[1]
    session.flush()
    corrections.correct(session, turn.id, before=turn.text, after=turn.text.replace("بسته‌ی", "سرویس"), by=supervisor_id)
    hot_words.add(session, "fa", ["آسمان‌نت", "سرویس یک‌ساله", "زعفرانیه", "سیم‌کارت", "رومینگ"], supervisor_id)
    hot_words.add(session, "en", [f"Harbor Broadband {n}" for n in range(1, 16)], supervisor_id)
