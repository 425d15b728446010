"""Asterisk's own records of calls (CDR and CEL), wherever they are kept, in one form: as its events of that name have them."""

from __future__ import annotations

import dataclasses
import datetime
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Protocol

from avasanj.errors import PassingError
from avasanj.settings import Settings
from telephony.journal import mark

#: Asterisk's own writing of a time in a record.
_TIME = "%Y-%m-%d %H:%M:%S"


class RecordsAway(PassingError):  # noqa: N818 - read at its raising
    """The records can't be read now; the text says why, without a password."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class CallRecord:
    """One row. `kind` is cdr or cel; times in seconds since 1970; `fields` are headers of Asterisk's Cdr or CEL event."""

    kind: str
    linked_id: str  #: empty where the table has none
    uniqueid: str
    started_at: float
    ended_at: float
    fields: Mapping[str, str]

    def as_mark(self, *, read_from: str, at: float) -> bytes:
        """As the journal keeps it."""
        return mark(self.kind, at, {"ReadFrom": read_from, **self.fields})


class CallRecords(Protocol):
    """A place in which a PBX keeps its records. `name` is what people call it."""

    name: str

    def between(self, since: float, until: float, linked_id: str | None = None) -> Sequence[CallRecord]:
        """Rows of one call that began or ended between two times (seconds since 1970), in the order of their ends.

        Without `linked_id` the CDR rows of every call. Raises RecordsAway.
        """


def records_of(settings: Settings) -> list[CallRecords]:
    """The places that the settings of one PBX name. Raises RecordsAway for a zone that there is not."""
    from telephony.cdr_csv import CsvRecords

    zone = zone_of(settings)
    found: list[CallRecords] = []
    if settings.cdr_csv is not None:
        found.append(CsvRecords(settings.cdr_csv, zone))
    if settings.cdr_database_url is not None:
        from telephony.cdr_database import DatabaseRecords

        found.append(DatabaseRecords(settings.cdr_database_url.get_secret_value(), zone))
    return found


def zone_of(settings: Settings) -> zoneinfo.ZoneInfo:
    name = settings.cdr_timezone or settings.timezone
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise RecordsAway(f"there is no zone {name}") from None


def seconds(text: str, zone: datetime.tzinfo) -> float | None:
    """Seconds since 1970 of a record's local time; None for none. The hour that a clock set back shows twice is its first."""
    try:
        return datetime.datetime.strptime(text.strip()[:19], _TIME).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None


def cdr(row: Mapping[str, str], *, started_at: float, answered_at: float | None, ended_at: float) -> CallRecord:
    """A CDR row from its columns, by Asterisk's names for them (src, dst, dcontext, …)."""
    fields = {header: row[column] for header, column in _CDR_HEADERS.items() if row.get(column)}
    fields["StartTime"], fields["EndTime"] = f"{started_at:.6f}", f"{ended_at:.6f}"
    fields["AnswerTime"] = "" if answered_at is None else f"{answered_at:.6f}"
    return CallRecord(
        kind="cdr",
        linked_id=row.get("linkedid") or "",
        uniqueid=row.get("uniqueid") or "",
        started_at=started_at,
        ended_at=ended_at,
        fields=fields,
    )


_CDR_HEADERS = {
    "UniqueID": "uniqueid",
    "Linkedid": "linkedid",
    "AccountCode": "accountcode",
    "Source": "src",
    "Destination": "dst",
    "DestinationContext": "dcontext",
    "CallerID": "clid",
    "Channel": "channel",
    "DestinationChannel": "dstchannel",
    "LastApplication": "lastapp",
    "LastData": "lastdata",
    "Duration": "duration",
    "BillableSeconds": "billsec",
    "Disposition": "disposition",
    "Sequence": "sequence",
    "RecordingFile": "recordingfile",  # FreePBX's own column
}
