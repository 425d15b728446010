"""Fitting the weights of whole calls."""

import numpy as np
import pytest

from scoring.call_fit import fit_calls, fit_towards
from scoring.dissatisfaction import HAND_SET, SOUND, Line, Moment
from scoring.labelled_calls import LabelledCall
from tests.scoring.test_dissatisfaction import moment

FREE = np.array([True, False])


def fitted(strength: float, start: tuple[float, float] = (0.0, 1.0), sign: float = 1.0) -> np.ndarray:
    random = np.random.default_rng(3)
    x = random.normal(size=400)
    truth = (random.random(400) < 1 / (1 + np.exp(1 - sign * 3 * x))).astype(float)
    return fit_towards(
        np.column_stack([np.ones(400), x]), truth, np.full(400, 1 / 400), np.array(start), FREE, strength
    )


def test_weights_that_made_the_data_are_found_again():
    assert fitted(1e-6) == pytest.approx([-1, 3], abs=0.5)


def test_a_strong_pull_keeps_what_was_set_by_hand():
    assert fitted(100.0) == pytest.approx([0, 1], abs=0.02)


def test_a_weight_never_changes_its_sign():
    assert fitted(1e-6, sign=-1.0)[1] == 0


def call(n: int, satisfaction: int, wait_s: float) -> tuple[LabelledCall, list[Moment]]:
    level = {2: 0.75, 4: 0.2}[satisfaction] + 0.02 * (n % 7)
    said = [moment(k, level, positive=0.1 * (satisfaction > 2) * k) for k in range(4)]
    made = LabelledCall(
        id=f"{('en', 'fa')[n % 2]}-call-{n}", language=("en", "fa")[n % 2], story=f"story {n}",
        turns=tuple(one.turn for one in said), turn_labels=(("neu" if satisfaction < 3 else "pos", satisfaction),) * 4,
        line=Line(wait_s=wait_s), satisfaction=satisfaction,
    )  # fmt: skip
    return made, said


def test_calls_are_learnt_from_and_judged_held_out():
    pairs = [call(n, 2 if n % 3 else 4, wait_s=300.0 if n % 3 else 0.0) for n in range(120)]
    made = fit_calls([one for one, _ in pairs], [said for _, said in pairs])
    for language in ("en", "fa"):
        weights = made.by_language[language]
        assert set(weights.by_name) == set(HAND_SET.by_name)
        assert weights.by_name["wait"] > HAND_SET.by_name["wait"]
        assert {name: weights.by_name[name] for name in SOUND} == {name: HAND_SET.by_name[name] for name in SOUND}
        figures = made.figures[language]
        assert figures["fitted"]["n"] == 60
        assert figures["fitted"]["auc"] > 0.95
        assert figures["fitted"]["loss"] < figures["by_hand"]["loss"]


def test_the_same_calls_give_the_same_weights():
    pairs = [call(n, 2 if n % 3 else 4, wait_s=0.0) for n in range(60)]
    calls, paths = [one for one, _ in pairs], [said for _, said in pairs]
    assert fit_calls(calls, paths) == fit_calls(calls, paths)
