"""Beam search over a speech model's steps: the likeliest text, not the text of the likeliest pieces one by one."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
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

    def tail(self, count: int) -> tuple[int, ...]:
        """Its last `count` numbers, the last first; a shorter line has -1 where it began."""
        found: list[int] = []
        one: Piece | None = self
        while one is not None and len(found) < count:
            found.append(one.number)
            one = one.before
        return tuple(found) if one is not None or len(found) == count else (*found, -1)


@dataclass(slots=True)
class Beams:
    """The search for one window. Feed it the candidates of each step; it says how its rows go on.

    A text ends with `end`, and the one with the best mean probability of its pieces, the end included, is the result.
    The search is over when `width` texts have ended; or as soon as one has that has followed the sound to its end and
    that nothing unfinished is likelier than, since what goes on from there is invented; or when the likeliest text goes
    in a circle. `never_first` can't begin a text.

    Two kinds of lines are given up on the way, since they seldom win and each costs as much as the likeliest: what is
    more than `margin` (natural logarithm of the probability) behind the likeliest, ended or not; and what ends in the
    same `alike` pieces as a likelier line, from which it will go on alike (0: none is).
    """

    width: int
    end: int
    never_first: frozenset[int]
    at_end: Callable[[Any], bool]  #: whether a row that listened to this is where the sound ends
    margin: float = np.inf
    alike: int = 0
    done: list[tuple[float, Piece]] = field(default_factory=list)
    _whole: float = -np.inf  #: best mean of those that followed the sound to its end
    _ended: float = -np.inf  #: best sum of those that ended
    _circles: bool = False
    _live: list[tuple[float, Piece | None]] = field(default_factory=lambda: [(0.0, None)])
    _steps: int = 0

    @property
    def over(self) -> bool:
        if len(self.done) >= self.width or self._circles or not self._live:
            return True
        return self._steps > 0 and self._whole >= self._live[0][0] / self._steps

    def grow(
        self, log_p: NDArray[np.float32], numbers: NDArray[np.int32], trace: Callable[[int], Any]
    ) -> list[tuple[int, int]]:
        """The rows to go on with, as (row of the last step, number of its next piece): at most `width`, none once over.

        `log_p` and `numbers` are (rows, candidates), of the rows that were named last, and of one at the first step;
        `trace` gives what a row listened to, which its pieces keep.
        """
        new = self._chosen(log_p, numbers, functools.cache(trace))
        if new or self.done:
            self._live = list(new)
        self._steps += 1
        self._circles = self._steps % _LOOK_EVERY == 0 and bool(new) and circles(new[0][1].numbers())
        return [] if self.over else [(piece.row, piece.number) for _, piece in new]

    def _chosen(
        self, log_p: NDArray[np.float32], numbers: NDArray[np.int32], trace: Callable[[int], Any]
    ) -> list[tuple[float, Piece]]:
        so_far = np.array([score for score, _ in self._live], np.float64)
        total = so_far[:, None] + log_p[: len(so_far)]
        if not self._steps:
            total[np.isin(numbers[: len(so_far)], list(self.never_first))] = -np.inf
        new: list[tuple[float, Piece]] = []
        tails: set[tuple[int, ...]] = set()
        for rank, best in enumerate(np.argsort(-total, axis=None, kind="stable")[: 2 * self.width]):
            row, candidate = divmod(int(best), total.shape[1])
            score, number = float(total[row, candidate]), int(numbers[row, candidate])
            least = max(new[0][0] if new else -np.inf, self._ended) - self.margin
            if score == -np.inf or score < least:
                break
            piece = Piece(self._live[row][1], number, float(log_p[row, candidate]), row, trace(row))
            if number != self.end:
                if self.alike:
                    if (tail := piece.tail(self.alike)) in tails:
                        continue
                    tails.add(tail)
                new.append((score, piece))
            elif rank < self.width:
                mean = score / (self._steps + 1)
                self.done.append((mean, piece))
                self._ended = max(self._ended, score)
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
