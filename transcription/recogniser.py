"""What the engine asks of a speech model, whatever its kind: windows of speech in, words with their times out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from transcription.audio import Samples
from transcription.windows import RATE_HZ, Window
from transcription.words import Word

#: Seconds up to which a window is filled with silence for a model that hears silence too. The same whatever it is batched
#: with, so that a call's words do not depend on the calls beside it; a shorter one than the first lowers accuracy.
_RUNGS_S = (10.0, 12.0, 15.0)


def filled_up(samples: int) -> int:
    """Samples of a window that holds so many, once it is filled with silence up to the next rung."""
    return next((rung for rung in (round(s * RATE_HZ) for s in _RUNGS_S) if samples <= rung), samples)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A window to be put into words."""

    window: Window
    language: str  #: ISO 639-1, e.g. "fa"
    #: names and products to listen for, the likeliest first; a model that can't use them passes them over
    hot_words: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class LanguageAsked(Asked):
    """Speech of which the language is asked, not the words."""

    language: str = ""
    among: tuple[str, ...]


class Recogniser(Protocol):
    """One model on one device. The engine calls it from one thread at a time, and loads it before anything else."""

    #: most windows that it takes at once; may fall when the device's memory is short
    batch: int

    @property
    def name(self) -> str:
        """As kept with each transcript, e.g. "whisper-base int8"."""

    @property
    def version(self) -> str:
        """First 12 hexadecimal digits of the sha256 of the weights: the same name may stand for other weights later."""

    @property
    def kind(self) -> str:
        """The transcript's source, e.g. "whisper" or "ctc"."""

    def load(self) -> None:
        """Into memory. Raises LastingError, saying what is wrong with the model's folder or the device."""

    def unload(self) -> None:
        """Give the memory back; `load` may be called again."""

    def too_weak(self, language: str) -> bool:
        """Whether this model is known to understand too little of the language to be trusted. Needs no loading."""

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        """The words of each window, in its own seconds; at most `batch` windows of like length."""

    def recognise_carefully(self, asked: Asked) -> list[Word]:
        """The words of a window whose first reading was unbelievable: slower, by other means if there are any."""

    def language_of(self, samples: Sequence[Samples], among: Sequence[str]) -> tuple[str, float]:
        """The one of `among` that these stretches of speech (16 kHz), taken together, are likeliest in; probability 0 to 1."""


@runtime_checkable
class GoingRecogniser(Recogniser, Protocol):
    """One that takes windows of any lengths together, and more of them while it reads others."""

    def recognise_going(
        self, asked: Sequence[Asked], more: Callable[[int], Sequence[Asked]] | None
    ) -> Iterator[tuple[int, list[Word]]]:
        """The words of each window as it is done, with its number; those that `more` gives, when asked for so many, count on.

        The recogniser may be asked for nothing else before the last one is given.
        """
