"""Finding phrases in speech, in Persian and English, whatever their spelling and inflection.

A pattern is a row of words. What a word may be:

    word      that word; of a Persian one also the colloquial and the formal form (کنید, کنین; اگر, اگه; شماره‌تان, شماره‌تون)
    word*     with any ending
    word~     inflected: of a noun plural, possession, ezafe, را; of an English word -s, -ed, -ing
    [کردن]    a Persian verb in every form, `[نکردن]` denied, `[کردن:من]` said of oneself (`scoring/persian_verbs.py`)
    (a|b c)   either
    word?     may be missing
    ...       bridges up to five words
    {name}    any word that can be a name; other slots are filled in by the caller

Persian words that follow each other may be written joined, with a space or with a ZWNJ, and endings such as ها, تون or را may stand between
them; so a pattern puts a space (or ZWNJ) wherever one may stand: `می خوام` finds می‌خوام and میخوام, and میخوام finds می‌خوام.
Letters that sound alike (ز ذ ض ظ, س ص ث, ت ط, ح ه, ق غ) are taken for one another.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from avasanj.persian import ZWNJ, letters
from scoring.persian_spelling import fold
from scoring.phrase_patterns import ARABIC, SHORT_FORMS, Pattern, sources

_CLAUSE_END = re.compile(r"[.!?؟،؛,;:…\n]+|\s[-–—]+\s")
_NOT_WORD = re.compile(r"[^\w ]+")
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")
_BEFORE_EN = frozenset(["not", "no", "never", "without", "hardly", "nothing", "neither"])
_NEGATED_FA = re.compile(r"نمی\w*|نیست\w*|ندار\w*|ندارم|نکن\w*|نشد\w*|نباش\w*|نبود\w*|نخواست\w*")
_BEFORE_FA = frozenset(["بدون", "نه", "هیچ"])


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


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A phrase that was found: the words (in search form) and whether a negation turns them round."""

    words: str
    negated: bool
    start: int
    end: int


def plain(text: str) -> str:
    """One clause without punctuation: short forms spelled out, drawn-out letters once, آ as ا."""
    return _plain(letters(text))


def _plain(text: str) -> str:
    """As `plain`, of text whose letters are spelled one way already."""
    text = text.replace(ZWNJ, " ").replace("’", "'").replace("آ", "ا")
    if "'" in text:
        for pattern, long in SHORT_FORMS:
            text = pattern.sub(long, text)
    text = _DRAWN_OUT.sub(r"\1", _NOT_WORD.sub(" ", text))
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def prepare(text: str) -> Prepared:
    """The whole text for `Phrases.find`."""
    clauses, parts, at = [], [], 0
    for clause in _CLAUSE_END.split(letters(text)):
        part = _plain(clause)
        if part:
            clauses.append(at)
            parts.append(part)
            at += len(part) + 1
    whole = " ".join(parts)
    return Prepared(text=whole, folded=fold(whole), clauses=tuple(clauses) or (0,))


@dataclass(frozen=True)
class Phrases:
    """A set of patterns. Raises ValueError naming the pattern that can't be read."""

    patterns: tuple[str, ...]
    _sought: tuple[Pattern, ...] = field(init=False, repr=False, compare=False)

    def __init__(self, patterns: Iterable[str], slots: Mapping[str, Iterable[str]] | None = None) -> None:
        object.__setattr__(self, "patterns", tuple(patterns))
        filled = {name: _filling(words) for name, words in (slots or {}).items()}
        object.__setattr__(self, "_sought", tuple(sources(self.patterns, filled)))

    def check(self) -> None:
        """Raise ValueError for a phrase that could be taken apart and yet makes no sense."""
        for phrase, sought in zip(self.patterns, self._sought, strict=False):
            try:
                sought.compiled()
            except re.error as error:
                msg = f"The phrase {phrase!r} can't be read: {error}."
                raise ValueError(msg) from None

    def find(self, text: str) -> list[Hit]:
        """All places, in order; of two that overlap the earlier, of two that begin together the longer."""
        return self._hits(prepare(text), self._sought)

    def find_in(self, texts: Sequence[str]) -> list[list[Hit]]:
        """The places in each text: as `find` for each, and many times as fast where little is found."""
        prepared = [prepare(text) for text in texts]
        whole = "\n".join(one.folded for one in prepared)
        likely = tuple(sought for sought in self._sought if sought.may_be_in(whole))
        return [self._hits(one, likely) if likely else [] for one in prepared]

    @staticmethod
    def _hits(prepared: Prepared, patterns: tuple[Pattern, ...]) -> list[Hit]:
        places = [
            found.span()
            for sought in patterns
            if sought.may_be_in(prepared.folded)
            for found in sought.compiled().finditer(prepared.folded)
        ]
        hits: list[Hit] = []
        for start, end in sorted(places, key=lambda place: (place[0], -place[1])):
            if not hits or start >= hits[-1].end:
                negated = _negated(prepared, start, end)
                hits.append(Hit(words=prepared.text[start:end], negated=negated, start=start, end=end))
        return hits


def _filling(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({fold(plain(word)) for word in words} - {""}, key=lambda word: (-len(word), word)))


def _negated(prepared: Prepared, start: int, end: int) -> bool:
    """Whether the clause denies what was found: "not going to cancel", «شکایتی ندارم»."""
    first, last = prepared.clause(start)
    ahead = prepared.text[first:start].split()[-4:]
    behind = prepared.text[end:last].split()[:3]
    if ARABIC.search(prepared.text[start:end]):
        return bool(_BEFORE_FA & set(ahead[-2:])) or any(_NEGATED_FA.fullmatch(word) for word in [*ahead[-2:], *behind])
    return bool(_BEFORE_EN & set(ahead))
