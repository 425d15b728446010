"""What a person may answer to a question, brought into the form in which answers are kept. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.persian import ascii_digits
from scoring.scorecard import NA, NO, YES, Kind, Question

LONGEST_TEXT = 4000
MOST_EVIDENCE = 20
NOT_YES_NO = N_("“%(question)s” is answered with yes, no or na, not “%(value)s”.")
NOT_AN_OPTION = N_("“%(question)s” has no choice “%(value)s”. There are: %(known)s.")
ONE_OPTION = N_("“%(question)s” takes one choice, not several.")
NOT_ON_SCALE = N_("“%(question)s” is answered with a whole number from %(low)s to %(high)s, not “%(value)s”.")
NOT_A_NUMBER = N_("“%(question)s” is answered with a number, not “%(value)s”.")
NO_TEXT = N_("“%(question)s” is answered with a text. Write one, or choose na.")
TOO_LONG = N_("A text of %(length)s characters is too long; at most %(most)s can be kept.")
BAD_EVIDENCE = N_("A place in the call is given by its start and end in seconds, the start first.")
TOO_MUCH_EVIDENCE = N_("At most %(most)s places of the call can be named for an answer.")
TEXTS = (
    NOT_YES_NO, NOT_AN_OPTION, ONE_OPTION, NOT_ON_SCALE, NOT_A_NUMBER, NO_TEXT, TOO_LONG, BAD_EVIDENCE, TOO_MUCH_EVIDENCE,
)  # fmt: skip


def value_of(question: Question, given: str) -> str:
    """`given` as it is kept: na to any question; yes or no; option keys in the form's order; a number; a text.

    Raises InputError, whose text names the question by its title and says what it takes.
    """
    text = given.strip()
    plain = ascii_digits(text).casefold()
    if plain == NA:
        return NA
    if question.kind == Kind.YES_NO:
        if plain not in {YES, NO}:
            raise InputError(NOT_YES_NO, question=question.title, value=text)
        return plain
    if question.kind in {Kind.CHOICE, Kind.CHOICES}:
        return _options(question, text)
    if question.kind == Kind.TEXT:
        if not text:
            raise InputError(NO_TEXT, question=question.title)
        return short(text)
    return _number(question, text, plain)


def _options(question: Question, text: str) -> str:
    chosen = {part.strip() for part in text.split(",") if part.strip()}
    known = [option.key for option in question.options]
    if not chosen or chosen - {*known}:
        wrong = ", ".join(sorted(chosen - {*known}))
        raise InputError(NOT_AN_OPTION, question=question.title, value=wrong, known=", ".join(known))
    if question.kind == Kind.CHOICE and len(chosen) > 1:
        raise InputError(ONE_OPTION, question=question.title)
    return ",".join(key for key in known if key in chosen)


def _number(question: Question, text: str, plain: str) -> str:
    try:
        number = float(plain.replace("٫", "."))
    except ValueError:
        number = math.nan
    if question.kind == Kind.SCALE:
        if not (number.is_integer() and question.low <= number <= question.high):
            raise InputError(NOT_ON_SCALE, question=question.title, low=question.low, high=question.high, value=text)
        return str(int(number))
    if not math.isfinite(number):
        raise InputError(NOT_A_NUMBER, question=question.title, value=text)
    return f"{number:.12g}"


def short(text: str) -> str:
    """A comment or a text that can be kept, without the space around it. Raises InputError for one that is too long."""
    trimmed = text.strip().replace("\x00", "")
    if len(trimmed) > LONGEST_TEXT:
        raise InputError(TOO_LONG, length=len(trimmed), most=LONGEST_TEXT)
    return trimmed


def places(evidence: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Places of the call as answers keep them: {"party", "start_s", "end_s", "text", "turn"}. Raises InputError."""
    if len(evidence) > MOST_EVIDENCE:
        raise InputError(TOO_MUCH_EVIDENCE, most=MOST_EVIDENCE)
    return [_place(one) for one in evidence]


def _place(one: Mapping[str, Any]) -> dict[str, Any]:
    try:
        start_s, end_s = float(one["start_s"]), float(one["end_s"])
        turn = None if one.get("turn") is None else int(one["turn"])
    except (KeyError, TypeError, ValueError):
        raise InputError(BAD_EVIDENCE) from None
    if not (math.isfinite(end_s) and 0 <= start_s <= end_s):
        raise InputError(BAD_EVIDENCE)
    said = short(str(one.get("text") or ""))
    party = str(one.get("party") or "mixed")[:10]
    return {"party": party, "start_s": round(start_s, 2), "end_s": round(end_s, 2), "text": said, "turn": turn}
