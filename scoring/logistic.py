"""Softmax regression with an L2 penalty, and its calibration: numpy alone, the same result each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from scoring.heads import Calibration, Floats, softmax

Integers = NDArray[np.int64]
#: A row of numbers in; the loss and its gradient there out.
Loss = Callable[[Floats], tuple[float, Floats]]
_MEMORY = 12  #: pairs of steps that L-BFGS remembers


class Matrix(Protocol):
    """(n, width), dense or sparse."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    def __matmul__(self, other: Any, /) -> Any: ...
    def __rmatmul__(self, other: Any, /) -> Any: ...


def fit(
    features: Matrix,
    labels: Integers,
    classes: int,
    penalty: float,
    weights: Floats | None = None,
    *,
    start: Floats | float = 0.0,
    steps: int = 400,
    close: float = 1e-6,
) -> tuple[Floats, Floats]:
    """Weights (classes, width) and bias (classes,) with the least weighted mean log loss plus `penalty` / 2 · |weights|².

    `start` (n, classes) are logits that are there already: the weights then say by how much to move them.
    """
    width = features.shape[1]
    share = np.ones(len(labels)) if weights is None else weights
    loss = fitting_loss(features, np.eye(classes)[labels], share / share.sum(), penalty, start)
    best = minimise(loss, np.zeros(classes * width + classes), steps, close)
    return best[:-classes].reshape(classes, width), best[-classes:]


def fitting_loss(features: Matrix, truth: Floats, share: Floats, penalty: float, start: Floats | float = 0.0) -> Loss:
    """What `fit` makes least, over weights and bias in one row. `truth` is (n, classes) of 0 and 1; `share` (n,) adds up to 1."""
    classes, width, part = truth.shape[1], features.shape[1], share[:, None]

    def loss(flat: Floats) -> tuple[float, Floats]:
        w, b = flat[:-classes].reshape(classes, width), flat[-classes:]
        logits = start + features @ w.T + b
        error = (softmax(logits) - truth) * part
        value = -float((part * truth * log_softmax(logits)).sum()) + penalty / 2 * float((w * w).sum())
        return value, np.concatenate([(error.T @ features + penalty * w).ravel(), error.sum(axis=0)])

    return loss


def log_softmax(logits: Floats) -> Floats:
    """Row by row; finite where a probability rounds to 0, so that a loss and its gradient agree there too."""
    lowered = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(lowered - np.log(np.exp(lowered).sum(axis=1, keepdims=True)))


def calibrate(logits: Floats, labels: Integers) -> Calibration:
    """Scale and shift that make `logits`' softmax fit `labels` best: Platt's scaling for several classes."""
    classes = logits.shape[1]
    best = minimise(calibration_loss(logits, np.eye(classes)[labels]), np.array([1.0, *[0.0] * classes]))
    return Calibration(scale=float(best[0]), shift=tuple(float(x) for x in best[1:]))


def calibration_loss(logits: Floats, truth: Floats) -> Loss:
    """What `calibrate` makes least, over the scale and the shifts in one row."""

    def loss(flat: Floats) -> tuple[float, Floats]:
        calibrated = logits * flat[0] + flat[1:]
        error = (softmax(calibrated) - truth) / len(logits)
        value = -float((truth * log_softmax(calibrated)).mean(axis=0).sum()) + 1e-3 * float(flat[1:] @ flat[1:])
        return value, np.concatenate([[float((error * logits).sum())], error.sum(axis=0) + 2e-3 * flat[1:]])

    return loss


def minimise(loss: Loss, start: Floats, steps: int = 400, close: float = 1e-6) -> Floats:
    """L-BFGS with halving steps, for a smooth convex `loss` that also gives its gradient. Stops at a gradient below `close`."""
    at, (value, slope) = start, loss(start)
    moves: list[tuple[Floats, Floats]] = []
    for _ in range(steps):
        if float(np.abs(slope).max()) < close:
            break
        way = _direction(slope, moves)
        step, gain = 1.0, float(slope @ way)
        while step > 1e-10:
            there = at + step * way
            value_there, slope_there = loss(there)
            if value_there <= value + 1e-4 * step * gain:
                break
            step /= 2
        else:
            break
        if float((slope_there - slope) @ (there - at)) > 1e-14:
            moves = [*moves, (there - at, slope_there - slope)][-_MEMORY:]
        at, value, slope = there, value_there, slope_there
    return at


def _direction(slope: Floats, moves: list[tuple[Floats, Floats]]) -> Floats:
    """The two loops of L-BFGS."""
    way, factors = -slope, []
    for moved, turned in reversed(moves):
        factor = float(moved @ way) / float(moved @ turned)
        way = way - factor * turned
        factors.append(factor)
    if moves:
        moved, turned = moves[-1]
        way = way * (float(moved @ turned) / float(turned @ turned))
    for (moved, turned), factor in zip(moves, reversed(factors), strict=True):
        way = way + moved * (factor - float(turned @ way) / float(moved @ turned))
    return way
