"""A scorecard: weighted questions about one agent's part of a call, and the arithmetic of their answers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from avasanj.errors import InputError

YES, NO, UNSURE, NA = "yes", "no", "unsure", "na"
LANGUAGES = ("en", "fa")
WINDOWS = ("first_s", "last_s", "before_hold_s", "middle")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Phrases that answer a question. `any_of` (one of them) speaks for yes, `none_of` for no; a window says where in the span to look."""

    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    first_s: float | None = None
    last_s: float | None = None
    before_hold_s: float | None = None
    middle: bool = False  #: without the agent's first and last turn, whose courtesies are formulas


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Examples of sentences that mean yes, and of near ones that do not."""

    like: tuple[str, ...]
    unlike: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. `weight` is its share of 100."""

    key: str
    title: Mapping[str, str]
    weight: float
    rule: Rule
    likeness: Likeness | None = None
    needs: str | None = None  #: "hold": N/A in a call without one
    na_when: tuple[str, ...] = ()  #: phrases by anyone that make it N/A
    critical: bool = False  #: a "no" always goes to a person


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """A version of a scorecard. Weights add up to 100."""

    key: str
    version: int
    title: Mapping[str, str]
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question's answer. `confidence` 0 to 1; `reason` is a catalogue message with its values."""

    question: Question
    value: str
    confidence: float
    method: str
    evidence: tuple[dict[str, Any], ...] = ()
    reason: Mapping[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> float | None:
        """The weight for a yes, 0 for a no, None when it does not count (N/A, or nobody knows yet)."""
        return {YES: self.question.weight, NO: 0.0}.get(self.value)

    @property
    def needs_person(self) -> bool:
        """An unsure answer, and a critical "no": the machine alone fails nobody."""
        return self.value == UNSURE or (self.value == NO and self.question.critical)


def score(answers: Sequence[Answered]) -> float | None:
    """0 to 100: points over the weights of the questions that were answered yes or no. None when there is none."""
    counted = [(answer.points, answer.question.weight) for answer in answers if answer.points is not None]
    possible = sum(weight for _, weight in counted)
    return 100 * sum(points for points, _ in counted if points) / possible if possible else None


@cache
def shipped(name: str = "service") -> Scorecard:
    """The scorecard that comes with this version."""
    return load(
        (resources.files("scoring") / "scorecards" / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml"
    )


def load(text: str, where: str) -> Scorecard:
    """A checked scorecard from YAML. Raises InputError naming the file, the question and the key."""
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where} is not YAML: {error}") from None
    if not isinstance(data, dict) or not isinstance(data.get("questions"), list):
        raise InputError(f"{where} needs the keys key, version, title and a list of questions.")
    questions = tuple(_question(one, f"{where}, question {n}") for n, one in enumerate(data["questions"], start=1))
    card = Scorecard(
        key=_text(data, "key", where),
        version=int(data.get("version", 1)),
        title=_title(data, where),
        questions=questions,
    )
    _check(card, where)
    return card


def _check(card: Scorecard, where: str) -> None:
    total = sum(question.weight for question in card.questions)
    if abs(total - 100) > 0.01:
        raise InputError(f"{where}: the weights add up to {total:g}, they must make 100.")
    keys = [question.key for question in card.questions]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise InputError(f"{where}: the key {twice[0]} is used by two questions.")


def _question(data: Any, where: str) -> Question:
    if not isinstance(data, dict):
        raise InputError(f"{where}: a question is a set of keys (key, title, weight, rule), not {data!r}.")
    where = f"{where} ({data.get('key', 'without key')})"
    known = {"key", "title", "weight", "rule", "likeness", "needs", "na_when", "critical"}
    if odd := sorted(set(data) - known):
        raise InputError(f"{where}: unknown key {odd[0]}; known are {', '.join(sorted(known))}.")
    weight = data.get("weight")
    if not isinstance(weight, int | float) or weight <= 0:
        raise InputError(f"{where}: weight must be a number above 0, it is {weight!r}.")
    if data.get("needs") not in {None, "hold"}:
        raise InputError(f"{where}: needs can only be hold, it is {data['needs']!r}.")
    likeness = data.get("likeness")
    return Question(
        key=_text(data, "key", where),
        title=_title(data, where),
        weight=float(weight),
        rule=_rule(data.get("rule"), where),
        likeness=Likeness(like=_phrases(likeness, "like", where), unlike=_phrases(likeness, "unlike", where))
        if likeness
        else None,
        needs=data.get("needs"),
        na_when=_phrases(data, "na_when", where),
        critical=bool(data.get("critical", False)),
    )


def _rule(data: Any, where: str) -> Rule:
    if not isinstance(data, dict) or not (data.get("any") or data.get("none")):
        raise InputError(f"{where}: rule needs a list of phrases under any or none.")
    if odd := sorted(set(data) - {"any", "none", *WINDOWS}):
        raise InputError(f"{where}: unknown key {odd[0]} in rule; known are any, none, {', '.join(WINDOWS)}.")
    windows = {name: data[name] for name in WINDOWS if name in data}
    return Rule(any_of=_phrases(data, "any", where), none_of=_phrases(data, "none", where), **windows)


def _phrases(data: Mapping[str, Any], key: str, where: str) -> tuple[str, ...]:
    """Phrases of both languages together: people mix them."""
    lists = data.get(key) or {}
    if not isinstance(lists, dict) or set(lists) - set(LANGUAGES):
        raise InputError(f"{where}: {key} takes a list of phrases under en and one under fa.")
    return tuple(str(phrase) for language in LANGUAGES for phrase in lists.get(language) or ())


def _title(data: Mapping[str, Any], where: str) -> Mapping[str, str]:
    title = data.get("title")
    if not isinstance(title, dict) or any(not title.get(language) for language in LANGUAGES):
        raise InputError(f"{where}: title needs a text under en and one under fa.")
    return {language: str(title[language]) for language in LANGUAGES}


def _text(data: Mapping[str, Any], key: str, where: str) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{where}: {key} is missing.")
    return value
