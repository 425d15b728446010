"""Calls that could not be written to the ledger: shown to a person among the stuck work, and tried again when asked for."""

from __future__ import annotations

import time
import uuid

from avasanj import stuck
from avasanj.database import Database
from telephony import metrics, problems
from telephony.ids import call_id
from telephony.ledger import CallSnapshot

_LOOK_EVERY_S = 2.0


class PutAside:
    """One PBX's. The events stay in the journal: the checkpoint does not pass a call that is put aside.

    Every method raises what the database does where it is away.
    """

    def __init__(self, database: Database, *, pbx: str) -> None:
        self._database = database
        self._pbx = pbx
        self._prefix = f"{stuck.LEDGER}:{pbx}:"
        self._calls: dict[str, CallSnapshot] = {}
        self._shown: set[str] | None = None  #: ids of the calls that a person is shown
        self._looked = 0.0

    def put(self, call: CallSnapshot, error: Exception) -> None:
        """Show it to a person, once."""
        subject = str(call_id(self._pbx, call.linked_id))
        if subject not in self._now_shown():
            # the kind of error alone: its text may hold names and numbers
            text = problems.text(problems.NOT_SAVED, fault=type(error).__name__)
            with self._database.transaction() as session:
                stuck.record(session, f"{self._prefix}{call.linked_id}:{uuid.uuid4()}", stuck.LEDGER, subject, text)
            self._now_shown().add(subject)
        self._calls[call.linked_id] = call
        metrics.stuck_calls.labels(self._pbx).set(len(self._calls))

    def saved(self, linked_id: str) -> None:
        """It succeeded after all, by itself or after a restart: nobody needs to see it any more."""
        subject = str(call_id(self._pbx, linked_id))
        self._calls.pop(linked_id, None)
        if subject not in self._now_shown():
            return
        with self._database.transaction() as session:
            for row in stuck.still_waiting(session, stuck.LEDGER, f"{self._prefix}{linked_id}:"):
                stuck.settled(session, row)
        self._now_shown().discard(subject)
        metrics.stuck_calls.labels(self._pbx).set(len(self._calls))

    def asked_again(self) -> list[CallSnapshot]:
        """The calls that a person wants to be tried again, each once."""
        if not self._calls or time.monotonic() - self._looked < _LOOK_EVERY_S:
            return []
        self._looked = time.monotonic()
        self._shown = None
        shown = self._now_shown()
        again = [call for linked_id, call in self._calls.items() if str(call_id(self._pbx, linked_id)) not in shown]
        for call in again:
            del self._calls[call.linked_id]
        metrics.stuck_calls.labels(self._pbx).set(len(self._calls))
        return again

    def _now_shown(self) -> set[str]:
        if self._shown is None:
            with self._database.read() as session:
                self._shown = {row.subject_id for row in stuck.still_waiting(session, stuck.LEDGER, self._prefix)}
        return self._shown
