"""Survey answers from a CSV, each brought to its call: by the PBX's linked id, or by the number and the time."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from avasanj import csv_file
from avasanj.csv_file import Report, Row
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from avasanj.persian import ascii_digits
from avasanj.phone import to_e164
from avasanj.settings import Settings
from scoring.surveys.tables import Survey
from telephony.lines_csv import moment
from telephony.tables import Call, Disposition, Source

COLUMNS = ("linked_id", "pbx", "number", "at", "grade", "scale", "comment")
_NEEDED = ("grade",)
#: A survey is answered at the end of a call or soon after it.
WITHIN = datetime.timedelta(hours=24)
_SCALE = re.compile(r"(\d+)\s*(?:-|–|to|تا)\s*(\d+)")
_MOST_CHARACTERS = 2000


def read(path: Path) -> list[Row]:
    """The file's rows. Raises InputError as `csv_file.read` does."""
    return csv_file.read(path, COLUMNS, _NEEDED)


def take(session: Session, rows: Sequence[Row], settings: Settings, *, source: str) -> Report:
    """Keep each row's answer with its call, as `csv_file.take` does. The same file again, or twice at once, changes nothing."""
    session.execute(text("select pg_advisory_xact_lock(hashtext('scoring.survey'))"))
    return csv_file.take(session, rows, lambda row: _keep(session, row, settings, source))


def on_five(given: float, low: float, high: float) -> float:
    """A grade of any scale on the one from 1 to 5, in proportion."""
    return 1 + 4 * (given - low) / (high - low)


def _keep(session: Session, row: Row, settings: Settings, source: str) -> bool:
    low, high = _scale(row["scale"])
    given = _grade(row["grade"], low, high)
    call, at = _call(session, row, settings)
    known = session.get(Survey, call.id)
    if known is not None:
        if (known.given, known.low, known.high) != (given, low, high):
            raise InputError(
                N_("This call has another answer already: %(grade)s. It was kept."), grade=f"{known.given:g}"
            )
        return False
    session.add(
        Survey(
            call_id=call.id, grade=on_five(given, low, high), given=given, low=low, high=high, source=source[:100],
            comment=row["comment"][:_MOST_CHARACTERS], at=at or call.ended_at or call.started_at,
        )
    )  # fmt: skip
    session.flush()
    announce(session, "call", call.id)
    return True


def _scale(text: str) -> tuple[float, float]:
    """`1-5` where nothing is written."""
    if not text:
        return 1.0, 5.0
    match = _SCALE.fullmatch(ascii_digits(text))
    if match is None or int(match[1]) >= int(match[2]):
        raise InputError(N_("This is no scale: %(value)s. Write it as 1-5 or 0-10."), value=text)
    return float(match[1]), float(match[2])


def _grade(text: str, low: float, high: float) -> float:
    try:
        found = float(ascii_digits(text).replace("٫", ".").replace(",", "."))
    except ValueError:
        found = math.nan
    if not low <= found <= high:
        raise InputError(
            N_("The grade must be a number from %(low)s to %(high)s; it is %(value)s."),
            low=f"{low:g}", high=f"{high:g}", value=text or "–",
        )  # fmt: skip
    return found


def _call(session: Session, row: Row, settings: Settings) -> tuple[Call, datetime.datetime | None]:
    """The one call that was meant, and when the customer answered."""
    at = moment(row["at"], settings.timezone)
    found = _by_id(session, row) if row["linked_id"] else _by_number(session, row["number"], at, settings)
    if found is None:
        raise InputError(N_("There is no such call in the records."))
    return found, at


def _by_id(session: Session, row: Row) -> Call | None:
    query = select(Call).where(Call.linked_id == row["linked_id"])
    found = session.scalars(query.where(Call.pbx == row["pbx"]) if row["pbx"] else query).all()
    if len(found) > 1:
        raise InputError(
            N_("Several PBXs have a call %(id)s. Name the one meant in the column pbx."), id=row["linked_id"]
        )
    return found[0] if found else None


def _by_number(session: Session, raw: str, at: datetime.datetime | None, settings: Settings) -> Call | None:
    """The last answered call with that number before the answer: it is the one that was asked about."""
    number = to_e164(raw, settings.phone_region, settings.phone_area_code)
    if number is None or at is None:
        raise InputError(N_("To find the call, write its linked_id, or the customer's number and the time (at)."))
    query = select(Call).where(Call.customer_e164 == number, Call.disposition == Disposition.ANSWERED)
    query = query.where(Call.source != Source.SAMPLE, Call.started_at.between(at - WITHIN, at)).order_by(
        Call.started_at.desc()
    )
    return session.scalars(query.limit(1)).first()
