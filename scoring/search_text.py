"""Texts in the form in which phrases are sought: one spelling a letter, clauses told apart. Whole calls are made ready at once.

Turning one long text into that form costs a fifth of what its sixty turns cost one by one, so `prepare_all` lays them end to end.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from avasanj.persian import ZWNJ, letters
from scoring.persian_spelling import fold

SHORT_FORMS = (
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'d\b"), " would"),
    (re.compile(r"'s\b"), " is"),
)
#: Between two texts, and between two clauses: no letter, no space, and in no text (PostgreSQL refuses the first).
_TEXT_END, _CLAUSE_END = "\x00", "\x01"
_CLAUSE_MARKS = re.compile(r"[.!?؟،؛,;:…\n]+|\s[-–—]+\s")
_NOT_WORD = re.compile(r"[^\w \x00\x01]+")
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")
#: So many texts are kept ready: those of a call are looked through by question after question.
_MOST_KEPT = 8192


def _single_letters() -> tuple[tuple[str, str], ...]:
    """Every letter that `avasanj.persian.letters` and the fold change by itself, with what becomes of it; never by its neighbours."""
    arabic = map(chr, [0xAD, *range(0x600, 0x700), *range(0x200B, 0x2070), 0xFEFF])
    found = {one: letters(one) for one in arabic if unicodedata.normalize("NFKC", one) == one and one != ZWNJ}
    return tuple((one, made) for one, made in found.items() if made != one)


_LETTERS = _single_letters()
_ALIKE = tuple((one, made) for one in map(chr, range(0x600, 0x700)) if (made := fold(one)) != one)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A text in the form in which phrases are sought, the same with letters folded, and where its clauses begin (offsets)."""

    text: str
    folded: str
    clauses: tuple[int, ...]

    def clause(self, at: int) -> tuple[int, int]:
        """First and last offset of the clause that holds offset `at`."""
        number = bisect_right(self.clauses, at)
        end = self.clauses[number] if number < len(self.clauses) else len(self.text)
        return self.clauses[number - 1], end


def prepare(text: str) -> Prepared:
    """The whole text for `Phrases.find`."""
    return _KNOWN.get(text) or prepare_all([text])[0]


def prepare_all(texts: Sequence[str]) -> list[Prepared]:
    """As `prepare` for each text, at a fraction of the cost."""
    found = {text: _KNOWN.get(text) for text in texts}
    unknown = [text for text, ready in found.items() if ready is None]
    if unknown:
        made = dict(zip(unknown, _made_ready(unknown), strict=True))
        found |= made
        if len(_KNOWN) + len(made) > _MOST_KEPT:
            _KNOWN.clear()
        _KNOWN.update(made)
    return [ready for text in texts if (ready := found[text])]


def plain(text: str) -> str:
    """A text without punctuation: short forms spelled out, drawn-out letters once, آ as ا."""
    return prepare(text).text


def folded_words(words: Iterable[str]) -> tuple[str, ...]:
    """Words that fill a slot, each once, the longest first; not kept, since there are many of them in a call and seldom one is sought."""
    found = {ready.folded for ready in _made_ready(tuple(words))} - {""}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


_KNOWN: dict[str, Prepared] = {}


def _made_ready(texts: Sequence[str]) -> Iterable[Prepared]:
    if not texts:
        return ()
    whole = _TEXT_END.join(texts)
    if whole.count(_TEXT_END) >= len(texts) or _CLAUSE_END in whole:  # marks that somebody wrote are no words either
        whole = _TEXT_END.join(text.replace(_TEXT_END, "\x02").replace(_CLAUSE_END, "\x02") for text in texts)
    whole = _CLAUSE_MARKS.sub(_CLAUSE_END, _spelled(whole))
    whole = whole.replace(ZWNJ, " ").replace("’", "'").replace("آ", "ا")
    if "'" in whole:
        apart = whole.replace(_TEXT_END, f" {_TEXT_END} ").replace(_CLAUSE_END, f" {_CLAUSE_END} ")
        whole = " ".join([_long(word) if "'" in word else word for word in apart.split(" ")])
    whole = _DRAWN_OUT.sub(r"\1", _NOT_WORD.sub(" ", whole))
    cut = list(map(_cut, whole.split(_TEXT_END)))
    ready = _TEXT_END.join([text for text, _ in cut])
    folded = (ready if ready.isascii() else _exchanged(ready, _ALIKE)).split(_TEXT_END)
    return [
        Prepared(text=text, folded=alike, clauses=clauses) for (text, clauses), alike in zip(cut, folded, strict=True)
    ]


def _spelled(text: str) -> str:
    """As `avasanj.persian.letters`; looking for the few letters that change is ten times as fast as looking each letter up."""
    text = unicodedata.normalize("NFKC", text)
    if not text.isascii():
        text = _exchanged(text, _LETTERS)
    return text.casefold()


def _exchanged(text: str, letters_: tuple[tuple[str, str], ...]) -> str:
    for one, made in letters_:
        if one in text:
            text = text.replace(one, made)
    return text


def _cut(text: str) -> tuple[str, tuple[int, ...]]:
    """One text whose clauses are marked, without the marks, and where its clauses begin."""
    clauses, parts, at = [], [], 0
    for clause in text.split(_CLAUSE_END):
        part = " ".join(clause.split())
        if part:
            clauses.append(at)
            parts.append(part)
            at += len(part) + 1
    return " ".join(parts), tuple(clauses) or (0,)


@lru_cache(maxsize=4096)
def _long(word: str) -> str:
    """A word with its short forms spelled out."""
    for pattern, long in SHORT_FORMS:
        word = pattern.sub(long, word)
    return word
