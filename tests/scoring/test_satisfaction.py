"""Predicted satisfaction: one number with dissatisfaction, five chances, cuts that fit what was given."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.satisfaction import FITTED, HAND_SET, Cuts, cuts_of, fit, predicted


@pytest.mark.parametrize("probability", [0.0, 0.02, 0.3, 0.5, 0.77, 1.0])
def test_one_or_two_is_as_likely_as_dissatisfied(probability: float) -> None:
    found = predicted(probability, HAND_SET)
    assert sum(found.chances) == pytest.approx(1)
    assert min(found.chances) >= 0
    assert sum(found.chances[:2]) == pytest.approx(probability, abs=1e-6)
    assert 1 <= found.grade <= 5


def test_the_unhappier_the_lower() -> None:
    grades = [predicted(p / 20, HAND_SET).grade for p in range(21)]
    assert grades == sorted(grades, reverse=True)
    assert grades[0] > 4
    assert grades[-1] < 1.5


def test_the_cuts_that_made_the_grades_are_found_again() -> None:
    true = Cuts(one=-1.5, three=1.0, four=2.5)
    random = np.random.default_rng(3)
    odds = random.normal(-1, 2, 40_000)
    grades = [
        int(1 + (random.random() > np.cumsum(predicted(1 / (1 + np.exp(-x)), true).chances)[:4]).sum()) for x in odds
    ]
    found = fit(odds, grades, np.full(len(odds), 1 / len(odds)))
    assert [found.one, found.three, found.four] == pytest.approx([true.one, true.three, true.four], abs=0.06)


def test_a_grade_that_nobody_gave_leaves_the_cuts_in_order() -> None:
    found = fit(np.array([-2.0, 0.0, 2.0]), [3, 3, 2], np.full(3, 1 / 3))
    assert found.one < 0 <= found.three <= found.four


def test_each_language_has_its_own() -> None:
    assert {"en", "fa"} == {*FITTED}
    assert cuts_of("en") is not cuts_of("fa")
    assert cuts_of("de") is HAND_SET
