"""In which language a call is put into words: the more specific setting counts, and what is not set is listened for."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avasanj.database import Database
from avasanj.pbx_settings import PbxSettings
from avasanj.settings import Settings
from telephony.tables import Call, Party
from tests.transcription import sounds
from tests.transcription.recorder import Recorder
from tests.transcription.sounds import leg, sample, sample_legs, silence, write_wav
from tests.transcription.test_stage import kept, pair, save_call
from transcription import languages, stage
from transcription.engine import SpeechEngine
from transcription.languages import language_of, set_language_of
from transcription.whisper import WhisperRecogniser
from transcription.windows import RATE_HZ, Span, Utterance


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(recorder: Recorder) -> Iterator[SpeechEngine]:
    engine = SpeechEngine([recorder])
    yield engine
    engine.leave()


def test_a_calls_own_language_goes_before_its_queues_its_pbxs_and_the_centers(settings: Settings) -> None:
    changes = {
        "language": "fa",
        "queue_languages": {"intl": "en", "any": "auto"},
        "pbxs": {"abroad": PbxSettings(host="h", language="en"), "here": PbxSettings(host="h")},
    }
    center = settings.model_copy(update=changes)
    asked = [
        (Call(language="en", queue="any", pbx="here"), "en"),
        (Call(language=None, queue="any", pbx="abroad"), "auto"),
        (Call(language=None, queue="support", pbx="abroad"), "en"),
        (Call(language=None, queue=None, pbx="here"), "fa"),
    ]
    assert [language_of(center, call) for call, _ in asked] == [wanted for _, wanted in asked]
    other = center.model_copy(update={"call_language": "auto"})
    assert language_of(other, asked[3][0]) == "auto"
    assert set_language_of(other, asked[3][0]) == "fa"
    assert set_language_of(center, asked[1][0]) == "fa"
    assert set_language_of(center, asked[2][0]) == "en"


def test_a_pbxs_own_settings_say_its_calls_language(settings: Settings) -> None:
    both = settings.model_copy(
        update={"pbxs": {"a": PbxSettings(host="h", language="auto"), "b": PbxSettings(host="h")}}
    )
    assert [one.call_language for one in both.each_pbx()] == ["auto", None]


def said(at_s: float, length_s: float, level: float) -> Utterance:
    samples = np.full(round(length_s * RATE_HZ), level, np.float32)
    return Utterance(samples=samples, start_s=at_s, spans=(Span(start_s=at_s, end_s=at_s + length_s),))


def test_both_parties_are_looked_at_together() -> None:
    agent = [said(5.0 * n, 4, 0.1) for n in range(20)]
    customer = [said(5.0 * n, 4, 0.2) for n in range(5)]
    found = list(languages.looks([agent, customer]))
    assert [len(look) / RATE_HZ for look in found] == [30, 20, 15]
    assert [float((look > 0.15).mean()) for look in found] == [0.5, 0.25, 0.0]


def test_one_party_alone_is_looked_at_for_as_long() -> None:
    assert [len(look) / RATE_HZ for look in languages.looks([[], [said(n * 9.0, 8, 0.1) for n in range(9)]])] == [
        30,
        30,
    ]
    assert list(languages.looks([[], []])) == []
    assert [len(look) / RATE_HZ for look in languages.looks([[said(1, 2, 0.1)]])] == [2]


def test_what_is_said_late_in_a_call_is_not_waited_for() -> None:
    assert list(languages.looks([iter([said(601, 5, 0.1)])])) == []


def test_several_looks_make_one_answer() -> None:
    assert languages.together([("en", 0.6), ("fa", 0.9), ("fa", 0.8)]) == ("fa", pytest.approx(0.7))
    assert languages.together([("en", 0.8)]) == ("en", pytest.approx(0.8))


def test_a_call_without_a_set_language_is_heard_in_the_one_it_is_in(
    settings: Settings, database: Database, engine: SpeechEngine, recorder: Recorder
) -> None:
    legs = pair(sample("en-wrong-number", Party.CUSTOMER), sample("en-wrong-number", Party.AGENT))
    call_id = save_call(database, *legs, language="auto")
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, engine, call_id)
    transcript = kept(database, call_id)[1]
    assert transcript is not None
    assert (transcript.language, transcript.language_probability) == ("fa", pytest.approx(0.75))
    assert transcript.too_weak
    assert {one.language for batch in recorder.batches for one in batch} == {"fa"}
    assert recorder.looks


def test_a_set_language_is_not_looked_for(
    settings: Settings, database: Database, engine: SpeechEngine, recorder: Recorder
) -> None:
    legs = pair(sample("en-wrong-number", Party.CUSTOMER), sample("en-wrong-number", Party.AGENT))
    call_id = save_call(database, *legs, language="en")
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, engine, call_id)
    transcript = kept(database, call_id)[1]
    assert transcript is not None
    assert (transcript.language, transcript.language_probability, recorder.looks) == ("en", None, [])


def test_a_call_in_which_nobody_speaks_is_in_the_centers_language(
    settings: Settings, engine: SpeechEngine, recorder: Recorder, tmp_path: Path
) -> None:
    quiet = [leg(write_wav(tmp_path / "a.wav", silence(20)))]
    call = Call(language="auto", queue=None, pbx="p")
    assert stage.spoken_language(settings, engine, call, quiet) == ("fa", None)
    assert recorder.loads == 0


@pytest.mark.model
def test_english_telephone_calls_are_known_as_english(models_dir: Path) -> None:
    engine = SpeechEngine([WhisperRecogniser(models_dir / "whisper-base", threads=2)])
    try:
        for name in sounds.english_samples()[:3]:
            found = engine.language_of(sample_legs(name))
            assert found is not None
            assert found[0] == "en"
            assert 0.8 < found[1] <= 1
    finally:
        engine.leave()
