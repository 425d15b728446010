"""Who talks, who is silent, who speaks into whom: against cases made by hand, first as numbers, then as sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.tables import Party
from tests.transcription.sounds import leg, write_wav
from tests.transcription.test_audio import read
from transcription import vad, voice
from transcription.audio import Recording, Samples
from transcription.clock import sound_of
from transcription.measures import Stretch, joined, measure
from transcription.meter import Meter, Passage, against_own_start
from transcription.windows import RATE_HZ, Span, Utterance, utterances

CUSTOMER, AGENT = Party.CUSTOMER, Party.AGENT


def test_a_call_made_by_hand_is_measured_to_the_hundredth() -> None:
    found = measure(
        {
            AGENT: [(1.0, 4.0), (9.0, 12.0), (30.0, 31.0)],
            CUSTOMER: [(4.5, 7.0), (7.2, 8.4), (11.0, 14.0), (30.2, 30.5)],
        },
        talk=(0.0, 40.0),
        holds=[(15.0, 25.0)],
        words={AGENT: 21, CUSTOMER: 14},
    )
    agent, customer = found.parties[AGENT], found.parties[CUSTOMER]
    assert (agent.talk_s, customer.talk_s) == (7.0, 7.2)  # the customer's pause of 0.2 s is speech
    assert agent.talk_share == pytest.approx(7 / 14.2, abs=0.001)
    # before, between, around the hold, after: 1 + .5 + .6 + 1 + 5 + 9
    assert found.silence_s == 17.1
    assert found.longest_silence_s == 9.0
    assert found.silences == ((0.0, 1.0), (14.0, 15.0), (25.0, 30.0), (31.0, 40.0))
    assert found.talk_over_s == 1.3  # the "mm-hm" is part of it
    assert [(o.start_s, o.end_s, o.by) for o in found.talk_overs] == [(11.0, 12.0, CUSTOMER)]
    assert (customer.talk_over_s, agent.talk_over_s) == (1.0, 0.0)
    assert customer.response_s == 0.5
    assert agent.response_s == 0.6  # the agent's word after the hold answers nobody
    assert agent.words_per_minute == 180.0


def test_music_on_hold_is_neither_silence_nor_speech() -> None:
    found = measure({AGENT: [(0.0, 20.0)], CUSTOMER: [(0.0, 5.0)]}, talk=(0.0, 20.0), holds=[(5.0, 20.0)])
    assert found.parties[AGENT].talk_s == 5.0
    assert found.silence_s == 0.0
    assert found.talk_over_s == 5.0


def test_where_one_party_was_not_recorded_silence_is_unknown_and_not_nought() -> None:
    found = measure({CUSTOMER: [(1.0, 3.0)]}, talk=(0.0, 10.0))
    assert (found.silence_s, found.longest_silence_s, found.talk_over_s) == (None, None, None)
    assert found.parties[CUSTOMER].talk_s == 2.0
    assert found.parties[CUSTOMER].talk_share is None


def test_a_party_that_was_recorded_and_never_spoke_leaves_silence() -> None:
    found = measure({CUSTOMER: [(1.0, 3.0)], AGENT: []}, talk=(0.0, 10.0))
    assert found.silence_s == 8.0
    assert found.parties[AGENT].talk_s == 0.0


stretches = st.lists(
    st.tuples(st.integers(0, 600), st.integers(1, 80)).map(lambda p: (p[0] / 10, (p[0] + p[1]) / 10)), max_size=12
)


@given(mine=stretches, theirs=stretches, holds=stretches)
def test_all_time_is_talk_of_one_or_both_or_silence_or_hold(
    mine: list[Stretch], theirs: list[Stretch], holds: list[Stretch]
) -> None:
    found = measure({AGENT: mine, CUSTOMER: theirs}, talk=(0.0, 60.0), holds=holds)
    held = sum(min(b, 60.0) - a for a, b in joined(holds) if a < 60)
    assert found.silence_s is not None
    assert found.talk_over_s is not None
    spoken = found.parties[AGENT].talk_s + found.parties[CUSTOMER].talk_s - found.talk_over_s
    assert spoken + found.silence_s + held == pytest.approx(60, abs=0.5)


def test_sound_made_by_hand_is_measured_within_50_ms(tmp_path: Path) -> None:
    """Real speech cut off in mid-word begins and ends where it was put, to the sample."""
    speech = _solid_speech()
    meter = Meter()
    placed = {AGENT: [(2.0, 3.2), (9.5, 2.4)], CUSTOMER: [(5.6, 2.8), (11.0, 3.4)]}  # start, length
    for number, (party, parts) in enumerate(placed.items()):
        sound = 0.0005 * np.random.default_rng(number).standard_normal(20 * RATE_HZ).astype(np.float32)
        for start_s, length_s in parts:
            at = round(start_s * RATE_HZ)
            sound[at : at + round(length_s * RATE_HZ)] += speech[: round(length_s * RATE_HZ)]
        one = leg(write_wav(tmp_path / f"{party}.wav", sound, RATE_HZ), party, recording_id=number)
        for utterance in utterances(sound_of(one, Recording(one.path)), vad.speech):
            meter.hear(one, utterance)
    found = meter.measured(talk=(0.0, 20.0))
    assert found.parties[AGENT].talk_s == pytest.approx(5.6, abs=0.05)
    assert found.parties[CUSTOMER].talk_s == pytest.approx(6.2, abs=0.05)
    assert found.longest_silence_s == pytest.approx(5.6, abs=0.05)  # after 14.4
    (over,) = found.talk_overs
    assert (over.start_s, over.end_s) == (pytest.approx(11.0, abs=0.05), pytest.approx(11.9, abs=0.05))
    assert over.by == CUSTOMER
    assert found.parties[CUSTOMER].response_s == pytest.approx(0.4, abs=0.05)
    assert found.parties[AGENT].response_s == pytest.approx(1.1, abs=0.05)


def _solid_speech() -> Samples:
    """4 s of a sample call's speech without its pauses."""
    from tests.transcription.sounds import sample

    sound = read(sample("en-rude-agent", CUSTOMER), RATE_HZ)
    level = voice.levels_dbfs(sound)
    loud = np.repeat(level > level.max() - 18, RATE_HZ // 100)
    return sound[: len(loud)][loud][: 4 * RATE_HZ]


@pytest.mark.parametrize("hz", [85.0, 120.0, 210.0, 320.0])
def test_pitch_of_a_voice_like_sound_is_found_within_one_percent(hz: float) -> None:
    t = np.arange(RATE_HZ) / RATE_HZ
    sound = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 12)).astype(np.float32) * 0.1  # type: ignore[union-attr]
    found = voice.pitch_hz(sound)
    assert len(found) > 80
    assert np.median(found) == pytest.approx(hz, rel=0.01)


def test_noise_has_no_pitch() -> None:
    noise = 0.1 * np.random.default_rng(3).standard_normal(RATE_HZ).astype(np.float32)
    assert len(voice.pitch_hz(noise)) < 5


def test_speech_level_leaves_pauses_out() -> None:
    t = np.arange(RATE_HZ) / RATE_HZ
    tone = (0.1 * np.sin(2 * np.pi * 200 * t)).astype(np.float32)  # -23.0 dB
    half = np.concatenate([tone, np.zeros(RATE_HZ, np.float32)])
    assert voice.speech_level_dbfs(tone) == pytest.approx(-23.0, abs=0.1)
    assert voice.speech_level_dbfs(half) == pytest.approx(-23.0, abs=0.1)


def test_an_edge_stays_where_the_noise_is_as_loud_as_the_voice() -> None:
    noise = 0.1 * np.random.default_rng(5).standard_normal(2 * RATE_HZ).astype(np.float32)
    utterance = Utterance(samples=noise, start_s=7.0, spans=(Span(start_s=7.5, end_s=8.5),))
    (span,) = voice.sharpened(utterance)
    assert (span.start_s, span.end_s) == (7.5, 8.5)


def test_a_customer_is_held_against_their_own_first_minute() -> None:
    calm = [Passage(start_s=s, end_s=s + 4, level_dbfs=-26.0, pitch_hz=200.0) for s in (5.0, 20.0, 50.0)]
    upset = Passage(start_s=70.0, end_s=74.0, level_dbfs=-20.0, pitch_hz=200.0 * 2 ** (3 / 12))
    assert against_own_start([*calm, upset]) == [{"start_s": 70.0, "end_s": 74.0, "level_db": 6.0, "pitch_st": 3.0}]


def test_without_speech_at_the_start_nothing_is_said_of_the_voice() -> None:
    short = Passage(start_s=0.0, end_s=1.0, level_dbfs=-26.0, pitch_hz=200.0)
    later = Passage(start_s=90.0, end_s=99.0, level_dbfs=-10.0, pitch_hz=300.0)
    assert against_own_start([short, later]) == []
    assert against_own_start([]) == []
