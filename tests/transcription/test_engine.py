"""The engine with a recogniser that keeps its batches: who is served, what failing costs, and that nobody waits for ever."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from avasanj.errors import LastingError
from telephony.tables import Party
from tests.transcription import sounds
from tests.transcription.recorder import GoingRecorder, Recorder, asked
from tests.transcription.sounds import leg, sample_legs, write_wav
from tests.transcription.test_audio import read
from transcription.believing import Recognised
from transcription.engine import LATER, NORMAL, URGENT, Heard, Leaving, SpeechEngine
from transcription.line import Caller
from transcription.recogniser import Asked
from transcription.whisper import WhisperRecogniser
from transcription.words import Word

pytestmark = pytest.mark.timeout(60)
#: As CTranslate2 4.8 says it.
OUT_OF_MEMORY = "CUDA failed with error out of memory"


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(recorder: Recorder) -> Iterator[SpeechEngine]:
    engine = SpeechEngine([recorder])
    yield engine
    recorder.gate.set()
    engine.leave()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def results(waiting: list[Future[Recognised]]) -> list[Recognised]:
    return [future.result(20) for future in waiting]


def test_windows_of_several_callers_fill_one_batch(engine: SpeechEngine, recorder: Recorder) -> None:
    recorder.gate.clear()
    first = engine.submit(asked(3))
    assert recorder.busy.wait(5)
    others = [engine.submit(asked(12.5 + n / 2)) for n in range(4)]
    recorder.gate.set()
    results([first, *others])
    assert [len(batch) for batch in recorder.batches] == [1, 4]
    assert (engine.tally.windows, engine.tally.batches, engine.tally.room) == (5, 2, 8)


def test_calls_at_once_are_heard_as_each_alone(engine: SpeechEngine, pool: ThreadPoolExecutor) -> None:
    names = sounds.english_samples()[:6]
    alone = {name: engine.transcribe(sample_legs(name), "en") for name in names}
    assert sum(len(heard.spoken) for heard in alone.values()) > 20
    together = list(pool.map(lambda name: engine.transcribe(sample_legs(name), "en"), names))
    assert together == [alone[name] for name in names]


@pytest.mark.model
@pytest.mark.slow
def test_the_real_models_words_times_and_doubts_do_not_depend_on_the_calls_beside(models_dir: Path) -> None:
    engine = SpeechEngine([WhisperRecogniser(models_dir / "whisper-base", threads=2)])
    names = ["en-wrong-number", "en-rude-agent", "en-forgot-greeting"]
    try:
        alone = [engine.transcribe(sample_legs(name), "en") for name in names]
        with ThreadPoolExecutor(3) as pool:
            together = list(pool.map(lambda name: engine.transcribe(sample_legs(name), "en"), names))
    finally:
        engine.leave()
    assert together == alone


def test_batches_are_filled_from_calls_too_short_to_fill_one(
    engine: SpeechEngine, recorder: Recorder, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    speech = read(sounds.sample("en-wrong-number", Party.CUSTOMER))[: 12 * 8000]
    files = [write_wav(tmp_path / f"{n}.wav", speech) for n in range(8)]
    recorder.gate.clear()
    waiting = [pool.submit(engine.transcribe, [leg(file)], "en") for file in files]
    deadline_s = time.monotonic() + 20
    while engine.waiting[0] < 4 and time.monotonic() < deadline_s:
        time.sleep(0.05)
    recorder.gate.set()
    assert len({len(one.result(20).spoken) for one in waiting}) == 1
    assert max(len(batch) for batch in recorder.batches) == 4


def test_many_hours_need_the_memory_of_some_windows(
    engine: SpeechEngine, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader far ahead of the model waits for it."""
    recorder.gate.clear()
    read = []
    monkeypatch.setattr("transcription.reading.vad.speech", lambda samples: [(8000, len(samples) - 8000)])

    def hours(*_: object) -> Iterator[sounds.Samples]:
        for block in range(6 * 3600 // 10):
            read.append(block)
            yield np.concatenate([np.full(8 * 16_000, 0.1, np.float32), np.zeros(2 * 16_000, np.float32)])

    monkeypatch.setattr("transcription.reading.sound_of", hours)
    call = threading.Thread(target=lambda: _quietly(engine, [leg(Path("x"))]), daemon=True)
    call.start()
    assert recorder.busy.wait(10)
    time.sleep(0.5)
    seen = len(read)
    time.sleep(0.3)
    assert len(read) == seen < 60
    assert engine.waiting[0] <= 16
    engine.leave(0.1)
    recorder.gate.set()
    call.join(5)
    assert not call.is_alive()


def _quietly(engine: SpeechEngine, legs: list[sounds.Leg]) -> None:
    with contextlib.suppress(Leaving):
        engine.transcribe(legs, "en")


def test_a_waiting_call_that_becomes_urgent_goes_first(
    engine: SpeechEngine, recorder: Recorder, pool: ThreadPoolExecutor
) -> None:
    """The page of an imported call is opened while others are being heard."""
    recorder.batch = 1
    recorder.gate.clear()
    engine.submit(asked(1))
    assert recorder.busy.wait(5)
    others = [engine.submit(asked(9)) for _ in range(3)]
    urgency = LATER
    call = pool.submit(engine.transcribe, sample_legs("en-rude-agent")[:1], "en", urgency=lambda: urgency)
    deadline_s = time.monotonic() + 20
    while engine.waiting[0] < 4 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    urgency = URGENT
    time.sleep(1.5)  # it looks once a second
    recorder.gate.set()
    heard = call.result(20)
    results(others)
    assert heard.spoken
    served = [lengths[0] for lengths in recorder.lengths_s]
    assert served[-3:] == [9, 9, 9]


def test_memory_that_is_short_halves_the_batch_and_loses_nothing(engine: SpeechEngine, recorder: Recorder) -> None:
    def short(batch: list[Asked]) -> None:
        if len(batch) > 2:
            raise RuntimeError(OUT_OF_MEMORY)

    recorder.batch, recorder.before = 16, short
    recorder.gate.clear()
    first = engine.submit(asked(3))
    assert recorder.busy.wait(5)
    others = [engine.submit(asked(10)) for _ in range(16)]
    recorder.gate.set()
    assert all(found.words for found in results([first, *others]))
    assert (recorder.batch, engine.tally.halvings) == (2, 3)
    assert all(len(batch) <= 2 for batch in recorder.batches)
    results([engine.submit(asked(10)) for _ in range(6)])
    assert engine.tally.halvings == 3


def test_a_device_without_room_for_one_window_says_so(engine: SpeechEngine, recorder: Recorder) -> None:
    def short(_: object) -> None:
        raise RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED")

    recorder.before = short
    with pytest.raises(LastingError, match="too little free memory even for a single window"):
        engine.submit(asked()).result(20)
    recorder.before = lambda asked: None
    assert engine.submit(asked()).result(20).words


def test_a_window_that_fails_is_its_own_callers_trouble(engine: SpeechEngine, recorder: Recorder) -> None:
    def wrong(batch: list[Asked]) -> None:
        if any(one.language == "en" and len(one.window.samples) == 11 * 16_000 for one in batch):
            raise ValueError("a bad window")

    recorder.before = wrong
    recorder.gate.clear()
    first = engine.submit(asked(3))
    assert recorder.busy.wait(5)
    good, bad = [engine.submit(asked(10.5)) for _ in range(3)], engine.submit(asked(11))
    recorder.gate.set()
    assert all(found.words for found in results([first, *good]))
    with pytest.raises(ValueError, match="a bad window"):
        bad.result(20)


def test_windows_join_what_is_being_read_and_each_gets_its_own_words() -> None:
    recorder = GoingRecorder(batch=3)
    engine = SpeechEngine([recorder])
    recorder.gate.clear()
    first = engine.submit(asked(3))
    assert recorder.busy.wait(5)
    others = [engine.submit(asked(4 + n)) for n in range(8)]
    recorder.gate.set()
    found = results([first, *others])
    engine.leave()
    assert [one.words[0].end_s for one in found] == [2.5, *(3.5 + n for n in range(8))]
    assert engine.tally.windows == 9
    assert engine.tally.batches < 4


def test_of_windows_that_joined_one_that_fails_is_its_own_callers_trouble() -> None:
    recorder = GoingRecorder(batch=3)
    engine = SpeechEngine([recorder])

    def wrong(batch: Sequence[Asked]) -> None:
        if len(batch[0].window.samples) == 5 * 16_000:
            raise ValueError("a bad window")

    recorder.before = wrong
    recorder.gate.clear()
    first = engine.submit(asked(3))
    assert recorder.busy.wait(5)
    others = [engine.submit(asked(length_s)) for length_s in (4, 5, 6, 7)]
    recorder.gate.set()
    assert isinstance(others[1].exception(20), ValueError)
    assert all(found.words for found in results([first, others[0], *others[2:]]))
    engine.leave()


def test_a_call_that_breaks_the_model_again_and_again_does_not_take_it_from_the_others() -> None:
    gpu, cpu = Recorder("gpu"), Recorder("cpu")
    failed: list[int] = []

    def broken(batch: Sequence[Asked]) -> None:
        if batch[0].language == "fa":
            failed.append(len(batch))
            raise ValueError("a sound that breaks the model")

    gpu.before = broken
    gpu.gate.clear()
    engine = SpeechEngine([gpu], [cpu])
    first = engine.submit(asked())
    assert gpu.busy.wait(5)
    call = Caller(
        urgency=NORMAL
    )  # a call that goes on with its other windows when one fails, as those followed live do
    windows = [engine._put(call, asked(language="fa")) for _ in range(4)]
    gpu.gate.set()
    assert all(isinstance(window.exception(20), ValueError) for window in windows)
    assert first.result(20).words
    assert engine.submit(asked()).result(20).words
    assert engine.name == "gpu"
    assert failed.count(1) >= 3
    engine.leave()


def test_a_model_that_breaks_after_its_last_answer_goes_on_with_the_next_window() -> None:
    class Late(GoingRecorder):
        def recognise_going(
            self, asked: Sequence[Asked], more: Callable[[int], Sequence[Asked]] | None
        ) -> Iterator[tuple[int, list[Word]]]:
            yield from super().recognise_going(asked, more)
            raise ValueError("after the last answer")

    engine = SpeechEngine([Late(batch=1)])
    for _ in range(2):
        assert engine.submit(asked()).result(20).words
    engine.leave()


def test_a_model_that_cannot_be_loaded_is_told_to_each_call_once_and_tried_at_the_next(
    engine: SpeechEngine, recorder: Recorder, pool: ThreadPoolExecutor
) -> None:
    recorder.load_error = LastingError("no %(what)s", what="model")
    calls = [pool.submit(engine.transcribe, sample_legs("en-wrong-number"), "en") for _ in range(3)]
    told = [call.exception(20) for call in calls]
    assert [str(error) for error in told] == ["no model"] * 3
    assert len({id(error) for error in told}) == 3
    assert engine.waiting[0] == 0
    assert not engine.loaded
    loads = recorder.loads
    assert 1 <= loads <= 6
    recorder.load_error = None
    assert engine.transcribe(sample_legs("en-wrong-number"), "en").spoken
    assert recorder.loads == loads + 1


def test_of_several_devices_one_that_fails_leaves_the_others() -> None:
    broken, well = Recorder("broken"), Recorder("well")
    broken.load_error = LastingError("no driver")
    engine = SpeechEngine([broken, well])
    try:
        assert all(found.words for found in results([engine.submit(asked()) for _ in range(9)]))
        assert engine.loaded
        assert not engine.fallen_back
    finally:
        engine.leave()


def test_several_devices_share_the_work() -> None:
    both = [Recorder(f"gpu{n}", batch=2) for n in range(2)]
    engine = SpeechEngine(both)
    for recorder in both:
        recorder.gate.clear()
    waiting = [engine.submit(asked()) for _ in range(8)]
    assert all(recorder.busy.wait(10) for recorder in both)
    for recorder in both:
        recorder.gate.set()
    results(waiting)
    engine.leave()
    assert all(recorder.batches for recorder in both)


def test_the_fallback_takes_over_until_the_models_leave_the_memory() -> None:
    gpu, cpu = Recorder("large on a GPU"), Recorder("base on the processor")
    gpu.load_error = LastingError("no driver")
    engine = SpeechEngine([gpu], [cpu])
    assert engine.submit(asked()).result(20).words
    assert (engine.name, engine.fallen_back) == ("base on the processor", True)
    engine.unload()
    assert (engine.name, engine.fallen_back) == ("large on a GPU", False)
    gpu.load_error = None
    assert engine.submit(asked()).result(20).words
    assert (engine.name, cpu.unloads) == ("large on a GPU", 1)
    engine.leave()


def test_a_fallback_that_fails_too_is_told_and_the_first_is_tried_again() -> None:
    gpu, cpu = Recorder("gpu"), Recorder("cpu")
    gpu.load_error, cpu.load_error = LastingError("no driver"), LastingError("no model")
    engine = SpeechEngine([gpu], [cpu])
    for loads in (1, 2):
        with pytest.raises(LastingError, match="no model"):
            engine.submit(asked()).result(20)
        assert (gpu.loads, cpu.loads) == (loads, loads)
    engine.leave()


def test_a_model_that_works_no_more_is_loaded_anew_and_only_what_it_had_in_hand_fails(
    engine: SpeechEngine, recorder: Recorder
) -> None:
    def broken(_: object) -> None:
        if recorder.loads == 1 and len(recorder.batches) >= 1:
            raise RuntimeError("CUDA failed with error unspecified launch failure")

    recorder.before = broken
    recorder.gate.clear()
    first = engine.submit(asked(3))
    assert recorder.busy.wait(5)
    rest = [engine.submit(asked(15)) for _ in range(12)]
    recorder.gate.set()
    assert first.result(20).words
    failed = [future.exception(20) for future in rest]
    assert [type(error) for error in failed[:4]] == [RuntimeError] * 4
    assert failed[4:] == [None] * 8
    assert (recorder.loads, recorder.unloads) == (2, 1)


def test_a_card_that_works_no_more_is_replaced_by_the_fallback() -> None:
    gpu, cpu = Recorder("gpu"), Recorder("cpu")

    def broken(_: object) -> None:
        gpu.load_error = LastingError("the driver is gone")
        raise RuntimeError("CUDA failed with error unspecified launch failure")

    gpu.before = broken
    engine = SpeechEngine([gpu], [cpu])
    failed = [engine.submit(asked()).exception(20) for _ in range(3)]
    assert all(isinstance(error, RuntimeError) for error in failed)
    assert engine.submit(asked()).result(20).words
    assert engine.name == "cpu"
    engine.leave()


def test_unloading_again_and_again_while_calls_come_loses_and_blocks_nothing(
    engine: SpeechEngine, recorder: Recorder, pool: ThreadPoolExecutor
) -> None:
    stop = threading.Event()

    def unload() -> None:
        while not stop.is_set():
            engine.unload()

    unloading = [threading.Thread(target=unload) for _ in range(2)]
    for thread in unloading:
        thread.start()
    try:
        calls = [pool.submit(lambda: [engine.submit(asked(5)).result(20) for _ in range(15)]) for _ in range(8)]
        assert sum(len(call.result(40)) for call in calls) == 120
    finally:
        stop.set()
        for thread in unloading:
            thread.join(20)
    assert not any(thread.is_alive() for thread in unloading)
    assert recorder.loads > 2
    assert recorder.loads - recorder.unloads <= 1
    assert sum(len(batch) for batch in recorder.batches) == 120


def test_leaving_gives_up_calls_in_progress_soon_and_as_no_fault(
    engine: SpeechEngine, recorder: Recorder, pool: ThreadPoolExecutor
) -> None:
    recorder.gate.clear()
    waiting = engine.submit(asked())
    assert recorder.busy.wait(5)
    behind = engine.submit(asked())
    call = pool.submit(engine.transcribe, sample_legs("en-wrong-number"), "en")
    threading.Timer(0.3, recorder.gate.set).start()
    engine.leave()
    assert isinstance(behind.exception(5), Leaving)
    assert isinstance(call.exception(20), Leaving)
    assert waiting.result(5).words
    assert recorder.unloads == 1
    assert not issubclass(Leaving, Exception)
    with pytest.raises(Leaving):
        engine.submit(asked())


def test_unbelievable_text_is_read_carefully_and_else_dropped_and_counted(
    engine: SpeechEngine, recorder: Recorder
) -> None:
    loop = [Word(text=" never", start_s=i / 10, end_s=(i + 1) / 10, probability=0.9) for i in range(15)]
    recorder.words = lambda window: list(loop)  # type: ignore[method-assign]
    assert "repeats" in engine.submit(asked()).result(20).invented
    assert (recorder.careful, engine.tally.careful, engine.tally.dropped) == (1, 1, 1)


def test_where_memory_is_too_short_for_a_careful_reading_the_text_is_dropped_and_the_call_goes_on(
    engine: SpeechEngine, recorder: Recorder
) -> None:
    loop = [Word(text=" never", start_s=i / 10, end_s=(i + 1) / 10, probability=0.9) for i in range(60)]
    recorder.words = lambda window: list(loop)  # type: ignore[method-assign]
    recorder.careful_error = RuntimeError(OUT_OF_MEMORY)
    assert "repeats" in engine.submit(asked()).result(20).invented


def test_what_fails_while_a_call_is_read_leaves_nothing_in_line(engine: SpeechEngine, recorder: Recorder) -> None:
    recorder.gate.clear()

    def heed(*_: object) -> None:
        if engine.waiting[0] or recorder.busy.is_set():
            raise KeyError

    with pytest.raises(KeyError):
        engine.transcribe(sample_legs("en-wrong-number"), "en", heed=heed, urgency=NORMAL)
    assert engine.waiting[0] == 0
    recorder.gate.set()
    assert engine.submit(asked()).result(20).words


def test_nothing_is_loaded_for_a_call_without_speech(engine: SpeechEngine, recorder: Recorder, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", sounds.silence(30))
    assert engine.transcribe([leg(path)], "en") == Heard(spoken=[], dropped=[], problems={})
    assert recorder.loads == 0
