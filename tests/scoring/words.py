"""A small encoder for tests of what stands on vectors: texts with the same words lie close together. Instant, the same each time."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WIDTH = 16


class Words:
    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.array([_vector(text) for text in texts], np.float32).reshape(len(texts), WIDTH)


def _vector(text: str) -> NDArray[np.float64]:
    words = [np.random.default_rng(zlib.crc32(word.encode())).normal(size=WIDTH) for word in text.split()]
    vector = np.sum(words, axis=0) / 4 + 1.0
    return np.asarray(vector / np.linalg.norm(vector))
