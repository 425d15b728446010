"""Asterisk's tables `cdr` and `cel` in a database, as FreePBX and Issabel keep them: only read."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from telephony.call_records import CallRecord, RecordsAway, cdr

_TIMEOUT_S = 5
_MOST_ROWS = 20_000
#: A call that went on for longer before a gap than this is not found by its start.
_LONGEST_CALL = datetime.timedelta(hours=12)
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
}
_CEL_HEADERS = {
    "EventName": "eventtype",
    "CallerIDnum": "cid_num",
    "CallerIDname": "cid_name",
    "Exten": "exten",
    "Context": "context",
    "Channel": "channame",
    "Application": "appname",
    "AppData": "appdata",
    "UniqueID": "uniqueid",
    "LinkedID": "linkedid",
    "Peer": "peer",
    "Extra": "extra",
}


class DatabaseRecords:
    """CDR rows have local times to the second; the answer is at the end less what was billed."""

    def __init__(self, url: str, zone: datetime.tzinfo) -> None:
        """`zone` is that of the times in the tables. Raises RecordsAway for an address that can't be used."""
        self._zone = zone
        scheme, separator, rest = url.partition("://")
        try:
            parsed = sqlalchemy.make_url(_DRIVERS.get(scheme, scheme) + separator + rest)
            self._engine = sqlalchemy.create_engine(
                parsed, poolclass=sqlalchemy.pool.NullPool, hide_parameters=True,
                connect_args={} if parsed.get_backend_name() == "sqlite" else {"connect_timeout": _TIMEOUT_S},
            )  # fmt: skip
        except (ArgumentError, NoSuchModuleError):
            raise RecordsAway("its address is none: write postgresql:// or mysql://user:password@host/name") from None
        except ModuleNotFoundError as error:
            raise RecordsAway(f"the Python package {error.name} is missing: install it beside Avasanj") from None
        self.name = f"{parsed.host or ''}/{parsed.database or ''}"
        self._tables: dict[str, sqlalchemy.Table | None] = {}

    def between(self, since: float, until: float) -> Sequence[CallRecord]:
        try:
            with self._engine.connect() as connection:
                found = [*self._cdr(connection, since, until), *self._cel(connection, since, until)]
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or type(error).__name__).strip().split("\n", 1)[0]
            raise RecordsAway(f"{self.name}: {said[:200]}") from None
        return sorted(found, key=lambda row: row.ended_at)

    def _cdr(self, connection: sqlalchemy.Connection, since: float, until: float) -> Iterator[CallRecord]:
        table = self._table(connection, "cdr")
        if table is None:
            return
        start = table.c.calldate if "calldate" in table.c else table.c.start
        query = sqlalchemy.select(table).where(start >= self._local(since) - _LONGEST_CALL, start <= self._local(until))
        for row in connection.execute(query.order_by(start.desc()).limit(_MOST_ROWS)).mappings():
            record = self._one_cdr({str(name): value for name, value in row.items()}, row[start.name])
            if record is not None and record.ended_at >= since:
                yield record

    def _one_cdr(self, row: Mapping[str, Any], start: object) -> CallRecord | None:
        started = self._seconds(start)
        if started is None or not row.get("uniqueid"):
            return None
        ended = self._seconds(row.get("end"))
        ended = started + float(row.get("duration") or 0) if ended is None else ended
        answered = self._seconds(row.get("answer"))
        if answered is None and str(row.get("disposition") or "").upper() == "ANSWERED":
            answered = ended - float(row.get("billsec") or 0)
        texts = {name: "" if value is None else str(value) for name, value in row.items()}
        return cdr(texts, started_at=started, answered_at=answered, ended_at=ended)

    def _cel(self, connection: sqlalchemy.Connection, since: float, until: float) -> Iterator[CallRecord]:
        table = self._table(connection, "cel")
        if table is None:
            return
        query = sqlalchemy.select(table).where(
            table.c.eventtime >= self._local(since), table.c.eventtime <= self._local(until)
        )
        for row in connection.execute(query.order_by(table.c.eventtime.desc()).limit(_MOST_ROWS)).mappings():
            at = self._seconds(row["eventtime"])
            if at is None:
                continue
            fields = {
                header: str(row[column]) for header, column in _CEL_HEADERS.items() if row.get(column) is not None
            }
            yield CallRecord(
                kind="cel",
                linked_id=str(row.get("linkedid") or ""),
                uniqueid=str(row.get("uniqueid") or ""),
                started_at=at,
                ended_at=at,
                fields={**fields, "EventTime": f"{at:.6f}"},
            )

    def _table(self, connection: sqlalchemy.Connection, name: str) -> sqlalchemy.Table | None:
        if name not in self._tables:
            there = sqlalchemy.inspect(connection).has_table(name)
            self._tables[name] = (
                sqlalchemy.Table(name, sqlalchemy.MetaData(), autoload_with=connection) if there else None
            )
        return self._tables[name]

    def _local(self, at: float) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(at, self._zone).replace(tzinfo=None)

    def _seconds(self, value: object) -> float | None:
        if not isinstance(value, datetime.datetime):
            return None
        try:
            return (value if value.tzinfo else value.replace(tzinfo=self._zone)).timestamp()
        except (OverflowError, OSError, ValueError):
            return None
