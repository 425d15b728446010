"""Scorecards in words that people use. Every text is a message id of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from avasanj.i18n import N_
from scoring.facts import FACTS, MEASURES
from scoring.scorecard import Band, Condition, Option, Question, Rule, Scorecard, Section, Wording

STATES = {"draft": N_("draft"), "published": N_("in use"), "retired": N_("retired")}
KINDS = {
    "yes_no": N_("yes or no"),
    "choice": N_("one of several"),
    "choices": N_("any of several"),
    "scale": N_("a scale"),
    "number": N_("a number"),
    "text": N_("a text (never scored)"),
}
WHO = {
    "person": N_("a person"),
    "phrases": N_("what is said (phrases)"),
    "fact": N_("the call's records"),
    "measure": N_("a measure of the sound"),
}
#: under which types of question each of WHO can be chosen
WHO_KINDS = {
    "person": "yes_no,choice,choices,scale,number,text",
    "phrases": "yes_no,choice,choices",
    "fact": "yes_no,number",
    "measure": "yes_no,number",
}
SPEAKERS = {"agent": N_("the agent"), "customer": N_("the customer"), "anyone": N_("anyone")}
WINDOWS = {
    "": N_("anywhere in the agent's part"),
    "first_s": N_("in its first seconds"),
    "last_s": N_("in its last seconds"),
    "before_hold_s": N_("in the seconds before each hold"),
    "middle": N_("between its first and last turn"),
}
FIELDS = {
    "key": N_("short name"),
    "title": N_("title"),
    "for": N_("which calls"),
    "pass_mark": N_("mark to pass"),
    "beside": N_("filled in beside others"),
    "weight": N_("weight"),
    "type": N_("type"),
    "hint": N_("guidance"),
    "points": N_("points"),
    "options": N_("options"),
    "scale": N_("scale"),
    "bands": N_("points by number"),
    "critical": N_("critical"),
    "fatal": N_("fatal"),
    "when": N_("asked only if"),
    "needs": N_("only in calls with a hold"),
    "na_when": N_("does not apply if said"),
    "only_when": N_("applies only if said"),
    "rule": N_("phrases"),
    "likeness": N_("examples"),
    "fact": N_("the call's records"),
    "measure": N_("a measure of the sound"),
    "model": N_("question to a language model"),
}
QUANTITIES = {"fact": FACTS, "measure": MEASURES}


@dataclass(frozen=True, kw_only=True)
class Empty:
    """What a new part of a form begins with."""

    rule: Rule = field(default_factory=Rule)
    wording: Wording = field(default_factory=Wording)
    option: Option = field(default_factory=lambda: Option(key="", title={}))
    band: Band = field(default_factory=lambda: Band(up_to=None, points=0))
    condition: Condition = field(default_factory=lambda: Condition(question=""))
    question: Question = field(default_factory=lambda: Question(key="", title={}))
    section: Section = field(default_factory=lambda: Section(key="", title={}, questions=()))


EMPTY = Empty()


def who_answers(question: Question) -> str:
    """Key of WHO."""
    if question.fact:
        return "fact"
    if question.measure:
        return "measure"
    return "phrases" if question.by_machine else "person"


def window(rule: Rule | None) -> str:
    """Key of WINDOWS."""
    if rule is None:
        return ""
    names = [name for name in ("first_s", "last_s", "before_hold_s") if getattr(rule, name) is not None]
    return names[0] if names else "middle" if rule.middle else ""


def window_s(rule: Rule | None) -> float | None:
    name = window(rule)
    return getattr(rule, name) if name.endswith("_s") else None


def plain(value: float | None) -> str:
    """A number as it is typed: 10 for 10.0, "" for None."""
    return "" if value is None else f"{value:g}"


def answer_titles(card: Scorecard, condition: Condition, language: str) -> list[str]:
    """The answers that a condition waits for, as people call them; keys of words.ANSWERS stay as they are."""
    on = next((one for one in card.questions if one.key == condition.question), None)
    options: dict[str, Option] = {one.key: one for one in on.options} if on else {}
    return [options[value].title[language] if value in options else value for value in condition.values]


def question_title(card: Scorecard, key: str, language: str) -> str:
    found = next((one for one in card.questions if one.key == key), None)
    return found.title.get(language, key) if found else key


def brief(value: Any, language: str) -> str:
    """What stands under a key of the file, in one line: texts in the reader's language, other things as they are written."""
    if isinstance(value, dict):
        if set(value) <= {"en", "fa"} and all(isinstance(one, str) for one in value.values()):
            return str(value.get(language) or next(iter(value.values()), ""))
        return ", ".join(f"{name}: {brief(one, language)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(brief(one, language) for one in value)
    return (
        {None: "–", True: "✓"}.get(value, str(value))
        if not isinstance(value, int | float) or value is True
        else f"{value:g}"
    )
