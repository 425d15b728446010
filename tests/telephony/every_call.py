"""The way from a capture to the ledger that the tests of every call share: that of `avasanj replay FILE --json`."""

from __future__ import annotations

from typing import Any

from telephony.replay import replay


def ledger_of(capture: bytes) -> dict[str, Any]:
    """What `avasanj replay --json` prints for a capture."""
    told: Any = replay([capture])
    return told if isinstance(told, dict) else {"calls": told, "agents": []}
