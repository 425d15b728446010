"""Lines of many people at once, from a CSV: who sits at which interface, from when to when."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime
import re
import zoneinfo
from pathlib import Path

from persiantools.jdatetime import JalaliDateTime
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.people import User
from avasanj.persian import ascii_digits
from telephony import lines
from telephony.tables import AgentLine

COLUMNS = ("name", "interface", "from", "to", "pbx")
_NEEDED = ("name", "interface")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
#: Years of the Jalali calendar in which a line may lie; as Gregorian ones they are long past.
_JALALI_YEARS = range(1300, 1500)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One row as it was written; `number` is its line in the file."""

    number: int
    name: str
    interface: str
    since: str
    until: str
    pbx: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """Why a row was not taken in: a message id with values, to be said in the reader's language."""

    line: int
    text: str
    values: dict[str, object]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    added: int
    known: int  #: rows whose line the person has in just that time
    problems: tuple[Problem, ...]


def read(path: Path) -> list[Row]:
    """The file's rows. Raises InputError for what is no CSV, and for columns that are missing, unknown or named twice."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(N_("%(file)s is not UTF-8 text. Save it as CSV UTF-8."), file=path.name) from None
    except OSError as error:
        raise InputError(N_("%(file)s can't be read: %(fault)s."), file=path.name, fault=error.strerror) from None
    head = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=head.count))
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_columns(names, path.name)
        found = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            cell = {name: value.strip() for name, value in zip(names, cells, strict=False)}
            found.append(
                Row(
                    number=reader.line_num,
                    name=cell.get("name", ""),
                    interface=cell.get("interface", ""),
                    since=cell.get("from", ""),
                    until=cell.get("to", ""),
                    pbx=cell.get("pbx", ""),
                )
            )
    except csv.Error as error:
        raise InputError(N_("%(file)s can't be read: %(fault)s."), file=path.name, fault=str(error)) from None
    return found


def take(session: Session, rows: list[Row], *, timezone: str) -> Report:
    """Give each row's person their line; a row that can't be is told, and the others go on. `timezone` is that of the times.

    Nothing is kept unless the caller commits, so a dry run rolls back.
    """
    added = known = 0
    problems: list[Problem] = []
    for row in rows:
        try:
            with session.begin_nested():
                if _give(session, row, timezone):
                    added += 1
                else:
                    known += 1
        except InputError as error:
            problems.append(Problem(line=row.number, text=error.text, values=error.values))
    return Report(added=added, known=known, problems=tuple(problems))


def moment(text: str, timezone: str) -> datetime.datetime | None:
    """`2026-11-22`, `2026-11-22 16:00`, or the same in the Jalali calendar, in the center's time; None for nothing.

    Raises InputError for what is no moment.
    """
    plain = ascii_digits(text.strip())
    if not plain:
        return None
    if (match := _DAY.fullmatch(plain)) is not None:
        with contextlib.suppress(ValueError, OverflowError):
            return _in_utc([int(part or 0) for part in match.groups()], timezone)
    raise InputError(
        N_(
            "This is no date: %(value)s. Write it as 2026-11-22 or 2026-11-22 16:00, or 1405-09-01 in the Jalali calendar."
        ),
        value=text,
    )


def _in_utc(parts: list[int], timezone: str) -> datetime.datetime:
    """Year, month, day, hour, minute and second of either calendar. Raises ValueError for a day that there is not."""
    zone = zoneinfo.ZoneInfo(timezone)
    year, month, day, hour, minute, second = parts
    if year in _JALALI_YEARS:
        gregorian = JalaliDateTime(year, month, day, hour, minute, second).to_gregorian()  # type: ignore[no-untyped-call]
        local = datetime.datetime.combine(gregorian.date(), gregorian.time(), zone)
    else:
        local = datetime.datetime(year, month, day, hour, minute, second, tzinfo=zone)
    return local.astimezone(datetime.UTC)


def _check_columns(names: list[str], file: str) -> None:
    missing = [name for name in _NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing:
        raise InputError(
            N_("%(file)s has no column %(columns)s. Its first line must name the columns: %(all)s."),
            file=file,
            columns=", ".join(missing),
            all=", ".join(COLUMNS),
        )
    if unknown or len(set(names)) < len(names):
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        raise InputError(
            N_("%(file)s has columns that are unknown or named twice: %(columns)s. Known are: %(all)s."),
            file=file,
            columns=", ".join(name or '""' for name in [*unknown, *twice]),
            all=", ".join(COLUMNS),
        )


def _give(session: Session, row: Row, timezone: str) -> bool:
    """Whether the line was not the person's in just that time before. Raises InputError where it can't be given."""
    user = _person(session, row.name)
    since, until = moment(row.since, timezone) or lines.ALWAYS, moment(row.until, timezone)
    same = {"user_id": user.id, "line": row.interface, "pbx": row.pbx or None, "valid_from": since, "valid_to": until}
    if session.scalar(select(AgentLine.id).filter_by(**same)) is not None:
        return False
    lines.add(session, **same, by=None)  # type: ignore[arg-type]
    return True


def _person(session: Session, name: str) -> User:
    """By the log-in name, else by the name that pages show."""
    if not name:
        raise InputError(N_("The row names nobody. Write the person's log-in name or name in the column name."))
    by_login = session.scalar(select(User).where(func.lower(User.login) == name.lower()))
    if by_login is not None:
        return by_login
    found = session.scalars(select(User).where(User.name == name).limit(2)).all()
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(N_("Several people are called %(name)s. Write the log-in name of the one meant."), name=name)
    raise InputError(
        N_("Nobody is called %(name)s. Add the person on the page People first, or mend the name."), name=name
    )
