"""Every byte that the PBX sent, kept on disk before it is used, so that a killed listener can read it again.

A segment holds whole messages only, with marks of our own between them (`Avasanj: received`, the time of arrival). One
that a crash cut off ends in a partial message, which was never used; the next start begins a new segment.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from collections.abc import Iterator
from pathlib import Path

from telephony.frames import Framer, Message
from telephony.ledger import Position

SEGMENT_GLOB = "*.ami"
_SEGMENT_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 16
_SYNC_EVERY_S = 5.0
_CHECKPOINT = "checkpoint.json"


class Journal:
    """One PBX's journal, in a folder that nobody else may read. One writer at a time."""

    def __init__(self, folder: Path, *, segment_bytes: int = _SEGMENT_BYTES) -> None:
        self.folder = folder
        self._segment_bytes = segment_bytes
        self._file: int | None = None
        self._segment = ""
        self._size = 0
        self._day = ""
        self._synced_at = 0.0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, raw: bytes, *, at: float, mark: str = "received") -> Position:
        """Write `raw` (whole messages) that came at `at` (seconds since 1970); return where it lies.

        Written through to the operating system before it returns, to the disk every few seconds. Raises OSError where
        it can't be written; what was written in part is left at the end of a segment that is not continued.
        """
        line = f"Avasanj: {mark}\r\nAt: {at:.6f}\r\n\r\n".encode() + raw
        self._open_for(at)
        assert self._file is not None
        position = Position(segment=self._segment, offset=self._size)
        try:
            written = os.write(self._file, line)
            if written < len(line):
                os.write(self._file, line[written:])
        except OSError:
            self.close()
            raise
        self._size += len(line)
        if at - self._synced_at > _SYNC_EVERY_S:
            os.fdatasync(self._file)
            self._synced_at = at
        return position

    def read(self, since: Position | None) -> Iterator[tuple[Position, Message]]:
        """Every message from `since` on (None: from the first kept), with its place."""
        for path in sorted(self.folder.glob(SEGMENT_GLOB)):
            if since is not None and path.name < since.segment:
                continue
            skip = since.offset if since is not None and path.name == since.segment else 0
            framer = Framer()
            with path.open("rb") as stream:
                stream.seek(skip)
                while chunk := stream.read(_CHUNK_BYTES):
                    for message in framer.feed(chunk)[1]:
                        yield Position(segment=path.name, offset=skip + message.offset), message

    def checkpoint(self) -> Position | None:
        """From where on events may not have reached the database; None before the first one was noted."""
        try:
            noted = json.loads((self.folder / _CHECKPOINT).read_text(encoding="ascii"))
            return Position(segment=str(noted["segment"]), offset=int(noted["offset"]))
        except (FileNotFoundError, ValueError, KeyError):
            return None

    def set_checkpoint(self, position: Position) -> None:
        """Note that every call that began before `position` is in the database for good."""
        fresh = self.folder / f"{_CHECKPOINT}.new"
        fresh.write_text(json.dumps({"segment": position.segment, "offset": position.offset}), encoding="ascii")
        fresh.replace(self.folder / _CHECKPOINT)

    def end(self) -> Position:
        """The place of the next message."""
        if self._file is None:
            self._open_for(datetime.datetime.now(datetime.UTC).timestamp())
        return Position(segment=self._segment, offset=self._size)

    def prune(self, *, keep_days: int, now: float) -> int:
        """Remove segments last written more than `keep_days` ago that the checkpoint has left behind; how many."""
        checkpoint = self.checkpoint()
        removed = 0
        for path in sorted(self.folder.glob(SEGMENT_GLOB)):
            needed = checkpoint is None or path.name >= checkpoint.segment or path.name == self._segment
            if not needed and path.stat().st_mtime < now - keep_days * 86_400:
                path.unlink()
                removed += 1
        return removed

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)
            os.close(self._file)
            self._file = None

    def _open_for(self, at: float) -> None:
        """A segment to write to: a new one every day, and when the last has grown large."""
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
        day = f"{moment:%Y%m%d}"
        if self._file is not None and self._size < self._segment_bytes and day == self._day:
            return
        self.close()
        last = max((path.name for path in self.folder.glob(SEGMENT_GLOB)), default="")
        number = int(last.partition("-")[0]) + 1 if last.partition("-")[0].isdigit() else 1
        self._segment = f"{number:08d}-{moment:%Y%m%dT%H%M%S}.ami"
        self._file = os.open(self.folder / self._segment, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size, self._day = 0, day
