"""What a PBX says that we don't know: counted, and logged once of each kind."""

from __future__ import annotations

from collections.abc import Container

from avasanj.log import get_logger
from telephony import metrics

#: Kinds that are remembered; a PBX that makes up names must not fill the memory.
_REMEMBERED = 500
_LOGGED_LETTERS = 60
_log = get_logger(__name__)


class Unknown:
    def __init__(self, pbx: str, known: Container[str]) -> None:
        self._pbx = pbx
        self._known = known
        self._logged: set[str] = set()
        self._events = metrics.unknown_events.labels(pbx)
        self._malformed = metrics.malformed.labels(pbx)
        self._skipped = 0

    def event(self, name: str) -> None:
        if name not in self._known:
            self._events.inc()
            self._once("unknown_event", name)

    def malformed(self) -> None:
        self._malformed.inc()
        self._once("malformed_message", "")

    def skipped(self, so_far: int) -> None:
        """How many messages of this connection were too long to keep."""
        if so_far > self._skipped:
            metrics.skipped_messages.labels(self._pbx).inc(so_far - self._skipped)
            self._once("message_too_long", "")
        self._skipped = so_far

    def _once(self, event: str, name: str) -> None:
        kind = f"{event} {name}"
        if kind in self._logged or len(self._logged) >= _REMEMBERED:
            return
        self._logged.add(kind)
        _log.warning(event, pbx=self._pbx, name=repr(name[:_LOGGED_LETTERS]))
