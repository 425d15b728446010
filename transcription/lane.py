"""A model at work: a thread that takes batches from the line for as long as the model is in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from prometheus_client import Counter

from avasanj.errors import LastingError
from avasanj.log import get_logger
from transcription import problems
from transcription.believing import Recognised, invented, read_one_by_one
from transcription.devices import short_of_memory
from transcription.line import Caller, Line, Waiting
from transcription.recogniser import Asked, GoingRecogniser, LanguageAsked, Recogniser
from transcription.windows import RATE_HZ
from transcription.words import Word

_WINDOWS = Counter("avasanj_speech_windows_total", "Windows of speech that were put into words.")
_BATCHES = Counter("avasanj_speech_batches_total", "Batches of windows that went through a speech model.")
_ROOM = Counter("avasanj_speech_batch_room_total", "Windows that would have fitted into those batches.")
_SOUND = Counter("avasanj_speech_audio_seconds_total", "Seconds of speech in those windows.")
_SPENT = Counter("avasanj_speech_model_seconds_total", "Seconds that speech models were at work.")
_CAREFUL = Counter("avasanj_speech_careful_total", "Windows read again more carefully, their text being unbelievable.")
_DROPPED = Counter("avasanj_speech_dropped_total", "Windows of which text was dropped as a model's invention.")
_HALVED = Counter("avasanj_speech_halvings_total", "Times a batch was halved because a device was out of memory.")
#: so many windows failing one after the other, of two calls at least, are no fault of theirs: a graphics card that has
#: failed once fails for good, but a call may hold a sound that breaks any model
_MOST_FAILURES, _OF_CALLS = 3, 2
_log = get_logger(__name__)


@dataclass(kw_only=True)
class Tally:
    """What the lanes of one engine did so far."""

    windows: int = 0
    batches: int = 0
    room: int = 0
    audio_s: float = 0.0
    model_s: float = 0.0
    careful: int = 0
    dropped: int = 0
    halvings: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, **counts: float) -> None:
        """From any lane's thread."""
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)


class Lane:
    """One recogniser's thread. It loads the model when the first window comes and unloads it when it is told to stop."""

    def __init__(
        self, recogniser: Recogniser, line: Line, tally: Tally, failed: Callable[[Lane, BaseException], None]
    ) -> None:
        """`failed` is told, in this lane's thread, that the model can't be loaded or works no more: the lane is over then."""
        self.recogniser = recogniser
        self.loaded = self.worked = False
        self._line, self._tally, self._failed = line, tally, failed
        self._stopping = threading.Event()
        #: of windows tried alone, since one succeeded: whose each was, and what was wrong
        self._failures: list[tuple[Caller, BaseException]] = []
        self._thread = threading.Thread(target=self._work, name="speech", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Once nothing waits any more."""
        self._stopping.set()
        self._line.wake()

    def join(self, timeout_s: float | None = None) -> bool:
        """Whether it has ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        if not self._line.wait(self._stopping.is_set):
            return
        try:
            self.recogniser.load()
        except BaseException as error:  # noqa: BLE001 - the engine tells those who wait
            self._failed(self, error)
            return
        self.loaded = self.worked = True
        mixed = isinstance(self.recogniser, GoingRecogniser)
        while batch := self._line.take(self.recogniser.batch, self._stopping.is_set, mixed=mixed):
            room, began_s = self.recogniser.batch, time.monotonic()
            self._answer(batch, joining=mixed)
            self._count(batch, room, time.monotonic() - began_s)
            if self._broken():
                self._end()
                self._failed(self, self._failures[-1][1])
                return
        self._end()

    def _broken(self) -> bool:
        callers = {id(caller) for caller, _ in self._failures}
        return len(self._failures) >= _MOST_FAILURES and len(callers) >= _OF_CALLS

    def _end(self) -> None:
        self.loaded = False
        self.recogniser.unload()

    def _answer(self, batch: list[Waiting], *, joining: bool = False) -> None:
        """Recognise the batch, in halves where memory is short; a window that fails alone fails for its caller only.

        What joins on the way is added to it.
        """
        try:
            self._recognise(batch, joining=joining)
        except BaseException as error:  # noqa: BLE001 - the callers wait for it
            left = [waiting for waiting in batch if not waiting.done.done()]
            narrow = short_of_memory(error)
            if len(batch) == 1 and left:
                reason = LastingError(problems.NO_ROOM_FOR_ONE, model=self.recogniser.name) if narrow else error
                self._failures.append((left[0].caller, reason))
                left[0].done.set_exception(reason)
                return
            _log.warning(
                "speech_batch_failed",
                windows=len(batch),
                reason=type(error).__name__,
                remedy="it is halved" if narrow else "each window is tried by itself",
            )
        else:
            self._failures.clear()
            return
        # Out of the handler: the error's frames would hold the very memory that is short.
        if narrow:
            self._halve(len(batch))
        while left:
            size = self.recogniser.batch if narrow else 1
            self._answer(left[:size])
            left = left[size:]

    def _recognise(self, batch: list[Waiting], *, joining: bool) -> None:
        """A batch is all of words or all of languages: the line puts only like with like together."""
        if isinstance(batch[0].asked, LanguageAsked):
            for waiting in batch:
                asked = waiting.asked
                assert isinstance(asked, LanguageAsked)
                found = self.recogniser.language_of([asked.window.samples], asked.among)
                waiting.done.set_result(Recognised(language=found))
            return
        doubtful: list[tuple[Waiting, list[Word]]] = []
        for number, words in self._words(batch, joining=joining):
            waiting = batch[number]
            if invented(words, waiting.asked.window):
                doubtful.append((waiting, words))  # read again when the model is free
            else:
                waiting.done.set_result(Recognised(words=tuple(words)))
        for waiting, words in doubtful:
            waiting.done.set_result(self._believed(waiting.asked, words))

    def _words(self, batch: list[Waiting], *, joining: bool) -> Iterable[tuple[int, list[Word]]]:
        """The words of the batch's windows by their number in it."""
        if not isinstance(self.recogniser, GoingRecogniser):
            return enumerate(self.recogniser.recognise([w.asked for w in batch]))

        def more(room: int) -> list[Asked]:
            found = self._line.join(room, batch[0])
            batch.extend(found)
            return [waiting.asked for waiting in found]

        return self.recogniser.recognise_going([w.asked for w in batch], more if joining else None)

    def _halve(self, failed: int) -> None:
        """Until the model is loaded anew, batches are at most half of what failed."""
        self.recogniser.batch = max(1, min(self.recogniser.batch, failed // 2))
        self._tally.add(halvings=1)
        _HALVED.inc()
        _log.warning("speech_batch_halved", model=self.recogniser.name, batch=self.recogniser.batch)

    def _believed(self, asked: Asked, first: Sequence[Word]) -> Recognised:
        words = first
        if invented(words, asked.window):
            self._tally.add(careful=1)
            _CAREFUL.inc()
            careful = self._carefully(asked)
            words = first if careful is None else careful
        if not (reason := invented(words, asked.window)):
            return Recognised(words=tuple(words))
        result = Recognised(invented=reason)
        if len(asked.window.placed) > 1:
            result = read_one_by_one(asked.window, lambda parts: self._read([replace(asked, window=p) for p in parts]))
        if result.invented or result.dropped:
            self._tally.add(dropped=1)
            _DROPPED.inc()
        return result

    def _carefully(self, asked: Asked) -> list[Word] | None:
        """None where there is no memory for it: the window is then judged by its first reading."""
        try:
            return self.recogniser.recognise_carefully(asked)
        except (RuntimeError, MemoryError) as error:
            if not short_of_memory(error):
                raise
            _log.warning("speech_careful_failed", model=self.recogniser.name, reason="out of memory")
            return None

    def _read(self, asked: Sequence[Asked]) -> list[list[Word]]:
        """Each window by itself: like the batches of the line, all of one length."""
        return [words for one in asked for words in self.recogniser.recognise([one])]

    def _count(self, batch: Sequence[Waiting], room: int, spent_s: float) -> None:
        audio_s = sum(len(waiting.asked.window.samples) for waiting in batch) / RATE_HZ
        room = max(room, len(batch))
        self._tally.add(windows=len(batch), batches=1, room=room, audio_s=audio_s, model_s=spent_s)
        _WINDOWS.inc(len(batch))
        _BATCHES.inc()
        _ROOM.inc(room)
        _SOUND.inc(audio_s)
        _SPENT.inc(spent_s)
