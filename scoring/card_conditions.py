"""Whether each condition of a scorecard can ever hold. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scoring import card_faults as faults
from scoring.card_faults import Problem
from scoring.marks import possible_values
from scoring.scorecard import Condition, Kind, Question, Scorecard

Tell = Callable[..., Problem]


def conditions(card: Scorecard, tell: Tell) -> Iterator[Problem]:
    """Problems of all conditions; `tell(where, fault, **values)` makes one."""
    earlier: dict[str, Question] = {}
    keys = {question.key for question in card.questions}
    for question in card.questions:
        where = f"{question.key}.when"
        sound = True
        for condition in question.when:
            if condition.question not in earlier:
                sound = False
                known = condition.question in keys
                fault = faults.CONDITION_LATER if known else faults.CONDITION_UNKNOWN
                yield tell(where, fault, name=condition.question)
                continue
            for problem in _fits(condition, earlier[condition.question], where, tell):
                sound = False
                yield problem
        if sound and (name := _excluded(question, earlier)):
            yield tell(where, faults.UNREACHABLE, name=name)
        earlier.setdefault(question.key, question)


def _fits(condition: Condition, on: Question, where: str, tell: Tell) -> Iterator[Problem]:
    """Whether the answers that are waited for can be given."""
    limits = condition.at_least is not None or condition.at_most is not None
    values = possible_values(on)
    if not condition.values and not limits:
        yield tell(where, faults.CONDITION_EMPTY)
    elif values is None:
        if condition.values:
            yield tell(where, faults.CONDITION_IS_NUMBER, name=on.key)
    elif limits:
        yield tell(where, faults.CONDITION_NUMBER, name=on.key)
    else:
        for value in condition.values:
            if value not in values:
                yield tell(where, faults.CONDITION_VALUE, name=on.key, value=value, known=", ".join(values))
    if on.kind == Kind.SCALE and limits and not _overlap([condition], float(on.low), float(on.high)):
        yield tell(where, faults.UNREACHABLE, name=on.key)


def _excluded(question: Question, earlier: dict[str, Question]) -> str | None:
    """The question on whose answer this one's conditions, with all that they hang on, exclude each other; None if none."""
    wanted: dict[str, list[Condition]] = {}
    waiting, seen = [question], {question.key}
    while waiting:
        for condition in waiting.pop().when:
            wanted.setdefault(condition.question, []).append(condition)
            if condition.question in earlier and condition.question not in seen:
                seen.add(condition.question)
                waiting.append(earlier[condition.question])
    for name, several in wanted.items():
        on = earlier.get(name)
        if on is None:
            continue
        sets = [set(one.values) for one in several if one.values]
        if sets and on.kind != Kind.CHOICES and not set.intersection(*sets):
            return name
        if not _overlap(several, float("-inf"), float("inf")):
            return name
    return None


def _overlap(several: list[Condition], low: float, high: float) -> bool:
    low = max([low, *(one.at_least for one in several if one.at_least is not None)])
    high = min([high, *(one.at_most for one in several if one.at_most is not None)])
    return low <= high
