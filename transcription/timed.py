"""The words of a turn with their times, wherever they stand in its text, and whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from avasanj.persian import searchable

_WORD = re.compile(r"\S+")


@dataclass(frozen=True, kw_only=True)
class Timed:
    """A word in a text. Seconds on the playback's clock."""

    text: str
    first: int  #: where it begins in the text, in characters
    last: int  #: where it ends, likewise
    start_s: float
    end_s: float
    probability: float | None  #: 0 to 1; None for a word that a person wrote


def heard(text: str, words: Sequence[Sequence[Any]] | None) -> list[Timed]:
    """The words that a model heard, `[text, start_s, end_s, probability]` each, as they stand in its text.

    A mark that a model gives as a word of its own belongs to the word before it. A word that is not found in the text is
    left out; without words there is nothing to time.
    """
    found: list[Timed] = []
    at = 0
    for word, start_s, end_s, probability in words or ():
        first = text.find(word, at) if word else -1
        if first < 0:
            continue
        at = first + len(word)
        if not searchable(word):
            if found:
                found[-1] = replace(found[-1], text=text[found[-1].first : at], last=at)
            continue
        found.append(
            Timed(text=word, first=first, last=at, start_s=start_s, end_s=end_s, probability=float(probability))
        )
    return found


def corrected(text: str, known: Sequence[Timed]) -> list[Timed]:
    """The words of a person's text, timed by those that the model heard: the same words keep their times and probabilities.

    What is new is spread over the time between its neighbours, by length.
    """
    tokens = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    if not known:
        return []
    matcher = SequenceMatcher(
        None, [searchable(word.text) for word in known], [searchable(token) for token, _, _ in tokens], autojunk=False
    )
    found: list[Timed] = []
    for kind, from_, to, first, last in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(known[from_:to], tokens[first:last], strict=True)
            found += [
                Timed(text=t, first=a, last=b, start_s=k.start_s, end_s=k.end_s, probability=k.probability)
                for k, (t, a, b) in pairs
            ]
        elif first < last:
            found += _spread(tokens[first:last], *_room(known, from_, to))
    return found


def _room(known: Sequence[Timed], from_: int, to: int) -> tuple[float, float]:
    """The time of the words `from_` to `to`; of none, the pause where they would stand."""
    if from_ < to:
        return known[from_].start_s, known[to - 1].end_s
    before = known[from_ - 1].end_s if from_ else known[0].start_s
    after = known[from_].start_s if from_ < len(known) else known[-1].end_s
    return before, max(before, after)


def _spread(tokens: Sequence[tuple[str, int, int]], start_s: float, end_s: float) -> list[Timed]:
    whole = sum(len(token) for token, _, _ in tokens)
    found, done = [], 0
    for token, first, last in tokens:
        at_s = start_s + (end_s - start_s) * done / whole
        done += len(token)
        to_s = start_s + (end_s - start_s) * done / whole
        found.append(
            Timed(text=token, first=first, last=last, start_s=round(at_s, 2), end_s=round(to_s, 2), probability=None)
        )
    return found
