"""Settles the recordings of ended calls on a thread of its own: a storage that hangs must not hold the ledger up."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from avasanj.log import get_logger
from avasanj.settings import Settings
from telephony import metrics, problems
from telephony.ids import call_id
from telephony.ledger import CallSnapshot
from telephony.recordings import SettledRecording, Settling
from telephony.storage import Storage, storages

_LOOK_EVERY_S = 0.5
#: While a place is away it is asked for less often: each question may wait for a connection.
_AWAY_LOOK_EVERY_S = 3.0
#: A look that takes longer than this hangs in a storage that does not answer.
_HANGS_S = 20.0
_TRIES = 8
_log = get_logger(__name__)


class Settler:
    """Calls go in when they have ended and come out when their recordings are settled; none is given up for a storage that
    is away. `done` lets go of one.
    """  # fmt: skip

    def __init__(self, settings: Settings, *, pbx: str, places: Sequence[Storage] | None = None) -> None:
        self._wait_s = settings.recording_wait_s
        self._pbx = pbx
        self._places = storages(settings, own=True) if places is None else places
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._waiting: dict[str, Settling] = {}
        self._settled: dict[str, list[SettledRecording]] = {}
        self._failures: dict[str, int] = {}
        self._busy_since: float | None = None
        self._told: dict[str, str | None] = {}
        self._thread = threading.Thread(target=self._run, name="recordings-settler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, *, wait_s: float = 2.0) -> None:
        """End. What is not settled is settled by the next one, from the journal."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def add(self, call: CallSnapshot) -> None:
        """Settle this ended call's recordings; anew where it is known already."""
        with self._lock:
            self._waiting[call.linked_id] = Settling(call, places=self._places, wait_s=self._wait_s)
            self._settled.pop(call.linked_id, None)
        self._wake.set()

    def settled(self) -> list[tuple[CallSnapshot, list[SettledRecording]]]:
        """Every call that is ready, with its recordings, until `done` is said of it."""
        with self._lock:
            return [(self._waiting[linked_id].call, found) for linked_id, found in self._settled.items()]

    def done(self, linked_id: str) -> None:
        """The call's recordings are kept, or nobody needs them any more."""
        with self._lock:
            self._waiting.pop(linked_id, None)
            self._settled.pop(linked_id, None)
            self._failures.pop(linked_id, None)
            self._told.pop(linked_id, None)

    def news(self) -> dict[str, str | None]:
        """What is new about why calls still wait, by linked id: a sentence for a person, None where nothing is amiss."""
        hangs = self._hangs()
        with self._lock:
            now = {linked_id: settling.away or hangs for linked_id, settling in self._waiting.items()}
            news = {linked_id: away for linked_id, away in now.items() if away != self._told.get(linked_id)}
            metrics.awaited_calls.labels(self._pbx).set(sum(away is not None for away in now.values()))
        return news

    def told(self, linked_id: str, away: str | None) -> None:
        """The call's row says this now."""
        with self._lock:
            self._told[linked_id] = away

    def _hangs(self) -> str | None:
        since = self._busy_since
        if since is None or time.monotonic() - since < _HANGS_S:
            return None
        places = ", ".join(place.label for place in self._places)
        return problems.text(problems.FOLDER_AWAY, folder=places, fault="no answer")

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                waiting = [(id_, one) for id_, one in self._waiting.items() if id_ not in self._settled]
            self._busy_since = time.monotonic()
            for linked_id, settling in waiting:
                if self._stop.is_set():
                    return
                self._poll(linked_id, settling)
                self._busy_since = time.monotonic()
            self._busy_since = None
            away = bool(waiting) and all(settling.away for _, settling in waiting)
            self._wake.wait(_AWAY_LOOK_EVERY_S if away else _LOOK_EVERY_S if waiting else None)
            self._wake.clear()

    def _poll(self, linked_id: str, settling: Settling) -> None:
        try:
            recordings = settling.poll(time.monotonic())
        except Exception:  # noqa: BLE001 - one call's trouble is not the others'; it is logged and counted
            failures = self._failures[linked_id] = self._failures.get(linked_id, 0) + 1
            metrics.errors.labels(self._pbx, "recordings").inc()
            _log.exception("recordings_not_settled", call=str(call_id(self._pbx, linked_id)), attempt=failures)
            recordings = [] if failures >= _TRIES else None
        if recordings is not None:
            with self._lock:
                if self._waiting.get(linked_id) is settling:
                    self._settled[linked_id] = recordings
