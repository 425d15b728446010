"""Spoken times to moments: "tomorrow at eleven", «تا فردا ظهر», "within two hours", «نیم ساعت دیگه». Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from avasanj.calendars import days_left_in_jalali_month
from scoring.phrases import plain, prepare

#: The hour that a part of the day ends at, when no other is named.
_PARTS = {
    "morning": 12,
    "noon": 12,
    "lunchtime": 12,
    "lunch": 12,
    "afternoon": 17,
    "evening": 20,
    "tonight": 21,
    "night": 21,
    "today": 18,
    "midday": 12,
    "صبح": 12,
    "ظهر": 12,
    "بعدازظهر": 17,
    "بعد از ظهر": 17,
    "عصر": 18,
    "غروب": 19,
    "شب": 21,
    "امشب": 21,
    "امروز": 18,
    "امروزه": 18,
}
_END_OF_WORK = 18
#: Words that belong together, for the patterns below.
_JOINED = {
    "بعد از ظهر": "بعدازظهر",
    "پس فردا": "پسفردا",
    "o clock": "oclock",
    "twenty four": "24",
    "forty eight": "48",
    "seventy two": "72",
    "بیست و چهار": "24",
    "چهل و هشت": "48",
    "هفتاد و دو": "72",
}
_WEEKDAYS = {
    "monday": 0,
    "tuesday": 1,
    "wednesday": 2,
    "thursday": 3,
    "friday": 4,
    "saturday": 5,
    "sunday": 6,
    "دوشنبه": 0,
    "سه شنبه": 1,
    "سهشنبه": 1,
    "چهارشنبه": 2,
    "چهار شنبه": 2,
    "پنجشنبه": 3,
    "پنج شنبه": 3,
    "جمعه": 4,
    "شنبه": 5,
    "یکشنبه": 6,
    "یک شنبه": 6,
    "دو شنبه": 0,
}
_NUMBERS = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "couple": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "twentyfour": 24,
    "half": 0.5,
    "یک": 1,
    "یه": 1,
    "دو": 2,
    "سه": 3,
    "چهار": 4,
    "پنج": 5,
    "شش": 6,
    "شیش": 6,
    "هفت": 7,
    "هشت": 8,
    "نه": 9,
    "ده": 10,
    "یازده": 11,
    "دوازده": 12,
    "پانزده": 15,
    "پونزده": 15,
    "بیست": 20,
    "سی": 30,
    "چهل": 40,
    "نیم": 0.5,
}
_UNITS = {
    "minute": 60,
    "minutes": 60,
    "min": 60,
    "mins": 60,
    "hour": 3600,
    "hours": 3600,
    "day": 86400,
    "days": 86400,
    "week": 604800,
    "weeks": 604800,
    "دقیقه": 60,
    "ساعت": 3600,
    "روز": 86400,
    "هفته": 604800,
}
_NUMBER = r"(?P<n>\d+|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + ")"
_UNIT_EN = "|".join(unit for unit in _UNITS if unit.isascii())
_SPAN_EN = re.compile(
    rf"\b(?:within|in|in about|in the next|after)(?: the)?(?: next)? (?:an? )?(?:\w+ (?:to|or) )?{_NUMBER}"
    rf"(?: an?| of| more)? ?(?P<working>working |business )?(?P<unit>{_UNIT_EN})\b"
)
_SPAN_FA = re.compile(
    rf"(?<!\w)(?:\w+ تا )?{_NUMBER} ?(?P<unit>دقیقه|ساعت|روز|هفته)(?:ی)? ?"
    r"(?P<working>کاری )?(?:دیگه|دیگر|اینده|بعد)(?!\w)"
)
_WITHIN_FA = re.compile(
    rf"(?:ظرف|طی|حداکثر|نهایتا|تا) (?:مدت )?{_NUMBER} ?(?P<unit>دقیقه|ساعت|روز|هفته)(?!\w)(?P<working> کاری)?"
)
_HOUR_EN = "|".join(word for word in _NUMBERS if word.isascii() and word not in {"a", "an", "couple", "half"})
_HOUR_FA = "|".join(word for word in _NUMBERS if not word.isascii() and word != "نیم")
_CLOCK_EN = re.compile(
    rf"\b(?:at|by|before|around|about|until|till|after)(?: (?:about|around))? (?P<h>\d{{1,2}}|{_HOUR_EN})"
    r"(?:[: ](?P<m>\d\d|thirty|fifteen|forty five))?(?: ?(?P<half>am|pm|a m|p m|oclock|o clock))?"
    r"(?! ?(?:minutes?|hours?|days?|weeks?|percent|dollars?))\b"
)
_CLOCK_FA = re.compile(
    rf"ساعت (?P<h>\d{{1,2}}|{_HOUR_FA})(?![\w])(?:[: ](?P<m>\d\d)(?!\w))?"
    r"(?: و (?P<past>نیم|ربع|\d+|بیست|ده|چهل)(?: دقیقه)?)?"
)


def due_at(text: str, said_at: datetime.datetime, timezone: str) -> datetime.datetime | None:
    """When something promised in `text` is due, in UTC; None when no time is named. `said_at` is aware.

    "By four" without a day is the next four o'clock within working life (8 to 20); a day without an hour ends at 18:00.
    """
    words = _joined(text)
    now = said_at.astimezone(ZoneInfo(timezone))
    found = _span(words, now) or _clock_or_day(words, now)
    return found.astimezone(datetime.UTC) if found else None


def _joined(text: str) -> str:
    """Search form; clock times keep their colon as a space, and 4:30 stays one place."""
    text = re.sub(r"(\d)[:٫.](\d\d)\b", r"\1 \2", prepare_digits(text))
    text = prepare(text).text if text else plain(text)
    for apart, joined in _JOINED.items():
        text = text.replace(apart, joined)
    return text


def prepare_digits(text: str) -> str:
    """ASCII digits, so that ۴:۳۰ is read like 4:30."""
    return text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789"))


def _span(words: str, now: datetime.datetime) -> datetime.datetime | None:
    if re.search(r"\bhalf an hour\b", words) and re.search(r"\b(?:in|within|about)\b.{0,12}half an hour", words):
        return now + datetime.timedelta(minutes=30)
    for pattern in (_SPAN_EN, _SPAN_FA, _WITHIN_FA):
        if found := pattern.search(words):
            by_the_clock = pattern is _WITHIN_FA and found["unit"] == "ساعت" and found.group().startswith("تا")
            if by_the_clock:
                continue
            amount = _number(found["n"])
            if found["working"]:
                return _working_days(now, int(amount), persian=pattern is not _SPAN_EN)
            return now + datetime.timedelta(seconds=amount * _UNITS[found["unit"]])
    return None


def _clock_or_day(words: str, now: datetime.datetime) -> datetime.datetime | None:
    day, named = _day(words, now)
    part = next((hour for word, hour in _PARTS.items() if re.search(rf"(?<!\w){word}(?!\w)", words)), None)
    clock = _clock(words)
    if clock:
        hour, minute = clock
        if named:
            return _at(day, hour, minute)
        due = _at(now, hour, minute)
        if due <= now and hour < 12 and _at(now, hour + 12, minute) > now and hour + 12 <= 20:
            return _at(now, hour + 12, minute)
        return due if due > now else due + datetime.timedelta(days=1)
    if named or part is not None:
        due = _at(day, part if part is not None else _END_OF_WORK, 0)
        return due if due > now else (_at(now, 23, 59) if not named else due + datetime.timedelta(days=1))
    return _long_day(words, now)


def _working_days(now: datetime.datetime, days: int, *, persian: bool) -> datetime.datetime:
    """The end of work so many working days on; Iran's week-end is Friday, elsewhere Saturday and Sunday."""
    rest, day = ({4} if persian else {5, 6}), now
    for _ in range(min(days, 366)):
        day += datetime.timedelta(days=1)
        while day.weekday() in rest:
            day += datetime.timedelta(days=1)
    return _at(day, _END_OF_WORK, 0)


def _long_day(words: str, now: datetime.datetime) -> datetime.datetime | None:
    """The end of the hour, the day, the week or the month.

    A week ends on Thursday where Persian is spoken and a month is Jalali; elsewhere they are Friday and Gregorian.
    """
    if re.search(r"within the hour", words):
        return now + datetime.timedelta(hours=1)
    if re.search(r"end of (?:the )?(?:day|business)|اخر وقت|پایان وقت|تا اخر روز", words):
        return max(_at(now, _END_OF_WORK, 0), now)
    first = (now.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
    ends: dict[str, Callable[[], int]] = {
        r"end of (?:the|this) week|before the weekend|by the weekend": lambda: (4 - now.weekday()) % 7,
        r"(?:اخر|پایان) (?:این )?هفته": lambda: (3 - now.weekday()) % 7,
        r"end of (?:the|this) month": lambda: (first - now).days - 1,
        r"(?:اخر|پایان) (?:این )?(?:ماه|برج)": lambda: days_left_in_jalali_month(now),
    }
    days = next((left() for pattern, left in ends.items() if re.search(pattern, words)), None)
    return None if days is None else _at(now + datetime.timedelta(days=days), _END_OF_WORK, 0)


def _day(words: str, now: datetime.datetime) -> tuple[datetime.datetime, bool]:
    """The day that is named, and whether one was."""
    if re.search(r"(?<!\w)(?:پسفردا|the day after tomorrow)(?!\w)", words):
        return now + datetime.timedelta(days=2), True
    if re.search(r"(?<!\w)(?:فردا\w*|tomorrow)(?!\w)", words):
        return now + datetime.timedelta(days=1), True
    for name in sorted(_WEEKDAYS, key=len, reverse=True):
        if re.search(rf"(?<!\w){name}(?!\w)", words):
            ahead = (_WEEKDAYS[name] - now.weekday()) % 7 or 7
            return now + datetime.timedelta(days=ahead), True
    if re.search(r"next week|هفته (?:ی )?(?:بعد|دیگه|دیگر|اینده)", words):
        return now + datetime.timedelta(days=7), True
    return now, bool(re.search(r"(?<!\w)(?:today|امروز)(?!\w)", words))


def _clock(words: str) -> tuple[int, int] | None:
    """Hour (0–23) and minute of a clock time. Hours 1 to 7 without a word for the half of the day are in the afternoon."""
    if re.search(r"\b(?:by|at|before|until) (?:noon|midday)\b", words):
        return 12, 0
    if (found := _CLOCK_FA.search(words)) and not re.match(r" ?(?:دیگه|دیگر|بعد|اینده)", words[found.end() :]):
        minute = _minutes(found["m"] or found["past"])
        return _half_of_day(_number(found["h"]), minute, words)
    if found := _CLOCK_EN.search(words):
        minute = _minutes(found["m"])
        marked = f"{found['half']} {words}" if found["half"] else words
        return _half_of_day(_number(found["h"]), minute, marked)
    return None


def _half_of_day(hour: float, minute: int, words: str) -> tuple[int, int] | None:
    if not 0 <= hour <= 23 or hour != int(hour):
        return None
    late = re.search(r"(?<!\w)(?:pm|p m|afternoon|evening|tonight|عصر|شب|غروب|بعدازظهر|امشب|ظهر)(?!\w)", words)
    early = re.search(r"(?<!\w)(?:am|a m|morning|صبح)(?!\w)", words)
    if hour < 12 and (late or (hour <= 7 and not early)):
        return int(hour) + 12, minute
    return int(hour), minute


def _minutes(word: str | None) -> int:
    named = {None: 0, "نیم": 30, "ربع": 15, "thirty": 30, "fifteen": 15, "forty five": 45}
    return named[word] if word in named else int(_number(str(word)))


def _number(word: str) -> float:
    return float(word) if word.isdigit() else float(_NUMBERS[word])


def _at(day: datetime.datetime, hour: int, minute: int) -> datetime.datetime:
    return day.replace(hour=hour, minute=min(minute, 59), second=0, microsecond=0)
