"""Every byte that the PBX sent, kept on disk before it is used, so that a killed listener can read it again.

A journal is a folder of segments (`telephony/segments.py` says how one is made), read in the order of their names. Each block
holds whole messages only, with marks of our own between them: `Avasanj: received`, the time of arrival.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from telephony import segments
from telephony.frames import Framer, Kind, Message
from telephony.ledger import Position
from telephony.segments import Block, Damage

SEGMENT_GLOB = "*.avj"
#: Segments of the first version: the stream and the marks as they are, in nothing.
PLAIN_SEGMENT_GLOB = "*.ami"
#: A mark that we make while reading: it says that events between `From` and `To` are not there to be read.
MARK_HOLE = "hole"
_SEGMENT_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 16
_SYNC_EVERY_S = 5.0
_CHECKPOINT, _CHECKPOINT_BEFORE = "checkpoint.json", "checkpoint.before.json"
_LAST_MESSAGE = b"\r\n\r\n"


def mark(name: str, at: float, fields: Mapping[str, object] | None = None) -> bytes:
    """A mark as the journal holds it. `at` in seconds since 1970; line breaks in values become spaces."""
    values = {"At": f"{at:.6f}", **(fields or {})}
    lines = [f"{key}: {' '.join(str(value).splitlines())}\r\n" for key, value in values.items()]
    return f"Avasanj: {name}\r\n{''.join(lines)}\r\n".encode()


def messages(
    source: Path, since: Position | None = None, *, on_damage: Callable[[Damage], None] | None = None
) -> Iterator[tuple[Position, Message]]:
    """Every message of a journal's folder, of one segment, or of a plain capture of a manager connection, with its place.

    Where a segment is damaged, `on_damage` is told (of torn ends too), the rest is used, and a mark `hole` stands in the
    damaged part's place. Raises OSError for what can't be opened.
    """
    reading = _Reading(on_damage or (lambda _damage: None))
    for path in segments_of(source) if source.is_dir() else [source]:
        if since is None or path.name >= since.segment:
            yield from reading.segment(path, since if since is not None and path.name == since.segment else None)
    yield from reading.end()


def segments_of(folder: Path) -> list[Path]:
    """Segments in the order in which they were written."""
    return sorted([*folder.glob(SEGMENT_GLOB), *folder.glob(PLAIN_SEGMENT_GLOB)])


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
        self._number: int | None = None
        self.took_bytes = 0  #: on the disk, by the last `append`

    def append(self, raw: bytes, *, at: float) -> Position:
        """Write `raw`: whole messages and marks. `at` is now, in seconds since 1970. Return where it lies.

        Written through to the operating system before it returns, to the disk every few seconds. Raises OSError where
        it can't be written; what was written in part is taken back.
        """
        self._open_for(at)
        assert self._file is not None
        assert self._number is not None
        position = Position(segment=self._segment, offset=self._size)
        try:
            before = self._size
            self._write(segments.pack(raw, self._number))
            self.took_bytes = self._size - before
        except OSError:
            self.close()
            raise
        self._number += 1
        if at - self._synced_at > _SYNC_EVERY_S or at < self._synced_at:
            os.fdatasync(self._file)
            self._synced_at = at
        return position

    def read(
        self, since: Position | None, *, on_damage: Callable[[Damage], None] | None = None
    ) -> Iterator[tuple[Position, Message]]:
        """Every message from `since` on (None: from the first kept), with its place."""
        return messages(self.folder, since, on_damage=on_damage) if self.folder.is_dir() else iter(())

    def written_at(self) -> float | None:
        """When something was last written, in seconds since 1970; None for a journal that is not there yet."""
        kept = segments_of(self.folder)
        return kept[-1].stat().st_mtime if kept else None

    def checkpoint(self) -> tuple[Position | None, frozenset[str]]:
        """From where on events may not have reached the database (None before the first one was noted), and which calls
        that have events from there on are in the database for good (linked ids).
        """
        for name in (_CHECKPOINT, _CHECKPOINT_BEFORE):
            with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
                noted = json.loads((self.folder / name).read_text(encoding="utf-8"))
                if "check" not in noted or noted.pop("check") == _check(noted):
                    position = Position(
                        segment=str(noted["segment"]), offset=int(noted["offset"]), message=int(noted.get("message", 0))
                    )
                    return position, frozenset(map(str, noted.get("settled", [])))
        return None, frozenset()

    def set_checkpoint(self, position: Position, settled: Iterable[str] = ()) -> None:
        """Note that every call that began before `position` is in the database for good, and so are those `settled`.

        The checkpoint before is kept, for where this one turns out to be damaged.
        """
        noted: dict[str, object] = {**dataclasses.asdict(position), "settled": sorted(settled)}
        fresh, current = self.folder / f"{_CHECKPOINT}.new", self.folder / _CHECKPOINT
        fresh.write_text(json.dumps({**noted, "check": _check(noted)}), encoding="utf-8")
        with contextlib.suppress(FileNotFoundError):
            current.replace(self.folder / _CHECKPOINT_BEFORE)
        fresh.replace(current)

    def end(self) -> Position:
        """The place of the next message."""
        if self._file is None:
            self._open_for(datetime.datetime.now(datetime.UTC).timestamp())
        return Position(segment=self._segment, offset=self._size)

    def prune(self, *, keep_days: int, now: float) -> int:
        """Remove segments last written more than `keep_days` ago that the checkpoint has left behind; how many."""
        checkpoint, _ = self.checkpoint()
        removed = 0
        for path in segments_of(self.folder):
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

    def _write(self, block: bytes) -> None:
        assert self._file is not None
        written = 0
        try:
            while written < len(block):
                written += os.write(self._file, block[written:])
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(block)

    def _open_for(self, at: float) -> None:
        """A segment to write to: a new one every day, and when the last has grown large."""
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
        day = f"{moment:%Y%m%d}"
        if self._file is not None and self._size < self._segment_bytes and day == self._day:
            return
        self.close()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = segments_of(self.folder)
        if self._number is None:
            self._number = _next_number(kept)
        last = kept[-1].name.partition("-")[0] if kept else ""
        serial = int(last) + 1 if last.isdigit() else 1
        self._segment = f"{serial:08d}-{moment:%Y%m%dT%H%M%S}.avj"
        self._file = os.open(self.folder / self._segment, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size, self._day = 0, day
        try:
            self._write(segments.MAGIC)
        except OSError:
            self.close()
            raise


def _check(noted: Mapping[str, object]) -> int:
    return zlib.crc32(json.dumps(noted, sort_keys=True).encode())


def _next_number(kept: list[Path]) -> int:
    """The number after that of the last whole block."""
    for path in reversed(kept):
        number = None
        if path.match(SEGMENT_GLOB):
            with path.open("rb") as file:
                for block in segments.blocks(file, path.name):
                    number = block.number if isinstance(block, Block) else number
        if number is not None:
            return number + 1
    return 0


class _Reading:
    """Goes through segments in order, and puts a hole's mark where something is damaged or missing."""

    def __init__(self, on_damage: Callable[[Damage], None]) -> None:
        self._on_damage = on_damage
        self._last_at = ""  #: when what was read last had arrived, as its mark has it
        self._number: int | None = None
        self._hole: Position | None = None

    def segment(self, path: Path, since: Position | None) -> Iterator[tuple[Position, Message]]:
        with path.open("rb") as file:
            start = file.read(len(segments.MAGIC))
            file.seek(0)
            if path.match(SEGMENT_GLOB) or start == segments.MAGIC:
                for found in segments.blocks(file, path.name, since=since.offset if since else 0):
                    yield from self._block(path.name, found, since)
                return
            skip = since.offset if since else 0
            file.seek(skip)
            plain = _plain(iter(lambda: file.read(_CHUNK_BYTES), b""), whole=not start.startswith(b"Avasanj:"))
            for message in plain:
                yield Position(segment=path.name, offset=skip + message.offset), message

    def end(self) -> Iterator[tuple[Position, Message]]:
        """What is left to say when nothing follows any more."""
        if self._hole is not None:
            yield from self._mark_hole("")

    def _block(self, segment: str, found: Block | Damage, since: Position | None) -> Iterator[tuple[Position, Message]]:
        if isinstance(found, Damage):
            self._on_damage(found)
            if not found.torn:
                self._hole = self._hole or Position(segment=segment, offset=found.offset)
            return
        if self._number is not None and found.number > self._number + 1 and self._hole is None:
            self._on_damage(Damage(segment=segment, offset=found.offset, bytes=0))
            self._hole = Position(segment=segment, offset=found.offset)
        self._number = found.number
        first = since.message if since is not None and since.offset == found.offset else 0
        for message in Framer(max_frame_bytes=segments.MAX_BLOCK_BYTES).feed(found.text)[1]:
            if message.kind is Kind.MARK:
                at = message.get("At")
                if self._hole is not None:
                    yield from self._mark_hole(at)
                self._last_at = at
            if message.offset >= first:
                yield Position(segment=segment, offset=found.offset, message=message.offset), message

    def _mark_hole(self, until: str) -> Iterator[tuple[Position, Message]]:
        assert self._hole is not None
        place, self._hole = self._hole, None
        text = f"Avasanj: {MARK_HOLE}\r\nAt: {until or self._last_at}\r\nFrom: {self._last_at}\r\nTo: {until}"
        yield place, Message(text)


def _plain(chunks: Iterable[bytes], *, whole: bool) -> Iterator[Message]:
    """The messages of a stream that was written down as it is; one whose line ends were turned into LF is understood too.

    `whole` says that a last message without its empty line is to be used.
    """
    framer = Framer()
    lone_lf: bool | None = None
    for chunk in chunks:
        if lone_lf is None:
            lone_lf = b"\r\n" not in chunk
        yield from framer.feed(chunk.replace(b"\n", b"\r\n") if lone_lf else chunk)[1]
    if whole:
        yield from framer.feed(_LAST_MESSAGE)[1]
