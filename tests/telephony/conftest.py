"""Streams of known calls: our own, and those beside the checkout where they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.telephony.small_pbx import SmallPbx

OWN_STREAMS = Path(__file__).resolve().parent.parent / "streams"


@pytest.fixture
def shared_streams(shared: Path) -> Path:
    """Folder of the streams beside the checkout; a test that needs it skips where it is not there."""
    return shared / "ami-events"


@pytest.fixture
def own_streams() -> Path:
    return OWN_STREAMS


@pytest.fixture
def pbx() -> Iterator[SmallPbx]:
    with SmallPbx() as pbx:
        yield pbx
