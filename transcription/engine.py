"""The speech engine: windows of all calls that are being transcribed, in batches, through the models of this process.

Each call is read, cut into speech and packed into windows in its caller's own thread; the windows of all callers wait in
one line, and a thread for each model takes batches of like length from it. Nothing here knows what kind of model it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import heapq
import itertools
import sys
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import numpy as np

from avasanj.errors import InputError
from avasanj.log import get_logger
from telephony.tables import Party
from transcription import vad
from transcription import words as words_
from transcription.audio import Recording
from transcription.clock import sound_of
from transcription.legs import Leg
from transcription.recogniser import Asked, Recogniser
from transcription.windows import Span, Utterance, Window, pack, silenced, utterances
from transcription.words import Word

#: a lower number goes first
URGENT, NORMAL, LATER, LIVE = 0, 10, 20, 5
#: windows of one call that may wait: bounds the memory of a recording of hours (a window is 1 MB)
_MOST_WAITING = 16
#: text that packs better than this, or is faster than anyone speaks, is a loop of the model's own making
_MOST_COMPRESSION = 2.2
_MOST_CHARACTERS_PER_S = 35.0
_GRACE_S = 0.5
_log = get_logger(__name__)

#: is told of every utterance of a leg as it is read: measures of the sound are taken there, so that it is read once
Heed = Callable[[Leg, Utterance], None]


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One stretch of speech with its words. Seconds on the playback's clock; confidence is the mean probability, 0 to 1."""

    party: Party
    start_s: float
    end_s: float
    text: str
    confidence: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A stretch whose text was the model's invention. Seconds on the playback's clock."""

    party: Party
    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the engine made of a call."""

    spoken: list[Spoken]  #: by start
    dropped: list[Dropped]
    problems: dict[int, str]  #: recording id -> why it could not be heard


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """The words of a window, or why they were not believed."""

    words: tuple[Word, ...] = ()
    invented: str = ""


@dataclass(order=True)
class _Waiting:
    urgency: int
    number: int
    asked: Asked = field(compare=False)
    done: Future[Recognised] = field(compare=False)


class SpeechEngine:
    """One for each process. Models are loaded when first needed and kept until `unload`. Safe to use from many threads."""

    def __init__(self, recognisers: Sequence[Recogniser]) -> None:
        """`recognisers` are of one model, each with its own thread: one for each device or group of cores."""
        self._recognisers = recognisers
        self._line: list[_Waiting] = []
        self._numbers = itertools.count()
        self._change = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._busy = 0  #: batches being recognised
        self._reading = 0  #: calls that may add windows any moment
        self._unloading = False

    @property
    def name(self) -> str:
        """As kept with each transcript, e.g. "whisper-base int8"."""
        return self._recognisers[0].name

    @property
    def version(self) -> str:
        return self._recognisers[0].version

    @property
    def kind(self) -> str:
        """What kind of model it is: "whisper", "ctc"."""
        return self._recognisers[0].kind

    @property
    def loaded(self) -> bool:
        return bool(self._threads)

    def too_weak(self, language: str) -> bool:
        """Whether this model is known to understand too little of the language to be trusted."""
        return self._recognisers[0].too_weak(language)

    def unload(self) -> None:
        """Give the models' memory back to the machine, once what waits is done."""
        with self._change:
            threads, self._threads = self._threads, []
            self._unloading = True
            self._change.notify_all()
        for thread in threads:
            thread.join()
        with self._change:
            self._unloading = False
        if threads:
            vad.unload()
            gc.collect()
            _give_back_memory()

    def submit(self, asked: Asked, *, urgency: int = NORMAL) -> Future[Recognised]:
        """Put a window in line. The result raises LastingError where the model can't be loaded."""
        done: Future[Recognised] = Future()
        with self._change:
            heapq.heappush(self._line, _Waiting(urgency, next(self._numbers), asked, done))
            self._start()
            self._change.notify_all()
        return done

    def transcribe(
        self,
        legs: Sequence[Leg],
        language: str,
        *,
        urgency: int = NORMAL,
        hot_words: tuple[str, ...] = (),
        heed: Heed | None = None,
    ) -> Heard:
        """Words of each leg, with the times of the speech itself. A leg that can't be read is named in `problems`.

        Raises LastingError when the model can't be loaded.
        """
        heard = Heard(spoken=[], dropped=[], problems={})
        waiting: deque[tuple[Leg, Window, Future[Recognised]]] = deque()
        with self._reads():
            for leg, window in self._windows(legs, heard, heed):
                asked = Asked(window=window, language=language, hot_words=hot_words)
                waiting.append((leg, window, self.submit(asked, urgency=urgency)))
                if len(waiting) >= _MOST_WAITING:
                    with self._pauses():
                        _note(*waiting.popleft(), heard)
        while waiting:
            _note(*waiting.popleft(), heard)
        # Batches of many shapes leave the heap in pieces: kept, they add up to 250 MB over 150 calls.
        _give_back_memory()
        heard.spoken.sort(key=lambda s: (s.start_s, s.party))
        heard.dropped.sort(key=lambda d: (d.start_s, d.party))
        return heard

    def _windows(self, legs: Sequence[Leg], heard: Heard, heed: Heed | None) -> Iterator[tuple[Leg, Window]]:
        """Windows hold one party's speech each, so that no word can change its speaker."""
        for leg in legs:
            blocks = sound_of(leg, Recording(leg.path, channel=leg.channel))
            found = utterances(silenced(blocks, leg.masked, leg.start_s), vad.speech)
            try:
                for window in pack(_heeded(found, leg, heed)):
                    yield leg, window
            except InputError as error:
                heard.problems[leg.recording_id] = str(error)

    @contextlib.contextmanager
    def _reads(self) -> Iterator[None]:
        with self._counted(1):
            yield

    @contextlib.contextmanager
    def _pauses(self) -> Iterator[None]:
        with self._counted(-1):
            yield

    @contextlib.contextmanager
    def _counted(self, step: int) -> Iterator[None]:
        with self._change:
            self._reading += step
            self._change.notify_all()
        try:
            yield
        finally:
            with self._change:
                self._reading -= step
                self._change.notify_all()

    def _start(self) -> None:
        """Start a thread for each model if there are none; the caller holds the lock."""
        while self._unloading:
            self._change.wait()
        if not self._threads:
            for recogniser in self._recognisers:
                thread = threading.Thread(target=self._work, args=(recogniser,), name="speech", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self, recogniser: Recogniser) -> None:
        """Load, recognise batches until unloaded, unload. What fails is told to those whose windows they were."""
        loaded = False
        while batch := self._next(recogniser):
            try:
                if not loaded:
                    recogniser.load()
                    loaded = True
                for waiting, result in zip(batch, _recognised(recogniser, [w.asked for w in batch]), strict=True):
                    waiting.done.set_result(result)
            except BaseException as error:  # noqa: BLE001 - belongs to the callers, who wait for it
                for waiting in batch:
                    if not waiting.done.done():
                        waiting.done.set_exception(error)
        if loaded:
            recogniser.unload()

    def _next(self, recogniser: Recogniser) -> list[_Waiting]:
        """The next batch: the most urgent windows, filled with others of like length; empty when it is time to unload."""
        me = threading.current_thread()
        with self._change:
            while True:
                ready = len(self._line) >= recogniser.batch or (self._line and not self._reading)
                if ready:
                    break
                if not self._line and me not in self._threads:
                    return []
                # a call that is being read may fill the batch; what is urgent waits no longer than this for it
                if not self._change.wait(timeout=0.2 if self._line else None) and self._line:
                    break
            first = heapq.heappop(self._line)
            like = sorted(
                (w for w in self._line if w.urgency == first.urgency and _together(w.asked, first.asked)),
                key=lambda w: abs(len(w.asked.window.samples) - len(first.asked.window.samples)),
            )
            batch = [first, *like[: recogniser.batch - 1]]
            taken = {w.number for w in batch}
            self._line = [w for w in self._line if w.number not in taken]
            heapq.heapify(self._line)
            return batch


def _together(one: Asked, other: Asked) -> bool:
    """A batch has one prompt."""
    return (one.language, one.hot_words) == (other.language, other.hot_words)


def _heeded(found: Iterator[Utterance], leg: Leg, heed: Heed | None) -> Iterator[Utterance]:
    for utterance in found:
        if heed is not None:
            heed(leg, utterance)
        yield utterance


def _recognised(recogniser: Recogniser, asked: Sequence[Asked]) -> Iterator[Recognised]:
    for one, first in zip(asked, recogniser.recognise(asked), strict=True):
        words = first
        if invented(words, one.window):
            words = recogniser.recognise_carefully(one)
        if reason := invented(words, one.window):
            yield Recognised(invented=reason)
        else:
            yield Recognised(words=tuple(words))


def _note(leg: Leg, window: Window, done: Future[Recognised], heard: Heard) -> None:
    result = done.result()
    if result.invented:
        first, last = window.placed[0].span, window.placed[-1].span
        heard.dropped.append(
            Dropped(
                party=leg.party,
                start_s=round(leg.start_s + first.start_s, 3),
                end_s=round(leg.start_s + last.end_s, 3),
                reason=result.invented,
            )
        )
        return
    for place, said in zip(window.placed, words_.assign(result.words, window.placed), strict=True):
        if "".join(word.text for word in said).strip():
            heard.spoken.append(_spoken(leg, place.span, place.start_s, said))


def _spoken(leg: Leg, span: Span, in_window_s: float, said: Sequence[Word]) -> Spoken:
    shift_s = leg.start_s + span.start_s - in_window_s
    return Spoken(
        party=leg.party,
        start_s=round(leg.start_s + span.start_s, 3),
        end_s=round(leg.start_s + span.end_s, 3),
        text="".join(word.text for word in said).strip(),
        confidence=round(float(np.mean([word.probability for word in said])), 3),
        words=tuple(
            Word(
                text=word.text,
                start_s=round(word.start_s + shift_s, 2),
                end_s=round(word.end_s + shift_s, 2),
                probability=round(word.probability, 3),
            )
            for word in said
        ),
    )


def invented(words: Sequence[Word], window: Window) -> str:
    """Why the words can't be what was said in the window; "" when they can."""
    text = "".join(word.text for word in words).strip()
    if not text:
        return ""
    data = text.encode()
    ratio = len(data) / len(zlib.compress(data))
    if ratio > _MOST_COMPRESSION:
        return f"the text repeats itself (compression ratio {ratio:.1f})"
    if phrase := words_.loops(words):
        return f"the text repeats “{phrase}”"
    for place, said in zip(window.placed, words_.assign(words, window.placed), strict=True):
        # half a second of grace: words of a neighbouring stretch may be counted here
        pace = sum(len(word.text) for word in said) / (place.end_s - place.start_s + _GRACE_S)
        if pace > _MOST_CHARACTERS_PER_S:
            return f"the text is faster than anyone speaks ({pace:.0f} characters a second)"
    return ""


def _give_back_memory() -> None:
    """Hand what was freed back to the system, which glibc alone does not do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
