"""What a customer's turn is against what came before it in the same call: said again, asked again, not answered. Pure numpy.

People are dissatisfied with a dialogue because they aren't understood, are asked again or are refused, more than because they sound angry.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Vectors of unrelated texts lie this close together; likeness counts from here, ten times enlarged to the size of the other features.
UNRELATED, ENLARGED = 0.86, 10.0
#: So many earlier turns are compared: the nearest of a hundred is always near.
LOOKED_BACK = 8
#: said again, asked again, answer like the request, whether the call holds an earlier turn of the customer's
COLUMNS = 4


def history(turns: NDArray[np.float32], contexts: NDArray[np.float32], answers: Sequence[int | None]) -> Floats:
    """(n, COLUMNS) for the customer's n turns of one call, in order; zeros where nothing came before.

    `turns` and `contexts` are the vectors of each turn and of the agent's turn before it (zeros for none); `answers` says which
    agent's turn that was, so that the same one before two turns isn't taken for having been said twice.
    """
    made = np.zeros((len(turns), COLUMNS))
    for n in range(1, len(turns)):
        first = max(0, n - LOOKED_BACK)
        made[n, 0] = _nearest(turns[first:n], turns[n])
        if np.any(contexts[n]):
            others = [k for k in range(first, n) if answers[k] not in {None, answers[n]}]
            made[n, 1] = _nearest(contexts[others], contexts[n])
            made[n, 2] = _nearest(turns[n - 1 : n], contexts[n])
        made[n, 3] = 1.0
    return made


def none(count: int) -> Floats:
    """For turns that stand alone."""
    return np.zeros((count, COLUMNS))


def _nearest(earlier: NDArray[np.float32], one: NDArray[np.float32]) -> float:
    return (float((earlier @ one).max()) - UNRELATED) * ENLARGED if len(earlier) else 0.0
