"""Spoken times to moments: "tomorrow at eleven", «تا فردا ظهر», "within two hours", «نیم ساعت دیگه». Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo

from avasanj.calendars import days_left_in_jalali_month
from scoring.due_words import END_OF_WORK, JOINED, NUMBERS, PARTS, UNITS, WEEKDAYS
from scoring.phrases import plain, prepare

_DAY_S = 86400
#: Nobody promises for later than a year: a longer span is a number that was misheard.
_LONGEST_S = 366 * _DAY_S
_NUMBER = r"(?P<n>\d+|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
_UNIT_EN = "|".join(unit for unit in UNITS if unit.isascii())
_SPAN_EN = re.compile(
    rf"\b(?:within|in|in about|in the next|after)(?: the)?(?: next)? (?:an? )?(?:\w+ (?:to|or) )?{_NUMBER}"
    rf"(?: an?| of| more)? ?(?P<working>working |business )?(?P<unit>{_UNIT_EN})\b"
)
_SPAN_FA = re.compile(
    rf"(?<!\w)(?:\w+ تا )?{_NUMBER} ?(?P<unit>دقیقه|ساعت|روز|هفته|ماه)(?:ی)? ?"
    r"(?P<working>کاری )?(?:دیگه|دیگر|اینده|بعد)(?!\w)"
)
_WITHIN_FA = re.compile(
    rf"(?:ظرف|طی|حداکثر|نهایتا|تا) (?:مدت )?{_NUMBER} ?(?P<unit>دقیقه|ساعت|روز|هفته|ماه)(?!\w)(?P<working> کاری)?"
)
_HOUR_EN = "|".join(word for word in NUMBERS if word.isascii() and word not in {"a", "an", "couple", "half"})
_HOUR_FA = "|".join(word for word in NUMBERS if not word.isascii() and word != "نیم")
_CLOCK_EN = re.compile(
    rf"\b(?:at|by|before|around|about|until|till|after)(?: (?:about|around))? (?P<h>\d{{1,2}}|{_HOUR_EN})"
    r"(?:[: ](?P<m>\d\d|thirty|fifteen|forty five))?(?: ?(?P<half>am|pm|a m|p m|oclock|o clock))?"
    r"(?! ?(?:minutes?|hours?|days?|weeks?|percent|dollars?))\b"
)
_CLOCK_FA = re.compile(
    rf"ساعت (?P<h>\d{{1,2}}|{_HOUR_FA})(?![\w])(?:[: ](?P<m>\d\d)(?!\w))?"
    r"(?: و (?P<past>نیم|ربع|\d+|بیست|ده|چهل)(?: دقیقه)?)?"
)


_QUARTERS = re.compile(
    r"(?<!\w)(?:(?P<three>سه) )?(?:(?:یه|یک) )?ربع (?:ساعت )?(?:دیگه|دیگر)|\b(?:in|within) (?:about )?(?:a )?quarter of an hour\b"
)
_AND_A_HALF = re.compile(rf"(?<!\w){_NUMBER} (?:ساعت و نیم (?:دیگه|دیگر)|hours? and a half|and a half hours)(?!\w)")
_PAST_EN = re.compile(
    rf"\b(?P<how>half|quarter)(?P<to> to)?(?: past)? (?P<h>\d{{1,2}}|{_HOUR_EN})(?! ?(?:minutes?|hours?|days?|weeks?))\b"
)


def due_at(text: str, said_at: datetime.datetime, timezone: str) -> datetime.datetime | None:
    """When something promised in `text` is due, in UTC; None when no time is named. `said_at` is aware.

    "By four" without a day is the next four o'clock within working life (8 to 20); a day without an hour ends at 18:00.
    """
    words = _joined(text)
    now = said_at.astimezone(ZoneInfo(timezone))
    found = _span(words, now) or _clock_or_day(words, now)
    if found is not None and found <= now:  # "today at ten", said at four; the end of a month, said in its last evening
        found = max(now, _at(now, 23, 59))
    return found.astimezone(datetime.UTC) if found else None


def _joined(text: str) -> str:
    """Search form; clock times keep their colon as a space, and 4:30 stays one place."""
    text = re.sub(r"(\d)[:٫.](\d\d)\b", r"\1 \2", prepare_digits(text))
    text = prepare(text).text if text else plain(text)
    for apart, joined in JOINED.items():
        text = text.replace(apart, joined)
    return text


def prepare_digits(text: str) -> str:
    """ASCII digits, so that ۴:۳۰ is read like 4:30."""
    return text.translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789"))


def _span(words: str, now: datetime.datetime) -> datetime.datetime | None:
    if (seconds := _odd_span_s(words)) is not None:
        return _later(now, seconds)
    for pattern in (_SPAN_EN, _SPAN_FA, _WITHIN_FA):
        if found := pattern.search(words):
            by_the_clock = pattern is _WITHIN_FA and found["unit"] == "ساعت" and found.group().startswith("تا")
            if by_the_clock:
                continue
            amount = min(_number(found["n"]), _LONGEST_S)
            if amount * UNITS[found["unit"]] > _LONGEST_S:
                return None
            if found["working"]:
                return _working_days(now, int(amount), persian=pattern is not _SPAN_EN)
            return _later(now, amount * UNITS[found["unit"]])
    return None


def _odd_span_s(words: str) -> float | None:
    """Halves and quarters of hours, in seconds."""
    if re.search(r"\bhalf an hour\b", words) and re.search(r"\b(?:in|within|about)\b.{0,12}half an hour", words):
        return 1800
    if found := _QUARTERS.search(words):
        return 2700 if found["three"] else 900
    found = _AND_A_HALF.search(words)
    return 3600 * (min(_number(found["n"]), 1000) + 0.5) if found else None


def _clock_or_day(words: str, now: datetime.datetime) -> datetime.datetime | None:
    day, named = _day(words, now)
    part = next((hour for word, hour in PARTS.items() if re.search(rf"(?<!\w){word}(?!\w)", words)), None)
    clock = _clock(words)
    if clock:
        hour, minute = clock
        if named:
            due = _at(day, hour, minute)
            return due if due > now or hour >= 12 else _at(day, hour + 12, minute)
        due = _at(now, hour, minute)
        if due <= now and hour < 12 and _at(now, hour + 12, minute) > now and hour + 12 <= 20:
            return _at(now, hour + 12, minute)
        return due if due > now else due + datetime.timedelta(days=1)
    if named or part is not None:
        due = _at(day, part if part is not None else END_OF_WORK, 0)
        return due if due > now else (_at(now, 23, 59) if not named else due + datetime.timedelta(days=1))
    return _long_day(words, now)


def _later(now: datetime.datetime, seconds: float) -> datetime.datetime:
    """Minutes and hours by the clock that never jumps; days and longer keep the time of day when the clocks are changed."""
    span = datetime.timedelta(seconds=seconds)
    if seconds % _DAY_S:
        return (now.astimezone(datetime.UTC) + span).astimezone(now.tzinfo)
    return now + span


def _working_days(now: datetime.datetime, days: int, *, persian: bool) -> datetime.datetime:
    """The end of work so many working days on; Iran's week-end is Friday, elsewhere Saturday and Sunday."""
    rest, day = ({4} if persian else {5, 6}), now
    for _ in range(min(days, 366)):
        day += datetime.timedelta(days=1)
        while day.weekday() in rest:
            day += datetime.timedelta(days=1)
    return _at(day, END_OF_WORK, 0)


def _long_day(words: str, now: datetime.datetime) -> datetime.datetime | None:
    """The end of the hour, the day, the week or the month.

    A week ends on Thursday where Persian is spoken and a month is Jalali; elsewhere they are Friday and Gregorian.
    """
    if re.search(r"within the hour", words):
        return now + datetime.timedelta(hours=1)
    if re.search(r"end of (?:the )?(?:day|business)|اخر وقت|پایان وقت|تا اخر روز", words):
        return max(_at(now, END_OF_WORK, 0), now)
    first = (now.replace(day=1) + datetime.timedelta(days=32)).replace(day=1)
    ends: dict[str, Callable[[], int]] = {
        r"end of (?:the|this) week|before the weekend|by the weekend": lambda: (4 - now.weekday()) % 7,
        r"(?:اخر|پایان) (?:این )?هفته": lambda: (3 - now.weekday()) % 7,
        r"end of (?:the|this) month": lambda: (first - now).days - 1,
        r"(?:اخر|پایان) (?:این )?(?:ماه|برج)": lambda: days_left_in_jalali_month(now),
    }
    days = next((left() for pattern, left in ends.items() if re.search(pattern, words)), None)
    return None if days is None else _at(now + datetime.timedelta(days=days), END_OF_WORK, 0)


def _day(words: str, now: datetime.datetime) -> tuple[datetime.datetime, bool]:
    """The day that is named, and whether one was."""
    if re.search(r"(?<!\w)(?:پسفردا|the day after tomorrow)(?!\w)", words):
        return now + datetime.timedelta(days=2), True
    if re.search(r"(?<!\w)(?:فردا\w*|tomorrow)(?!\w)", words):
        return now + datetime.timedelta(days=1), True
    for name in sorted(WEEKDAYS, key=len, reverse=True):
        if re.search(rf"(?<!\w){name}(?!\w)", words):
            ahead = (WEEKDAYS[name] - now.weekday()) % 7 or 7
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
    if found := _PAST_EN.search(words):
        hour, how = _number(found["h"]), 30 if found["how"] == "half" else 15
        to = bool(found["to"])
        return _half_of_day(hour - 1 if to else hour, 60 - how if to else how, words)
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
    return float(word) if word.isdigit() else float(NUMBERS[word])


def _at(day: datetime.datetime, hour: int, minute: int) -> datetime.datetime:
    return day.replace(hour=hour, minute=min(minute, 59), second=0, microsecond=0)
