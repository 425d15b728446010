"""A scorecard: sections of weighted questions about one agent's part of a call. Plain data; `scoring/marks.py` adds it up.

The file form is read by `scoring/card_file.py` and written by `scoring/card_text.py`; docs/scorecards.md tells what each key means.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoring.dialogue import AGENT, CUSTOMER

YES, NO, UNSURE, NA = "yes", "no", "unsure", "na"
LANGUAGES = ("en", "fa")
ANYONE = "anyone"
SPEAKERS = (AGENT, CUSTOMER, ANYONE)
WINDOWS = ("first_s", "last_s", "before_hold_s", "middle")
#: As many questions as a form may have; Genesys has the same limit.
MOST_QUESTIONS = 200
WEIGHTS_TOTAL = 100.0


class Kind(enum.StrEnum):
    """What an answer looks like."""

    YES_NO = "yes_no"
    CHOICE = "choice"  #: one of the options
    CHOICES = "choices"  #: any number of the options
    SCALE = "scale"  #: a whole number from low to high
    NUMBER = "number"  #: a number, worth what its band says
    TEXT = "text"  #: never scored


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Phrases or sentences in each language. Both are sought in every call: people mix languages."""

    en: tuple[str, ...] = ()
    fa: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.en + self.fa

    def __bool__(self) -> bool:
        return bool(self.en or self.fa)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Phrases that answer a question: yes needs one of `any_of`, one of each of `all_of`, and `near` ones close together.

    `none_of` speaks for no, wherever in the part it is said. A window says where in the part to look for the others.
    """

    any_of: Wording = Wording()
    all_of: tuple[Wording, ...] = ()
    near: tuple[Wording, ...] = ()
    within_words: int = 12  #: how far apart the `near` ones may lie
    none_of: Wording = Wording()
    said_by: str = AGENT
    first_s: float | None = None
    last_s: float | None = None
    before_hold_s: float | None = None
    middle: bool = False  #: without the agent's first and last turn, whose courtesies are formulas

    @property
    def wanted(self) -> tuple[Wording, ...]:
        """What must be heard for a yes; empty where a rule only forbids."""
        return (*((self.any_of,) if self.any_of else ()), *self.all_of, *self.near)


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """Examples of sentences that mean yes, and of near ones that do not."""

    like: Wording
    unlike: Wording


@dataclass(frozen=True, kw_only=True)
class Heard:
    """Phrases by one party that decide whether a question applies."""

    words: Wording
    said_by: str = ANYONE


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A fact of the ledger or a measure of the sound by its name (`scoring/facts.py`), and the limits within which it is a yes."""

    name: str
    at_least: float | None = None
    at_most: float | None = None

    def within(self, value: float) -> bool:
        low = float("-inf") if self.at_least is None else self.at_least
        high = float("inf") if self.at_most is None else self.at_most
        return low <= value <= high


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice. `points` count against the largest of the question's options; `rule` lets the machine choose it."""

    key: str
    title: Mapping[str, str]
    points: float = 0.0
    rule: Rule | None = None


@dataclass(frozen=True, kw_only=True)
class Band:
    """Numbers up to `up_to` (None: all above) are worth `points`."""

    up_to: float | None
    points: float


@dataclass(frozen=True, kw_only=True)
class Condition:
    """An earlier question's answer on which a question hangs: one of `values`, or a number within limits."""

    question: str
    values: tuple[str, ...] = ()
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question. `weight` is its share of 100; 0 for one that is asked and not scored."""

    key: str
    title: Mapping[str, str]
    weight: float = 0.0
    kind: Kind = Kind.YES_NO
    hint: Mapping[str, str] = field(default_factory=dict)  #: guidance for the person who answers
    points: Mapping[str, float] = field(default_factory=lambda: {YES: 1.0, NO: 0.0})  #: of a yes/no question
    options: tuple[Option, ...] = ()
    low: int = 1  #: of a scale
    high: int = 5
    bands: tuple[Band, ...] = ()
    critical: bool = False  #: tracked apart; without points by the machine, it goes to a person
    fatal: bool = False  #: without points, and a person says so, the whole form is failed
    when: tuple[Condition, ...] = ()  #: asked only if all hold, else N/A
    needs: str | None = None  #: "hold": N/A in a call without one
    na_when: Wording = Wording()  #: phrases by anyone that make it N/A
    only_when: Heard | None = None  #: N/A unless one of these is said
    rule: Rule | None = None
    likeness: Likeness | None = None
    fact: Quantity | None = None
    measure: Quantity | None = None
    #: what a language model is asked, where one is set up; None: it is not asked
    ask: Mapping[str, str] | None = None

    @property
    def is_optional(self) -> bool:
        """Whether a person may leave it open: a note, a tag, which nothing is scored by."""
        return not (self.weight or self.critical or self.fatal)

    @property
    def by_machine(self) -> bool:
        """Whether anything but a person can answer it (a language model counts for nothing: it may not be there)."""
        return bool(self.rule or self.likeness or self.fact or self.measure or any(one.rule for one in self.options))


@dataclass(frozen=True, kw_only=True)
class Section:
    """Questions under a heading."""

    key: str
    title: Mapping[str, str]
    questions: tuple[Question, ...]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The calls that a scorecard is for; what is empty is no limit. Queues may have * in them."""

    queues: tuple[str, ...] = ()
    not_queues: tuple[str, ...] = ()
    directions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """A version of a scorecard. The weights of its questions add up to 100."""

    key: str
    version: int
    title: Mapping[str, str]
    sections: tuple[Section, ...]
    scope: Scope = Scope()
    pass_mark: float | None = None  #: score from which a form is passed
    beside: bool = False  #: filled in beside the one scorecard that suits a call best, not instead of it

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for section in self.sections for question in section.questions)

    def section_of(self, question: Question) -> Section:
        return next(section for section in self.sections if question in section.questions)


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A question's answer. `confidence` 0 to 1; `reason` is a catalogue message with its values.

    `value` is yes, no, unsure or na; an option's key, or several with commas between; a number; or a text.
    """

    question: Question
    value: str
    confidence: float
    method: str  #: rule, likeness, ledger, measure, model, condition, person
    evidence: tuple[dict[str, Any], ...] = ()
    reason: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None  #: which one, where a model answered

    @property
    def by_person(self) -> bool:
        """Whether a person gave it. A question that waits for one has no answer yet."""
        return self.method == "person" and self.value != UNSURE
