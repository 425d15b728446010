"""Days, weeks and months as the center counts them: in its zone, by its calendar. Pure."""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass

from persiantools.jdatetime import JalaliDate

PERIODS = ("day", "week", "month")
_SATURDAY, _MONDAY = 5, 0


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of time, in UTC: from its start up to, not including, its end."""

    starts_at: datetime.datetime
    ends_at: datetime.datetime


def period_of(kind: str, at: datetime.datetime, zone: str, language: str) -> Period:
    """The day, week or month in which `at` lies.

    A Persian center's week begins on Saturday and its months are Jalali; an English one's week begins on Monday.
    """
    day = at.astimezone(zoneinfo.ZoneInfo(zone)).date()
    if kind == "day":
        first, after = day, day + datetime.timedelta(days=1)
    elif kind == "week":
        first = day - datetime.timedelta(days=(day.weekday() - (_SATURDAY if language == "fa" else _MONDAY)) % 7)
        after = first + datetime.timedelta(days=7)
    elif kind == "month":
        first, after = _jalali_month(day) if language == "fa" else _month(day)
    else:
        raise ValueError(f"{kind!r} is no period; there are {', '.join(PERIODS)}.")
    return Period(starts_at=_midnight(first, zone), ends_at=_midnight(after, zone))


def before(kind: str, period: Period, zone: str, language: str) -> Period:
    """The period that ends where this one starts."""
    return period_of(kind, period.starts_at - datetime.timedelta(seconds=1), zone, language)


def _month(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    first = day.replace(day=1)
    return first, (first + datetime.timedelta(days=32)).replace(day=1)


def _jalali_month(day: datetime.date) -> tuple[datetime.date, datetime.date]:
    here = JalaliDate(day)  # type: ignore[no-untyped-call]
    first = JalaliDate(here.year, here.month, 1)  # type: ignore[no-untyped-call]
    year, month = (here.year + 1, 1) if here.month == 12 else (here.year, here.month + 1)
    return first.to_gregorian(), JalaliDate(year, month, 1).to_gregorian()  # type: ignore[no-untyped-call]


def _midnight(day: datetime.date, zone: str) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(zone)).astimezone(datetime.UTC)
