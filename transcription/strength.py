"""Whether a speech model understands enough of a language: what was measured with it, else what its size lets expect."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

from avasanj.errors import LastingError
from transcription import ctc_folder, model_folder, weights
from transcription.model_folder import CTC

MEASURED = "measured.json"
#: from this share of wrong words on, a transcript misleads more than it tells
WEAK_FROM_WER = 0.5
#: a measurement on fewer words is chance
FEWEST_WORDS = 200
#: Whisper's medium (769 million) mishears 48 % of clean Persian, small 74 %, base 93 %; turbo has 809 million
_PERSIAN_FROM_PARAMETERS = 790_000_000
_SMALL_NAMES = re.compile(r"(?<![a-z])(tiny|base|small|medium)(?![a-z])", re.IGNORECASE)
_ENGLISH_NAMES = re.compile(r"\.en\b")


def too_weak(folder: Path, language: str) -> bool:
    """Whether the model is too weak for the language, by the first of these that tells.

    Its word error rate as `avasanj evaluate speech --keep` measured it; the letters that it writes; whether it was made
    for English alone; for Persian its size; and where there is no model, its name.
    """
    known = measured(folder, language)
    if known is not None:
        return bool(known["wer"] >= WEAK_FROM_WER)
    try:
        if model_folder.kind(folder) == CTC:
            return not ctc_folder.CtcFolder(folder).writes(language)
        shape = weights.read(folder / "model.bin")
    except LastingError:
        english_only, small = bool(_ENGLISH_NAMES.search(folder.name)), bool(_SMALL_NAMES.search(folder.name))
    else:
        english_only, small = shape.english_only, shape.large < _PERSIAN_FROM_PARAMETERS
    return (english_only and language != "en") or (small and language == "fa")


def measured(folder: Path, language: str) -> dict[str, Any] | None:
    """What was measured with these weights in this language on enough words; None where nothing was."""
    try:
        found = json.loads((folder / MEASURED).read_text(encoding="utf-8"))[language]
        enough = found["words"] >= FEWEST_WORDS and isinstance(found["wer"], float)
        return found if enough and found["weights_bytes"] == _weights_bytes(folder) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(folder: Path, language: str, figures: dict[str, Any]) -> None:
    """Write a measurement beside the model, in the place of the language's one before."""
    path = folder / MEASURED
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    known[language] = figures | {
        "weights_bytes": _weights_bytes(folder),
        "measured_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    made = path.with_suffix(".new")
    made.write_text(json.dumps(known, ensure_ascii=False, indent=2, sort_keys=True), encoding="utf-8")
    made.replace(path)


def _weights_bytes(folder: Path) -> int:
    return sum(
        (folder / name).stat().st_size for name in ("model.bin", *ctc_folder.WEIGHTS) if (folder / name).is_file()
    )
