"""How we stand with one PBX: the connection's state, and what else is wrong, as the dashboard and the doctor show it."""

from __future__ import annotations

from avasanj.log import get_logger
from telephony import metrics
from telephony.bookkeeper import Bookkeeper

_log = get_logger(__name__)


class Standing:
    """`state` is connecting, connected, refused, unprivileged, lost, paused or stopped; a trouble goes on beside it."""

    def __init__(self, pbx: str, bookkeeper: Bookkeeper) -> None:
        self._pbx = pbx
        self._bookkeeper = bookkeeper
        self._detail: str | None = None
        self._troubles: dict[str, str] = {}
        self.state = ""

    def is_now(self, state: str, detail: str | None = None, version: str | None = None) -> None:
        """Have the state written where it is another, or the PBX told its version."""
        if (state, detail) == (self.state, self._detail) and version is None:
            return
        if state != self.state:
            _log.info("pbx_state", pbx=self._pbx, state=state)
        self.state, self._detail = state, detail
        metrics.connected.labels(self._pbx).set(state in ("connected", "unprivileged"))
        self._write(version)

    def fault(self, state: str, detail: str) -> None:
        """The connection failed, or could not be made."""
        metrics.faults.labels(self._pbx, state).inc()
        if (state, detail) != (self.state, self._detail):
            _log.warning("pbx_fault", pbx=self._pbx, state=state, remedy=detail)
        self.is_now(state, detail)

    def trouble(self, kind: str, text: str | None) -> None:
        """Something beside the connection is wrong (a sentence with what to do), or well again (None)."""
        if self._troubles.get(kind) == text:
            return
        if text is None:
            self._troubles.pop(kind, None)
        else:
            self._troubles[kind] = text
            _log.warning("pbx_trouble", pbx=self._pbx, kind=kind, remedy=text)
        self._write(None)

    def _write(self, version: str | None) -> None:
        self._bookkeeper.tell_state(self.state, self._detail, version, tuple(self._troubles.values()))
