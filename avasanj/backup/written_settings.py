"""The settings as a file that can be used again, with a line to fill in for each secret."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from avasanj.settings import Settings

#: Another machine has its own.
_PLACES = {"data_dir"}


def written(settings: Settings) -> str:
    """What was set, as lines of an avasanj.env. No secret's value is in it, nor an address that carries one."""
    lines = ["# Avasanj's settings, written by a backup. Secrets are not in it: fill in the lines that ask for one."]
    for name in sorted(settings.model_fields_set):
        value = getattr(settings, name)
        variable = f"AVASANJ_{name.upper()}"
        if value is None:
            continue
        if isinstance(value, SecretStr) or _carries_secret(value):
            lines.append(f"# {variable}=  (a secret: set it again)")
        elif name in _PLACES:
            lines.append(f"# {variable}={_text(value)}  (where it was)")
        else:
            lines.append(f"{variable}={_quoted(_text(value))}")
    return "\n".join(lines) + "\n"


def _text(value: object) -> str:
    if isinstance(value, list):
        separator = ":" if value and isinstance(value[0], Path) else ","
        return separator.join(map(str, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _carries_secret(value: object) -> bool:
    """Whether an address has a log-in, a query or a fragment, in which tokens travel."""
    if not isinstance(value, str) or "://" not in value:
        return False
    parts = urlsplit(value)
    return bool(parts.username or parts.password or parts.query or parts.fragment)
