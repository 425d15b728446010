"""What a language model wrote, read as JSON: models put words around it, and some write what no database takes. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

#: NUL and its like, and halves of letters: PostgreSQL refuses them, and one answer must not cost a call its scores.
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def object_in(said: str) -> dict[str, Any]:
    """The object between the first and the last brace, in letters that can be stored; empty for what is none."""
    begin, end = said.find("{"), said.rfind("}")
    try:
        data = json.loads(said[begin : end + 1]) if begin >= 0 else {}
        return _storable(data) if isinstance(data, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _storable(data: Any) -> Any:
    if isinstance(data, str):
        return _UNSTORABLE.sub("", data)
    if isinstance(data, list):
        return [_storable(one) for one in data]
    if isinstance(data, dict):
        return {_storable(key): _storable(one) for key, one in data.items()}
    return data
