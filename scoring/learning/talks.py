"""Everything that heads can learn from, in one form: a talk with labels on some of its customer's turns, and perhaps on the whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from avasanj.persian import normalise
from scoring.dialogue import AGENT, CUSTOMER, MIXED, Turn
from scoring.dissatisfaction import Line
from scoring.labelled_calls import LabelledCall
from scoring.labelled_turns import LabelledTurn

#: A satisfaction below this, of 1 to 5, is dissatisfied: of one person's whole number, or of the mean of several people's.
SATISFIED_FROM = 3.0
ANGER = "anger"
#: Talks of as many words that are the same are the same talk.
LEAST_WORDS = 12


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What people say of one turn; None where nobody said."""

    label: str | None = None  #: neg, neu, pos
    satisfaction: float | None = None  #: 1 to 5
    angry: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Talk:
    """A call, a dialogue, or a single text (a talk of one turn)."""

    group: str  #: talks of one group are never split between learning and judging
    language: str
    turns: tuple[Turn, ...]
    marks: Mapping[int, Mark]  #: by the turn's index
    queue: str | None = None
    line: Line = field(default_factory=Line)
    satisfaction: float | None = None  #: of the whole, 1 to 5

    @property
    def chosen(self) -> list[int]:
        """Indices of the turns that are judged: the whole path where the whole is labelled, else the labelled ones."""
        said = [n for n, turn in enumerate(self.turns) if turn.party in {CUSTOMER, MIXED} and turn.text.strip()]
        return said if self.satisfaction is not None else [n for n in said if n in self.marks]

    @property
    def dissatisfied(self) -> bool | None:
        return None if self.satisfaction is None else self.satisfaction < SATISFIED_FROM


def turns_of(lines: Iterable[tuple[str, str]]) -> tuple[Turn, ...]:
    """Turns from (party, text), five seconds each."""
    return tuple(
        Turn(position=n, party=party, start_s=5.0 * n, end_s=5.0 * n + 4, text=text)
        for n, (party, text) in enumerate(lines)
    )


def joined(talks: Sequence[Talk]) -> list[Talk]:
    """The same talks, the groups of those with the very same words made one: a call that was imported twice is learnt or held out whole."""
    first: dict[tuple[str, ...], str] = {}
    same: dict[str, str] = {}

    def found(group: str) -> str:
        while group in same:
            group = same[group]
        return group

    for talk in talks:
        words = tuple(" ".join(normalise(turn.text).split()).casefold() for turn in talk.turns)
        if sum(len(text.split()) for text in words) < LEAST_WORDS:
            continue  # anybody says so
        group, other = found(talk.group), found(first.setdefault(words, talk.group))
        if group != other:
            same[group] = other
    return [replace(talk, group=found(talk.group)) for talk in talks]


def of_text(text: str, mark: Mark, *, group: str, language: str, agent: str = "") -> Talk:
    """A text that stands alone, or after one turn of the agent's."""
    lines = [(AGENT, agent)] if agent.strip() else []
    turns = turns_of([*lines, (CUSTOMER, text)])
    return Talk(group=group, language=language, turns=turns, marks={len(turns) - 1: mark})


def of_turns(turns: Sequence[LabelledTurn]) -> list[Talk]:
    """A file of turns (docs/labelling.md)."""
    return [
        of_text(
            one.text,
            Mark(
                label=one.label, satisfaction=one.satisfaction, angry=None if one.feeling is None else one.feeling == ANGER
            ),
            group=one.id, language=one.language, agent=one.agent,
        )
        for one in turns
    ]  # fmt: skip


def of_calls(calls: Sequence[LabelledCall]) -> list[Talk]:
    """A file of whole calls (docs/labelling.md)."""
    return [
        Talk(
            group=one.story, language=one.language, turns=one.turns, line=one.line, satisfaction=one.satisfaction,
            marks={
                n: Mark(label=mark[0], satisfaction=mark[1]) for n, mark in enumerate(one.turn_labels) if mark is not None
            },
        )
        for one in calls
    ]  # fmt: skip
