"""The real text model, loaded once for all tests that need it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.encoder import Encoder
from scoring.models import NAME
from scoring.mood import Encodes
from tests.conftest import CACHE
from tests.scoring.kept_vectors import KeptVectors

_THREADS = 2


@pytest.fixture(scope="session")
def real_encoder(models_dir: Path) -> Iterator[Encoder]:
    made = Encoder(models_dir / NAME, threads=_THREADS)
    yield made
    made.unload()


@pytest.fixture(scope="session")
def encoder(real_encoder: Encoder) -> Encodes:
    return KeptVectors(real_encoder, CACHE / "vectors", _THREADS)
