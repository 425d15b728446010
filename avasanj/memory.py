"""What a process holds of the system's memory beyond what it uses. Of glibc's heap: elsewhere nothing is done."""

from __future__ import annotations

import ctypes
import functools
import sys
from typing import Any

#: glibc gives each of many threads a heap of its own, of which pieces stay in use for ever: 70 MB more with a speech model.
_HEAPS, _M_ARENA_MAX = 2, -8
#: Bytes from which memory is asked of the system each time and handed back when it is freed. By itself glibc soon keeps up
#: to 32 MB at a time.
_HANDED_BACK, _M_MMAP_THRESHOLD = 4 << 20, -3


def hold_little() -> None:
    """Keep little of what is freed, from now on. To be called before there are threads: those that run keep their heaps."""
    if (libc := _glibc()) is not None:
        libc.mallopt(_M_ARENA_MAX, _HEAPS)
        libc.mallopt(_M_MMAP_THRESHOLD, _HANDED_BACK)


def give_back() -> None:
    """Hand what was freed back to the system, which glibc alone does not do: 250 MB over 150 calls' sound, 300 after compiling."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


@functools.cache
def _glibc() -> Any:
    """The C library where it is glibc, else None: others have neither function."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    return libc if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim") else None
