"""Calibration per queue: a shift of the log-odds, drawn towards none.

A queue of complaints has more unhappy customers than the language's calibration supposes, and one of new orders fewer. The shift is
what makes a queue's labels likeliest, less a penalty worth PULL labels: with PULL labels a queue moves about half the way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scoring import logistic
from scoring.heads import Floats

#: A queue with fewer labels keeps its language's calibration.
LEAST_LABELS = 15
PULL = 15.0
#: What one label says of a shift, at a probability of a half: p · (1 − p).
_SAYS = 0.25


def shifts_of(
    logits: Floats,
    truth: NDArray[np.int64],
    known: NDArray[np.bool_],
    languages: NDArray[np.str_],
    queues: NDArray[np.str_],
) -> dict[str, dict[str, tuple[float, ...]]]:
    """Per queue and language what is added to each class's logit. `logits` (n, classes) are calibrated and held out."""
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for queue in np.unique(queues[known & (queues != "")]):
        for language in np.unique(languages[known & (queues == queue)]):
            mine = known & (queues == queue) & (languages == language)
            if int(mine.sum()) >= LEAST_LABELS:
                shift = shift_of(logits[mine], truth[mine])
                found.setdefault(str(queue), {})[str(language)] = tuple(round(float(one), 4) for one in shift)
    return found


def shift_of(logits: Floats, truth: NDArray[np.int64]) -> Floats:
    """(classes,), adding up to 0."""
    target = np.eye(logits.shape[1])[truth]

    def loss(shift: Floats) -> tuple[float, Floats]:
        moved = logits + shift
        error = np.exp(logistic.log_softmax(moved)) - target
        value = -float((target * logistic.log_softmax(moved)).sum()) + PULL * _SAYS / 2 * float(shift @ shift)
        return value, error.sum(axis=0) + PULL * _SAYS * shift

    found = logistic.minimise(loss, np.zeros(logits.shape[1]))
    return np.asarray(found - found.mean())
