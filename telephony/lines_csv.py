"""Lines of many people at once, from a CSV: who sits at which interface, from when to when."""

from __future__ import annotations

import contextlib
import datetime
import re
import zoneinfo
from collections.abc import Sequence
from pathlib import Path

from persiantools.jdatetime import JalaliDateTime
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from avasanj import csv_file
from avasanj.csv_file import Report, Row
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


def read(path: Path) -> list[Row]:
    """The file's rows. Raises InputError as `csv_file.read` does."""
    return csv_file.read(path, COLUMNS, _NEEDED)


def take(session: Session, rows: Sequence[Row], *, timezone: str) -> Report:
    """Give each row's person their line, as `csv_file.take` does. `timezone` is that of the times."""
    return csv_file.take(session, rows, lambda row: _give(session, row, timezone))


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


def _give(session: Session, row: Row, timezone: str) -> bool:
    """Whether the line was not the person's in just that time before. Raises InputError where it can't be given."""
    user = _person(session, row["name"])
    since, until = moment(row["from"], timezone) or lines.ALWAYS, moment(row["to"], timezone)
    same = {
        "user_id": user.id,
        "line": row["interface"],
        "pbx": row["pbx"] or None,
        "valid_from": since,
        "valid_to": until,
    }
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
