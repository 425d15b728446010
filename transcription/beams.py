"""Beam search over a speech model's steps: the likeliest text, not the text of the likeliest pieces one by one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: a text goes in a circle when so many pieces or fewer come three times running, or very few six times
_LONGEST_ROUND, _ROUNDS, _SHORT_ROUND, _SHORT_ROUNDS = 30, 3, 2, 6
_LOOK_EVERY = 8


def circles(numbers: Sequence[int]) -> bool:
    """Whether the text ends in the same pieces again and again."""
    for length in range(1, min(_LONGEST_ROUND, len(numbers) // 2) + 1):
        wanted = length * ((_SHORT_ROUNDS if length <= _SHORT_ROUND else _ROUNDS) - 1)
        tail = numbers[-wanted - length :]
        if len(tail) == wanted + length and all(a == b for a, b in zip(tail, tail[length:], strict=False)):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a text that grew piece by piece."""

    before: Piece | None
    number: int  #: in the vocabulary
    log_p: float
    row: int  #: of the step that gave it
    trace: Any  #: what that row listened to

    def line(self) -> list[Piece]:
        """From the first piece to this one."""
        found: list[Piece] = []
        one: Piece | None = self
        while one is not None:
            found.append(one)
            one = one.before
        return found[::-1]

    def numbers(self) -> list[int]:
        return [piece.number for piece in self.line()]


@dataclass(slots=True)
class Beams:
    """The search for one window. Feed it the candidates of each step; it says how its rows go on.

    A text ends with `end`, and the one with the best mean probability of its pieces, the end included, is the result.
    The search is over when `width` texts have ended; or as soon as one has that has followed the sound to its end and
    that nothing unfinished is likelier than, since what goes on from there is invented; or when the likeliest text goes
    in a circle. `never_first` can't begin a text.
    """

    width: int
    end: int
    never_first: frozenset[int]
    at_end: Callable[[Any], bool]  #: whether a row that listened to this is where the sound ends
    done: list[tuple[float, Piece]] = field(default_factory=list)
    _whole: float = -np.inf  #: best mean of those that followed the sound to its end
    _circles: bool = False
    _live: list[tuple[float, Piece | None]] = field(default_factory=lambda: [(0.0, None)])
    _steps: int = 0

    @property
    def over(self) -> bool:
        if len(self.done) >= self.width or self._circles:
            return True
        return self._steps > 0 and self._whole >= max((score for score, _ in self._live), default=-np.inf) / self._steps

    def grow(
        self, log_p: NDArray[np.float32], numbers: NDArray[np.int32], trace: Callable[[int], Any]
    ) -> Iterator[tuple[int, int]]:
        """The rows to go on with, as (row of the last step, number of its next piece), `width` of them.

        `log_p` and `numbers` are (rows, candidates): one row at the first step, `width` after it; `trace` gives what a
        row listened to, which its pieces keep.
        """
        new: list[tuple[float, Piece]] = []
        if not self.over:
            new = self._chosen(log_p, numbers, functools.cache(trace))
            self._live = list(new)
            self._steps += 1
            self._circles = self._steps % _LOOK_EVERY == 0 and bool(new) and circles(new[0][1].numbers())
        for _, piece in new:
            yield piece.row, piece.number
        for _ in range(self.width - len(new)):  # what is over goes along until the others are
            yield 0, self.end

    def _chosen(
        self, log_p: NDArray[np.float32], numbers: NDArray[np.int32], trace: Callable[[int], Any]
    ) -> list[tuple[float, Piece]]:
        so_far = np.array([score for score, _ in self._live], np.float64)
        total = so_far[:, None] + log_p[: len(so_far)]
        if not self._steps:
            total[np.isin(numbers[: len(so_far)], list(self.never_first))] = -np.inf
        new: list[tuple[float, Piece]] = []
        for rank, best in enumerate(np.argsort(-total, axis=None, kind="stable")[: 2 * self.width]):
            row, candidate = divmod(int(best), total.shape[1])
            score, number = float(total[row, candidate]), int(numbers[row, candidate])
            if score == -np.inf:
                break
            piece = Piece(self._live[row][1], number, float(log_p[row, candidate]), row, trace(row))
            if number != self.end:
                new.append((score, piece))
            elif rank < self.width:
                mean = score / (self._steps + 1)
                self.done.append((mean, piece))
                if mean > self._whole and self.at_end(piece.trace):
                    self._whole = mean
            if len(new) == self.width:
                break
        return new

    @property
    def circled(self) -> bool:
        """Whether the search was given up because its likeliest text went in a circle."""
        return self._circles

    def lines(self) -> list[list[Piece]]:
        """The texts found, each with its end as its last piece, and then the likeliest unfinished one.

        The likeliest comes first; of a search that went in a circle the shortest, since the longer ones hold a part of it.
        """
        ended = [(mean, piece.line()) for mean, piece in self.done]
        ended.sort(key=lambda one: (len(one[1]) if self._circles else 0, -one[0]))
        return [line for _, line in ended] + [piece.line() for _, piece in self._live[:1] if piece is not None]

    def best(self) -> list[Piece]:
        """The pieces of the likeliest text; its last is the end, unless the search was stopped before any text ended."""
        return next(iter(self.lines()), [])
