"""What the reader of a connection hands to its user: in order, bounded by its bytes, nothing lost."""

from __future__ import annotations

import collections
import dataclasses
import threading

from telephony.frames import Message

#: Beyond it the reader waits, then Asterisk waits, and in the end Asterisk closes the connection: nothing is dropped unseen.
_WAITING_BYTES = 32 << 20
#: How much is handed over at once: it becomes one block of the journal.
_BATCH_BYTES = 256 << 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Received:
    """What one read brought: whole messages and their bytes. `at` in seconds since 1970.

    `passed_over`: events that are among the bytes alone, since nobody needs them as messages.
    """

    at: float
    raw: bytes
    messages: tuple[Message, ...]
    passed_over: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lost:
    """The connection ended; `why` in the operating system's words."""

    why: str


class Inbox:
    def __init__(self, *, waiting_bytes: int = _WAITING_BYTES) -> None:
        self._limit = waiting_bytes
        self._items: collections.deque[Received | Lost] = collections.deque()
        self._bytes = 0
        self._change = threading.Condition()
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether the reader must wait: the connection's silence is then ours."""
        return self._bytes >= self._limit

    def put(self, item: Received | Lost) -> None:
        """Add it, after waiting for room."""
        with self._change:
            self._change.wait_for(lambda: not self.full or self._closed)
            if self._closed:
                return
            self._items.append(item)
            self._bytes += len(item.raw) if isinstance(item, Received) else 0
            self._change.notify_all()

    def take(self, wait_s: float) -> list[Received | Lost]:
        """What waits, oldest first, up to about 256 KB of it; empty if nothing comes within `wait_s`."""
        taken: list[Received | Lost] = []
        size = 0
        with self._change:
            self._change.wait_for(lambda: bool(self._items), wait_s)
            while self._items and size < _BATCH_BYTES:
                item = self._items.popleft()
                size += len(item.raw) if isinstance(item, Received) else 0
                taken.append(item)
            self._bytes -= size
            self._change.notify_all()
        return taken

    def close(self) -> None:
        """Nobody will take any more: let the reader go."""
        with self._change:
            self._closed = True
            self._change.notify_all()
