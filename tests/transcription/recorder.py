"""A recogniser of the tests' own: it keeps the batches it was given, and fails where it is told to."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tests.transcription.sounds import Samples
from transcription.recogniser import Asked
from transcription.windows import RATE_HZ, Placed, Span, Window
from transcription.words import Word


class Recorder:
    """Says "one two …", a word for each stretch of a window, right in its middle."""

    kind = "test"
    version = "0" * 12

    def __init__(self, name: str = "recorder", *, batch: int = 4) -> None:
        self.name, self.batch = name, batch
        self.batches: list[list[Asked]] = []
        self.looks: list[Samples] = []  #: sound whose language was asked
        self.language = ("fa", 0.75)
        self.loads = self.unloads = self.careful = 0
        self.load_error: Exception | None = None
        self.careful_error: Exception | None = None
        #: called with each batch before it is answered
        self.before: Callable[[Sequence[Asked]], None] = lambda asked: None
        self.gate = threading.Event()
        self.gate.set()
        self.busy = threading.Event()  #: set once a batch has come

    def load(self) -> None:
        self.loads += 1
        if self.load_error is not None:
            raise self.load_error

    def unload(self) -> None:
        self.unloads += 1

    def too_weak(self, language: str) -> bool:
        return language == "fa"

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        self.busy.set()
        assert self.gate.wait(20)
        self.before(asked)
        self.batches.append(list(asked))
        return [self.words(one.window) for one in asked]

    def recognise_carefully(self, asked: Asked) -> list[Word]:
        self.careful += 1
        if self.careful_error is not None:
            raise self.careful_error
        return self.words(asked.window)

    def words(self, window: Window) -> list[Word]:
        return [
            Word(text=f" word{i}", start_s=place.start_s, end_s=place.end_s, probability=0.9)
            for i, place in enumerate(window.placed)
        ]

    def language_of(self, samples: Sequence[Samples], among: Sequence[str]) -> tuple[str, float]:
        assert tuple(among) == ("fa", "en")
        self.looks += samples
        return self.language

    @property
    def lengths_s(self) -> list[list[float]]:
        return [[len(one.window.samples) / RATE_HZ for one in batch] for batch in self.batches]


class GoingRecorder(Recorder):
    """One that takes more while it reads: a window at a time, in the order in which they came."""

    def recognise_going(
        self, asked: Sequence[Asked], more: Callable[[int], Sequence[Asked]] | None
    ) -> Iterator[tuple[int, list[Word]]]:
        everything = list(asked)
        for number in itertools.count():
            if more is not None and len(everything) - number < self.batch:
                everything.extend(more(self.batch - len(everything) + number))
            if number == len(everything):
                return
            yield number, self.recognise([everything[number]])[0]


def window(length_s: float = 10.0) -> Window:
    """Of silence; what matters is its length."""
    span = Span(start_s=0.5, end_s=length_s - 0.5)
    return Window(
        samples=np.zeros(round(length_s * RATE_HZ), np.float32),
        placed=(Placed(span=span, start_s=0.5, end_s=length_s - 0.5),),
    )


def asked(length_s: float = 10.0, language: str = "en", hot_words: tuple[str, ...] = ()) -> Asked:
    return Asked(window=window(length_s), language=language, hot_words=hot_words)
