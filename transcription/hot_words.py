"""The words that a center's calls are full of: products, names, places. The speech model is told to listen for them."""

from __future__ import annotations

import csv
import math
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from avasanj.errors import InputError
from avasanj.i18n import LANGUAGES, N_
from avasanj.login import audit
from avasanj.persian import searchable
from transcription.exports import FORMULA
from transcription.tables import HotWord

#: Pieces of words that the list may take of Whisper's prompt: each is one more that every window's text is weighed against.
MOST_PIECES = 64
#: Where the model's own pieces are not at hand: one is about two bytes of a Persian word or of a foreign name (measured: 1.7
#: to 4), and a comma stands between two.
_BYTES_A_PIECE, _COMMA = 2.0, 1
#: Models that take a list of any length get no more of it.
_MOST_GIVEN = 200
MOST_CHARACTERS = 80
MOST_WORDS = 2000  #: for each language
_HEADINGS = {"word", "text", "hot word", "کلمه", "واژه"}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One word of the list, and whether the model is told of it."""

    word: HotWord
    used: bool


def pieces_of(model_dir: Path) -> Callable[[str], int]:
    """How much of the room of the model in this folder a word takes; about, where its own pieces are not at hand."""
    file = model_dir / "tokenizer.json"
    if (model_dir / "model.bin").is_file() and file.is_file():
        from tokenizers import Tokenizer

        own = Tokenizer.from_file(str(file))
        return lambda word: len(own.encode(f" {word},", add_special_tokens=False).ids)
    if model_dir.is_dir() and any(model_dir.glob("*.onnx")):
        return lambda _word: 0  # a CTC model is not told beforehand: its frames are searched for the words
    return lambda word: math.ceil(len(word.encode()) / _BYTES_A_PIECE) + _COMMA


def fitting(words: Sequence[str], pieces: Callable[[str], int]) -> int:
    """How many of the words, from the first on, the model has room for."""
    room = MOST_PIECES
    for place, word in enumerate(words[:_MOST_GIVEN]):
        room -= pieces(word)
        if room < 0:
            return place
    return min(len(words), _MOST_GIVEN)


def chosen(session: Session, language: str) -> tuple[str, ...]:
    """What the model is told to listen for in calls of this language; it takes as many as it has room for."""
    return tuple(word.text for word in _of(session, language)[:_MOST_GIVEN])


def listed(session: Session, model_dir: Path) -> dict[str, list[Listed]]:
    """All words by language, in their order, and which of them the model in this folder is told."""
    found, pieces = {}, pieces_of(model_dir)
    for language in LANGUAGES:
        words = _of(session, language)
        used = fitting([word.text for word in words], pieces)
        found[language] = [Listed(word=word, used=place < used) for place, word in enumerate(words)]
    return found


def add(session: Session, language: str, words: Iterable[str], by: uuid.UUID | None) -> int:
    """Put words at the end of the list, in their order; how many are new. One that is there in another spelling isn't.

    Raises InputError for a language that we don't know, a word that is too long, or a list that becomes too long.
    """
    if language not in LANGUAGES:
        raise InputError(N_("%(language)s is none of the languages: write fa or en."), language=language)
    there = _of(session, language, lock=True)
    known = {searchable(word.text) for word in there}
    place = max((word.position for word in there), default=0)
    new = 0
    for given in words:
        word = " ".join(given.split())
        key = searchable(word)
        if not key or key in known:
            continue
        if len(word) > MOST_CHARACTERS:
            raise InputError(
                N_("“%(word)s…” is too long: a word has at most %(most)s characters."),
                word=word[:20],
                most=MOST_CHARACTERS,
            )
        known.add(key)
        place, new = place + 1, new + 1
        session.add(HotWord(language=language, text=word, position=place, added_by=by))
    if len(there) + new > MOST_WORDS:
        raise InputError(N_("The list would have more than %(most)s words. Take some away first."), most=MOST_WORDS)
    if new:
        audit(session, by, "hot_words.added", language, count=new)
    return new


def remove(session: Session, word_ids: Sequence[int], by: uuid.UUID | None) -> int:
    """Take words away; how many there were."""
    gone = session.scalars(delete(HotWord).where(HotWord.id.in_(word_ids)).returning(HotWord.id)).all()
    if gone:
        audit(session, by, "hot_words.removed", "list", count=len(gone))
    return len(gone)


def put_first(session: Session, word_id: int, by: uuid.UUID | None) -> None:
    """Let the model be told of this word before all others of its language."""
    word = session.get_one(HotWord, word_id)
    lowest = session.scalar(select(func.min(HotWord.position)).where(HotWord.language == word.language)) or 0
    word.position = lowest - 1
    audit(session, by, "hot_words.put_first", word_id)


def read(text: str) -> list[str]:
    """Words from a list, one a line, or from a CSV file's first column; a heading and lines with # are passed over."""
    lines = text.removeprefix("\ufeff").splitlines()
    words = []
    for row in csv.reader(lines, delimiter=";" if lines and lines[0].count(";") > lines[0].count(",") else ","):
        word = row[0].strip() if row else ""
        word = word[1:] if word.startswith("'") and word[1:].startswith(FORMULA) else word  # as `exports.cell` wrote it
        if word and not word.startswith("#"):
            words.append(word)
    return words[1:] if words and words[0].casefold() in _HEADINGS else words


def _of(session: Session, language: str, *, lock: bool = False) -> list[HotWord]:
    if lock:  # two lists that are added at once go one after the other
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"hot_words:{language}"))))
    query = select(HotWord).where(HotWord.language == language).order_by(HotWord.position, HotWord.id)
    return list(session.scalars(query))
