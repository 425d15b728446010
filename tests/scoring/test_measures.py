"""Figures worked out by hand, and what must hold of them for any data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.measures import auc, ece, macro_f1


@pytest.mark.parametrize(
    ("scores", "positive", "expected"),
    [
        ([0.1, 0.4, 0.35, 0.8], [False, False, True, True], 0.75),
        ([0.1, 0.2, 0.8, 0.9], [False, False, True, True], 1.0),
        ([0.9, 0.1], [False, True], 0.0),
        ([0.5, 0.5, 0.5], [True, False, False], 0.5),
        ([0.2, 0.5, 0.5, 0.9], [False, False, True, True], 0.875),  # of four pairs three are won and one is a tie
    ],
)
def test_auc_is_the_share_of_pairs_in_order_ties_counting_half(scores, positive, expected):
    assert auc(np.array(scores), np.array(positive)) == pytest.approx(expected)


def test_auc_of_one_kind_alone_is_nothing():
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


@given(st.lists(st.tuples(st.integers(min_value=0, max_value=5), st.booleans()), min_size=2, max_size=40))
def test_auc_is_what_counting_the_pairs_gives(pairs):
    for_, against = [s for s, p in pairs if p], [s for s, p in pairs if not p]
    found = auc(np.array([s for s, _ in pairs], float), np.array([p for _, p in pairs]))
    if not for_ or not against:
        assert np.isnan(found)
        return
    won = sum((a > b) + 0.5 * (a == b) for a in for_ for b in against)
    assert found == pytest.approx(won / (len(for_) * len(against)))


def test_macro_f1_by_hand():
    # neg: 1 hit, 1 missed, 0 false: 2/3; neu: 1 hit, 0 missed, 2 false: 1/2; pos: never guessed: 0
    truth, guess = ["neg", "neg", "neu", "pos"], ["neg", "neu", "neu", "neu"]
    assert macro_f1(truth, guess) == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_calibration_error_by_hand():
    # .55 and .59: half right against .57; .95 twice: both right against .95
    found = ece(np.array([0.55, 0.59, 0.95, 0.95]), np.array([True, False, True, True]))
    assert found == pytest.approx(0.5 * abs(0.5 - 0.57) + 0.5 * abs(1 - 0.95))


def test_full_certainty_falls_into_the_last_tenth():
    assert ece(np.array([1.0, 1.0]), np.array([True, False])) == pytest.approx(0.5)
