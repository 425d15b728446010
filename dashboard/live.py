"""What changed, from PostgreSQL's notices to every open page: one listening thread a process, one queue a browser."""

from __future__ import annotations

import asyncio
import secrets
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import OperationalError

from avasanj import notify

#: A page that has not read this many notices is told that it missed some, and loads itself anew.
_QUEUE_LENGTH = 200
#: So many notices are kept for pages that were made, or lost their connection, some moments ago.
_KEPT = 500
_BEAT_S = 10.0
#: How often it is asked whether the person behind an open page may still see what changes.
CHECK_S = 30.0
_GAP = notify.Notice(kind="gap", id="")
_Numbered = tuple[int, notify.Notice]


class Hub:
    """Hands notices on to watching browsers. `start` in the event loop, `stop` when the process ends.

    Notices are numbered. A page carries the mark that was up to date before anything on it was read, and is sent what came
    after that mark: nothing falls between the making of a page and its connection.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._run = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[_Numbered] = deque(maxlen=_KEPT)
        self._stop = threading.Event()
        self._watchers: set[asyncio.Queue[_Numbered]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._listen, name="notices", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _listen(self) -> None:
        for notice in notify.listen(self._url, self._stop):
            if self._loop is None or self._loop.is_closed():
                return
            self._loop.call_soon_threadsafe(self._hand_on, notice)

    @property
    def mark(self) -> str:
        """How far the notices have come: what a page that is made now knows."""
        return f"{self._run}-{self._number}"

    def _hand_on(self, notice: notify.Notice) -> None:
        # The number goes up last: a page made meanwhile in another thread is then told once too often, never too seldom.
        numbered = (self._number + 1, notice)
        self._kept.append(numbered)
        self._number += 1
        for queue in self._watchers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait((self._number, _GAP))
            else:
                queue.put_nowait(numbered)

    def _since(self, mark: str) -> list[_Numbered]:
        """What came after the mark; a gap where that is no longer known. An empty mark asks for nothing."""
        if not mark:
            return []
        run, _, number = mark.partition("-")
        missed = self._number - int(number) if run == self._run and number.isdigit() else None
        if missed is None or not 0 <= missed <= len(self._kept):
            return [(self._number, _GAP)]
        return list(self._kept)[len(self._kept) - missed :]

    @contextmanager
    def _watching(self) -> Iterator[asyncio.Queue[_Numbered]]:
        queue: asyncio.Queue[_Numbered] = asyncio.Queue(_QUEUE_LENGTH)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    async def events(
        self, allowed: Callable[[], bool], after: str = "", keep: Callable[[], None] | None = None
    ) -> AsyncIterator[str]:
        """Server-sent events, ids only, from the mark `after` on, with a beat every 10 s so that a dead connection is noticed.

        They end when `allowed`, asked every CHECK_S in a thread, says no. `keep` is called at once and with every beat, for
        as long as the page is open.
        """
        with self._watching() as queue:
            missed = self._since(after)
            yield "retry: 2000\n\n"
            for numbered in missed:
                yield self._told(numbered)
            checked_s, kept_s = time.monotonic(), float("-inf")
            while not self._stop.is_set():
                if time.monotonic() - checked_s >= CHECK_S:
                    if not await asyncio.to_thread(_still, allowed):
                        return
                    checked_s = time.monotonic()
                if keep is not None and time.monotonic() - kept_s >= _BEAT_S:
                    await asyncio.to_thread(_quietly, keep)
                    kept_s = time.monotonic()
                try:
                    numbered = await asyncio.wait_for(queue.get(), _BEAT_S)
                except TimeoutError:
                    yield ": beat\n\n"
                else:
                    yield self._told(numbered)

    def _told(self, numbered: _Numbered) -> str:
        number, notice = numbered
        return f"id: {self._run}-{number}\nevent: change\ndata: {notice.kind} {notice.id}\n\n"


def _quietly(keep: Callable[[], None]) -> None:
    """While the database is away nothing can be kept, and the page stays open all the same."""
    with suppress(OperationalError):
        keep()


def _still(allowed: Callable[[], bool]) -> bool:
    """While the database is away nobody can be asked, and no notice comes either."""
    try:
        return allowed()
    except OperationalError:
        return True
