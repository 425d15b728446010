"""The real text model, loaded once for all tests that need it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring.encoder import Encoder
from scoring.models import NAME
from scoring.mood import Encodes


class Remembering:
    """The real encoder, asked once for the same texts. Whole questions are remembered: what is encoded together tells on the numbers."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[tuple[str, ...], NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        key = tuple(texts)
        if key not in self._known:
            self._known[key] = self._encoder.encode(texts)
        return self._known[key].copy()


@pytest.fixture(scope="session")
def real_encoder(models_dir: Path) -> Iterator[Encoder]:
    made = Encoder(models_dir / NAME, threads=2)
    yield made
    made.unload()


@pytest.fixture(scope="session")
def encoder(real_encoder: Encoder) -> Encodes:
    return Remembering(real_encoder)
