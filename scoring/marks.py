"""The arithmetic of answers: points, score, what is critical and what fails a form. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.scorecard import NA, NO, UNSURE, YES, Answered, Condition, Kind, Question, Scorecard

#: Shares of points this small are a rounding, not a difference.
_NOTHING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a filled-in form comes to."""

    score: float | None  #: 0 to 100; None while nothing scored is answered; 0 for a failed form
    passed: bool | None  #: None without a score; a form without a pass mark is passed unless it is failed
    failed_by: tuple[str, ...]  #: fatal questions without points, by a person's answer
    doubted: tuple[str, ...]  #: fatal questions without points by the machine alone: a person decides
    critical: tuple[str, ...]  #: critical questions without full points
    critical_score: float | None  #: 0 to 100 over the critical questions alone
    sections: Mapping[str, float | None]  #: score of each section by its key
    answered: float  #: share of the applicable weight that is answered, 0 to 1

    @property
    def failed(self) -> bool:
        return bool(self.failed_by)


def result(card: Scorecard, answers: Sequence[Answered]) -> Result:
    """Adds up one answer per question. N/A and unsure ones count for nothing, neither for nor against."""
    fatal = [one for one in answers if one.question.fatal and is_without_points(one)]
    failed_by = tuple(one.question.key for one in fatal if one.by_person)
    earned = score(answers)
    total = 0.0 if failed_by else earned
    applicable = sum(one.question.weight for one in answers if one.value != NA)
    done = sum(one.question.weight for one in answers if share(one.question, one.value) is not None)
    mark = card.pass_mark or 0.0
    critical = [one for one in answers if one.question.critical]
    return Result(
        score=total,
        passed=None if total is None else not failed_by and total >= mark - _NOTHING,
        failed_by=failed_by,
        doubted=tuple(one.question.key for one in fatal if not one.by_person),
        critical=tuple(one.question.key for one in critical if _lacks_points(one)),
        critical_score=score(critical),
        sections={
            section.key: score([one for one in answers if one.question in section.questions])
            for section in card.sections
        },
        answered=done / applicable if applicable else 1.0,
    )


def score(answers: Sequence[Answered]) -> float | None:
    """0 to 100: points over the weights of the questions that count. None when there is none."""
    counted = [(one.question.weight, got) for one in answers if (got := share(one.question, one.value)) is not None]
    possible = sum(weight for weight, _ in counted)
    return 100 * sum(weight * got for weight, got in counted) / possible if possible else None


def points(answer: Answered) -> float | None:
    """What the answer adds to 100, before N/A ones are left out; None when it does not count."""
    got = share(answer.question, answer.value)
    return None if got is None or not answer.question.weight else answer.question.weight * got


def share(question: Question, value: str) -> float | None:
    """Points of an answer over the most that the question can give, 0 to 1; None for N/A, unsure and what is not scored."""
    if value in {NA, UNSURE} or question.kind == Kind.TEXT:
        return None
    if question.kind == Kind.YES_NO:
        most = max(question.points.values(), default=0.0)
        return question.points.get(value, 0.0) / most if most > 0 else None
    if question.kind in {Kind.CHOICE, Kind.CHOICES}:
        return _chosen(question, value)
    try:
        number = float(value)
    except ValueError:
        return None
    if question.kind == Kind.SCALE:
        return min(1.0, max(0.0, (number - question.low) / (question.high - question.low)))
    return _banded(question, number)


def _chosen(question: Question, value: str) -> float | None:
    """One choice counts against the best one, several against all that give points."""
    keys = value.split(",")
    got = sum(option.points for option in question.options if option.key in keys)
    if question.kind == Kind.CHOICES:
        most = sum(option.points for option in question.options)
    else:
        most = max((option.points for option in question.options), default=0.0)
    return min(1.0, got / most) if most > 0 else None


def _banded(question: Question, number: float) -> float | None:
    most = max((band.points for band in question.bands), default=0.0)
    for band in question.bands:
        if band.up_to is None or number <= band.up_to:
            return band.points / most if most > 0 else None
    return 0.0 if most > 0 else None


def is_without_points(answer: Answered) -> bool:
    got = share(answer.question, answer.value)
    return got is not None and got <= _NOTHING


def needs_person(answer: Answered) -> bool:
    """An unsure answer, and a critical or fatal one without points: the machine alone fails nobody.

    A question that only a person answers waits for one too, unless nothing is scored by it.
    """
    question = answer.question
    if answer.by_person:
        return False
    if answer.value == UNSURE:
        asked_of_machine = question.by_machine and answer.method != "person"
        return asked_of_machine or not question.is_optional
    return (question.critical or question.fatal) and _lacks_points(answer)


def _lacks_points(answer: Answered) -> bool:
    got = share(answer.question, answer.value)
    return got is not None and got < 1 - _NOTHING


def holds(condition: Condition, answer: Answered | None) -> bool | None:
    """Whether an earlier answer lets the question be asked; None where that answer is not known yet."""
    if answer is None or answer.value == UNSURE:
        return None
    if answer.value == NA:
        return False
    if condition.values:
        return bool(set(condition.values) & set(answer.value.split(",")))
    try:
        number = float(answer.value)
    except ValueError:
        return False
    above = condition.at_least is None or number >= condition.at_least
    return above and (condition.at_most is None or number <= condition.at_most)


def asked(question: Question, answers: Mapping[str, Answered]) -> bool | None:
    """Whether all of a question's conditions hold; None while one is not known, and none is known to fail."""
    found = [holds(condition, answers.get(condition.question)) for condition in question.when]
    return False if False in found else None if None in found else True


def possible_values(question: Question) -> tuple[str, ...] | None:
    """Every answer that can be given; None where they are numbers or free text."""
    if question.kind == Kind.YES_NO:
        return YES, NO
    if question.kind in {Kind.CHOICE, Kind.CHOICES}:
        return tuple(option.key for option in question.options)
    return None
