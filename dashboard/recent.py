"""An answer that took the database some work, kept for a few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """The last answer while it is younger than `keep_s`. Whoever asks meanwhile waits for the one who is asking."""

    def __init__(self, keep_s: float) -> None:
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._kept: tuple[float, T] | None = None

    def get(self, ask: Callable[[], T]) -> T:
        """The answer. What `ask` raises is raised, and nothing is kept."""
        with self._lock:
            if self._kept is None or time.monotonic() - self._kept[0] >= self._keep_s:
                self._kept = time.monotonic(), ask()
            return self._kept[1]
