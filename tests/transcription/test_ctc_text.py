"""Frames of a CTC model to words: the likeliest text by the letter, its times, and hot words that are not made up."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.ctc_text import Frames, Vocabulary, favouring, greedy

LETTERS = Vocabulary(texts=(" ", *"abcdr", ""), blank=6)
FRAME_S = 0.04


def frames(spoken: str, *, sure: float = 0.9) -> Frames:
    """Each letter a frame, "-" for a blank; the rest of the probability is shared by the others."""
    out = np.full((len(spoken), 7), (1 - sure) / 6)
    for number, letter in enumerate(spoken):
        out[number, LETTERS.blank if letter == "-" else LETTERS.texts.index(letter)] = sure
    return np.log(out).astype(np.float32)


def text(words: list) -> str:
    return "".join(word.text for word in words)


def test_a_letter_that_lasts_is_one_and_a_blank_parts_two() -> None:
    assert text(greedy(frames(" aab--b cc"), LETTERS, FRAME_S)) == " abb c"


def test_words_have_the_times_and_the_sureness_of_their_letters() -> None:
    first, second = greedy(frames("-- ab--- ccc-", sure=0.8), LETTERS, FRAME_S)
    assert (first.text, second.text) == (" ab", " c")
    assert (first.start_s, first.end_s) == pytest.approx((3 * FRAME_S, 5 * FRAME_S))
    assert (second.start_s, second.end_s) == pytest.approx((9 * FRAME_S, 12 * FRAME_S))
    assert first.probability == pytest.approx(0.8)


def test_pieces_that_begin_with_a_space_begin_a_word() -> None:
    pieces = Vocabulary(texts=(" ab", "c", " d", "", ""), blank=4)
    likely = np.log(np.full((5, 5), 0.02))
    for number, token in enumerate((0, 1, 4, 2, 3)):  # the fourth writes nothing
        likely[number, token] = math.log(0.9)
    assert [word.text for word in greedy(likely.astype(np.float32), pieces, FRAME_S)] == [" abc", " d"]


def test_nothing_heard_is_no_word() -> None:
    assert greedy(frames("-----"), LETTERS, FRAME_S) == []
    assert favouring(frames("-----"), LETTERS, FRAME_S, ["bad"]) == []
    assert favouring(frames("     "), LETTERS, FRAME_S, ["bad"]) == []


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_the_search_finds_a_text_about_as_likely_as_the_likeliest_of_all(seed: int) -> None:
    """Against every way through five frames of four tokens."""
    small = Vocabulary(texts=("a", "b", "c", ""), blank=3)
    chance = np.random.default_rng(seed).dirichlet(np.full(4, 0.8), size=5)
    by_text: dict[str, float] = {}
    for way in itertools.product(range(4), repeat=5):
        said = "".join(small.texts[token] for token, _ in itertools.groupby(way))
        by_text[said] = by_text.get(said, 0.0) + math.prod(chance[number, token] for number, token in enumerate(way))
    found = text(favouring(np.log(chance).astype(np.float32), small, FRAME_S, [])).strip()
    assert by_text[found] >= 0.8 * max(by_text.values())  # the twelve best beginnings are followed, not all


def test_a_hot_word_wins_where_the_sound_allows_it_and_its_letters_have_their_frames() -> None:
    doubtful = frames(" cab-", sure=0.6)
    doubtful[3] = np.log([0.01, 0.01, 0.5, 0.01, 0.45, 0.01, 0.01])  # b or d
    assert text(greedy(doubtful, LETTERS, FRAME_S)) == text(favouring(doubtful, LETTERS, FRAME_S, [])) == " cab"
    assert text(favouring(doubtful, LETTERS, FRAME_S, ["cad"])) == " cad"
    [word] = favouring(doubtful, LETTERS, FRAME_S, ["cad"])
    assert (word.start_s, word.end_s) == pytest.approx((FRAME_S, 4 * FRAME_S))


def test_a_hot_word_is_not_put_where_the_sound_is_another_or_it_is_only_begun() -> None:
    clear = frames(" cab- cab", sure=0.97)
    assert text(favouring(clear, LETTERS, FRAME_S, ["cad", "bad"])) == " cab cab"
    assert text(favouring(clear, LETTERS, FRAME_S, ["cabra"])) == " cab cab"


def test_a_hot_phrase_of_two_words_is_favoured_as_a_whole() -> None:
    heard = frames(" bad cab", sure=0.9)
    heard[7] = np.log([0.01, 0.01, 0.48, 0.01, 0.01, 0.47, 0.01])  # b or r
    assert text(favouring(heard, LETTERS, FRAME_S, ["bad  car"])) == " bad car"
    assert text(favouring(heard, LETTERS, FRAME_S, ["dad car"])) == " bad cab"
