"""The optimiser and its losses: right gradients, the known solution, a penalty that does what penalties do."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import logistic
from scoring.heads import softmax
from scoring.logistic import Loss

RANDOM = np.random.default_rng(7)


def numeric_gradient(loss: Loss, at: np.ndarray) -> np.ndarray:
    step = 1e-6
    return np.array([(loss(at + step * way)[0] - loss(at - step * way)[0]) / (2 * step) for way in np.eye(len(at))])


@given(st.integers(min_value=0, max_value=999), st.sampled_from([2, 3]), st.floats(min_value=0, max_value=1))
def test_the_gradient_of_fitting_is_that_of_finite_differences(seed, classes, penalty):
    random = np.random.default_rng(seed)
    truth, share = np.eye(classes)[random.integers(classes, size=12)], random.uniform(0.1, 1, size=12)
    loss = logistic.fitting_loss(random.normal(size=(12, 4)), truth, share / share.sum(), penalty)
    at = random.normal(size=classes * 5)
    assert loss(at)[1] == pytest.approx(numeric_gradient(loss, at), abs=1e-6)


@given(st.integers(min_value=0, max_value=999), st.sampled_from([2, 3]))
def test_the_gradient_of_calibration_is_that_of_finite_differences(seed, classes):
    random = np.random.default_rng(seed)
    truth = np.eye(classes)[random.integers(classes, size=12)]
    loss = logistic.calibration_loss(random.normal(size=(12, classes)), truth)
    at = random.normal(size=classes + 1)
    assert loss(at)[1] == pytest.approx(numeric_gradient(loss, at), abs=1e-6)


def test_the_least_of_a_lopsided_bowl_is_found():
    curvature, least = np.array([1.0, 30.0, 900.0]), np.array([3.0, -2.0, 0.5])
    found = logistic.minimise(
        lambda at: (float(((at - least) ** 2) @ curvature) / 2, (at - least) * curvature), np.zeros(3)
    )
    assert found == pytest.approx(least, abs=1e-5)


def test_classes_that_lie_apart_are_told_apart():
    centres = np.array([[4.0, 0.0], [-4.0, 3.0], [0.0, -5.0]])
    labels = np.arange(90) % 3
    features = centres[labels] + RANDOM.normal(size=(90, 2)) * 0.5
    weights, bias = logistic.fit(features, labels, 3, penalty=0.01)
    assert ((features @ weights.T + bias).argmax(axis=1) == labels).all()


def test_without_features_the_bias_gives_the_weighted_shares():
    labels, weights = np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 1.0, 5.0])
    _, bias = logistic.fit(np.zeros((4, 1)), labels, 2, penalty=0.1, weights=weights)
    assert softmax(bias[None])[0] == pytest.approx([0.25, 0.75], abs=1e-4)


def test_a_stronger_penalty_makes_smaller_weights_and_a_worse_fit():
    features = RANDOM.normal(size=(60, 5))
    labels = (features[:, 0] + RANDOM.normal(size=60) > 0).astype(np.int64)
    sizes, losses = [], []
    for penalty in (0.001, 0.01, 0.1, 1.0, 10.0):
        weights, bias = logistic.fit(features, labels, 2, penalty)
        sizes.append(float(np.abs(weights).sum()))
        losses.append(-float(np.log(softmax(features @ weights.T + bias)[np.arange(60), labels]).mean()))
    assert sizes == sorted(sizes, reverse=True)
    assert losses == sorted(losses)
    assert sizes[0] > 10 * sizes[-1]


def test_calibration_cools_what_is_overconfident_and_leaves_the_order():
    truth = RANDOM.integers(2, size=4000)
    honest = np.stack(
        [np.zeros(4000), np.where(RANDOM.random(4000) < 0.75, 1, -1) * (2 * truth - 1) * np.log(3)], axis=1
    )
    found = logistic.calibrate(honest * 5, truth)
    assert found.scale == pytest.approx(0.2, abs=0.03)
    assert found.shift == pytest.approx((0, 0), abs=0.1)
