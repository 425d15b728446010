"""Moments and lengths of time as people read them: Jalali for Persian, Gregorian for English, in the center's zone."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

from babel.dates import format_timedelta
from persiantools.jdatetime import JalaliDateTime

from avasanj.i18n import digits

_DAYS = {
    "fa": ("دوشنبه", "سه‌شنبه", "چهارشنبه", "پنجشنبه", "جمعه", "شنبه", "یکشنبه"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
_JALALI = ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند")
_GREGORIAN_FA = (
    "ژانویه",
    "فوریه",
    "مارس",
    "آوریل",
    "مه",
    "ژوئن",
    "ژوئیه",
    "اوت",
    "سپتامبر",
    "اکتبر",
    "نوامبر",
    "دسامبر",
)
_JALALI_EN = (
    "Farvardin", "Ordibehesht", "Khordad", "Tir", "Mordad", "Shahrivar", "Mehr", "Aban", "Azar", "Dey", "Bahman", "Esfand",
)  # fmt: skip
_HOUR_S = 3600


def moment(at: datetime.datetime, language: str, zone: str, now: datetime.datetime) -> str:
    """`at` for a glance: relative within an hour of `now` either way, the clock today, the date beyond."""
    away_s = (at - now).total_seconds()
    if abs(away_s) < 45:
        return "همین حالا" if language == "fa" else "just now"
    if abs(away_s) < _HOUR_S:
        delta = datetime.timedelta(minutes=round(away_s / 60) or (1 if away_s > 0 else -1))
        return digits(format_timedelta(delta, locale=language, add_direction=True, threshold=2.0), language)
    return settled(at, language, zone, now)


def settled(at: datetime.datetime, language: str, zone: str, now: datetime.datetime) -> str:
    """`at` without regard to how near it is: the clock on `now`'s day, the date on others."""
    here, today = at.astimezone(zoneinfo.ZoneInfo(zone)), now.astimezone(zoneinfo.ZoneInfo(zone))
    if here.date() == today.date():
        return digits(f"{here:%H:%M}", language)
    return f"{_date(here, today, language)}{'،' if language == 'fa' else ','} {digits(f'{here:%H:%M}', language)}"


def exact(at: datetime.datetime, language: str, zone: str) -> str:
    """`at` to the second in both calendars, the page's own first: for the tooltip."""
    here = at.astimezone(zoneinfo.ZoneInfo(zone))
    jalali = _jalali(here)
    if language == "fa":
        text = (
            f"{_DAYS['fa'][here.weekday()]} {jalali.day} {_JALALI[jalali.month - 1]} {jalali.year}، {here:%H:%M:%S}"
            f" ({here.day} {_GREGORIAN_FA[here.month - 1]} {here.year})"
        )
        return digits(text, "fa")
    return (
        f"{_DAYS['en'][here.weekday()]} {here.day} {here:%b %Y}, {here:%H:%M:%S}"
        f" ({jalali.day} {_JALALI_EN[jalali.month - 1]} {jalali.year})"
    )


def year(at: datetime.datetime, language: str, zone: str) -> str:
    """The year of `at` in the language's calendar: "customer since ۱۴۰۱"."""
    here = at.astimezone(zoneinfo.ZoneInfo(zone))
    return digits(_jalali(here).year, "fa") if language == "fa" else str(here.year)


def clock(seconds: float | None, language: str) -> str:
    """A length or a place in a recording: 7:42, 1:02:03; "–" while unknown."""
    if seconds is None:
        return "–"
    minutes, rest_s = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    text = f"{hours}:{minutes_left:02}:{rest_s:02}" if hours else f"{minutes}:{rest_s:02}"
    return digits(text, language)


def spelled(seconds: float, language: str) -> str:
    """A length in its largest fitting unit, in words: "42 minutes", "2 days"."""
    length = datetime.timedelta(seconds=max(60.0, seconds))
    return digits(format_timedelta(length, locale=language, threshold=1.5), language)


def day_bounds(day: datetime.date, zone: str) -> tuple[datetime.datetime, datetime.datetime]:
    """Start and end of the center's `day`, in UTC."""
    start = datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(zone))
    end = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time(), zoneinfo.ZoneInfo(zone))
    return start.astimezone(datetime.UTC), end.astimezone(datetime.UTC)


def days_left_in_jalali_month(at: datetime.datetime) -> int:
    """Days from `at` to the last day of its Jalali month; 0 on that day."""
    month = _jalali(at).month
    return next(n for n in range(31) if _jalali(at + datetime.timedelta(days=n + 1)).month != month)


def week_start(day: datetime.date, language: str) -> datetime.date:
    """The first day of the week that `day` lies in: Saturday for Persian, Monday for English."""
    return day - datetime.timedelta(days=(day.weekday() - (5 if language == "fa" else 0)) % 7)


def short_date(day: datetime.date, language: str) -> str:
    """A day without its weekday: «۱ آذر», "22 Nov"."""
    at = datetime.datetime.combine(day, datetime.time(12))
    if language == "fa":
        jalali = _jalali(at)
        return digits(f"{jalali.day} {_JALALI[jalali.month - 1]}", "fa")
    return f"{day.day} {day:%b}"


def from_form(text: str, zone: str) -> datetime.datetime:
    """What a browser's date-and-time field sends (`2026-11-22T16:00`, center's time), in UTC. Raises ValueError."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).astimezone(datetime.UTC)


def _jalali(at: datetime.datetime) -> Any:
    return JalaliDateTime(at)  # type: ignore[no-untyped-call]


def _date(here: datetime.datetime, today: datetime.datetime, language: str) -> str:
    day = _DAYS[language][here.weekday()]
    if language == "fa":
        jalali = _jalali(here)
        other_year = f" {jalali.year}" if jalali.year != _jalali(today).year else ""
        return digits(f"{day} {jalali.day} {_JALALI[jalali.month - 1]}{other_year}", "fa")
    return f"{day} {here.day} {here:%b}" + (f" {here.year}" if here.year != today.year else "")
