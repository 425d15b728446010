"""Days and moments as they are written on the command line."""

from __future__ import annotations

import datetime
import zoneinfo

from avasanj.calendars import from_form
from avasanj.errors import InputError
from avasanj.settings import Settings


def moment(settings: Settings, text: str | None, *, end: bool = False) -> datetime.datetime | None:
    """A day or a moment in the center's zone; `end`: the end of a day that is given without an hour. Raises InputError."""
    if not text:
        return None
    try:
        if "T" in text or " " in text:
            return from_form(text.replace(" ", "T"), settings.timezone)
        day = datetime.date.fromisoformat(text) + datetime.timedelta(days=end)
        return datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(settings.timezone))
    except (ValueError, OverflowError):
        raise InputError(f"{text} is no day and no moment. Write it as 2026-11-22 or 2026-11-22T16:00.") from None
