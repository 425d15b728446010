"""The real Whisper on telephone audio: the right words, by the right party, at the right time, and none invented."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from avasanj.errors import LastingError
from telephony.tables import Party
from tests.transcription import sounds
from tests.transcription.sounds import Samples, leg, sample_legs, words, write_wav
from tests.transcription.test_audio import read
from transcription.engine import Heard, SpeechEngine
from transcription.legs import Leg
from transcription.turns import Said, merge
from transcription.whisper import WhisperRecogniser

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def engine(models_dir: Path) -> Iterator[SpeechEngine]:
    engine = SpeechEngine([WhisperRecogniser(models_dir / "whisper-base", threads=2)])
    yield engine
    engine.unload()


def turns(heard: Heard) -> list[Said]:
    return merge(
        Said(party=s.party, start_s=s.start_s, end_s=s.end_s, text=s.text, confidence=s.confidence)
        for s in heard.spoken
    )


def said_by(party: Party, said: list[Said]) -> list[str]:
    return [word for turn in said if turn.party == party for word in words(turn.text)]


@pytest.mark.slow
def test_samples_are_heard_with_few_errors_by_the_right_party(engine: SpeechEngine) -> None:
    errors = total = swapped = 0
    for name in sounds.english_samples():
        found, wanted = turns(engine.transcribe(sample_legs(name), "en")), sounds.reference(name)
        for party, other in ((Party.CUSTOMER, Party.AGENT), (Party.AGENT, Party.CUSTOMER)):
            mine, reference = said_by(party, found), said_by(party, wanted)
            wrong = sounds.word_errors(reference, mine)
            swapped += wrong > sounds.word_errors(said_by(other, wanted), mine)
            errors, total = errors + wrong, total + len(reference)
    print(f"word error rate of the samples: {errors / total:.1%} of {total} words")
    assert total > 400
    assert errors / total < 0.10
    assert swapped == 0


def test_times_are_those_of_the_speech_within_a_third_of_a_second(engine: SpeechEngine) -> None:
    found = engine.transcribe(sample_legs("en-rude-agent"), "en").spoken
    for turn in sounds.reference("en-rude-agent"):
        mine = [s for s in found if s.party == turn.party and s.start_s < turn.end_s and s.end_s > turn.start_s]
        assert mine, turn
        assert abs(min(s.start_s for s in mine) - turn.start_s) < 0.3, turn
        assert abs(max(s.end_s for s in mine) - turn.end_s) < 0.3, turn


def test_a_later_leg_is_put_on_the_calls_clock(engine: SpeechEngine) -> None:
    customer, agent = sample_legs("en-wrong-number")
    plain = engine.transcribe([agent], "en").spoken
    later = Leg(**{**vars(agent), "start_s": 5.0})
    moved = engine.transcribe([customer, later], "en").spoken
    mine = [s for s in moved if s.party == Party.AGENT]
    assert words(" ".join(s.text for s in plain))[:20] == words(" ".join(s.text for s in mine))[:20]
    assert [s.start_s + 5 for s in plain] == pytest.approx([s.start_s for s in mine], abs=0.01)


@pytest.mark.parametrize("language", ["en", "fa"])
@pytest.mark.parametrize(
    "sound", [sounds.silence, sounds.line_noise, sounds.ring_back, sounds.dtmf, sounds.music], ids=lambda f: f.__name__
)
def test_what_is_not_speech_gives_no_words(
    engine: SpeechEngine, tmp_path: Path, sound: Callable[[float], Samples], language: str
) -> None:
    heard = engine.transcribe([leg(write_wav(tmp_path / "a.wav", sound(40)))], language)
    assert (heard.spoken, heard.problems) == ([], {})


def test_an_hour_of_silence_is_over_soon_and_empty(engine: SpeechEngine, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", np.zeros(3600 * 8000, np.float32))
    assert engine.transcribe([leg(path)], "en") == Heard(spoken=[], dropped=[], problems={})


def test_speech_that_the_pbx_plays_on_hold_is_not_the_agents(engine: SpeechEngine) -> None:
    _, agent = sample_legs("en-wrong-number")
    everything = engine.transcribe([agent], "en").spoken
    masked = engine.transcribe([Leg(**{**vars(agent), "masked": ((0.0, 20.0),)})], "en").spoken
    assert any(s.end_s < 20 for s in everything)
    assert all(s.end_s > 20 for s in masked)
    assert masked


def test_speech_between_long_silences_keeps_its_time(engine: SpeechEngine, tmp_path: Path) -> None:
    """A leg longer than what is looked at in one go."""
    speech = read(sounds.sample("en-wrong-number", Party.CUSTOMER))
    near = engine.transcribe([leg(write_wav(tmp_path / "a.wav", speech))], "en").spoken
    far = engine.transcribe(
        [leg(write_wav(tmp_path / "b.wav", np.concatenate([sounds.silence(290), speech])))], "en"
    ).spoken
    wanted, found = (words(" ".join(s.text for s in heard)) for heard in (near, far))
    assert sounds.word_errors(wanted, found) <= 2
    assert [s.start_s + 290 for s in near] == pytest.approx([s.start_s for s in far], abs=0.1)


def test_a_leg_that_cannot_be_read_leaves_the_other(engine: SpeechEngine, tmp_path: Path) -> None:
    _, agent = sample_legs("en-wrong-number")
    heard = engine.transcribe([leg(tmp_path / "gone.wav", recording_id=7), agent], "en")
    assert set(heard.problems) == {7}
    assert heard.spoken


def test_a_missing_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LastingError, match="avasanj models fetch"):
        SpeechEngine([WhisperRecogniser(tmp_path / "whisper-base")]).transcribe(sample_legs("en-rude-agent"), "en")


def test_base_and_small_are_too_weak_for_persian_only(tmp_path: Path) -> None:
    assert SpeechEngine([WhisperRecogniser(tmp_path / "whisper-base")]).too_weak("fa")
    assert SpeechEngine([WhisperRecogniser(tmp_path / "faster-whisper-small")]).too_weak("fa")
    assert not SpeechEngine([WhisperRecogniser(tmp_path / "whisper-base")]).too_weak("en")
    assert not SpeechEngine([WhisperRecogniser(tmp_path / "whisper-large-v3")]).too_weak("fa")


def test_unloading_frees_the_model_and_the_next_call_loads_it_again(models_dir: Path) -> None:
    engine = SpeechEngine([WhisperRecogniser(models_dir / "whisper-base", threads=1)])
    assert not engine.loaded
    engine.transcribe(sample_legs("en-rude-agent"), "en")
    assert engine.loaded
    assert engine.name == "whisper-base int8"
    engine.unload()
    assert not engine.loaded
    engine.transcribe(sample_legs("en-rude-agent"), "en")
    assert engine.loaded
