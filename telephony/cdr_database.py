"""Asterisk's tables `cdr` and `cel` in a database, as FreePBX and Issabel keep them: only read."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from telephony.call_records import CallRecord, RecordsAway, cdr

_TIMEOUT_S = 5
#: A server that has accepted a question and says nothing for so long is away.
_ANSWER_S = 30
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
_OLD_EXTRA = "eventextra"  #: its name in tables that older FreePBX and Issabel made


class DatabaseRecords:
    """CDR rows have local times to the second; the answer is at the end less what was billed."""

    def __init__(self, url: str, zone: datetime.tzinfo) -> None:
        """`zone` is that of the times in the tables. Raises RecordsAway for an address that can't be used."""
        self._zone = zone
        scheme, separator, rest = url.partition("://")
        try:
            parsed = sqlalchemy.make_url(_DRIVERS.get(scheme, scheme) + separator + rest)
            self._engine = sqlalchemy.create_engine(
                parsed,
                poolclass=sqlalchemy.pool.NullPool,
                hide_parameters=True,
                connect_args=_connect_args(parsed.get_backend_name()),
            )
        except (ArgumentError, NoSuchModuleError):
            raise RecordsAway("its address is none: write postgresql:// or mysql://user:password@host/name") from None
        except ModuleNotFoundError as error:
            raise RecordsAway(_to_install(error.name or "")) from None
        self.name = f"{parsed.host or ''}/{parsed.database or ''}"
        self._tables: dict[str, sqlalchemy.Table | None] = {}

    def between(self, since: float, until: float, linked_id: str | None = None) -> Sequence[CallRecord]:
        try:
            with self._engine.connect() as connection:
                found = list(self._cdr(connection, since, until, linked_id))
                if linked_id is not None:
                    found += self._cel(connection, since, until, linked_id)
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or type(error).__name__).strip().split("\n", 1)[0]
            raise RecordsAway(f"{self.name}: {said[:200]}") from None
        except (
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:  # of the driver: a way to log in or an option it doesn't know
            raise RecordsAway(f"{self.name}: {str(error)[:200]}") from None
        return sorted(found, key=lambda row: row.ended_at)

    def _cdr(
        self, connection: sqlalchemy.Connection, since: float, until: float, linked_id: str | None
    ) -> Iterator[CallRecord]:
        table = self._table(connection, "cdr")
        if table is None:
            return
        start = self._column(table, "calldate", "start")
        query = sqlalchemy.select(table).where(
            start >= self._written(start, since, less=_LONGEST_CALL), start <= self._written(start, until)
        )
        for row in self._rows(connection, table, query, start, linked_id):
            record = self._one_cdr(table, row, row[start.name])
            if record is not None and record.ended_at >= since:
                yield record

    def _one_cdr(self, table: sqlalchemy.Table, row: Mapping[str, Any], start: object) -> CallRecord | None:
        def moment(column: str) -> float | None:
            return self._seconds(table.c[column], row[column]) if column in table.c else None

        started = self._seconds(self._column(table, "calldate", "start"), start)
        if started is None or not row.get("uniqueid"):
            return None
        ended = moment("end")
        ended = started + float(row.get("duration") or 0) if ended is None else ended
        answered = moment("answer")
        if answered is None and str(row.get("disposition") or "").upper() == "ANSWERED":
            answered = ended - float(row.get("billsec") or 0)
        texts = {name: "" if value is None else str(value) for name, value in row.items()}
        return cdr(texts, started_at=started, answered_at=answered, ended_at=ended)

    def _cel(
        self, connection: sqlalchemy.Connection, since: float, until: float, linked_id: str
    ) -> Iterator[CallRecord]:
        """Of one call, since these tables have an index of calls and none of times."""
        table = self._table(connection, "cel")
        if table is None:
            return
        time = self._column(table, "eventtime")
        query = sqlalchemy.select(table).where(time >= self._written(time, since), time <= self._written(time, until))
        for row in self._rows(connection, table, query, time, linked_id):
            at = self._seconds(time, row[time.name])
            if at is None:
                continue
            said = {**row, "extra": row.get("extra", row.get(_OLD_EXTRA))}
            fields = {
                header: str(said[column]) for header, column in _CEL_HEADERS.items() if said.get(column) is not None
            }
            yield CallRecord(
                kind="cel",
                linked_id=str(row.get("linkedid") or ""),
                uniqueid=str(row.get("uniqueid") or ""),
                started_at=at,
                ended_at=at,
                fields={**fields, "EventTime": f"{at:.6f}"},
            )

    @staticmethod
    def _rows(
        connection: sqlalchemy.Connection,
        table: sqlalchemy.Table,
        query: sqlalchemy.Select[Any],
        time: sqlalchemy.ColumnElement[Any],
        linked_id: str | None,
    ) -> list[dict[str, Any]]:
        """The newest that are wanted, in the order in which they were written: times have whole seconds only."""
        if linked_id is not None:
            ids = [table.c[name] == linked_id for name in ("linkedid", "uniqueid") if name in table.c]
            query = query.where(sqlalchemy.or_(*ids))
        written = [table.c[name].desc() for name in ("id", "sequence") if name in table.c]
        rows = connection.execute(query.order_by(time.desc(), *written).limit(_MOST_ROWS)).mappings().all()
        return [{str(name): value for name, value in row.items()} for row in reversed(rows)]

    def _table(self, connection: sqlalchemy.Connection, name: str) -> sqlalchemy.Table | None:
        """None for none; asked again the next time."""
        table = self._tables.get(name)
        if table is None and sqlalchemy.inspect(connection).has_table(name):
            table = self._tables[name] = sqlalchemy.Table(name, sqlalchemy.MetaData(), autoload_with=connection)
        return table

    def _column(self, table: sqlalchemy.Table, *names: str) -> sqlalchemy.Column[Any]:
        for name in names:
            if name in table.c:
                return table.c[name]
        raise RecordsAway(f"{self.name}: the table {table.name} has no column {' or '.join(names)}")

    def _written(
        self, column: sqlalchemy.Column[Any], at: float, *, less: datetime.timedelta = datetime.timedelta()
    ) -> datetime.datetime:
        """A moment as the column has it."""
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC) - less
        if getattr(column.type, "timezone", False):
            return moment
        return moment.astimezone(self._zone_of(column)).replace(tzinfo=None)

    def _zone_of(self, column: sqlalchemy.Column[Any]) -> datetime.tzinfo:
        return datetime.UTC if isinstance(column.type, mysql.TIMESTAMP) else self._zone

    def _seconds(self, column: sqlalchemy.Column[Any], value: object) -> float | None:
        if not isinstance(value, datetime.datetime):
            return None
        try:
            return (value if value.tzinfo else value.replace(tzinfo=self._zone_of(column))).timestamp()
        except (OverflowError, OSError, ValueError):
            return None


def _connect_args(backend: str) -> dict[str, Any]:
    if backend in {"mysql", "mariadb"}:
        # a `timestamp` of MariaDB is shown in the connection's zone, a `datetime` as it was written
        zone = "SET time_zone = '+00:00'"
        return {"connect_timeout": _TIMEOUT_S, "read_timeout": _ANSWER_S, "init_command": zone}
    return {} if backend == "sqlite" else {"connect_timeout": _TIMEOUT_S}


def _to_install(package: str) -> str:
    if package == "pymysql":
        return "MySQL and MariaDB need one more package. Install it: pip install 'avasanj[mysql]'"
    return f"the Python package {package} is missing: install it beside Avasanj"
