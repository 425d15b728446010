"""pytest fixtures of the peers; `tests/conftest.py` takes them in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.peers import PeerMissing, program
from tests.peers.asterisk import Asterisk

PROGRAMS = {"sipp": "sip-tester", "baresip": "baresip-core", "sox": "sox", "espeak-ng": "espeak-ng"}


def missing(peer: PeerMissing) -> NoReturn:
    """Skip the test; with `CI=true` a machine without its peers is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true and a peer is missing: {peer}", pytrace=False)
    pytest.skip(str(peer))


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    """A running Asterisk 22 with agents 1001 (Sara, in queue `support`) and 1002 (Reza), for one test module."""
    with _ready() as pbx:
        yield pbx


@pytest.fixture
def asterisk_alone() -> Iterator[Asterisk]:
    """The same for one test: for tests that kill it, or count what it recorded."""
    with _ready() as pbx:
        yield pbx


def _ready() -> Asterisk:
    """An Asterisk that is not started yet, on a machine that also has the phones."""
    try:
        for name, package in PROGRAMS.items():
            program(name, package=package)
        return Asterisk()
    except PeerMissing as peer:
        missing(peer)
