"""The real text model, loaded once for all tests that need it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.encoder import Encoder
from scoring.models import NAME


@pytest.fixture(scope="session")
def encoder(models_dir: Path) -> Iterator[Encoder]:
    made = Encoder(models_dir / NAME, threads=2)
    yield made
    made.unload()
