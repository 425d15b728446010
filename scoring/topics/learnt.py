"""What phrases miss of promises and reasons: linear heads over the encoder's vectors. Pure numpy; learnt by `scoring.topics.learning`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.heads import softmax
from scoring.promises import Kind

Floats = NDArray[np.float64]

SHIPPED = Path(__file__).parent.parent / "data" / "about.json"
#: Stands for no promise, and for none of the shipped topics.
NOTHING = "-"
#: Vectors of e5 lie close together: centred and spread, so that the penalty of the fit means the same for all parts.
SPREAD = 3.0
#: From this probability on something is taken for a promise. Set on texts held out from the fit (docs/accuracy.md).
SURE_PROMISE = 0.6


@dataclass(frozen=True, kw_only=True)
class Head:
    """Multinomial logistic regression; `weights` is (classes, width)."""

    classes: tuple[str, ...]
    middle: Floats
    weights: Floats
    bias: Floats

    def probabilities(self, vectors: NDArray[np.float32]) -> Floats:
        """(n, classes), each row adding up to 1."""
        return softmax((vectors - self.middle) * SPREAD @ self.weights.T + self.bias)

    def stored(self) -> dict[str, Any]:
        return {
            "classes": list(self.classes),
            "middle": np.round(self.middle, 5).tolist(),
            "weights": np.round(self.weights, 3).tolist(),
            "bias": np.round(self.bias, 3).tolist(),
        }


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """Both heads."""

    promises: Head
    reasons: Head

    def promised(self, vectors: NDArray[np.float32]) -> list[Kind | None]:
        """For each agent's turn what it promises; None for nothing."""
        found: list[Kind | None] = []
        nothing = self.promises.classes.index(NOTHING)
        for row in self.promises.probabilities(vectors):
            likeliest = max((one for one in range(len(row)) if one != nothing), key=row.__getitem__)
            sure = 1 - row[nothing] >= SURE_PROMISE
            found.append(Kind(self.promises.classes[likeliest]) if sure else None)
        return found

    def reason(self, vector: NDArray[np.float32]) -> Mapping[str, float]:
        """How likely each shipped topic is the reason that the customer tells."""
        (row,) = self.reasons.probabilities(vector[None])
        return {key: float(p) for key, p in zip(self.reasons.classes, row, strict=True) if key != NOTHING}


@cache
def shipped() -> Learnt:
    """The heads that come with Avasanj."""
    return read(json.loads(SHIPPED.read_text(encoding="utf-8")))


def read(stored: Mapping[str, Any]) -> Learnt:
    return Learnt(promises=_head(stored["promises"]), reasons=_head(stored["reasons"]))


def _head(stored: Mapping[str, Any]) -> Head:
    numbers = (np.asarray(stored[name], np.float64) for name in ("middle", "weights", "bias"))
    middle, weights, bias = numbers
    return Head(classes=tuple(stored["classes"]), middle=middle, weights=weights, bias=bias)
