"""What changed from one version of a scorecard to another: questions come, gone and altered, and in them what. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.card_text import as_data
from scoring.scorecard import Question, Scorecard

_WORDED = frozenset({"rule", "likeness", "na_when", "only_when"})


@dataclass(frozen=True, kw_only=True)
class Change:
    """One key of the file (of the card, or of a question) with what stood and stands there; None where it did not or does not.

    Of phrases and sentences, `gone` and `come` tell which; then `was` and `now` are without them.
    """

    name: str
    was: Any
    now: Any
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Altered:
    """A question that both versions have."""

    was: Question
    now: Question
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """All of it; `reordered` says that the common questions stand in another order or section."""

    card: tuple[Change, ...]
    come: tuple[Question, ...]
    gone: tuple[Question, ...]
    altered: tuple[Altered, ...]
    same: int
    reordered: bool

    @property
    def none(self) -> bool:
        return not (self.card or self.come or self.gone or self.altered or self.reordered)


def changes(old: Scorecard, new: Scorecard) -> Changes:
    """From `old` to `new`; questions are the same by their keys."""
    was, now = as_data(old), as_data(new)
    olds, news = _questions(old, was), _questions(new, now)
    altered = []
    for key in (key for key in news if key in olds):
        found = _between(olds[key][1], news[key][1])
        if found:
            altered.append(Altered(was=olds[key][0], now=news[key][0], changes=found))
    common = [key for key in olds if key in news]
    return Changes(
        card=_between(_head(was), _head(now)),
        come=tuple(question for key, (question, _, _) in news.items() if key not in olds),
        gone=tuple(question for key, (question, _, _) in olds.items() if key not in news),
        altered=tuple(altered),
        same=len(common) - len(altered),
        reordered=[(key, olds[key][2]) for key in common] != [(key, news[key][2]) for key in news if key in olds],
    )


def _head(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in {"version", "sections"}}


def _questions(card: Scorecard, data: Mapping[str, Any]) -> dict[str, tuple[Question, dict[str, Any], str]]:
    """Each question with its data and its section, by its key."""
    found = [(one, section["key"]) for section in data["sections"] for one in section["questions"]]
    return {
        question.key: (question, own, section) for question, (own, section) in zip(card.questions, found, strict=True)
    }


def _between(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [*was, *(name for name in now if name not in was)]
    return tuple(_change(name, was.get(name), now.get(name)) for name in names if was.get(name) != now.get(name))


def _change(name: str, was: Any, now: Any) -> Change:
    if name not in _WORDED:
        return Change(name=name, was=was, now=now)
    before, after = _sentences(was), _sentences(now)
    return Change(
        name=name,
        was=_bare(was),
        now=_bare(now),
        gone=tuple(one for one in before if one not in after),
        come=tuple(one for one in after if one not in before),
    )


def _sentences(data: Any) -> list[str]:
    """Every phrase in it, in order."""
    if isinstance(data, Mapping):
        return [one for name, value in data.items() if name != "said_by" for one in _sentences(value)]
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [one for value in data for one in _sentences(value)]
    return [data] if isinstance(data, str) else []


def _bare(data: Any) -> dict[str, Any]:
    """What is beside the phrases: who says them, and where."""
    return {name: value for name, value in (data or {}).items() if name == "said_by" or isinstance(value, int | float)}
