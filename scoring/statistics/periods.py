"""Days, weeks and months of the center: Jalali months and weeks from Saturday, or Gregorian ones and weeks from Monday. Pure."""

from __future__ import annotations

import datetime
import enum
import zoneinfo
from dataclasses import dataclass
from typing import Any

from persiantools.jdatetime import JalaliDate

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.persian import ascii_digits

#: Python's number of the weekday with which a week begins
_SATURDAY, _MONDAY = 5, 0
#: Years that are Jalali; as Gregorian ones they are long past.
_JALALI_YEARS = range(1300, 1500)
NO_DAY = N_("This is no day: %(value)s. Write it as 2026-11-22, or 1405-09-01 in the Jalali calendar.")


class Length(enum.StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The center's zone (IANA name) and whether its months and weeks are Jalali."""

    zone: str
    jalali: bool

    @classmethod
    def of(cls, language: str, zone: str) -> Calendar:
        """As readers of `language` count: Jalali for Persian, as on all pages."""
        return cls(zone=zone, jalali=language == "fa")


@dataclass(frozen=True, kw_only=True)
class Period:
    """A stretch of the center's whole days: `first` to `last`, both within it."""

    first: datetime.date
    last: datetime.date
    calendar: Calendar

    @property
    def starts_at(self) -> datetime.datetime:
        """In UTC."""
        return _midnight(self.first, self.calendar.zone)

    @property
    def ends_at(self) -> datetime.datetime:
        """In UTC; the first moment after it."""
        return _midnight(self.last + datetime.timedelta(days=1), self.calendar.zone)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def name(self) -> str:
        """Its first day in its own calendar: 1405-09-01."""
        return _jalali(self.first).isoformat() if self.calendar.jalali else self.first.isoformat()


def period(length: Length, at: datetime.datetime, calendar: Calendar) -> Period:
    """The day, week or month in which the moment `at` lies."""
    return _around(length, at.astimezone(zoneinfo.ZoneInfo(calendar.zone)).date(), calendar)


def periods(length: Length, count: int, until: datetime.datetime, calendar: Calendar) -> list[Period]:
    """The last `count` of them, the oldest first; the last one is that of the moment `until`."""
    found = [period(length, until, calendar)]
    while len(found) < count:
        found.append(_around(length, found[-1].first - datetime.timedelta(days=1), calendar))
    return found[::-1]


def read_day(text: str) -> datetime.date:
    """A day as people write it: 2026-11-22, or 1405-09-01 in the Jalali calendar. Raises InputError."""
    try:
        year, month, day = (int(part) for part in ascii_digits(text.strip()).replace("/", "-").split("-"))
        if year in _JALALI_YEARS:
            here: datetime.date = JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]
            return here
        return datetime.date(year, month, day)
    except ValueError:
        raise InputError(NO_DAY, value=text) from None


def before(one: Period) -> Period:
    """As many days right before it; of a whole month, the month before."""
    day = one.first - datetime.timedelta(days=1)
    if one == _around(Length.MONTH, one.first, one.calendar):
        return _around(Length.MONTH, day, one.calendar)
    return Period(first=one.first - datetime.timedelta(days=one.days), last=day, calendar=one.calendar)


def _around(length: Length, day: datetime.date, calendar: Calendar) -> Period:
    if length == Length.DAY:
        return Period(first=day, last=day, calendar=calendar)
    if length == Length.WEEK:
        first = day - datetime.timedelta(days=(day.weekday() - (_SATURDAY if calendar.jalali else _MONDAY)) % 7)
        return Period(first=first, last=first + datetime.timedelta(days=6), calendar=calendar)
    if calendar.jalali:
        here = _jalali(day)
        first = here.replace(day=1).to_gregorian()
        following = JalaliDate(here.year + here.month // 12, here.month % 12 + 1, 1).to_gregorian()  # type: ignore[no-untyped-call]
    else:
        first = day.replace(day=1)
        following = datetime.date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return Period(first=first, last=following - datetime.timedelta(days=1), calendar=calendar)


def _jalali(day: datetime.date) -> Any:
    return JalaliDate(day)  # type: ignore[no-untyped-call]


def _midnight(day: datetime.date, zone: str) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(zone)).astimezone(datetime.UTC)
