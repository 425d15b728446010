"""Whisper on OpenVINO finds what CTranslate2 finds, and steps aside where it can't."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from telephony.tables import Party
from tests.conftest import missing_peer
from tests.peers.sounds import speech
from tests.transcription import sounds
from tests.transcription.sounds import sample_legs, words
from transcription import openvino_recogniser, openvino_whisper, vad
from transcription.audio import Recording
from transcription.believing import invented
from transcription.engine import SpeechEngine
from transcription.openvino_recogniser import Shared, beside, distance
from transcription.recogniser import Asked
from transcription.whisper import WhisperRecogniser
from transcription.windows import LONGEST_SPEECH_S, RATE_HZ, Window, pack, utterances
from transcription.words import Word

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def fast(models_dir: Path) -> Iterator[openvino_recogniser.OpenVinoRecogniser]:
    if reason := openvino_whisper.unusable():
        if "installed" in reason:
            missing_peer(f"needs OpenVINO: {reason}")
        pytest.skip(f"needs another processor: {reason}")
    (recogniser,) = beside(WhisperRecogniser(models_dir / "whisper-base", threads=1), threads=1)
    recogniser.load()
    yield recogniser
    recogniser.unload()


@pytest.fixture(scope="module")
def slow(models_dir: Path) -> Iterator[WhisperRecogniser]:
    recogniser = WhisperRecogniser(models_dir / "whisper-base", threads=1)
    recogniser.load()
    yield recogniser
    recogniser.unload()


@pytest.fixture(scope="module")
def asked() -> list[Asked]:
    path = sounds.sample("en-angry-complaint", Party.CUSTOMER)
    found = pack(utterances(Recording(path).blocks(RATE_HZ), vad.speech))
    return [Asked(window=window, language="en") for window in list(found)[:3]]


def text_of(heard: list[list[Word]]) -> list[str]:
    return words(" ".join("".join(word.text for word in window) for window in heard))


def test_both_hear_the_same_words_at_the_same_times(
    fast: openvino_recogniser.OpenVinoRecogniser, slow: WhisperRecogniser, asked: list[Asked]
) -> None:
    believed = [
        (a, b)
        for one, a in zip(asked, fast.recognise(asked), strict=True)
        if not invented(b := slow.recognise([one])[0], one.window)
    ]
    assert len(believed) >= 2  # CTranslate2's text of one runs in a circle
    mine, theirs = [a for a, _ in believed], [b for _, b in believed]
    assert fast.name == "whisper-base bf16"
    assert sounds.word_errors(text_of(theirs), text_of(mine)) <= 0.05 * len(text_of(theirs))
    apart = [
        abs(a.start_s - b.start_s)
        for one, other in zip(mine, theirs, strict=True)
        if [w.text for w in one] == [w.text for w in other]
        for a, b in zip(one, other, strict=True)
    ]
    assert len(apart) > 10
    assert np.median(apart) < 0.05
    assert np.percentile(apart, 90) < 0.3


def test_a_window_gives_the_same_text_alone_and_beside_others(
    fast: openvino_recogniser.OpenVinoRecogniser, asked: list[Asked]
) -> None:
    first = asked[0]
    shorter = Window(samples=first.window.samples[: 9 * RATE_HZ], placed=first.window.placed[:1])
    beside_it, _ = fast.recognise([first, Asked(window=shorter, language="en")])
    (alone,) = fast.recognise([first])
    assert [w.text for w in alone] == [w.text for w in beside_it]


def test_windows_that_join_on_the_way_give_the_texts_that_they_give_alone(
    fast: openvino_recogniser.OpenVinoRecogniser, asked: list[Asked]
) -> None:
    first, *later = asked
    waiting = list(later)

    def more(room: int) -> list[Asked]:
        assert room >= 1
        return [waiting.pop(0)] if waiting else []

    found = dict(fast.recognise_going([first], more))
    assert sorted(found) == [0, 1, 2]
    assert not waiting
    for number, one in enumerate(asked):
        (alone,) = fast.recognise([one])
        assert sounds.word_errors(text_of([alone]), text_of([found[number]])) <= 1


def test_the_engine_takes_two_recognisers_of_one_model(models_dir: Path) -> None:
    if reason := openvino_whisper.unusable():
        pytest.skip(f"needs another machine: {reason}")
    engine = SpeechEngine(beside(WhisperRecogniser(models_dir / "whisper-base", threads=2), threads=2))
    heard = engine.transcribe(sample_legs("en-rude-agent"), "en").spoken
    wanted = words(" ".join(turn.text for turn in sounds.reference("en-rude-agent")))
    found = words(" ".join(one.text for one in heard))
    engine.unload()
    assert sounds.word_errors(wanted, found) < 0.2 * len(wanted)


@pytest.mark.parametrize("engine", ["fast", "slow"])
def test_a_made_up_name_is_spelled_right_where_it_is_listened_for(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    recogniser = request.getfixturevalue(engine)
    said = "I would like to order the Brivanta cable for my house. Is the Brivanta cable cheap?"
    path = speech(tmp_path / "a.wav", said)
    (window,) = pack(utterances(Recording(path).blocks(RATE_HZ), vad.speech))
    plain = text_of(recogniser.recognise([Asked(window=window, language="en")]))
    told = text_of(recogniser.recognise([Asked(window=window, language="en", hot_words=("Lumerio", "Brivanta"))]))
    assert plain.count("brivanta") == 0
    assert told.count("brivanta") == 2
    assert "lumerio" not in told
    assert sounds.word_errors(words(said), told) <= 2


def test_where_the_two_disagree_ctranslate2_does_the_work(
    models_dir: Path, asked: list[Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := openvino_whisper.unusable():
        pytest.skip(f"needs another machine: {reason}")
    monkeypatch.setattr(openvino_recogniser, "_MOST_APART", 0.0)
    (recogniser,) = beside(WhisperRecogniser(models_dir / "whisper-base", threads=1), threads=1)
    recogniser.load()
    assert recogniser.name == "whisper-base int8"
    assert text_of(recogniser.recognise(asked[:1]))
    recogniser.unload()


def test_a_model_that_the_graphs_do_not_know_is_left_to_ctranslate2(models_dir: Path, tmp_path: Path) -> None:
    if reason := openvino_whisper.unusable():
        pytest.skip(f"needs another machine: {reason}")
    folder = tmp_path / "whisper-base"
    folder.mkdir()
    for path in (models_dir / "whisper-base").iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "config.json").unlink()
    (folder / "config.json").write_text('{"suppress_ids": []}')
    shared = Shared(WhisperRecogniser(folder, threads=1), threads=1, lanes=1)
    shared.enter()
    assert shared.fast is None
    shared.leave()


def test_no_number_is_infinitely_far_from_every_result() -> None:
    good = np.ones((2, 2))
    assert distance(good, good) == 0
    assert distance(np.array([[np.nan, 1], [1, 1]]), good) == float("inf")
    assert distance(np.ones((1, 2)), good) == float("inf")


def test_the_detector_finds_the_same_speech_in_parts_and_in_openvino_as_as_it_comes() -> None:
    from faster_whisper.vad import VadOptions, get_speech_timestamps, get_vad_model

    sound = np.concatenate(list(Recording(sounds.sample("en-angry-complaint", Party.CUSTOMER)).blocks(RATE_HZ)))
    sound = sound[: len(sound) // RATE_HZ * RATE_HZ]
    assert len(sound) > 15 * RATE_HZ
    get_vad_model.cache_clear()
    options = VadOptions(
        threshold=0.4,
        min_silence_duration_ms=300,
        min_speech_duration_ms=150,
        max_speech_duration_s=LONGEST_SPEECH_S,
        speech_pad_ms=0,
    )
    wanted = [(one["start"], one["end"]) for one in get_speech_timestamps(sound, options)]
    vad.unload()
    assert vad.speech(sound) == wanted
    assert len(wanted) > 3
