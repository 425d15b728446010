"""Texts as counted pieces: words, pairs of words, and runs of two to four letters, weighed by how rare they are (TF-IDF). Pure numpy.

Beside the encoder, which knows what sentences mean in general, this knows the words of one center: product names, turns of phrase,
emoji and misspellings. Persian is compared in the project's one spelling.
"""

from __future__ import annotations

import itertools
import math
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from avasanj.persian import normalise

Floats = NDArray[np.float64]
#: What begins a piece's name: a word or two, a run of letters, a word or two of the agent's turn before.
WORD, LETTERS, AGENT = "w", "c", "a"
SHORTEST, LONGEST = 2, 4  #: letters in a run, the spaces around a word among them
#: A piece is learnt if so many of the texts have it, and of the commonest so many, so that a center's heads stay under some megabytes.
LEAST_TEXTS = {WORD: 1, LETTERS: 2, AGENT: 2}
MOST_PIECES = 24_000
#: Words, and what stands between them: dots, question marks, emoji.
_WORDS = re.compile(r"\w+|[^\w\s]+")


@dataclass(frozen=True, eq=False)
class Rows:
    """A sparse (n, width) matrix, row by row. Multiplies with dense ones from both sides."""

    values: Floats
    columns: NDArray[np.int64]
    starts: NDArray[np.int64]  #: (n + 1,)
    width: int
    __array_ufunc__ = None  # numpy leaves `dense @ rows` to __rmatmul__

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.starts) - 1, self.width

    @cached_property
    def _of_value(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(self.shape[0]), np.diff(self.starts))

    def __matmul__(self, dense: Floats) -> Floats:
        """(n, k) from (width, k)."""
        sums = [np.concatenate([[0.0], np.cumsum(self.values * one[self.columns])]) for one in dense.T]
        return np.column_stack([one[self.starts[1:]] - one[self.starts[:-1]] for one in sums])

    def __rmatmul__(self, dense: Floats) -> Floats:
        """(k, width) from (k, n)."""
        found: list[Floats] = [
            np.bincount(self.columns, self.values * one[self._of_value], self.width).astype(np.float64) for one in dense
        ]
        return np.array(found, np.float64).reshape(len(dense), self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A text's pieces, and how often each occurs in it."""

    names: tuple[str, ...]
    times: array[int]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def items(self) -> Iterable[tuple[str, int]]:
        return zip(self.names, self.times, strict=True)


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """The pieces that count, and how rare each is: log((1 + texts) / (1 + texts with it)) + 1."""

    pieces: tuple[str, ...]
    rarity: Floats

    @cached_property
    def _places(self) -> dict[str, int]:
        return {piece: n for n, piece in enumerate(self.pieces)}

    def rows(self, texts: Sequence[str], agents: Sequence[str]) -> Rows:
        """(n, pieces): 1 + log of the count, times the rarity; words, letters and the agent's words each of length 1 in a row."""
        return self.of_counts([counts(text, agent) for text, agent in zip(texts, agents, strict=True)])

    def of_counts(self, counted: Sequence[Counter[str] | Counted]) -> Rows:
        """`rows`, of texts whose pieces have been counted."""
        places, starts = self._places, [0]
        columns, values = array("q"), array("d")  # lists of numbers would take four times as much
        for one in counted:
            known = [(places[piece], count, piece[0]) for piece, count in one.items() if piece in places]
            weighed = [(1 + math.log(count)) * float(self.rarity[at]) for at, count, _ in known]
            squares = dict.fromkeys((WORD, LETTERS, AGENT), 0.0)
            for (_, _, kind), value in zip(known, weighed, strict=True):
                squares[kind] += value * value
            columns.extend(at for at, _, _ in known)
            values.extend(value / math.sqrt(squares[kind]) for (_, _, kind), value in zip(known, weighed, strict=True))
            starts.append(len(columns))
        return Rows(np.asarray(values), np.asarray(columns), np.array(starts), len(self.pieces))


def counts(text: str, agent: str = "") -> Counter[str]:
    """How often each piece occurs in a turn and, as pieces of their own, in the agent's turn before it."""
    plain = normalise(text)
    found = Counter(f"{WORD}{one}" for one in _one_and_two(_WORDS.findall(plain)))
    for word in plain.split():
        framed = f" {word} "
        for length in range(SHORTEST, min(LONGEST, len(framed)) + 1):
            found.update(f"{LETTERS}{framed[at : at + length]}" for at in range(len(framed) - length + 1))
    found.update(f"{AGENT}{one}" for one in _one_and_two(_WORDS.findall(normalise(agent))))
    return found


def kept(found: Counter[str], same: dict[str, str]) -> Counted:
    """`found` in a tenth of the memory: texts share the strings of their pieces in `same`."""
    return Counted(names=tuple(same.setdefault(one, one) for one in found), times=array("I", found.values()))


def vocabulary(counted: Sequence[Counter[str] | Counted]) -> Vocabulary:
    """The pieces that enough of the texts have, the commonest first."""
    texts = Counter(piece for one in counted for piece in one)
    kept = [(piece, count) for piece, count in texts.items() if count >= LEAST_TEXTS[piece[0]]]
    kept = sorted(kept, key=lambda pair: (-pair[1], pair[0]))[:MOST_PIECES]
    rarity = np.array([math.log((1 + len(counted)) / (1 + count)) + 1 for _, count in kept])
    return Vocabulary(pieces=tuple(piece for piece, _ in kept), rarity=rarity)


def _one_and_two(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]
