"""Asterisk's Master.csv, read from its end: it grows by every call, for years."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Sequence
from pathlib import Path

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


class CsvRecords:
    def __init__(self, path: Path, zone: datetime.tzinfo) -> None:
        """`zone` is that of the times in the file: UTC where cdr.conf has usegmtime=yes."""
        self.name = path.name
        self._path = path
        self._zone = zone

    def between(self, since: float, until: float) -> Sequence[CallRecord]:
        step = _FIRST_STEP_BYTES
        while True:
            found, whole = self._last(step)
            if whole or step >= _MOST_BYTES or (found and found[0].ended_at < since - _LATE_S):
                break
            step *= 4
        touching = [row for row in found if row.ended_at >= since and row.started_at <= until]
        return sorted(touching, key=lambda row: row.ended_at)

    def _last(self, count: int) -> tuple[list[CallRecord], bool]:
        """Rows within the last `count` bytes, and whether that is all of the file."""
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - count))
                text = file.read(count)
        except FileNotFoundError:
            if self._path.parent.is_dir():
                return [], True  # comes with the first call's end
            raise RecordsAway(f"{self._path} is not there") from None
        except OSError as error:
            raise RecordsAway(f"{self._path}: {error.strerror}") from None
        if size > count:
            text = text.partition(b"\n")[2]
        text = text[: text.rfind(b"\n") + 1]  # a row that is being written is read the next time
        lines = text.decode("utf-8", "replace").replace("\0", "\ufffd").splitlines()
        return [row for fields in _rows(lines) if (row := self._record(fields)) is not None], size <= count

    def _record(self, fields: list[str]) -> CallRecord | None:
        if len(fields) < _WITH_UNIQUEID:
            return None
        row = dict(zip(_COLUMNS, fields, strict=False))
        started, ended = seconds(row["start"], self._zone), seconds(row["end"], self._zone)
        if started is None or ended is None or not row["uniqueid"]:
            return None
        return cdr(row, started_at=started, answered_at=seconds(row["answer"], self._zone), ended_at=ended)


def _rows(lines: list[str]) -> list[list[str]]:
    """Line by line, so that one with a stray quotation mark does not swallow the others."""
    found: list[list[str]] = []
    for line in lines:
        try:
            found += csv.reader([line])
        except csv.Error:
            continue
    return found
