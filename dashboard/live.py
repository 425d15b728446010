"""What changed, from PostgreSQL's notices to every open page: one listening thread a process, one queue a browser."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from avasanj import notify

#: A page that has not read this many notices is told that it missed some, and loads itself anew.
_QUEUE_LENGTH = 200
_BEAT_S = 15.0
#: How often it is asked whether the person behind an open page may still see what changes.
CHECK_S = 30.0
_GAP = notify.Notice(kind="gap", id="")


class Hub:
    """Hands notices on to watching browsers. `start` in the event loop, `stop` when the process ends."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._stop = threading.Event()
        self._watchers: set[asyncio.Queue[notify.Notice]] = set()
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

    def _hand_on(self, notice: notify.Notice) -> None:
        for queue in self._watchers:
            if queue.full():
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait(_GAP)
            else:
                queue.put_nowait(notice)

    @contextmanager
    def _watching(self) -> Iterator[asyncio.Queue[notify.Notice]]:
        queue: asyncio.Queue[notify.Notice] = asyncio.Queue(_QUEUE_LENGTH)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)

    async def events(self, allowed: Callable[[], bool]) -> AsyncIterator[str]:
        """Server-sent events, ids only, with a beat every 15 s so that a dead connection is noticed.

        They end when `allowed`, asked every CHECK_S in a thread, says no.
        """
        with self._watching() as queue:
            yield "retry: 2000\n\n"
            checked_s = time.monotonic()
            while not self._stop.is_set():
                if time.monotonic() - checked_s >= CHECK_S:
                    if not await asyncio.to_thread(_still, allowed):
                        return
                    checked_s = time.monotonic()
                try:
                    notice = await asyncio.wait_for(queue.get(), _BEAT_S)
                except TimeoutError:
                    yield ": beat\n\n"
                else:
                    yield f"event: change\ndata: {notice.kind} {notice.id}\n\n"


def _still(allowed: Callable[[], bool]) -> bool:
    """While the database is away nobody can be asked, and no notice comes either."""
    try:
        return allowed()
    except OperationalError:
        return True
