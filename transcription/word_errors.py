"""How far heard words are from what was said: word and character errors, once what is mere spelling is evened out.

Counts are those of the shortest way from the one to the other, and of the ways of that length the one with the most
words right: so they do not depend on the order of looking, and exchanging the two texts exchanges deletions and insertions.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from transcription import english_words, persian_numbers, persian_words

_Numbers = NDArray[np.int64]
#: how far apart in an unlike stretch two spellings of one thing are looked for
_NEAR = 12


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Differences between a reference and what was heard, in words or in characters."""

    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    length: int = 0  #: of the reference

    @property
    def edits(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Edits for each word (or character) of the reference: 0 is right, above 1 where more was heard than said.

        None where the reference is empty.
        """
        return self.edits / self.length if self.length else None

    def __add__(self, other: Errors) -> Errors:
        return Errors(
            substitutions=self.substitutions + other.substitutions,
            deletions=self.deletions + other.deletions,
            insertions=self.insertions + other.insertions,
            length=self.length + other.length,
        )


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One text beside its reference."""

    words: Errors
    characters: Errors


def words(text: str, language: str) -> list[str]:
    """The words of a text in the form in which they are compared: case, punctuation, spelling and numbers evened out."""
    return persian_words.words(text) if language == "fa" else english_words.words(text)


def compare(reference: str, heard: str, language: str) -> Compared:
    """Word and character errors of a heard text.

    What differs by spaces alone is no error: in Persian anywhere, elsewhere within numbers (a phone number in groups).
    """
    said, found = words(reference, language), words(heard, language)
    length, characters = len(said), len(" ".join(said))
    said, found = _spaced_alike(said, found, numbers_only=language != "fa")
    in_words = errors(said, found)
    in_characters = errors(" ".join(said), " ".join(found))
    return Compared(words=_of(in_words, length), characters=_of(in_characters, characters))


def word_errors(reference: str, heard: str, language: str) -> Errors:
    """Errors in words; see `compare`."""
    return compare(reference, heard, language).words


def character_errors(reference: str, heard: str, language: str) -> Errors:
    """Errors in characters, spaces between words counted; see `compare`."""
    return compare(reference, heard, language).characters


def errors(reference: Sequence[Hashable], heard: Sequence[Hashable]) -> Errors:
    """Errors between two sequences as they are."""
    one, other = _numbered(reference, heard)
    step = _step(one, other)
    cost = 0
    for row in _costs(one, other):
        cost = int(row[-1])
    edits, substitutions = divmod(cost, step)
    more = len(one) - len(other)  # deletions less insertions
    return Errors(
        substitutions=substitutions,
        deletions=(edits - substitutions + more) // 2,
        insertions=(edits - substitutions - more) // 2,
        length=len(one),
    )


def align(reference: Sequence[Hashable], heard: Sequence[Hashable]) -> list[tuple[int | None, int | None]]:
    """Pairs of places in both, in order; None where one of them has nothing (deleted, or inserted)."""
    moves = _moves(*_numbered(reference, heard))
    row, column = len(reference), len(heard)
    out: list[tuple[int | None, int | None]] = []
    while row or column:
        move = moves[row, column]
        row, column = row - (move != _INSERTED), column - (move != _DELETED)
        out.append((row if move != _INSERTED else None, column if move != _DELETED else None))
    return out[::-1]


_KEPT, _DELETED, _INSERTED = 0, 1, 2


def _numbered(reference: Sequence[Hashable], heard: Sequence[Hashable]) -> tuple[_Numbers, _Numbers]:
    numbers: dict[Hashable, int] = {}
    one, other = ([numbers.setdefault(item, len(numbers)) for item in items] for items in (reference, heard))
    return np.array(one, np.int64), np.array(other, np.int64)


def _step(one: _Numbers, other: _Numbers) -> int:
    """The price of an edit: so much that the one point more for a substitution decides between equally short ways only."""
    return len(one) + len(other) + 1


def _costs(reference: _Numbers, heard: _Numbers) -> Iterator[_Numbers]:
    """For each length of the reference, the price of the best way from so much of it to each length of the heard."""
    step = _step(reference, heard)
    ramp = np.arange(len(heard) + 1, dtype=np.int64) * step
    row = ramp
    yield row
    for item in reference:
        best = row + step
        np.minimum(best[1:], row[:-1] + np.where(heard == item, 0, step + 1), out=best[1:])
        row = np.minimum.accumulate(best - ramp) + ramp  # insertions: each place from the best one left of it
        yield row


def _moves(reference: _Numbers, heard: _Numbers) -> NDArray[np.uint8]:
    """The last step of the best way to each pair of lengths; a byte each, so that an hour's words (10,000) take 100 MB."""
    step = _step(reference, heard)
    moves = np.full((len(reference) + 1, len(heard) + 1), _INSERTED, np.uint8)
    for number, (before, row) in enumerate(itertools.pairwise(_costs(reference, heard))):
        moves[number + 1][row == before + step] = _DELETED
        kept = before[:-1] + np.where(heard == reference[number], 0, step + 1)
        moves[number + 1, 1:][row[1:] == kept] = _KEPT
    return moves


def _of(found: Errors, length: int) -> Errors:
    """The errors over the reference's own length, which joining words for a comparison must not change."""
    return Errors(
        substitutions=found.substitutions, deletions=found.deletions, insertions=found.insertions, length=length
    )


def _spaced_alike(said: list[str], found: list[str], *, numbers_only: bool) -> tuple[list[str], list[str]]:
    """Both with one word in each place where they differ by spaces alone."""
    one: list[str] = []
    other: list[str] = []
    for mine, theirs in _stretches(said, found):
        left, right = mine, theirs
        if mine != theirs and not (numbers_only and not _numeric(mine + theirs)):
            joined = _joined(mine, theirs, numbers_only=numbers_only)
            if errors(*joined).edits < errors(mine, theirs).edits:
                left, right = joined
        one += left
        other += right
    return one, other


def _numeric(items: Sequence[str]) -> bool:
    return any(item.isdecimal() for item in items)


def _stretches(said: list[str], found: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Both cut where words agree: stretches of like words, and of unlike ones between them."""
    mine: list[str] = []
    theirs: list[str] = []
    for one, other in align(said, found):
        if one is not None and other is not None and said[one] == found[other]:
            if mine or theirs:
                yield mine, theirs
            yield [said[one]], [found[other]]
            mine, theirs = [], []
            continue
        mine += [said[one]] if one is not None else []
        theirs += [found[other]] if other is not None else []
    if mine or theirs:
        yield mine, theirs


def _joined(mine: list[str], theirs: list[str], *, numbers_only: bool) -> tuple[list[str], list[str]]:
    """An unlike stretch with the words joined that together are one and the same on both sides."""
    left, right = [], []
    i = j = 0
    while i < len(mine) and j < len(theirs):
        found = _meeting(mine, theirs, i, j, numbers_only=numbers_only)
        if found is None:
            break
        first, end, other_first, other_end = found
        one = "".join(mine[first:end])
        left += [*mine[i:first], one]
        right += [*theirs[j:other_first], one]
        i, j = end, other_end
    return left + mine[i:], right + theirs[j:]


def _meeting(
    mine: list[str], theirs: list[str], i: int, j: int, *, numbers_only: bool
) -> tuple[int, int, int, int] | None:
    """The nearest stretch of words on each side, from i and j on, with the same letters and other spaces."""
    for far in range(2 * _NEAR):
        for skip in range(far + 1):
            first, other_first = i + skip, j + far - skip
            if first >= len(mine) or other_first >= len(theirs):
                continue
            ends = _ends(
                mine[first : first + _NEAR], theirs[other_first : other_first + _NEAR], numbers_only=numbers_only
            )
            if ends:
                return first, first + ends[0], other_first, other_first + ends[1]
    return None


def _ends(mine: list[str], theirs: list[str], *, numbers_only: bool) -> tuple[int, int] | None:
    """How many words from the beginning are the same on both sides, by their digits or (not `numbers_only`) their letters."""
    ends = _same([persian_numbers.digits(word) for word in mine], [persian_numbers.digits(word) for word in theirs])
    return ends or (None if numbers_only else _same(mine, theirs))


def _same(mine: list[str], theirs: list[str]) -> tuple[int, int] | None:
    left, right, end, other_end = mine[0], theirs[0], 1, 1
    if not left or not right:
        return None
    while left != right:
        if right.startswith(left) and end < len(mine) and mine[end]:
            left, end = left + mine[end], end + 1
        elif left.startswith(right) and other_end < len(theirs) and theirs[other_end]:
            right, other_end = right + theirs[other_end], other_end + 1
        else:
            return None
    return end, other_end
