"""The speech engine: windows of all calls that are being transcribed, in batches, through the models of this process.

Each call is read, cut into speech and packed into windows in its caller's own thread; the windows of all callers wait in
one line (`line.py`), and a thread for each model takes batches of like length from it (`lane.py`). Nothing here knows what
kind of model it is.
"""

from __future__ import annotations

import concurrent.futures
import copy
import gc
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from avasanj import memory
from avasanj.log import get_logger
from transcription import languages, vad
from transcription.believing import Recognised
from transcription.heard import Dropped, Heard, Spoken, note
from transcription.lane import Lane, Tally
from transcription.legs import Leg
from transcription.line import LATER, LIVE, NORMAL, URGENT, Caller, Line
from transcription.reading import Heed, Known, utterances_of, windows_of
from transcription.recogniser import Asked, LanguageAsked, Recogniser
from transcription.windows import Window

__all__ = [
    "LATER",
    "LIVE",
    "NORMAL",
    "URGENT",
    "Dropped",
    "Heard",
    "Heed",
    "Known",
    "Leaving",
    "SpeechEngine",
    "Spoken",
    "Urgency",
]

#: windows of one call that may wait: bounds the memory of a recording of hours (a window is 1 MB)
_MOST_WAITING = 16
#: how often a call that waits for its words looks whether it has become more urgent
_LOOK_S = 1.0
_log = get_logger(__name__)

#: how urgent a call is, or what tells it whenever it is asked
Urgency = int | Callable[[], int]
_Sent = tuple[Leg, Window, Future[Recognised]]


class Leaving(SystemExit):
    """The engine was closed for good. No `Exception`, so that nothing takes it for a fault of the work."""


class SpeechEngine:
    """One for each process. Models are loaded when first needed and kept until `unload`. Safe to use from many threads."""

    def __init__(
        self, recognisers: Sequence[Recogniser], fallback: Sequence[Recogniser] = (), *, overtaken_s: float = 30.0
    ) -> None:
        """`recognisers` are of one model, each with its own thread: one for each device or group of cores.

        `fallback` takes their place when none of them can be loaded, until `unload`. `overtaken_s` bounds how long a
        finished call may be held up by running ones.
        """
        self._first, self._fallback = tuple(recognisers), tuple(fallback)
        self._recognisers = self._first
        self._line = Line(overtaken_s=overtaken_s)
        self.tally = Tally()
        self._lanes: list[Lane] = []
        self._unloading = False
        self._state = threading.Condition()

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
        """Whether a model is in memory."""
        return any(lane.loaded for lane in self._lanes)

    @property
    def fallen_back(self) -> bool:
        """Whether another model or device is at work than the settings ask for."""
        return self._recognisers is not self._first

    @property
    def waiting(self) -> tuple[int, float]:
        """Windows that wait, and for how many seconds the first of them has."""
        return self._line.length, self._line.oldest_s

    def report(self) -> dict[str, object]:
        """How it does, for whoever looks after it. Counted since the process began."""
        told, (waiting, oldest_s) = self.tally, self.waiting
        return {
            "model": self.name,
            "loaded": self.loaded,
            "fallen_back": self.fallen_back,
            "waiting": waiting,
            "oldest_s": round(oldest_s, 1),
            "windows": told.windows,
            "batches": told.batches,
            "fill": round(told.windows / told.room, 3) if told.room else None,
            "speed": round(told.audio_s / told.model_s, 1) if told.model_s else None,
            "careful": told.careful,
            "dropped": told.dropped,
            "halvings": told.halvings,
        }

    def too_weak(self, language: str) -> bool:
        """Whether this model is known to understand too little of the language to be trusted."""
        return self._recognisers[0].too_weak(language)

    def unload(self) -> None:
        """Give the models' memory back to the machine, once what waits is done."""
        with self._state:
            while self._unloading:
                self._state.wait()
            lanes, self._lanes, self._unloading = self._lanes, [], True
        try:
            _end(lanes)
        finally:
            with self._state:
                self._unloading = False
                self._recognisers = self._first
                if self._line.length:  # a model broke before it had done what waited
                    self._lanes = self._started()
                self._state.notify_all()
        if lanes:
            vad.unload()
            gc.collect()
            memory.give_back()

    def leave(self, within_s: float = 10.0) -> None:
        """For good, when the process ends: calls in progress are given up with `Leaving`, each model ends its batch."""
        self._line.close(Leaving())
        with self._state:
            lanes, self._lanes = self._lanes, []
        for lane in lanes:
            lane.stop()
        for lane in lanes:
            lane.join(within_s)

    def submit(self, asked: Asked, *, urgency: int = NORMAL) -> Future[Recognised]:
        """Put a window in line. The result raises LastingError where the model can't be loaded."""
        return self._put(Caller(urgency=urgency), asked)

    def transcribe(
        self,
        legs: Sequence[Leg],
        language: str,
        *,
        urgency: Urgency = NORMAL,
        hot_words: tuple[str, ...] = (),
        heed: Heed | None = None,
        known: Known | None = None,
    ) -> Heard:
        """Words of each leg, with the times of the speech itself. A leg that can't be read is named in `problems`.

        What is `known` of an utterance already is taken over instead of being recognised. An `urgency` that can be called
        is asked again while the call waits. Raises LastingError when the model can't be loaded, and Leaving when the
        process ends meanwhile.
        """
        heard = Heard(spoken=[], dropped=[], problems={})
        waiting: deque[_Sent] = deque()
        with self._line.caller(_now(urgency)) as caller:
            for leg, window in windows_of(legs, heard, heed, known):
                while waiting and (len(waiting) >= self._most_waiting or waiting[0][2].done()):
                    self._settle(waiting, caller, urgency, heard)
                self._line.set_urgency(caller, _now(urgency))
                asked = Asked(window=window, language=language, hot_words=hot_words)
                waiting.append((leg, window, self._put(caller, asked)))
            while waiting:
                self._settle(waiting, caller, urgency, heard)
        # Batches of many shapes leave the heap in pieces: kept, they add up to 250 MB over 150 calls.
        memory.give_back()
        heard.spoken.sort(key=lambda s: (s.start_s, s.party))
        heard.dropped.sort(key=lambda d: (d.start_s, d.party))
        return heard

    def language_of(self, legs: Sequence[Leg], *, urgency: Urgency = NORMAL) -> tuple[str, float] | None:
        """The language of a call, Persian or English, by the sound of all its legs together, and its probability.

        None where nobody speaks. Raises as `transcribe` does.
        """
        with self._line.caller(_now(urgency)) as caller:
            unread = Heard(spoken=[], dropped=[], problems={})
            asked = [
                LanguageAsked(window=Window(samples=samples, placed=()), among=languages.AMONG)
                for samples in languages.looks([utterances_of(leg, unread) for leg in legs])
            ]
            waiting = [self._put(caller, one) for one in asked]
            found = [self._awaited(one, caller, urgency).language for one in waiting]
        return languages.together([one for one in found if one is not None]) if found else None

    @property
    def _most_waiting(self) -> int:
        """As many as keep all models busy."""
        return max(_MOST_WAITING, 2 * sum(recogniser.batch for recogniser in self._recognisers))

    def _settle(self, waiting: deque[_Sent], caller: Caller, urgency: Urgency, heard: Heard) -> None:
        leg, window, done = waiting.popleft()
        note(leg, window, self._awaited(done, caller, urgency), heard)

    def _awaited(self, done: Future[Recognised], caller: Caller, urgency: Urgency) -> Recognised:
        if not done.done():
            with self._line.not_reading():
                while not concurrent.futures.wait([done], timeout=_LOOK_S).done:
                    self._line.set_urgency(caller, _now(urgency))
        return done.result()

    def _put(self, caller: Caller, asked: Asked) -> Future[Recognised]:
        done = self._line.put(caller, asked)
        self._start()
        return done

    def _start(self) -> None:
        """Start a thread for each model if there are none."""
        with self._state:
            while self._unloading:
                self._state.wait()
            if not self._lanes:
                self._lanes = self._started()

    def _started(self) -> list[Lane]:
        lanes = [Lane(recogniser, self._line, self.tally, self._failed) for recogniser in self._recognisers]
        for lane in lanes:
            lane.start()
        return lanes

    def _failed(self, lane: Lane, error: BaseException) -> None:
        """A model can't be loaded or works no more: others go on; without any, the fallback does.

        Without that, one that worked is loaded anew, and who waits for one that can't be loaded is told.
        """
        with self._state:
            if lane in self._lanes:
                self._lanes.remove(lane)
            reason = str(error) if isinstance(error, Exception) else type(error).__name__
            if self._lanes:
                _log.warning("speech_model_missing", model=lane.recogniser.name, reason=reason)
                return
            if self._fallback and not self.fallen_back and not self._unloading:
                self._recognisers = self._fallback
                _log.warning("speech_fallback", reason=reason, model=self.name)
                self._lanes = self._started()
                return
            if lane.worked and self._unloading:
                return  # the other lanes do what waits, or `unload` starts new ones for it
            self._recognisers = self._first
            if lane.worked and self._line.length:
                _log.warning("speech_model_restarted", reason=reason, model=self.name)
                self._lanes = self._started()
                return
        self._line.fail(lambda: copy.copy(error))


def _now(urgency: Urgency) -> int:
    return urgency if isinstance(urgency, int) else urgency()


def _end(lanes: Sequence[Lane]) -> None:
    for lane in lanes:
        lane.stop()
    for lane in lanes:
        lane.join()
