"""Writes what the listener saw into the database, as soon as the database is there; nothing waits for it."""

from __future__ import annotations

import datetime
import functools
import threading
import time
from collections.abc import Callable, Iterable

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from avasanj.database import Database, utc_now
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics, store
from telephony.ids import call_id
from telephony.ledger import CallSnapshot, Position
from telephony.recordings import SettledRecording, Settling
from telephony.tables import CallState

#: The database is away, starting, or not yet migrated: everything waits for it.
_AWAY = (OperationalError, InterfaceError, InternalError, ProgrammingError, PoolTimeout)
_LOOK_EVERY_S = 0.5
_RETRY_S = (0.5, 1.0, 2.0, 5.0)
#: A call that fails by itself, with the database there, is tried again after 1, 2, 4 … s and then put aside.
_TRIES = 8
_EVENT_TIME_EVERY_S = 10.0
_log = get_logger(__name__)


class Bookkeeper:
    """Keeps of every call only what was seen last, so that memory is bounded by calls and not by how long the database is away."""

    def __init__(self, settings: Settings, database: Database, *, pbx: str) -> None:
        self._settings = settings
        self._database = database
        self._pbx = pbx
        self._wake = threading.Condition()
        self._calls: dict[str, CallSnapshot] = {}
        self._since: dict[str, Position | None] = {}
        self._settling: dict[str, Settling] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}  # monotonic
        self._open_elsewhere: set[str] | None = None
        self._state: tuple[str, str | None, str | None, datetime.datetime] | None = None
        self._event_at: float | None = None
        self._event_noted = 0.0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, calls: Iterable[CallSnapshot]) -> None:
        """Have these calls written. Returns at once."""
        with self._wake:
            for call in calls:
                self._calls[call.linked_id] = call
                self._since.setdefault(call.linked_id, call.since)
            self._wake.notify()

    def tell_state(self, state: str, detail: str | None, version: str | None) -> None:
        """Have the state of the PBX's connection written. Only the last one counts."""
        with self._wake:
            self._state = (state, detail, version, utc_now())
            self._wake.notify()

    def close_all_but(self, open_calls: Iterable[str]) -> None:
        """Have every other call of this PBX ended that the database still shows as going on: nobody will ever end it."""
        with self._wake:
            self._open_elsewhere = set(open_calls)
            self._wake.notify()

    def saw_event(self, at: float) -> None:
        self._event_at = at

    def oldest_unsettled(self) -> Position | None:
        """Where the events begin that the database does not hold for good yet; None where it holds all."""
        with self._wake:
            return min((since for since in self._since.values() if since is not None), default=None)

    def close(self, *, wait_s: float) -> None:
        """Write what can be written now, and end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(wait_s)

    # -- the thread

    def _run(self) -> None:
        away = 0
        while True:
            with self._wake:
                if not (self._calls or self._state or self._closing):
                    self._wake.wait(_LOOK_EVERY_S)
                closing = self._closing
            try:
                self._write()
                away = 0
            except _AWAY as error:
                if away == 0:
                    _log.warning("database_away", waiting_calls=len(self._calls), fault=type(error).__name__)
                with self._wake:
                    if not closing:
                        self._wake.wait(_RETRY_S[min(away, len(_RETRY_S) - 1)])
                away += 1
            except Exception:  # noqa: BLE001 - the supervisor's own thread
                metrics.errors.labels(self._pbx, "ledger").inc()
                _log.exception("ledger_error", pbx=self._pbx)
                time.sleep(_LOOK_EVERY_S)
            metrics.unsaved_calls.labels(self._pbx).set(len(self._calls))
            if closing:
                return

    def _write(self) -> None:
        self._write_state()
        with self._wake:
            waiting = list(self._calls.values())
        for call in waiting:
            self._guarded(call.linked_id, functools.partial(self._save, call))
        now = time.monotonic()
        for linked_id, settling in list(self._settling.items()):
            self._guarded(linked_id, functools.partial(self._settle, settling, now))

        self._close_orphans()

    def _close_orphans(self) -> None:
        with self._wake:
            known, waiting = self._open_elsewhere, set(self._since)
        if known is not None:
            with self._database.transaction() as session:
                closed = store.close_orphans(session, self._pbx, known | waiting)
            self._open_elsewhere = None
            if closed:
                _log.warning("orphans_closed", pbx=self._pbx, calls=closed)

    def _guarded(self, linked_id: str, do: Callable[[], None]) -> None:
        """One call's trouble is not the others': after some tries it is put aside, loudly."""
        if time.monotonic() < self._not_before.get(linked_id, 0.0):
            return
        try:
            do()
            self._failures.pop(linked_id, None)
            self._not_before.pop(linked_id, None)
        except _AWAY:
            raise
        except Exception:  # noqa: BLE001 - the supervisor's own thread
            failures = self._failures[linked_id] = self._failures.get(linked_id, 0) + 1
            metrics.errors.labels(self._pbx, "ledger").inc()
            _log.exception("call_not_saved", call=str(call_id(self._pbx, linked_id)), attempt=failures)
            self._not_before[linked_id] = time.monotonic() + 2.0 ** (failures - 1)
            if failures >= _TRIES:
                self._forget(linked_id)

    def _save(self, call: CallSnapshot) -> None:
        with self._database.transaction() as session:
            store.save(session, call, self._settings)
        with self._wake:
            if self._calls.get(call.linked_id) is call:
                del self._calls[call.linked_id]
        if call.merged_into is not None:
            self._forget(call.linked_id)
        elif call.state is CallState.ENDED:
            metrics.calls.labels(self._pbx, str(call.disposition)).inc()
            wait_s = self._settings.recording_wait_s
            self._settling[call.linked_id] = Settling(
                call, roots=self._settings.recordings_dirs, deadline=time.monotonic() + wait_s, wait_s=wait_s
            )

    def _settle(self, settling: Settling, now: float) -> None:
        recordings = settling.poll(now)
        if recordings is None:
            return
        linked_id = settling.call.linked_id
        with self._database.transaction() as session:
            store.settle(session, call_id(self._pbx, linked_id), recordings)
        self._count(recordings)
        self._forget(linked_id)

    def _count(self, recordings: list[SettledRecording]) -> None:
        for recording in recordings:
            if recording.problem is not None:
                metrics.skipped_files.labels(self._pbx, "unusable").inc()

    def _forget(self, linked_id: str) -> None:
        self._settling.pop(linked_id, None)
        self._failures.pop(linked_id, None)
        with self._wake:
            if (
                linked_id in self._calls
                and self._calls[linked_id].merged_into is None
                and self._calls[linked_id].state is not CallState.ENDED
            ):
                return
            self._calls.pop(linked_id, None)
            self._since.pop(linked_id, None)

    def _write_state(self) -> None:
        state = self._state
        if state is not None:
            with self._database.transaction() as session:
                store.save_pbx(session, self._pbx, state=state[0], detail=state[1], version=state[2], since=state[3])
            with self._wake:
                if self._state is state:
                    self._state = None
        event_at = self._event_at
        if event_at is not None and time.monotonic() - self._event_noted > _EVENT_TIME_EVERY_S:
            with self._database.transaction() as session:
                store.note_event_time(session, self._pbx, datetime.datetime.fromtimestamp(event_at, datetime.UTC))
            self._event_noted, self._event_at = time.monotonic(), None
