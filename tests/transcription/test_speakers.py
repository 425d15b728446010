"""Two voices in one channel: told apart on real and on made calls, one voice left whole, words given to their speaker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from telephony.tables import Direction, Party
from tests.transcription.sounds import leg, sample
from transcription import speaker_model, speakers, vad
from transcription.audio import Recording, Samples
from transcription.engine import Spoken
from transcription.speakers import Glimpse, Stretch
from transcription.speakers_ear import SpeakerEar, told_apart
from transcription.voices import VoiceEncoder
from transcription.windows import RATE_HZ, Span, Utterance, utterances
from transcription.words import Word


@pytest.fixture(scope="session")
def encoder(models_dir: Path) -> VoiceEncoder:
    speaker_model.fetch(models_dir)
    return VoiceEncoder(speaker_model.path_of(models_dir))


def sound_of(path: Path) -> Samples:
    return np.concatenate(list(Recording(path).blocks(RATE_HZ)))


def heard(samples: Samples) -> list[Utterance]:
    return list(utterances((samples[i : i + RATE_HZ] for i in range(0, len(samples), RATE_HZ)), vad.speech))


def mixed(one: Samples, other: Samples) -> Samples:
    length = max(len(one), len(other))
    return np.pad(one, (0, length - len(one))) + np.pad(other, (0, length - len(other)))


def found_in(encoder: VoiceEncoder, samples: Samples) -> list[Stretch] | None:
    seen = [pair for utterance in heard(samples) for pair in speakers.glimpses(utterance)]
    vectors = encoder.voices([sound for _, sound in seen])
    centres = speakers.voices_in(vectors)
    return None if centres is None else speakers.stretches([glimpse for glimpse, _ in seen], vectors, centres)


def right(found: Sequence[Stretch], legs: Sequence[Samples]) -> tuple[float, int]:
    """Share of the time in which one party alone speaks that is given to that party, and which voice is legs[0]'s."""
    count = max(len(one) for one in legs) // 160 + 1
    truth = np.zeros((2, count), bool)
    for row, samples in zip(truth, legs, strict=True):
        for utterance in heard(samples):
            for span in utterance.spans:
                row[round(span.start_s * 100) : round(span.end_s * 100)] = True
    given = np.full(count, -1)
    for stretch in found:
        given[round(stretch.start_s * 100) : round(stretch.end_s * 100)] = stretch.voice
    alone = truth[0] ^ truth[1]
    shares = [
        float((alone & (((given == v) & truth[0]) | ((given == 1 - v) & truth[1]))).sum() / alone.sum()) for v in (0, 1)
    ]
    return max(shares), int(np.argmax(shares))


@pytest.mark.model
def test_a_real_call_made_mono_is_given_back_to_its_speakers(shared: Path, encoder: VoiceEncoder) -> None:
    agent, customer = (sound_of(shared / f"eval/calls/Auto_Repairs_40_UTC_{who}.wav") for who in ("agent", "caller"))
    found = found_in(encoder, mixed(agent, customer))
    assert found is not None
    share, agents = right(found, (agent, customer))
    assert share > 0.96
    assert speakers.agents_voice(found, Direction.INBOUND) == agents


@pytest.mark.model
def test_a_sample_call_made_mono_is_given_back_to_its_speakers(encoder: VoiceEncoder) -> None:
    agent, customer = (sound_of(sample("fa-wrong-number", party)) for party in (Party.AGENT, Party.CUSTOMER))
    found = found_in(encoder, mixed(agent, customer))
    assert found is not None
    assert right(found, (agent, customer))[0] > 0.94


@pytest.mark.model
def test_one_voice_alone_is_not_cut_in_two(encoder: VoiceEncoder) -> None:
    assert found_in(encoder, sound_of(sample("fa-cancel-threat", Party.AGENT))) is None


@pytest.mark.model
def test_the_ear_gives_what_was_said_to_the_parties(encoder: VoiceEncoder) -> None:
    agent, customer = (sound_of(sample("en-wrong-number", party)) for party in (Party.AGENT, Party.CUSTOMER))
    ear = SpeakerEar(encoder, direction=Direction.INBOUND, answered_s=0.0)
    here = leg(Path("a.wav"), Party.MIXED, start_s=100.0)
    spoken = []
    for utterance in heard(mixed(agent, customer)):
        ear.hear(here, utterance)
        for span in utterance.spans:
            spoken.append(said(100 + span.start_s, 100 + span.end_s))
    parted = ear.parted(spoken)
    assert parted is not None
    assert {one.party for one in parted} == {Party.AGENT, Party.CUSTOMER}
    firsts = {party: heard(samples)[0].spans[0].start_s for party, samples in (("a", agent), ("c", customer))}
    assert parted[0].party == (Party.AGENT if firsts["a"] <= firsts["c"] else Party.CUSTOMER)


def test_a_model_that_cannot_be_read_costs_the_call_no_words(tmp_path: Path) -> None:
    broken = tmp_path / "voices.pt"
    broken.write_bytes(b"not a model")
    ear = SpeakerEar(VoiceEncoder(broken), direction=Direction.INBOUND, answered_s=0.0)
    for start in range(20):
        noise = np.full(2 * RATE_HZ, 0.1, np.float32)
        span = Span(start_s=start * 3, end_s=start * 3 + 2)
        ear.hear(leg(Path("a.wav"), Party.MIXED), Utterance(samples=noise, start_s=span.start_s, spans=(span,)))
    spoken = [said(0.0, 2.0, "hello")]
    assert told_apart(ear, spoken) == (spoken, False)


def said(start_s: float, end_s: float, *words: str) -> Spoken:
    step = (end_s - start_s) / max(len(words), 1)
    made = tuple(
        Word(text=f" {word}", start_s=start_s + i * step, end_s=start_s + (i + 1) * step, probability=0.9)
        for i, word in enumerate(words)
    )
    return Spoken(
        party=Party.MIXED, start_s=start_s, end_s=end_s, text=" ".join(words) or "…", confidence=0.9, words=made
    )


def voices(*counts: int, spread: float = 0.05) -> tuple[list[Glimpse], speakers.Vectors]:
    """Glimpses of one second each: so many of voice 0, then of voice 1, then of 0 again …"""
    chance = np.random.default_rng(5)
    axes = np.eye(192, dtype=np.float32)
    rows, seen = [], []
    for index, count in enumerate(counts):
        for _ in range(count):
            at = float(len(rows))
            rows.append(axes[index % 2] + spread * chance.standard_normal(192).astype(np.float32))
            seen.append(Glimpse(span=Span(start_s=at, end_s=at + 1), from_s=at, to_s=at + 1))
    vectors = np.stack(rows)
    return seen, (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_who_speaks_a_twentieth_of_the_time_is_found() -> None:
    seen, vectors = voices(60, 4, 60, 2)
    centres = speakers.voices_in(vectors)
    assert centres is not None
    found = speakers.stretches(seen, vectors, centres)
    first = found[0].voice
    other = [stretch for stretch in found if stretch.voice != first]
    assert [(stretch.start_s, stretch.end_s) for stretch in other] == [(60.0, 64.0), (124.0, 126.0)]


@pytest.mark.parametrize("counts", [(0,), (3,), (40,), (40, 2)])
def test_one_voice_or_too_little_of_another_is_one(counts: tuple[int, ...]) -> None:
    vectors = voices(*counts)[1] if counts[0] else np.zeros((0, 192), np.float32)
    assert speakers.voices_in(vectors) is None


def test_a_single_doubtful_window_changes_no_speaker() -> None:
    seen, vectors = voices(10, 10)
    centres = speakers.voices_in(vectors)
    assert centres is not None
    vectors[4] = (centres[0] + centres[1]) / 2 + 0.02 * (vectors[15] - vectors[4])
    assert len(speakers.stretches([*seen], vectors, centres)) == 2


@pytest.mark.parametrize(("direction", "agents"), [(Direction.INBOUND, 1), (Direction.OUTBOUND, 0)])
def test_who_is_called_speaks_first(direction: Direction, agents: int) -> None:
    found = [Stretch(start_s=5.0, end_s=6.0, voice=1), Stretch(start_s=6.0, end_s=9.0, voice=0)]
    assert speakers.agents_voice(found, direction) == agents


def test_what_sounds_before_the_answer_is_nobodys_greeting() -> None:
    found = [Stretch(start_s=0.0, end_s=4.0, voice=0), Stretch(start_s=6.0, end_s=9.0, voice=1)]
    assert speakers.agents_voice(found, Direction.INBOUND, answered_s=5.0) == 1


def test_words_of_a_stretch_with_two_speakers_are_divided_where_the_voice_changes() -> None:
    found = [Stretch(start_s=0.0, end_s=2.0, voice=0), Stretch(start_s=2.0, end_s=4.0, voice=1)]
    one, other = speakers.divided(said(0.0, 4.0, "how", "may", "I?", "my", "bill", "please"), found, agent=0)
    assert (one.party, one.text, one.end_s) == (Party.AGENT, "how may I?", 2.0)
    assert (other.party, other.text, other.start_s) == (Party.CUSTOMER, "my bill please", 2.0)
    assert [word.text for word in other.words] == [" my", " bill", " please"]


def test_what_has_no_words_with_times_goes_to_the_longer_voice() -> None:
    found = [Stretch(start_s=0.0, end_s=1.0, voice=0), Stretch(start_s=1.0, end_s=4.0, voice=1)]
    (one,) = speakers.divided(said(0.0, 4.0), found, agent=0)
    assert one.party == Party.CUSTOMER


def test_the_windows_of_six_hours_cost_little_memory() -> None:
    """Half speech: 14,400 windows; the search makes no table of each against each."""
    import tracemalloc

    vectors = voices(*[48] * 300)[1]
    tracemalloc.start()
    assert speakers.voices_in(vectors) is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * vectors.nbytes
