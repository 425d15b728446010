"""Asterisk's Master.csv, read from its end: it grows by every call, for years, or is put aside by logrotate."""

from __future__ import annotations

import csv
import datetime
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from avasanj.log import get_logger
from telephony.call_records import CallRecord, RecordsAway, cdr, seconds

#: In this order, without a heading; the last five where cdr.conf asks for them.
_COLUMNS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start", "answer",
    "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield", "peeraccount", "linkedid", "sequence",
)  # fmt: skip
_WITH_UNIQUEID = 17
_FIRST_STEP_BYTES = 1 << 18
#: No more is read at once: about half a million calls.
_MOST_BYTES = 128 << 20
#: A row is written when its call ends, so rows are in the order of their ends, but for some that are late.
_LATE_S = 3600.0


#: What logrotate makes of the name: Master.csv.1, Master.csv.2.gz, Master.csv-20261122, Master.csv-20261122.gz.
_PUT_ASIDE = re.compile(r"(\.\d+|-\d{8}([-.]?\d+)?)(\.gz)?")
_MOST_FILES = 30
#: Of one packed file, unpacked, from its beginning: about four million calls.
_MOST_UNPACKED_BYTES = 1 << 30
_LONGEST_LINE_BYTES = 1 << 16
_log = get_logger(__name__)


class CsvRecords:
    def __init__(self, path: Path, zone: datetime.tzinfo) -> None:
        """`zone` is that of the times in the file: UTC where cdr.conf has usegmtime=yes."""
        self.name = path.name
        self._path = path
        self._zone = zone
        self._warned: set[str] = set()

    def between(self, since: float, until: float, linked_id: str | None = None) -> Sequence[CallRecord]:
        try:
            found, reached = self._newest(self._path, since)
        except FileNotFoundError:
            if not self._path.parent.is_dir():
                raise RecordsAway(f"{self._path} is not there") from None
            found, reached = [], False  # comes with the first call's end
        except OSError as error:
            raise RecordsAway(f"{self._path}: {error.strerror}") from None
        if not reached:
            found = self._with_older(found, since)
        touching = [
            row
            for row in found
            if row.ended_at >= since and row.started_at <= until
            and (linked_id is None or linked_id in (row.linked_id, row.uniqueid))
        ]  # fmt: skip
        return sorted(touching, key=lambda row: row.ended_at)

    def _with_older(self, found: list[CallRecord], since: float) -> list[CallRecord]:
        """The same with rows of files that were put aside, as far back as `since`. A file that can't be read is logged once."""
        for path in self._put_aside(since):
            try:
                rows, reached = self._unpacked(path, since) if path.suffix == ".gz" else self._newest(path, since)
            except FileNotFoundError:
                continue  # it has just got its next name
            except (OSError, EOFError, zlib.error) as error:
                self._warn(path, error)
                continue
            known = {_identity(row) for row in found}  # while logrotate is at work, a file is there twice
            found = [row for row in rows if _identity(row) not in known] + found
            if reached:
                break
        return found

    def _put_aside(self, since: float) -> list[Path]:
        """The newest first, without those that were last written to before `since`."""
        dated = []
        try:
            beside = list(self._path.parent.iterdir())
        except OSError as error:
            raise RecordsAway(f"{self._path.parent}: {error.strerror}") from None
        for path in beside:
            if path.name.startswith(self._path.name) and _PUT_ASIDE.fullmatch(path.name[len(self._path.name) :]):
                try:
                    written = path.stat().st_mtime
                except OSError:
                    continue
                if written >= since - _LATE_S and path.is_file():
                    dated.append((written, path))
        return [path for _, path in sorted(dated, reverse=True)[:_MOST_FILES]]

    def _newest(self, path: Path, since: float) -> tuple[list[CallRecord], bool]:
        """Rows from a file's end, and whether they reach back beyond `since`."""
        step = _FIRST_STEP_BYTES
        while True:
            found, whole = self._last(path, step)
            reached = bool(found) and found[0].ended_at < since - _LATE_S
            if whole or reached or step >= _MOST_BYTES:
                return found, reached
            step *= 4

    def _last(self, path: Path, count: int) -> tuple[list[CallRecord], bool]:
        """Rows within the last `count` bytes, and whether that is all of the file."""
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - count))
            text = file.read(count)
        if size > count:
            text = text.partition(b"\n")[2]
        text = text[: text.rfind(b"\n") + 1]  # a row that is being written is read the next time
        rows = (self._record(fields) for fields in _rows(_lines(text)))
        return [row for row in rows if row is not None], size <= count

    def _unpacked(self, path: Path, since: float) -> tuple[list[CallRecord], bool]:
        """Rows of a packed file that ended after `since`, and whether it has older ones. Of a damaged one what came before."""
        found: list[CallRecord] = []
        reached, left = False, _MOST_UNPACKED_BYTES
        try:
            with gzip.open(path, "rb") as file:
                while left > 0 and (line := file.readline(_LONGEST_LINE_BYTES)):
                    left -= len(line)
                    for row in map(self._record, _rows(_lines(line))):
                        if row is not None and row.ended_at >= since:
                            found.append(row)
                        reached = reached or (row is not None and row.ended_at < since - _LATE_S)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self._warn(path, error)
        return found, reached

    def _warn(self, path: Path, error: Exception) -> None:
        if path.name not in self._warned:
            self._warned.add(path.name)
            _log.warning("call_records_put_aside_unread", file=str(path), fault=str(error) or type(error).__name__)

    def _record(self, fields: list[str]) -> CallRecord | None:
        if len(fields) < _WITH_UNIQUEID:
            return None
        row = dict(zip(_COLUMNS, fields, strict=False))
        started, ended = seconds(row["start"], self._zone), seconds(row["end"], self._zone)
        if started is None or ended is None or not row["uniqueid"]:
            return None
        return cdr(row, started_at=started, answered_at=seconds(row["answer"], self._zone), ended_at=ended)


def _identity(row: CallRecord) -> tuple[object, ...]:
    return row.uniqueid, row.started_at, row.ended_at, row.fields.get("Channel"), row.fields.get("Sequence")


def _lines(text: bytes) -> list[str]:
    return text.decode("utf-8", "replace").replace("\0", "\ufffd").splitlines()


def _rows(lines: list[str]) -> Iterator[list[str]]:
    """Line by line, so that one with a stray quotation mark does not swallow the others."""
    for line in lines:
        try:
            yield from csv.reader([line])
        except csv.Error:
            continue
