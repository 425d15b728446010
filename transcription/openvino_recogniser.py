"""Whisper on OpenVINO where the processor is made for it, with CTranslate2 beside it for what is rare.

A recogniser for each thread, all of one set of weights: two threads that each read a batch do more than one batch read by
two threads, and cost little memory. Where the machine can't, or the two disagree on a probe, CTranslate2 does all.
"""

from __future__ import annotations

import collections
import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj import memory
from avasanj.errors import LastingError
from avasanj.log import get_logger
from transcription import openvino_whisper
from transcription.audio import Samples
from transcription.believing import invented
from transcription.openvino_lane import Decoded, OpenVinoLane, Prompt, Sound
from transcription.openvino_whisper import OpenVinoWhisper
from transcription.recogniser import Asked
from transcription.whisper import FRAME_S, WhisperRecogniser, most_pieces, words_of
from transcription.whisper_text import WhisperText
from transcription.windows import RATE_HZ
from transcription.words import Word, doubled

#: Most windows at once, each 9 MB for each recogniser with the base model.
_BATCH = 6
#: How far the encoders may be apart on the probe: bfloat16 is .02 from float32, CTranslate2's int8 .07 to .10.
_MOST_APART = 0.15
_PROBE_S = 10
_SHORTEST_S = 10
#: Samples of the window that Whisper was taught with.
_FULL_LENGTH = 30 * RATE_HZ
#: each costs some 150 MB with the base model
_MOST_LANES = 4
_log = get_logger(__name__)


class Shared:
    """What the recognisers of one model have in common: the compiled graphs, and CTranslate2's model for what is rare."""

    def __init__(self, slow: WhisperRecogniser, *, threads: int, lanes: int) -> None:
        self.slow = slow
        #: one at a time may use `slow`
        self.slow_turn = threading.Lock()
        self.fast: OpenVinoWhisper | None = None
        self.text: WhisperText | None = None
        self._threads, self._lanes = threads, lanes
        self._users = 0
        self._slow_loaded = False
        self._coming = threading.Lock()

    def enter(self) -> None:
        """Load for one more recogniser. Raises LastingError where not even CTranslate2 can."""
        with self._coming:
            if not self._users:
                with self.slow_turn:
                    self._load()
            self._users += 1

    def leave(self) -> None:
        with self._coming:
            self._users -= 1
            if not self._users:
                self.fast = self.text = None
                with self.slow_turn:
                    self._unload_slow()

    def slowly(self) -> WhisperRecogniser:
        """CTranslate2's, loaded; the caller holds `slow_turn`."""
        if not self._slow_loaded:
            self.slow.load()
            self._slow_loaded = True
        return self.slow

    def _load(self) -> None:
        slow = self.slowly()
        try:
            text = WhisperText(slow.model_dir)
            fast = OpenVinoWhisper(
                slow.model_dir, forbidden=text.forbidden, end=text.end, threads=self._threads, lanes=self._lanes
            )
            mel = probe(text)
            wanted = slow.encode(mel[None])[0]
            self._unload_slow()
            gc.collect()
            memory.give_back()
            fast.load()
            apart = distance(fast.lane().encode(mel), wanted)
        except (LastingError, RuntimeError, OSError, ValueError, KeyError) as error:
            _log.warning("openvino_not_used", model=slow.name, reason=str(error))
            self.slowly()
            return
        if apart > _MOST_APART:
            _log.warning("openvino_not_used", model=slow.name, reason=f"the encoders are {apart:.3f} apart")
            self.slowly()
            return
        self.fast, self.text = fast, text
        _log.info("openvino_used", model=slow.name, lanes=self._lanes, threads=self._threads, apart=round(apart, 4))

    def _unload_slow(self) -> None:
        if self._slow_loaded:
            self.slow.unload()
            self._slow_loaded = False


def probe(text: WhisperText) -> NDArray[np.float32]:
    """A sound with something in every band, as the encoder takes it."""
    t = np.arange(_PROBE_S * RATE_HZ) / RATE_HZ
    voice = sum(np.sin(2 * np.pi * (120 + 15 * np.sin(3 * t)) * k * t) / k for k in range(1, 25))
    noise = np.random.default_rng(0).standard_normal(len(t))
    sound = 0.1 * voice * (np.sin(2 * np.pi * 2 * t) > 0) + 0.01 * noise
    return text.mel(sound.astype(np.float32), len(sound))


def distance(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Of two results, as a share of the second one's size; infinite where the first is no number."""
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return float("inf")
    return float(np.sqrt(np.mean((found - wanted) ** 2) / np.mean(wanted**2)))


class OpenVinoRecogniser:
    """One thread's share of a model."""

    def __init__(self, shared: Shared, *, batch: int = 0) -> None:
        self._shared = shared
        self.batch = batch or _BATCH
        self._lane: OpenVinoLane | None = None

    @property
    def name(self) -> str:
        slow = self._shared.slow
        return f"{slow.model_dir.name} bf16" if self._shared.fast else slow.name

    @property
    def version(self) -> str:
        return self._shared.slow.version

    @property
    def kind(self) -> str:
        return self._shared.slow.kind

    def too_weak(self, language: str) -> bool:
        return self._shared.slow.too_weak(language)

    def load(self) -> None:
        self._shared.enter()
        self._lane = self._shared.fast.lane(self.batch) if self._shared.fast else None
        if self._lane is not None and self._shared.text is not None:
            try:
                self._stretch(self._lane, self._shared.text)
            except BaseException:
                self.unload()
                raise

    @staticmethod
    def _stretch(lane: OpenVinoLane, text: WhisperText) -> None:
        """Read the longest window there is, of silence: what it takes stays taken, and is better had now than in mid-work."""
        longest = Sound(mel=text.mel(np.zeros(RATE_HZ, np.float32), _FULL_LENGTH), frames=1, most=1)
        collections.deque(lane.decode([longest], Prompt(start=text.prompt("en", ""), end=text.end, never_first=())), 0)

    def unload(self) -> None:
        self._lane = None
        self._shared.leave()

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        found = dict(self.recognise_going(asked, None))
        return [found[number] for number in range(len(asked))]

    def recognise_going(
        self, asked: Sequence[Asked], more: Callable[[int], Sequence[Asked]] | None
    ) -> Iterator[tuple[int, list[Word]]]:
        if self._lane is None or self._shared.text is None:
            yield from enumerate(self._slowly(asked))
            return
        everything = list(asked)
        doubled_ones: list[int] = []
        for number, words in self._read(self._lane, self._shared.text, everything, more):
            if doubled(words):
                doubled_ones.append(number)
            else:
                yield number, words
        # a sentence twice running was said twice, or is a circle that ended in time
        for number in doubled_ones:
            yield number, self._read_alone(self._lane, self._shared.text, everything[number])

    def _slowly(self, asked: Sequence[Asked]) -> list[list[Word]]:
        with self._shared.slow_turn:
            slow = self._shared.slowly()
            return [
                words
                for first in range(0, len(asked), slow.batch)
                for words in slow.recognise(asked[first : first + slow.batch])
            ]

    def _read(
        self,
        lane: OpenVinoLane,
        text: WhisperText,
        asked: list[Asked],
        more: Callable[[int], Sequence[Asked]] | None = None,
        length: int = 0,
    ) -> Iterator[tuple[int, list[Word]]]:
        """Each window's words, filled up with silence to `length` samples (0: by its own); those of `more` are added."""
        tokenizer = text.tokenizer(asked[0].language)
        prompt = Prompt(
            start=text.prompt(asked[0].language, asked[0].hot_words), end=text.end, never_first=text.never_first
        )

        def sound(one: Asked) -> Sound:
            samples = one.window.samples
            whole = length or _filled_up(len(samples))
            return Sound(
                mel=text.mel(samples, whole),
                frames=round(len(samples) / RATE_HZ / FRAME_S),
                most=most_pieces(whole, len(prompt.start)),
            )

        def joining(room: int) -> list[Sound]:
            assert more is not None
            found = more(room)
            asked.extend(found)
            return [sound(one) for one in found]

        for number, one in lane.decode([sound(one) for one in asked], prompt, joining if more is not None else None):
            yield number, words_of(tokenizer, one.tokens, one.probabilities, _seconds(one))

    def _read_alone(self, lane: OpenVinoLane, text: WhisperText, asked: Asked) -> list[Word]:
        """At the model's full length, as it was taught."""
        ((_, words),) = self._read(lane, text, [asked], length=_FULL_LENGTH)
        return words

    def recognise_carefully(self, asked: Asked) -> list[Word]:
        """At the model's full length; and where that is no better, by CTranslate2 with its temperatures."""
        if self._lane is not None and self._shared.text is not None:
            words = self._read_alone(self._lane, self._shared.text, asked)
            if not invented(words, asked.window):
                return words
        with self._shared.slow_turn:
            return self._shared.slowly().recognise_carefully(asked)

    def language_of(self, samples: Sequence[Samples], among: Sequence[str]) -> tuple[str, float]:
        with self._shared.slow_turn:
            return self._shared.slowly().language_of(samples, among)


def _filled_up(samples: int) -> int:
    """Samples to which a window is filled with silence: whole seconds, and ten at least, below which it is understood worse."""
    return max(_SHORTEST_S, -(-samples // RATE_HZ)) * RATE_HZ


def _seconds(found: Decoded) -> list[float]:
    return [start * FRAME_S for start in found.starts]


def beside(slow: WhisperRecogniser, *, threads: int, batch: int = 0) -> list[OpenVinoRecogniser]:
    """Recognisers of `slow`'s model for `threads` processor threads; empty where this machine can't use OpenVINO."""
    if reason := openvino_whisper.unusable():
        _log.debug("openvino_not_used", model=slow.name, reason=reason)
        return []
    lanes = min(threads, _MOST_LANES)
    shared = Shared(slow, threads=threads, lanes=lanes)
    return [OpenVinoRecogniser(shared, batch=batch) for _ in range(lanes)]
