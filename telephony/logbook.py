"""What comes, written to the journal before the assembler sees it; a full disk is told and lived with."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from avasanj.log import get_logger
from telephony import metrics, problems
from telephony.assembler import MARK_HOLE, MARK_RECEIVED, Assembler
from telephony.frames import Message
from telephony.inbox import Received
from telephony.journal import Journal, mark
from telephony.ledger import Position

_log = get_logger(__name__)


class Logbook:
    """The only way by which the assembler learns anything: the ledger stays a function of the journal."""

    def __init__(self, journal: Journal, assembler: Assembler, tell: Callable[[str | None], None]) -> None:
        """`tell` gets what is wrong with the journal, in words for a person, and None once it is well again."""
        self._journal = journal
        self._assembler = assembler
        self._tell = tell
        self._failing_since: float | None = None
        self._bytes = metrics.journal_bytes.labels(assembler.pbx)

    @property
    def failing(self) -> bool:
        return self._failing_since is not None

    def received(self, items: Iterable[Received]) -> None:
        """Keep what the PBX sent, then feed it."""
        marks = [(item, mark(MARK_RECEIVED, item.at)) for item in items]
        self._assembler.position = self._append(b"".join(at + item.raw for item, at in marks))
        for item, at in marks:
            self._assembler.feed(_message(at))
            self._assembler.feed_all(item.messages)
            self._assembler.pass_over(item.passed_over)

    def note(self, *marks: bytes) -> None:
        """Keep marks of our own, then feed them."""
        self._assembler.position = self._append(b"".join(marks))
        for one in marks:
            self._assembler.feed(_message(one))

    def _append(self, text: bytes) -> Position | None:
        now = time.time()
        hole = b""
        if self._failing_since is not None:
            fields = {"From": f"{self._failing_since:.6f}", "To": f"{now:.6f}"}
            hole = mark(MARK_HOLE, now, fields)
        try:
            position = self._journal.append(hole + text, at=now)
            self._bytes.inc(self._journal.took_bytes)
        except OSError as error:
            self._fail(error, now)
            return None
        if hole:
            self._failing_since = None
            self._assembler.feed(_message(hole))
            self._tell(None)
        return position

    def _fail(self, error: OSError, now: float) -> None:
        pbx = self._assembler.pbx
        metrics.journal_faults.labels(pbx).inc()
        if self._failing_since is None:
            self._failing_since = now
            fault = problems.text(problems.JOURNAL, folder=self._journal.folder, fault=error.strerror or error)
            _log.error("journal_fault", pbx=pbx, remedy=fault)
            self._tell(fault)


def _message(one: bytes) -> Message:
    return Message(one.removesuffix(b"\r\n\r\n").decode())
