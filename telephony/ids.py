"""Ids that follow from what they name, so that seeing the same call again finds the same row."""

from __future__ import annotations

import uuid

_NAMESPACE = uuid.UUID("6f0c1d0e-7b0a-4d55-9a53-0d6a3c5a1f10")


def call_id(pbx: str, linked_id: str) -> uuid.UUID:
    """The id of the call that `pbx` knows as `linked_id`."""
    return uuid.uuid5(_NAMESPACE, f"{pbx}\n{linked_id}")
