"""Cutting speech out of a leg, packing it, and finding the way back."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.audio import Samples
from transcription.windows import LONGEST_SPEECH_S, RATE_HZ, WINDOW_S, Placed, Span, audible, pack, silenced, utterances
from transcription.words import Word, assign, doubled, loops


def loud(samples: Samples) -> list[tuple[int, int]]:
    """A detector that hears exactly the samples that are not zero."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (samples != 0).astype(np.int8), [0]])))
    return [
        (int(low), int(min(low + LONGEST_SPEECH_S * RATE_HZ, high)))
        for start, high in edges.reshape(-1, 2)
        for low in range(int(start), int(high), int(LONGEST_SPEECH_S * RATE_HZ))
    ]


def recording(stretches: list[tuple[float, float]], length_s: float) -> Samples:
    samples = np.zeros(round(length_s * RATE_HZ), np.float32)
    for start_s, end_s in stretches:
        samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 0.5
    return samples


def in_blocks(samples: Samples) -> Iterator[Samples]:
    yield from np.split(samples, range(RATE_HZ, len(samples), RATE_HZ))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.floats(0.3, 30), st.floats(0.2, 12)), min_size=1, max_size=25))
def test_every_stretch_is_in_one_window_at_the_place_that_is_told(gaps_and_lengths: list[tuple[float, float]]) -> None:
    at_s, stretches = 0.0, []
    for gap_s, length_s in gaps_and_lengths:
        stretches.append((at_s + gap_s, at_s + gap_s + length_s))
        at_s += gap_s + length_s
    samples = recording(stretches, at_s + 1)
    windows = list(pack(utterances(in_blocks(samples), loud)))
    placed = [(p, w) for w in windows for p in w.placed]
    assert len(placed) == len(stretches)
    for (place, window), (start_s, end_s) in zip(placed, stretches, strict=True):
        assert abs(place.span.start_s - start_s) < 0.001
        assert abs(place.span.end_s - end_s) < 0.001
        heard = window.samples[round(place.start_s * RATE_HZ) + 1 : round(place.end_s * RATE_HZ) - 1]
        assert np.all(heard == 0.5)
    assert all(len(w.samples) <= WINDOW_S * RATE_HZ for w in windows)


def test_speech_across_a_look_is_not_cut() -> None:
    samples = recording([(115, 127)], 140)
    (part,) = utterances(in_blocks(samples), loud)
    assert part.spans == (Span(start_s=115, end_s=127),)


def test_silence_gives_no_window() -> None:
    assert list(pack(utterances(in_blocks(recording([], 300)), loud))) == []


def test_masked_stretches_are_silent_on_the_calls_clock() -> None:
    samples = recording([(0, 10)], 10)
    out = np.concatenate(list(silenced(in_blocks(samples), [(4.5, 6.0), (float("-inf"), 2.5)], start_s=2.0)))
    assert np.all(out[: RATE_HZ // 2] == 0)
    assert np.all(out[RATE_HZ // 2 : int(2.5 * RATE_HZ)] == 0.5)
    assert np.all(out[int(2.5 * RATE_HZ) : 4 * RATE_HZ] == 0)
    assert np.all(out[4 * RATE_HZ :] == 0.5)


def place(start_s: float, end_s: float) -> Placed:
    return Placed(span=Span(start_s=start_s, end_s=end_s), start_s=start_s, end_s=end_s)


def word(text: str, start_s: float, end_s: float) -> Word:
    return Word(text=text, start_s=start_s, end_s=end_s, probability=0.9)


def test_a_word_timed_into_the_pause_goes_with_its_sentence() -> None:
    said = [word(" Yes", 0.2, 0.5), word(" please.", 0.5, 1.0), word(" My", 1.1, 1.4), word(" name", 2.3, 2.6)]
    first, second = assign(said, [place(0, 1.0), place(2.0, 3.0)])
    assert [w.text for w in first] == [" Yes", " please."]
    assert [w.text for w in second] == [" My", " name"]


@given(
    st.lists(st.tuples(st.floats(0, 15), st.floats(0.05, 1)), max_size=20),
    st.lists(st.floats(0.2, 3), min_size=1, max_size=6),
)
def test_no_word_is_lost_or_put_out_of_order(times: list[tuple[float, float]], lengths: list[float]) -> None:
    said = [word(f" {i}", start, start + length) for i, (start, length) in enumerate(sorted(times))]
    starts = np.cumsum([0, *(length + 0.8 for length in lengths[:-1])])
    given_back = assign(said, [place(float(s), float(s + n)) for s, n in zip(starts, lengths, strict=True)])
    assert [w for group in given_back for w in group] == said


@pytest.mark.parametrize(
    ("text", "looping"),
    [
        ("hang on I have it here hang on I have it here hang on I have it here", True),
        ("thank you thank you thank you thank you thank you thank you", True),
        ("no no no no please no", False),
        ("I said yes and I said yes again", False),
        ("zero one zero zero zero one zero", False),
        ("", False),
    ],
)
def test_a_loop_is_told_from_what_people_say(text: str, looping: bool) -> None:
    assert bool(loops([word(f" {w}", i, i + 1) for i, w in enumerate(text.split())])) is looping


def test_the_lines_own_noise_is_not_audible_and_a_voice_over_it_is() -> None:
    noise = (0.005 * np.random.default_rng(1).standard_normal(20 * RATE_HZ)).astype(np.float32)
    assert audible(np.zeros(RATE_HZ, np.float32)) == []
    noise[10 * RATE_HZ : 12 * RATE_HZ] *= 5
    ((start, end),) = audible(noise)
    assert start / RATE_HZ == pytest.approx(9.3, abs=0.05)
    assert end / RATE_HZ == pytest.approx(12.7, abs=0.05)


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("well you are the only person here you are the only person here bye", True),
        ("can you hear me can you hear me", False),
        ("you are the only person here and you are the only person there", False),
        ("", False),
    ],
)
def test_a_sentence_twice_running_is_seen(text: str, twice: bool) -> None:
    assert doubled([word(f" {w}", i, i + 1) for i, w in enumerate(text.split())]) is twice
