"""pytest fixtures of the peers; a test module takes them in with `pytest_plugins = ["tests.peers.fixtures"]`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.peers import PeerMissing
from tests.peers.asterisk import Asterisk


def missing(peer: PeerMissing) -> None:
    """Skip the test; with `CI=true` a machine without its peers is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and a peer is missing: {peer}", pytrace=False)
    pytest.skip(str(peer))


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    """A running Asterisk 22 with agents 1001 (Sara, in queue `support`) and 1002 (Reza), for one test module."""
    try:
        pbx = Asterisk()
    except PeerMissing as peer:
        missing(peer)
        raise
    with pbx:
        yield pbx
