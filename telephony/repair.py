"""Calls of which events were missed, looked up in the PBX's own call records once they are over.

What is found goes into the journal as marks, and from there to the assembler like everything else.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
import time
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from avasanj.database import Database
from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics, problems
from telephony.call_records import CallRecord, CallRecords, RecordsAway, records_of
from telephony.ledger import CallSnapshot, Position
from telephony.tables import Call, CallState

#: The PBX writes its records just after a call's end; after the last look none is expected any more.
_LOOKS_S = (2.0, 5.0, 15.0, 60.0)
#: Records have times to the second, and the PBX's clock is not ours.
_MARGIN_S = 2.0
_WAKE_S = 0.5
_AWAY_S = 10.0
_REMEMBERED = 5_000
_log = get_logger(__name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Found:
    """Rows that belong into the journal, in the order of their ends; `read_from` is where they were found."""

    read_from: str
    rows: tuple[CallRecord, ...]

    def as_marks(self, at: float) -> list[bytes]:
        return [row.as_mark(read_from=self.read_from, at=at) for row in self.rows]


@dataclasses.dataclass(kw_only=True)
class _Search:
    """For one call, or (`linked_id` None) for every one that began and ended between the two times."""

    linked_id: str | None
    since: float
    until: float | None  #: None: until now
    place: Position | None
    looks: int = 0
    due: float = 0.0  # monotonic

    def wants(self, row: CallRecord) -> bool:
        if self.linked_id is not None:
            return self.linked_id in (row.linked_id, row.uniqueid)
        within = row.started_at >= self.since - _MARGIN_S and row.ended_at <= (self.until or 0.0) + _MARGIN_S
        return within and row.kind == "cdr"


class Repairs:
    """One PBX's. The reading has a thread of its own; everything else is for the listener's."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._pbx = settings.pbx_name
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._searches: dict[str | float, _Search] = {}
        self._done: collections.OrderedDict[str | float, None] = collections.OrderedDict()
        self._found: list[Found] = []
        self._wanted = settings.cdr_csv is not None or settings.cdr_database_url is not None
        self._thread = threading.Thread(target=self._run, name="call-records", daemon=True)
        self.problem: str | None = None  #: why the records can't be read, in words for a person

    def start(self) -> None:
        if self._wanted:
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_WAKE_S * 4)

    def touched(self, calls: Iterable[CallSnapshot]) -> None:
        """Look up those of these calls that are over and that a gap touched; each once."""
        for call in calls:
            if call.state is CallState.ENDED and call.gaps and call.merged_into is None:
                self._add(
                    call.linked_id,
                    _Search(linked_id=call.linked_id, since=call.started_at.timestamp(), until=None, place=call.since),
                )

    def missed(self, since: float | None, until: float, place: Position | None) -> None:
        """Nobody listened between the two (seconds since 1970): look for calls that nobody saw. None: since ever, no look."""
        if since is not None and until > since:
            self._add(until, _Search(linked_id=None, since=since, until=until, place=place))

    def oldest(self) -> Position | None:
        """From where on the journal is needed for what is still looked up."""
        with self._lock:
            return min((one.place for one in self._searches.values() if one.place is not None), default=None)

    def found(self) -> list[Found]:
        """What was found since this was last asked."""
        with self._lock:
            found, self._found = self._found, []
        return found

    def _add(self, key: str | float, search: _Search) -> None:
        with self._lock:
            if self._wanted and key not in self._searches and key not in self._done:
                search.due = time.monotonic() + _LOOKS_S[0]
                self._searches[key] = search

    # -- on its own thread

    def _run(self) -> None:
        places: list[CallRecords] | None = None
        while not self._stop.wait(_WAKE_S):
            with self._lock:
                due = [(key, one) for key, one in self._searches.items() if one.due <= time.monotonic()]
            try:
                if due and places is None:
                    places = records_of(self._settings)
                for key, search in due:
                    self._look(key, search, places or [])
                if due:
                    self.problem = None
            except (RecordsAway, SQLAlchemyError) as away:
                fault = away if isinstance(away, RecordsAway) else type(away).__name__
                if self.problem is None:
                    _log.warning("call_records_away", pbx=self._pbx, fault=str(fault))
                self.problem = problems.text(problems.CDR_UNREAD, fault=fault)
                self._stop.wait(_AWAY_S)

    def _look(self, key: str | float, search: _Search, places: list[CallRecords]) -> None:
        until = time.time() if search.until is None else search.until
        found = []
        for place in places:
            near = place.between(search.since - _MARGIN_S, until + _MARGIN_S, search.linked_id)
            rows = [row for row in near if search.wants(row)]
            if search.linked_id is None:
                rows = self._unseen(rows)
            if rows:
                found.append(Found(read_from=place.name, rows=tuple(rows)))
        search.looks += 1
        with self._lock:
            self._found += found
            if not found and search.looks < len(_LOOKS_S):
                search.due = time.monotonic() + _LOOKS_S[search.looks]
                return
            self._searches.pop(key)
            self._done[key] = None
            while len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
        outcome = "nothing" if not found else "new" if search.linked_id is None else "found"
        if found or search.linked_id is not None:
            metrics.repairs.labels(self._pbx, outcome).inc()
            _log.info("call_records", pbx=self._pbx, outcome=outcome, rows=sum(len(one.rows) for one in found))

    def _unseen(self, rows: list[CallRecord]) -> list[CallRecord]:
        """Those whose call the ledger does not have. Raises SQLAlchemyError where the database is away."""
        calls = {row.linked_id or row.uniqueid for row in rows}
        if not calls:
            return []
        with self._database.read() as session:
            known = set(session.scalars(select(Call.linked_id).where(Call.pbx == self._pbx, Call.linked_id.in_(calls))))
        return [row for row in rows if (row.linked_id or row.uniqueid) not in known]
