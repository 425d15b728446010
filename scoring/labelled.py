"""Files of labelled texts: JSON lines, read strictly. Whatever is wrong is told with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from avasanj.errors import InputError


def read_rows(path: Path, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """("PATH, line N", row) for each line that isn't blank.

    Raises InputError where a row is no object with all of `keys`, and where the file has no row or can't be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    empty = True
    for number, line in enumerate(lines, start=1):
        if line.strip():
            empty = False
            where = f"{path}, line {number}"
            yield where, _row(line, keys, where)
    if empty:
        raise InputError(f"{path} is empty. Give a file with one JSON object a line, with the keys {', '.join(keys)}.")


def text(row: dict[str, Any], key: str, where: str, *, may_be_empty: bool = False) -> str:
    """The row's text under `key`. Raises InputError where it is none."""
    value = row[key]
    if not isinstance(value, str) or not (may_be_empty or value.strip()):
        raise InputError(f"{where}: {key} must be a text, it is {value!r}.")
    return value


def satisfaction(value: Any, where: str) -> int:
    """1 (very dissatisfied) to 5. Raises InputError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 5:
        raise InputError(f"{where}: satisfaction must be a whole number from 1 to 5; it is {value!r}.")
    return value


def _row(line: str, keys: Sequence[str], where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where}: not JSON ({error}).") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: not a JSON object with the keys {', '.join(keys)}.")
    if missing := [key for key in keys if key not in row]:
        raise InputError(f"{where}: the key {missing[0]} is missing; a row needs {', '.join(keys)}.")
    return row
