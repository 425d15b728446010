"""The browser that the acceptance tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.acceptance.browser import chromium as installed_chromium
from tests.peers import PeerMissing
from tests.peers.fixtures import missing


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for a test module."""
    try:
        with installed_chromium() as browser:
            yield browser
    except PeerMissing as peer:
        missing(peer)
