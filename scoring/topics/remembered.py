"""An encoder that remembers one call's vectors: what the mood was read from serves topics and summary without encoding anything twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from scoring.mood import Encodes

Vector = NDArray[np.float32]


class Remembered:
    """For one call: thrown away with it."""

    def __init__(self, encoder: Encodes) -> None:
        self._encoder = encoder
        self._known: dict[str, Vector] = {}

    def encode(self, texts: Sequence[str]) -> Vector:
        """As the encoder; texts that were seen before are not encoded again."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._known[text] for text in texts], np.float32) if texts else self._encoder.encode([])

    def remember(self, text: str, vector: Vector) -> None:
        self._known[text] = vector

    def known(self, text: str) -> Vector | None:
        """The text's vector, if it has one already."""
        return self._known.get(text)
