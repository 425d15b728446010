"""Sampling rules as people write them, and as they are kept."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.people import Team, User
from scoring import library
from scoring.reviews.evaluators import EVALUATING
from scoring.reviews.tables import SamplingRule
from scoring.scorecard import LANGUAGES
from scoring.statistics.periods import Length
from telephony.tables import Direction

PER, UNITS, CHOSEN_BY = (
    ("agent", "team", "queue", "evaluator", "all"),
    ("calls", "percent"),
    ("random", "risk", "doubt"),
)
_WORDS = {"per": PER, "unit": UNITS, "period": tuple(Length), "chosen_by": CHOSEN_BY}
_LISTS = {"queues": None, "directions": tuple(Direction), "teams": None, "languages": LANGUAGES}
_NUMBERS = ("min_talk_s", "dissatisfied_above")
_KEYS = ("name", "scorecard", "evaluators", *_WORDS, "amount", "filters", "due_days", "active")
DEFAULTS: Mapping[str, Any] = {
    "per": "agent", "amount": 3, "unit": "calls", "period": "week", "chosen_by": "random", "due_days": 7, "active": True,
}  # fmt: skip
MOST_CALLS, LONGEST_DUE_DAYS = 1000, 365
UNKNOWN_KEY = N_("A sampling rule has no “%(key)s”. It may have: %(known)s.")
NO_NAME = N_("A sampling rule needs a name of at most 120 characters.")
NAME_TAKEN = N_("There is a sampling rule “%(name)s” already.")
NO_RULE = N_("There is no sampling rule “%(name)s”.")
NOT_ONE_OF = N_("“%(key)s” is one of %(known)s, not “%(value)s”.")
NO_AMOUNT = N_("“amount” is a number above 0, of calls at most %(most)s, of percent at most 100; not “%(value)s”.")
NO_LIST = N_("“%(key)s” is a list of texts.")
NO_NUMBER = N_("“%(key)s” is a number from 0 on, not “%(value)s”.")
NO_CHANCE = N_("“dissatisfied_above” is a probability from 0 to 1, not “%(value)s”.")
NO_FORM = N_("There is no scorecard “%(key)s”.")
NO_TEAM = N_("There is no team “%(name)s”.")
NO_EVALUATOR = N_("“%(name)s” is nobody who may evaluate calls: name supervisors by their log-in name.")
NO_DUE = N_("“due_days” is a number of days above 0, at most %(most)s; not “%(value)s”.")
NO_MAPPING = N_("A sampling rule is written as keys with values.")
TEXTS = (
    UNKNOWN_KEY, NO_NAME, NAME_TAKEN, NO_RULE, NOT_ONE_OF, NO_AMOUNT, NO_LIST, NO_NUMBER, NO_CHANCE, NO_FORM, NO_TEAM,
    NO_EVALUATOR, NO_DUE, NO_MAPPING,
)  # fmt: skip


def rules(session: Session) -> Sequence[SamplingRule]:
    return session.scalars(select(SamplingRule).order_by(SamplingRule.name)).all()


def find(session: Session, name: str) -> SamplingRule:
    """By its name. Raises InputError."""
    found = session.scalar(select(SamplingRule).where(SamplingRule.name == name.strip()))
    if found is None:
        raise InputError(NO_RULE, name=name)
    return found


def add(session: Session, written: Mapping[str, Any], *, by: uuid.UUID | None = None) -> SamplingRule:
    """A new rule. Raises InputError naming what is wrong, or that there is one of this name."""
    facts = read(session, written)
    if session.scalar(select(SamplingRule.id).where(SamplingRule.name == facts["name"])):
        raise InputError(NAME_TAKEN, name=facts["name"])
    rule = SamplingRule(**facts, made_by=by)
    session.add(rule)
    session.flush()
    login.audit(session, by, "sampling_rule.added", rule.id, name=rule.name)
    return rule


def change(
    session: Session, rule_id: uuid.UUID, written: Mapping[str, Any], *, by: uuid.UUID | None = None
) -> SamplingRule:
    """Write a rule anew, what is not given as by default; what it has drawn stays. Raises InputError.

    One that was off draws from now on, and nothing of the time in which it was off.
    """
    rule = session.get(SamplingRule, rule_id, with_for_update=True)
    if rule is None:
        raise InputError(NO_RULE, name=str(rule_id))
    facts = read(session, written)
    same_name = select(SamplingRule.id).where(SamplingRule.name == facts["name"], SamplingRule.id != rule.id)
    if session.scalar(same_name):
        raise InputError(NAME_TAKEN, name=facts["name"])
    if facts["active"] and not rule.active:
        rule.made_at = utc_now()
    for key, value in facts.items():
        setattr(rule, key, value)
    session.flush()
    login.audit(session, by, "sampling_rule.changed", rule.id, name=rule.name)
    return rule


def remove(session: Session, rule_id: uuid.UUID, *, by: uuid.UUID | None = None) -> None:
    """Draw no more by a rule, and forget it; reviews that it gave out stay. Raises InputError."""
    rule = session.get(SamplingRule, rule_id, with_for_update=True)
    if rule is None:
        raise InputError(NO_RULE, name=str(rule_id))
    login.audit(session, by, "sampling_rule.removed", rule.id, name=rule.name)
    session.delete(rule)
    session.flush()


def read(session: Session, written: Mapping[str, Any]) -> dict[str, Any]:
    """A rule's columns from what a person wrote: evaluators by log-in name or id, teams by name or id. Raises InputError."""
    if not isinstance(written, Mapping):
        raise InputError(NO_MAPPING)
    _known(written, _KEYS)
    given = {**DEFAULTS, **{key: value for key, value in written.items() if value is not None}}
    name = str(given.get("name", "")).strip()
    if not 0 < len(name) <= 120:
        raise InputError(NO_NAME)
    for key, words in _WORDS.items():
        if given[key] not in words:
            raise InputError(NOT_ONE_OF, key=key, known=", ".join(words), value=given[key])
    if not isinstance(given["active"], bool):
        raise InputError(NOT_ONE_OF, key="active", known="true, false", value=given["active"])
    scorecard = given.get("scorecard")
    if scorecard is not None and not library.versions(session, str(scorecard)):
        raise InputError(NO_FORM, key=scorecard)
    filters = given.get("filters", {})
    if not isinstance(filters, Mapping):
        raise InputError(NO_MAPPING)
    return {
        "name": name,
        "scorecard": None if scorecard is None else str(scorecard),
        "evaluators": [_evaluator(session, one) for one in _texts(given.get("evaluators", []), "evaluators")],
        **{key: given[key] for key in _WORDS},
        "amount": _amount(given),
        "filters": _filters(session, filters),
        "due_days": _due(given["due_days"]),
        "active": given["active"],
    }


def _known(written: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in written:
        if key not in known:
            raise InputError(UNKNOWN_KEY, key=key, known=", ".join(known))


def _amount(given: Mapping[str, Any]) -> float:
    amount, most = _real(given["amount"]), 100 if given["unit"] == "percent" else MOST_CALLS
    if amount is None or not 0 < amount <= most or (given["unit"] == "calls" and not amount.is_integer()):
        raise InputError(NO_AMOUNT, value=given["amount"], most=MOST_CALLS)
    return amount


def _due(value: object) -> float:
    days = _real(value)
    if days is None or not 0 < days <= LONGEST_DUE_DAYS:
        raise InputError(NO_DUE, value=value, most=LONGEST_DUE_DAYS)
    return days


def _filters(session: Session, written: Mapping[str, Any]) -> dict[str, Any]:
    _known(written, (*_LISTS, *_NUMBERS))
    found: dict[str, Any] = {}
    for key, words in _LISTS.items():
        if given := _texts(written.get(key), key):
            for one in given:
                if words is not None and one not in words:
                    raise InputError(NOT_ONE_OF, key=key, known=", ".join(words), value=one)
            found[key] = [_team(session, one) for one in given] if key == "teams" else given
    for key in _NUMBERS:
        if written.get(key) is not None:
            number = _real(written[key])
            if number is None or number < 0:
                raise InputError(NO_NUMBER, key=key, value=written[key])
            found[key] = number
    if found.get("dissatisfied_above", 0) > 1:
        raise InputError(NO_CHANCE, value=found["dissatisfied_above"])
    return found


def _texts(value: object, key: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one.strip() for one in value):
        raise InputError(NO_LIST, key=key)
    return [*dict.fromkeys(one.strip() for one in value)]


def _real(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and not isinstance(value, bool) else None


def _evaluator(session: Session, name: str) -> str:
    query = select(User.id).where(or_(User.login == name, User.id == _id(name)))
    found = session.scalar(query.where(User.active, User.role.in_(EVALUATING)))
    if found is None:
        raise InputError(NO_EVALUATOR, name=name)
    return str(found)


def _team(session: Session, name: str) -> str:
    found = session.scalar(select(Team.id).where(or_(Team.name == name, Team.id == _id(name))))
    if found is None:
        raise InputError(NO_TEAM, name=name)
    return str(found)


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
