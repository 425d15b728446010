"""Manager events to measure with: recorded ones, told again and again as other calls at other times."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import avasanj

STREAMS = Path(avasanj.__file__).resolve().parents[1] / "tests/streams"
_END = b"\r\n\r\n"
#: Seconds since 1970, with a fraction or a channel's number: time stamps and unique ids alike.
_MOMENT = re.compile(rb"\b1[6-9]\d{8}(?=\.\d)")
_APART_S = 100_000


class RecordedEvents:
    """Raises FileNotFoundError where the checkout's recorded streams are not there."""

    def __init__(self, folder: Path = STREAMS) -> None:
        recorded = [self._whole(path) for path in sorted(folder.glob("22-*.txt*"))]
        if not recorded:
            raise FileNotFoundError(folder)
        self._one = b"".join(recorded)

    def again(self, time: int) -> list[bytes]:
        """Every event, at another time and with other ids for each `time` (0, 1, 2 …)."""
        moved = _MOMENT.sub(lambda found: b"%d" % (int(found[0]) + time * _APART_S), self._one)
        return [event + _END for event in moved.split(_END)[:-1]]

    def events(self, count: int) -> Iterator[bytes]:
        """So many events, one after the other."""
        time = 0
        while count > 0:
            some = self.again(time)[:count]
            yield from some
            count -= len(some)
            time += 1

    @staticmethod
    def _whole(path: Path) -> bytes:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        events = [part.lstrip(b"\r\n") for part in raw.split(_END)[:-1]]
        return b"".join(event + _END for event in events if event.startswith(b"Event: "))
