"""Which calls go first: a dissatisfied customer's next one and those that a supervisor looks at before the others of today,
and those before an archive that is being taken in.
"""

from __future__ import annotations

import time
import uuid

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from avasanj import work
from avasanj.database import Database
from avasanj.settings import Settings
from scoring.tables import Mood
from telephony.tables import Call, Source
from transcription import engine, watching

_LOOK_S = 2.0
_URGENCIES = {work.URGENT: engine.URGENT, work.NORMAL: engine.NORMAL, work.LATER: engine.LATER}


def priority_of(session: Session, settings: Settings, call_id: uuid.UUID) -> int:
    """Of the call's jobs in their queues: work.URGENT, NORMAL or LATER; the last for a call that was removed."""
    call = session.execute(select(Call.source, Call.repeat_of).where(Call.id == call_id)).one_or_none()
    if watching.watched(session, call_id):
        return work.URGENT
    if call is None or call.source != Source.LIVE:
        return work.LATER
    before = session.scalar(select(Mood.dissatisfied).where(Mood.call_id == call.repeat_of))
    return work.URGENT if before is not None and before >= settings.dissatisfied_above else work.NORMAL


class Haste:
    """How urgent a call is for the speech engine, asked anew while its words are being made; 2 s old at most."""

    def __init__(self, settings: Settings, database: Database, call_id: uuid.UUID) -> None:
        self._settings, self._database, self._call_id = settings, database, call_id
        self._known = engine.LATER
        self._asked_s = float("-inf")

    def __call__(self) -> int:
        if time.monotonic() - self._asked_s >= _LOOK_S:
            self._asked_s = time.monotonic()
            try:
                with self._database.read() as session:
                    self._known = _URGENCIES[priority_of(session, self._settings, self._call_id)]
            except (OperationalError, InterfaceError):
                pass  # what was known stands until the database is back
        return self._known
