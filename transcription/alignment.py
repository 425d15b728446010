"""When each piece of a text was said: the way of least cost through the attention that follows the sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

#: frames that the attention is smoothed over, as Whisper's own alignment does
_MEDIAN = 7
_STILL = 1e-8


def starts_of(attention: Floats) -> NDArray[np.intp]:
    """The frame in which each piece begins, by (heads, pieces, frames) of attention, each row a sum of one.

    As in Whisper's own alignment: each frame's attention is brought to the same mean and spread over the pieces, smoothed,
    and averaged over the heads.
    """
    weights = attention.astype(np.float32)
    spread = weights.std(axis=1, keepdims=True)
    weights = (weights - weights.mean(axis=1, keepdims=True)) / np.maximum(spread, _STILL)
    return _path_starts(-_smoothed(weights).mean(axis=0))


def _smoothed(weights: Floats) -> Floats:
    reach = min(_MEDIAN // 2, weights.shape[-1] - 1)
    padded = np.pad(weights, ((0, 0), (0, 0), (reach, reach)), mode="reflect")
    count = weights.shape[-1]
    return median([padded[..., i : i + count] for i in range(2 * reach + 1)])


def _path_starts(cost: Floats) -> NDArray[np.intp]:
    """First column of each row on the cheapest way from the first cell to the last, by steps right, down or both.

    Row by row: a row is entered from above or from above left in some column and followed to the right, so its costs
    are a running minimum, which needs no loop over the columns.
    """
    rows, columns = cost.shape
    entered = np.zeros((rows, columns), np.intp)  # where the row was entered on the best way to each of its cells
    sums = np.cumsum(cost[0], dtype=np.float64)
    reached = sums
    from_left: list[NDArray[np.bool_]] = [np.zeros(columns, bool)]
    for row in range(1, rows):
        beside = np.concatenate([[np.inf], reached[:-1]])
        from_left.append(beside <= reached)
        sums = np.cumsum(cost[row], dtype=np.float64)
        entry = np.minimum(beside, reached) - np.concatenate([[0.0], sums[:-1]])
        least = np.minimum.accumulate(entry)
        new = np.concatenate([[True], entry[1:] < least[:-1]])
        entered[row] = np.maximum.accumulate(np.where(new, np.arange(columns), 0))
        reached = sums + least
    starts = np.zeros(rows, np.intp)
    column = columns - 1
    for row in range(rows - 1, 0, -1):
        starts[row] = entered[row, column]
        column = starts[row] - 1 if from_left[row][starts[row]] else starts[row]
    return starts


def median(values: Sequence[Floats]) -> Floats:
    """The middle one of an odd number of values, cell by cell, six times as quick as sorting each cell.

    Of a few more than half of the values the least and the greatest are never in the middle: they go, the next comes in.
    """
    if len(values) == 1:
        return values[0]
    left, coming = list(values[: len(values) // 2 + 2]), list(values[len(values) // 2 + 2 :])
    while len(left) > 2:
        for i in range(1, len(left)):  # the least to the front, the greatest to the back
            left[0], left[i] = np.minimum(left[0], left[i]), np.maximum(left[0], left[i])
        for i in range(1, len(left) - 1):
            left[i], left[-1] = np.minimum(left[i], left[-1]), np.maximum(left[i], left[-1])
        left = left[1:-1]
        if coming:
            left.append(coming.pop())
    return left[0]
