"""How we stand with one PBX, on its way into the database: only what was said last counts."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time

from avasanj.database import Database, utc_now
from telephony import store

_EVENT_TIME_EVERY_S = 10.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class _State:
    state: str
    detail: str | None
    version: str | None
    troubles: tuple[str, ...]
    since: datetime.datetime


class PbxRow:
    def __init__(self, database: Database, *, pbx: str) -> None:
        self._database = database
        self._pbx = pbx
        self._lock = threading.Lock()
        self._state: _State | None = None
        self._event_at: float | None = None
        self._event_noted = 0.0  # monotonic

    def tell(self, state: str, detail: str | None, version: str | None, troubles: tuple[str, ...]) -> None:
        with self._lock:
            if version is None and self._state is not None:
                version = self._state.version
            self._state = _State(state=state, detail=detail, version=version, troubles=troubles, since=utc_now())

    def saw_event(self, at: float) -> None:
        self._event_at = at

    def write(self) -> None:
        """Raises what the database does where it is away; what was to be written is then written the next time."""
        with self._lock:
            state = self._state
        if state is not None:
            with self._database.transaction() as session:
                store.save_pbx(
                    session, self._pbx, **{f.name: getattr(state, f.name) for f in dataclasses.fields(state)}
                )
            with self._lock:
                if self._state is state:
                    self._state = None
        event_at = self._event_at
        if event_at is not None and time.monotonic() - self._event_noted > _EVENT_TIME_EVERY_S:
            with self._database.transaction() as session:
                store.note_event_time(session, self._pbx, datetime.datetime.fromtimestamp(event_at, datetime.UTC))
            self._event_noted, self._event_at = time.monotonic(), None
