"""Words and letters as numbers."""

import numpy as np
import pytest

from scoring import logistic, ngrams

TEXTS = ["بد بود", "خیلی بد بود!", "good 👍 good", "good day", ""]
AGENTS = ["", "چطور بود", "", "hello there", "hello"]


def made():
    counted = [ngrams.counts(text, agent) for text, agent in zip(TEXTS, AGENTS, strict=True)]
    return ngrams.vocabulary(counted), counted


def test_spellings_of_persian_are_one_and_emoji_are_words():
    assert ngrams.counts("كتاب‌های ۱۲") == ngrams.counts("کتاب های 12")
    assert ngrams.counts("ok 👍👍!")["w👍👍!"] == 1


def test_the_agents_words_are_pieces_of_their_own():
    found = ngrams.counts("sorry", "sorry")
    assert found["wsorry"] == found["asorry"] == 1


def test_words_letters_and_the_agents_words_each_have_length_one():
    vocabulary, counted = made()
    rows = vocabulary.of_counts(counted)
    for n, (text, agent) in enumerate(zip(TEXTS, AGENTS, strict=True)):
        at = slice(rows.starts[n], rows.starts[n + 1])
        for kind in (ngrams.WORD, ngrams.LETTERS, ngrams.AGENT):
            mine = [
                v for v, c in zip(rows.values[at], rows.columns[at], strict=True) if vocabulary.pieces[c][0] == kind
            ]
            if mine:
                assert np.linalg.norm(mine) == pytest.approx(1)
            else:
                assert not text or kind == ngrams.AGENT
        assert agent or rows.shape == (len(TEXTS), len(vocabulary.pieces))


def test_a_sparse_matrix_multiplies_as_a_dense_one():
    vocabulary, counted = made()
    rows = vocabulary.of_counts(counted)
    dense = np.zeros(rows.shape)
    for n in range(len(TEXTS)):
        at = slice(rows.starts[n], rows.starts[n + 1])
        dense[n, rows.columns[at]] = rows.values[at]
    random = np.random.default_rng(0)
    right, left = random.normal(size=(rows.shape[1], 3)), random.normal(size=(2, len(TEXTS)))
    assert rows @ right == pytest.approx(dense @ right)
    assert left @ rows == pytest.approx(left @ dense)
    truth = np.array([0, 0, 1, 1, 1])
    for one, other in zip(logistic.fit(rows, truth, 2, 0.1), logistic.fit(dense, truth, 2, 0.1), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_a_piece_that_nobody_has_said_before_counts_for_nothing():
    vocabulary, _ = made()
    assert len(vocabulary.rows(["zzz"], [""]).values) == 0
