"""The line in which windows of all calls wait for a model: urgent calls first, and fair between calls alike.

Each caller's windows get turns as if callers were asked round and round, so that a short call does not wait until one of
hours is done. A batch is the window whose turn it is, filled with others of like length: a batch costs what its longest
window costs.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from transcription.believing import Recognised
from transcription.recogniser import Asked, filled_up

#: a lower number goes first
URGENT, LIVE, NORMAL, LATER = 0, 5, 10, 20
#: A finished call that running calls have held up for its full measure takes turns with them: before them, one of hours
#: would keep their words from the page for minutes.
_HELD_UP = LIVE
#: how long a window waits for others to fill the batch, while some call is being read
_PATIENCE_S = 0.2
#: A device that takes so many windows at once (a GPU) is as quick with a full batch as with one window: urgent batches are
#: then filled with whatever waits. On a processor they would only be slower for it.
_WIDE = 12


@dataclass(eq=False, kw_only=True)
class Caller:
    """Whoever has windows in line, a call as a rule."""

    urgency: int
    since_s: float = field(default_factory=time.monotonic)
    turn: float = 0.0  #: of its latest window


@dataclass(frozen=True, eq=False, kw_only=True)
class Waiting:
    """One window in line."""

    caller: Caller
    turn: float
    number: int
    since_s: float
    asked: Asked
    done: Future[Recognised]


class Line:
    """Safe to use from many threads. Windows of running calls go before a finished call's for `overtaken_s` only."""

    def __init__(self, *, overtaken_s: float = 30.0) -> None:
        self.overtaken_s = overtaken_s
        self._waiting: list[Waiting] = []
        self._change = threading.Condition()
        self._numbers = itertools.count()
        self._turn = 0.0  #: of the window that was taken last in its turn
        self._reading = 0  #: callers that may add windows any moment
        self._idle = 0  #: models that wait for windows
        self._closed: BaseException | None = None

    @contextmanager
    def caller(self, urgency: int) -> Iterator[Caller]:
        """Someone who reads a call and puts its windows in line; what is left in it at the end is taken out."""
        mine = Caller(urgency=urgency)
        self._count_reading(1)
        try:
            yield mine
        finally:
            self._count_reading(-1)
            self._withdraw(mine)

    @contextmanager
    def not_reading(self) -> Iterator[None]:
        """While this lasts a caller adds no windows, and no batch waits for them."""
        self._count_reading(-1)
        try:
            yield
        finally:
            self._count_reading(1)

    def put(self, caller: Caller, asked: Asked) -> Future[Recognised]:
        """Wait for a model. Raises what `close` was given once it was called."""
        done: Future[Recognised] = Future()
        with self._change:
            if self._closed is not None:
                raise self._closed
            caller.turn = max(self._turn, caller.turn + 1)
            self._waiting.append(
                Waiting(
                    caller=caller,
                    turn=caller.turn,
                    number=next(self._numbers),
                    since_s=time.monotonic(),
                    asked=asked,
                    done=done,
                )
            )
            self._change.notify_all()
        return done

    def set_urgency(self, caller: Caller, urgency: int) -> None:
        """From now on, for what waits too."""
        with self._change:
            if caller.urgency != urgency:
                caller.urgency = urgency
                self._change.notify_all()

    def take(self, most: int, stopped: Callable[[], bool], *, mixed: bool = False) -> list[Waiting]:
        """The next batch, once there is one; empty once `stopped` and nothing waits. Call `wake` when that changes.

        `mixed`: the model takes windows of any lengths together, and more on the way.
        """
        with self._change:
            self._idle += 1
            try:
                while not (pause_s := self._pause_s(most, mixed=mixed)) <= 0:
                    if not self._waiting and (stopped() or self._closed is not None):
                        return []
                    self._change.wait(timeout=None if pause_s == float("inf") else pause_s)
                return self._batch(most, mixed=mixed)
            finally:
                self._idle -= 1

    def join(self, most: int, first: Waiting) -> list[Waiting]:
        """At most so many windows that may join a batch that `first` began, without waiting; none where a model is idle.

        None either where the window whose turn it is can't join: the batch is to end for it.
        """
        with self._change:
            if not self._waiting or self._idle:
                return []
            now_s = time.monotonic()
            tier = self._tier(first.caller, now_s)
            lowest = LATER if tier >= NORMAL else tier
            in_turn = sorted(self._waiting, key=lambda w: self._order(w, now_s))
            if not _alike(in_turn[0].asked, first.asked):
                return []
            batch = [w for w in in_turn if self._tier(w.caller, now_s) <= lowest and _alike(w.asked, first.asked)][
                :most
            ]
            self._remove(batch)
            self._turn = max([self._turn, *(w.turn for w in batch)])
            return batch

    def wait(self, stopped: Callable[[], bool]) -> bool:
        """Until something waits (then True), or nothing does and `stopped`."""
        with self._change:
            while not self._waiting:
                if stopped() or self._closed is not None:
                    return False
                self._change.wait()
            return True

    def wake(self) -> None:
        with self._change:
            self._change.notify_all()

    def fail(self, error: Callable[[], BaseException]) -> None:
        """Tell everyone who waits that it won't be done; each is given an error of its own."""
        with self._change:
            failed, self._waiting = self._waiting, []
            self._change.notify_all()
        for waiting in failed:
            waiting.done.set_exception(error())

    def close(self, error: BaseException) -> None:
        """For good: who waits, and who comes later, is given the error."""
        with self._change:
            self._closed = error
        self.fail(lambda: error)

    @property
    def length(self) -> int:
        """Windows that wait."""
        return len(self._waiting)

    @property
    def oldest_s(self) -> float:
        """Seconds for which the first of them has waited; 0.0 when there is none."""
        with self._change:
            now_s = time.monotonic()
            return now_s - min((w.since_s for w in self._waiting), default=now_s)

    def _pause_s(self, most: int, *, mixed: bool) -> float:
        """How long a model should wait for a fuller batch; 0 or less: not at all. The caller holds the lock."""
        if not self._waiting:
            return float("inf")
        if len(self._waiting) >= most or self._reading <= 0:
            return 0.0
        if mixed and not any(w.asked.hot_words for w in self._waiting):
            return 0.0  # what comes later may join; with a long prompt before it, it can't
        return _PATIENCE_S - (time.monotonic() - min(w.since_s for w in self._waiting))

    def _batch(self, most: int, *, mixed: bool) -> list[Waiting]:
        """The window whose turn it is, and the nearest to its length among those that may come along."""
        now_s = time.monotonic()
        first = min(self._waiting, key=lambda w: self._order(w, now_s))
        tier = self._tier(first.caller, now_s)
        lowest = LATER if tier >= NORMAL or most >= _WIDE else tier
        others = [
            w
            for w in self._waiting
            if w is not first
            and (_alike if mixed else _together)(w.asked, first.asked)
            and self._tier(w.caller, now_s) <= lowest
        ]
        length = len(first.asked.window.samples)
        others.sort(key=lambda w: (abs(len(w.asked.window.samples) - length), self._order(w, now_s)))
        room = most
        if self._reading <= 0:  # the last windows are shared among the models that have nothing else to do
            room = min(most, max(1, -(-len(self._waiting) // self._idle)))
        batch = [first, *others[: room - 1]]
        self._remove(batch)
        self._turn = max(self._turn, first.turn)
        return batch

    def _remove(self, batch: Sequence[Waiting]) -> None:
        taken = {w.number for w in batch}
        self._waiting = [w for w in self._waiting if w.number not in taken]

    def _order(self, waiting: Waiting, now_s: float) -> tuple[int, float, int]:
        return self._tier(waiting.caller, now_s), waiting.turn, waiting.number

    def _tier(self, caller: Caller, now_s: float) -> int:
        if caller.urgency == NORMAL and now_s - caller.since_s > self.overtaken_s:
            return _HELD_UP
        return caller.urgency

    def _withdraw(self, caller: Caller) -> None:
        with self._change:
            self._waiting = [w for w in self._waiting if w.caller is not caller]

    def _count_reading(self, step: int) -> None:
        with self._change:
            self._reading += step
            self._change.notify_all()


def _alike(one: Asked, other: Asked) -> bool:
    """A batch has one prompt."""
    return (one.language, one.hot_words, type(one)) == (other.language, other.hot_words, type(other))


def _together(one: Asked, other: Asked) -> bool:
    """One prompt, and one length once it is filled with silence."""
    return _alike(one, other) and filled_up(len(one.window.samples)) == filled_up(len(other.window.samples))
