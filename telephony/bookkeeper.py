"""Writes what the listener saw into the database, as soon as the database is there; nothing waits for it."""

from __future__ import annotations

import collections
import datetime
import functools
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy.exc import InterfaceError, InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from avasanj.database import Database
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics, store
from telephony.assembler import Assembler
from telephony.ids import call_id
from telephony.journal import Journal
from telephony.ledger import Activity, CallSnapshot, Position, moment
from telephony.pbx_row import PbxRow
from telephony.put_aside import PutAside
from telephony.recordings import SettledRecording, note_awaited
from telephony.settler import Settler
from telephony.tables import CallState

#: The database is away, starting, or not yet migrated: everything waits for it.
_AWAY = (OperationalError, InterfaceError, InternalError, ProgrammingError, PoolTimeout)
_LOOK_EVERY_S = 0.5
#: A call changes several times within a moment while it is set up: written together. A change after a rest is written at once.
_GATHER_S, _ACTIVITIES_EVERY_S = 0.25, 0.5
#: Where writing itself takes long, more is gathered before the next time: so many times as long, up to so many seconds.
_REST_TIMES, _MOST_GATHER_S = 4.0, 0.6
_RETRY_S = (0.5, 1.0, 2.0, 5.0)
#: A call that fails by itself, with the database there, is tried again after 1, 2, 4 … s and then put aside.
_TRIES, _FIRST_RETRY_S = 8, 1.0
#: Calls that are in the database for good, while the journal may hold a last event of theirs behind the checkpoint.
_SETTLED, _SETTLED_NAMED_S = 5_000, 900.0
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
        self._settler = Settler(settings, pbx=pbx)
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}  # monotonic
        self._open_elsewhere: set[str] | None = None
        self._standing: tuple[Sequence[Activity], float | None, float] | None = None
        self._row = PbxRow(database, pbx=pbx)
        self._activities: dict[tuple[str, str, datetime.datetime], Activity] = {}
        self._put_aside = PutAside(database, pbx=pbx)
        self._passed_over: frozenset[str] = frozenset()
        self._settled: collections.OrderedDict[str, float] = collections.OrderedDict()  # when, monotonic
        self._fresh = False
        self._activities_at = 0.0  # monotonic
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)

    def start(self) -> None:
        self._settler.start()
        self._thread.start()

    def pass_over(self, settled: Iterable[str]) -> None:
        """Leave these calls (linked ids) alone: all of them is in the database, and the journal holds but their last events."""
        self._passed_over = frozenset(settled)
        for linked_id in self._passed_over:
            self._settled[linked_id] = time.monotonic()

    def submit(self, calls: Iterable[CallSnapshot], activities: Iterable[Activity] = ()) -> None:
        """Have these written. Returns at once."""
        with self._wake:
            for call in calls:
                if call.linked_id in self._passed_over:
                    continue
                self._calls[call.linked_id] = call
                self._since.setdefault(call.linked_id, call.since)
            for one in activities:
                self._activities[one.interface, one.state, one.started_at] = one
            self._fresh = True
            self._wake.notify()

    def tell_state(self, state: str, detail: str | None, version: str | None, troubles: tuple[str, ...] = ()) -> None:
        """Have the state of the PBX's connection written. Only the last one counts."""
        with self._wake:
            self._row.tell(state, detail, version, troubles)
            self._fresh = True
            self._wake.notify()

    def close_all_but(self, open_calls: Iterable[str]) -> None:
        """Have every other call of this PBX ended that the database still shows as going on: nobody will ever end it."""
        with self._wake:
            self._open_elsewhere = set(open_calls)
            self._wake.notify()

    def end_standing_but(self, standing: Sequence[Activity], *, heard_at: float | None, again_at: float) -> None:
        """Have every other log-in and pause ended that the database still shows as going on: between `heard_at` and `again_at`
        (seconds since 1970), when the PBX was heard before and again.
        """
        with self._wake:
            self._standing = standing, heard_at, again_at
            self._wake.notify()

    def saw_event(self, at: float) -> None:
        self._row.saw_event(at)

    def note_checkpoint(self, journal: Journal, assembler: Assembler, *, needed: Position | None = None) -> None:
        """Note from where on the journal must be read again if we end now, from `needed` on at the latest. Raises OSError.

        The order matters: what is open is asked for before the end is.
        """
        with self._wake:
            unsettled = [since for since in self._since.values() if since is not None]
            cutoff = time.monotonic() - _SETTLED_NAMED_S
            while self._settled and (
                self._settled[next(iter(self._settled))] < cutoff or len(self._settled) > _SETTLED
            ):
                self._settled.popitem(last=False)
            settled = list(self._settled)
        places = [place for place in (assembler.oldest(), needed, *unsettled) if place is not None]
        journal.set_checkpoint(min(places) if places else journal.end(), settled)

    def close(self, *, wait_s: float) -> None:
        """Write what can be written now, and end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(wait_s)
        self._settler.close()

    # -- the thread

    def _run(self) -> None:
        away, wrote_at, gather_s = 0, 0.0, _GATHER_S
        while True:
            with self._wake:
                if not (self._fresh or self._closing):
                    self._wake.wait(_LOOK_EVERY_S)
                closing = self._closing
            if not closing:
                time.sleep(max(0.0, wrote_at + gather_s - time.monotonic()))
            wrote_at = time.monotonic()
            with self._wake:
                self._fresh = False
            try:
                self._write()
                away = 0
                gather_s = min(max(_GATHER_S, _REST_TIMES * (time.monotonic() - wrote_at)), _MOST_GATHER_S)
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
        self._row.write()
        again = self._put_aside.asked_again()
        with self._wake:
            for call in again:
                self._calls.setdefault(call.linked_id, call)
            waiting = list(self._calls.values())
        for call in waiting:
            self._guarded(call, functools.partial(self._save, call))
        for call, recordings in self._settler.settled():
            self._guarded(call, functools.partial(self._settle, call, recordings))
        self._tell_awaited()
        self._end_standing()
        self._write_activities()
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

    def _end_standing(self) -> None:
        with self._wake:
            told = self._standing
        if told is not None:
            standing, heard_at, again_at = told
            heard = None if heard_at is None else moment(heard_at)
            with self._database.transaction() as session:
                store.end_standing(session, self._pbx, standing, heard_at=heard, again_at=moment(again_at))
            self._standing = None

    def _guarded(self, call: CallSnapshot, do: Callable[[], None]) -> None:
        """One call's trouble is not the others': after some tries it is put aside, where a person sees it."""
        linked_id = call.linked_id
        if time.monotonic() < self._not_before.get(linked_id, 0.0):
            return
        try:
            do()
            self._failures.pop(linked_id, None)
            self._not_before.pop(linked_id, None)
        except _AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - the supervisor's own thread
            failures = self._failures[linked_id] = self._failures.get(linked_id, 0) + 1
            metrics.errors.labels(self._pbx, "ledger").inc()
            _log.exception("call_not_saved", call=str(call_id(self._pbx, linked_id)), attempt=failures)
            self._not_before[linked_id] = time.monotonic() + _FIRST_RETRY_S * 2.0 ** (failures - 1)
            if failures >= _TRIES:
                self._set_aside(call, error)

    def _set_aside(self, call: CallSnapshot, error: Exception) -> None:
        """Stop trying. Its place in the journal stays noted, so that a restart tries again as well."""
        self._put_aside.put(call, error)
        linked_id = call.linked_id
        self._settler.done(linked_id)
        for notes in (self._failures, self._not_before):
            notes.pop(linked_id, None)
        with self._wake:
            if self._calls.get(linked_id) is call:
                del self._calls[linked_id]

    def _save(self, call: CallSnapshot) -> None:
        with self._database.transaction() as session:
            store.save(session, call, self._settings)
        self._put_aside.saved(call.linked_id)
        with self._wake:
            if self._calls.get(call.linked_id) is call:
                del self._calls[call.linked_id]
        if call.merged_into is not None:
            self._forget(call.linked_id)
        elif call.state is CallState.ENDED:
            metrics.calls.labels(self._pbx, str(call.disposition)).inc()
            self._settler.add(call)

    def _settle(self, call: CallSnapshot, recordings: list[SettledRecording]) -> None:
        linked_id = call.linked_id
        with self._database.transaction() as session:
            store.settle(session, call_id(self._pbx, linked_id), recordings)
        self._count(recordings)
        self._forget(linked_id)

    def _tell_awaited(self) -> None:
        """Show on each call why it still waits for its recordings."""
        for linked_id, away in self._settler.news().items():
            with self._database.transaction() as session:
                note_awaited(session, call_id(self._pbx, linked_id), away)
            self._settler.told(linked_id, away)

    def _count(self, recordings: list[SettledRecording]) -> None:
        for recording in recordings:
            if recording.problem is not None:
                metrics.skipped_files.labels(self._pbx, "unusable").inc()

    def _forget(self, linked_id: str) -> None:
        """The database holds it for good, unless something new was learnt of it meanwhile."""
        with self._wake:
            if linked_id in self._calls:
                return
            self._since.pop(linked_id, None)
            self._settled[linked_id] = time.monotonic()
        self._settler.done(linked_id)
        self._failures.pop(linked_id, None)

    def _write_activities(self) -> None:
        with self._wake:
            waiting = dict(self._activities)
        due = self._closing or time.monotonic() - self._activities_at > _ACTIVITIES_EVERY_S
        if not waiting or not due:
            return
        self._activities_at = time.monotonic()
        with self._database.transaction() as session:
            store.save_activities(session, list(waiting.values()))
        with self._wake:
            for key, one in waiting.items():
                if self._activities.get(key) is one:
                    del self._activities[key]
