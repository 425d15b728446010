"""A transcript made elsewhere, read from its JSON file."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from telephony.tables import Party
from transcription.turns import Said

_EXAMPLE = '{"language": "fa", "source": "…", "turns": [{"party": "agent", "start_s": 0.5, "end_s": 2.1, "text": "…"}]}'
_MOST_BYTES = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A transcript as its file gives it. Seconds on the clock of the recordings."""

    language: str
    source: str  #: who or what made it, shown with the transcript
    turns: list[Said]  #: by start


def read(path: Path) -> Elsewhere:
    """Read and check the file; InputError names the place in it that is wrong."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(
                f"The transcript {path} is over {_MOST_BYTES // 1_000_000} MB, too large to be one call's."
            )
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(
            f"The transcript is not at {path}. Put it there or take it out of the archive's CSV."
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"The transcript {path} is not UTF-8 text. Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InputError(f"The transcript {path} is not JSON: line {error.lineno}, {error.msg}.") from None
    except RecursionError:
        raise InputError(f"The transcript {path} is nested too deeply to be a transcript.") from None
    except OSError as error:
        raise InputError(f"The transcript {path} can't be read: {error.strerror}.") from error
    return parse(content, str(path))


def parse(content: Any, name: str) -> Elsewhere:
    """Check a transcript's content; `name` says in errors where it comes from."""
    if not isinstance(content, dict):
        raise InputError(f"The transcript {name} is not one JSON object. It should look like {_EXAMPLE}")
    language, turns = content.get("language"), content.get("turns")
    if not isinstance(language, str) or not 2 <= len(language) <= 5:
        raise InputError(f'The transcript {name}: "language" is {language!r}; give a code as "fa" or "en".')
    source = content.get("source")
    if not isinstance(source, str) or not source.strip():
        raise InputError(f'The transcript {name}: "source" is {source!r}; say who or what made the transcript.')
    if not isinstance(turns, list):
        raise InputError(f'The transcript {name}: "turns" is missing or not a list. It should look like {_EXAMPLE}')
    said = [_turn(turn, f"The transcript {name}, turn {number}") for number, turn in enumerate(turns, 1)]
    return Elsewhere(
        language=language, source=source.strip(), turns=sorted(said, key=lambda s: (s.start_s, s.end_s, s.party))
    )


def _turn(turn: Any, place: str) -> Said:
    if not isinstance(turn, dict):
        raise InputError(f"{place}: is not an object with party, start_s, end_s and text.")
    try:
        party = Party(str(turn.get("party")))
    except ValueError:
        raise InputError(f'{place}: "party" is {turn.get("party")!r}; it can be customer, agent or mixed.') from None
    start_s, end_s = (_seconds(turn.get(key), f'{place}: "{key}"') for key in ("start_s", "end_s"))
    if end_s < start_s:
        raise InputError(f"{place}: ends at {end_s:g} s, before its start at {start_s:g} s.")
    text = turn.get("text")
    if not isinstance(text, str) or not text.strip():
        raise InputError(f'{place}: "text" is {text!r}; give the words, or leave the turn out.')
    if "\x00" in text:
        raise InputError(f'{place}: "text" holds a NUL character.')
    return Said(party=party, start_s=start_s, end_s=end_s, text=text.strip())


def _seconds(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise InputError(f"{place} is {value!r}; give seconds from the recording's start, as a number.")
    return float(value)
