"""What can't be right in a scorecard though its file reads well: sums, conditions, and questions that no call could answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from avasanj.errors import InputError
from scoring import card_faults as faults
from scoring.card_conditions import conditions
from scoring.card_faults import Problem
from scoring.facts import FACTS, MEASURES, MOST, REFUSED
from scoring.marks import share
from scoring.phrases import Phrases
from scoring.scorecard import (
    LANGUAGES,
    MOST_QUESTIONS,
    NO,
    WEIGHTS_TOTAL,
    YES,
    Kind,
    Quantity,
    Question,
    Rule,
    Scorecard,
    Wording,
)

#: What fills the slots of phrases; the words stand for whatever a call knows.
SLOTS = {"agent": ("sara",), "customer_name": ("sara",), "number": ("0042",), "said": ("sara",)}
_ROUNDING = 0.01


def lint(card: Scorecard, lines: Mapping[str, int]) -> list[Problem]:
    """Every problem; `lines` are those of the places in the file, empty for a card from elsewhere."""
    found = _Lint(card, lines)
    return [*found.card_problems(), *(one for question in card.questions for one in found.question_problems(question))]


def lint_rule(rule: Rule) -> list[Problem]:
    """What can't be used of a rule that is tried alone: phrases that can't be read, or none at all."""
    groups = (*rule.wanted, rule.none_of)
    found = _Lint(Scorecard(key="", version=1, title={}, sections=()), {})
    missing = [] if any(groups) else [found.problem("rule", faults.RULE_EMPTY)]
    return [*missing, *(one for group in groups for one in found.readable("rule", group))]


class _Lint:
    def __init__(self, card: Scorecard, lines: Mapping[str, int]) -> None:
        self.card, self.lines = card, lines
        self.languages = card.scope.languages or LANGUAGES

    def problem(self, where: str, fault: str, /, *, warning: bool = False, **values: object) -> Problem:
        """A problem at the nearest place whose line is known."""
        place = where
        while place and place not in self.lines:
            place = place.rpartition(".")[0]
        return Problem(line=self.lines.get(place, 0), where=where, id=fault, values=values, warning=warning)

    def card_problems(self) -> Iterator[Problem]:
        questions = self.card.questions
        if not questions:
            yield self.problem("sections", faults.NO_QUESTIONS)
        if len(questions) > MOST_QUESTIONS:
            yield self.problem("sections", faults.TOO_MANY, found=len(questions), most=MOST_QUESTIONS)
        total = sum(question.weight for question in questions)
        if questions and abs(total - WEIGHTS_TOTAL) > _ROUNDING:
            yield self.problem("sections", faults.WEIGHTS, found=f"{total:g}")
        for prefix, keys in (
            ("", [one.key for one in questions]),
            ("section ", [one.key for one in self.card.sections]),
        ):
            for key in sorted({key for key in keys if keys.count(key) > 1}):
                where = f"{prefix}{key}"
                yield self.problem(where, faults.SAME_KEY, name=key, line=self.lines.get(where, 0))
        for queue in sorted({*self.card.scope.queues} & {*self.card.scope.not_queues}):
            yield self.problem("for", faults.SCOPE_EMPTY, name=queue)
        yield from conditions(self.card, self.problem)

    def question_problems(self, question: Question) -> Iterator[Problem]:
        yield from self._points(question)
        yield from self._sources(question)
        for option in question.options:
            if option.rule:
                yield from self._rule(question, f"{question.key}.options", option.rule)
                if question.kind not in {Kind.CHOICE, Kind.CHOICES}:
                    yield self.problem(f"{question.key}.options", faults.OPTION_RULES)
        if question.rule:
            yield from self._rule(question, f"{question.key}.rule", question.rule)
        yield from self._words(question)
        if question.fatal and not question.weight:
            yield self.problem(question.key, faults.FATAL_UNSCORED, warning=True)
        if not question.by_machine and not question.is_optional:
            yield self.problem(question.key, faults.PERSON_ONLY, warning=True)

    def _sources(self, question: Question) -> Iterator[Problem]:
        """What answers it, and whether that can answer a question of its type."""
        key = question.key
        sources = [name for name in ("rule", "fact", "measure") if getattr(question, name)]
        if len(sources) > 1:
            yield self.problem(f"{key}.{sources[1]}", faults.SEVERAL_SOURCES)
        for name in ("rule", "likeness"):
            if getattr(question, name) and question.kind != Kind.YES_NO:
                yield self.problem(f"{key}.{name}", faults.WRONG_TYPE, name=name, kind=question.kind.value)
        for name, names in (("fact", FACTS), ("measure", MEASURES)):
            if quantity := getattr(question, name):
                yield from self._quantity(question, f"{key}.{name}", quantity, names)

    def _points(self, question: Question) -> Iterator[Problem]:
        key, weight = question.key, f"{question.weight:g}"
        choice = question.kind in {Kind.CHOICE, Kind.CHOICES}
        if choice and len(question.options) < 2:
            yield self.problem(f"{key}.options", faults.NO_OPTIONS)
        names = [option.key for option in question.options]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield self.problem(f"{key}.options", faults.SAME_KEY, name=name, line=self.lines.get(f"{key}.options", 0))
        if question.kind == Kind.SCALE and question.low >= question.high:
            yield self.problem(f"{key}.scale", faults.SCALE, low=question.low, high=question.high)
        if question.kind == Kind.TEXT and question.weight:
            yield self.problem(f"{key}.weight", faults.TEXT_WEIGHT)
        if question.kind == Kind.NUMBER and question.weight and not question.bands:
            yield self.problem(f"{key}.weight", faults.NUMBER_UNSCORED)
        ends = [band.up_to for band in question.bands]
        if any(a is None or (b is not None and b <= a) for a, b in pairwise(ends)):
            yield self.problem(f"{key}.bands", faults.BAND_ORDER)
        earned = [share(question, value) for value in ((YES, NO) if question.kind == Kind.YES_NO else names)]
        if question.bands:
            earned = [band.points for band in question.bands]
        if question.weight and question.kind not in {Kind.SCALE, Kind.TEXT} and earned and not any(earned):
            yield self.problem(key, faults.NO_POINTS, weight=weight)

    def _quantity(
        self, question: Question, where: str, quantity: Quantity, names: Mapping[str, str]
    ) -> Iterator[Problem]:
        low, high, most = quantity.at_least, quantity.at_most, MOST.get(quantity.name)
        if quantity.name in REFUSED:
            yield self.problem(where, faults.LOUDNESS)
        elif quantity.name not in names:
            yield self.problem(where, faults.WANTS_ONE_OF, known=", ".join(names), found=f"“{quantity.name}”")
        if question.kind not in {Kind.YES_NO, Kind.NUMBER}:
            yield self.problem(where, faults.WRONG_TYPE, name=quantity.name, kind=question.kind.value)
        if question.kind == Kind.YES_NO and low is None and high is None:
            yield self.problem(where, faults.NO_LIMITS, name=quantity.name)
        if low is not None and high is not None and low > high:
            yield self.problem(where, faults.LIMITS_CROSS, low=f"{low:g}", high=f"{high:g}")
        if high is not None and high < 0:
            yield self.problem(where, faults.LIMITS_CROSS, low="0", high=f"{high:g}")
        if most is not None and low is not None and low > most:
            yield self.problem(where, faults.OUT_OF_RANGE, name=quantity.name, most=f"{most:g}")
        if quantity.name == "wait_s" and set(self.card.scope.directions) == {"outbound"}:
            yield self.problem(where, faults.NO_WAIT_OUTBOUND)

    def _rule(self, question: Question, where: str, rule: Rule) -> Iterator[Problem]:
        if not rule.wanted and not rule.none_of:
            yield self.problem(where, faults.RULE_EMPTY)
        if len(rule.near) == 1:
            yield self.problem(f"{where}.near", faults.NEAR_ALONE)
        if sum(bool(one) for one in (rule.first_s, rule.last_s, rule.before_hold_s, rule.middle)) > 1:
            yield self.problem(where, faults.WINDOWS_CROSS)
        if rule.before_hold_s and question.needs != "hold":
            yield self.problem(f"{where}.before_hold_s", faults.HOLD_WINDOW, warning=True)
        for name, groups in (
            ("any", [rule.any_of]),
            ("all", rule.all_of),
            ("near", rule.near),
            ("none", [rule.none_of]),
        ):
            for group in groups:
                if group or name in {"all", "near"}:
                    yield from self._group(f"{where}.{name}", group)

    def _group(self, where: str, group: Wording) -> Iterator[Problem]:
        """Phrases that can be read, in every language of the form."""
        yield from self.readable(where, group)
        for language in self.languages:
            if not getattr(group, language):
                yield self.problem(where, faults.NO_PHRASES_IN, language=language)
        if group.all and all("{" in one and "{name}" not in one for one in group.all):
            yield self.problem(where, faults.RULE_ONLY_SLOTS)

    def readable(self, where: str, group: Wording) -> Iterator[Problem]:
        """Phrases that make no sense."""
        for phrase in group.all:
            try:
                Phrases([phrase], SLOTS).check()
            except InputError as error:
                yield replace(self.problem(where, error.text), values=error.values)

    def _words(self, question: Question) -> Iterator[Problem]:
        key = question.key
        if question.na_when:
            yield from self._group(f"{key}.na_when", question.na_when)
        if question.only_when:
            yield from self._group(f"{key}.only_when", question.only_when.words)
        if question.likeness:
            for name, group in (("like", question.likeness.like), ("unlike", question.likeness.unlike)):
                for language in self.languages:
                    if not getattr(group, language):
                        yield self.problem(f"{key}.likeness.{name}", faults.NO_EXAMPLES_IN, language=language)
