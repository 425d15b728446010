"""How true a speech model is, on recordings whose words are known: error rates, and words made of no speech at all."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avasanj.errors import InputError
from telephony.tables import Party
from transcription.engine import SpeechEngine
from transcription.legs import Leg
from transcription.word_errors import Compared, Errors, compare, words

#: (what is being done, rows done, rows in all)
Progress = Callable[[str, int, int], None]
#: recordings that are read at once, so that their windows fill batches together
_AT_ONCE = 4
_MOST_NAMED = 8


@dataclass(frozen=True, kw_only=True)
class Row:
    """One recording and what is said in it."""

    line: int  #: of the data file, from 1
    path: Path
    text: str  #: empty: nobody speaks


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the engine made of a row."""

    row: Row
    heard: str
    compared: Compared
    invented: int  #: words heard where nobody speaks
    dropped: int  #: stretches whose text was not believed
    problem: str = ""  #: why the recording could not be heard


def read_rows(path: Path) -> list[Row]:
    """The rows of a file of JSON lines `{"file", "text"}`; file names without a folder are beside it.

    Raises InputError that names each line that can't be used (the first of them, and how many more).
    """
    rows, wrong = [], []
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append(_row(number, line, path.parent))
        except InputError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = f" … and {len(wrong) - _MOST_NAMED} more lines." if len(wrong) > _MOST_NAMED else ""
        raise InputError(f"{path} can't be used. " + " ".join(wrong[:_MOST_NAMED]) + more)
    if not rows:
        raise InputError(f'{path} has no rows. Each line is {{"file": "a.wav", "text": "what is said in it"}}.')
    return rows


def _row(number: int, line: str, folder: Path) -> Row:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise InputError(f"is not JSON ({error}).") from None
    if not isinstance(found, dict) or not isinstance(found.get("file"), str) or not found["file"]:
        raise InputError('has no "file", the recording\'s name.')
    if not isinstance(found.get("text"), str):
        raise InputError('has no "text", what is said in the recording ("" where nobody speaks).')
    path = folder / found["file"]
    if not path.is_file():
        raise InputError(f"there is no file {path}.")
    return Row(line=number, path=path, text=found["text"])


def outcomes(rows: Sequence[Row], engine: SpeechEngine, language: str, progress: Progress) -> Iterator[Outcome]:
    """What the engine makes of each row, in their order."""

    def of(row: Row) -> Outcome:
        leg = Leg(recording_id=row.line, party=Party.CUSTOMER, path=row.path, channel=None, start_s=0.0)
        heard = engine.transcribe([leg], language)
        text = " ".join(one.text for one in heard.spoken)
        speech = bool(words(row.text, language))
        return Outcome(
            row=row,
            heard=text,
            compared=compare(row.text, text if speech else "", language),
            invented=0 if speech else len(words(text, language)),
            dropped=len(heard.dropped),
            problem=heard.problems.get(row.line, ""),
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, outcome in enumerate(pool.map(of, rows), 1):
            progress("Listening", done, len(rows))
            yield outcome


def figures(found: Iterable[Outcome]) -> dict[str, Any]:
    """`wer, cer, substitutions, deletions, insertions, invented_words, n` and what they rest on.

    Rates and edits are over the rows with speech; `invented_words` are those heard in the rows without. Recordings that could
    not be heard are named in `problems` and count in nothing else. A rate over nothing is None.
    """
    every = list(found)
    used = [one for one in every if not one.problem]
    in_words = sum((one.compared.words for one in used), Errors())
    in_characters = sum((one.compared.characters for one in used), Errors())
    return {
        "wer": _rounded(in_words.rate),
        "cer": _rounded(in_characters.rate),
        "substitutions": in_words.substitutions,
        "deletions": in_words.deletions,
        "insertions": in_words.insertions,
        "invented_words": sum(one.invented for one in used),
        "n": len(used),
        "words": in_words.length,
        "characters": in_characters.length,
        "without_speech": sum(not one.compared.words.length for one in used),
        "dropped": sum(one.dropped for one in used),
        "problems": [
            {"line": one.row.line, "file": str(one.row.path), "problem": one.problem} for one in every if one.problem
        ],
    }


def worst(found: Iterable[Outcome], count: int) -> list[Outcome]:
    """The rows with the most wrong or invented words, the worst first; rows without a fault are left out."""
    ranked = sorted(found, key=lambda one: (-one.compared.words.edits - one.invented, one.row.line))
    return list(itertools.takewhile(lambda one: one.compared.words.edits + one.invented > 0, ranked[:count]))


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)
