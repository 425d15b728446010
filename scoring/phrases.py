"""Finding phrases in speech, in Persian and English, whatever their spelling.

A pattern is a row of words. `word*` stands for any ending, `(a|b c)` for either, `word?` may be missing, `...` bridges up to five words,
`{name}` is any word that can be a name, and other slots are filled in by the caller. Persian words that follow each other may be written
joined, with a space or with a ZWNJ; so a pattern puts a space (or ZWNJ) wherever one may stand: `می خوام` finds می‌خوام and میخوام.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from avasanj.persian import normalise

_CLAUSE_END = re.compile(r"[.!?؟،؛,;:…\n]+|\s[-–—]+\s")
_NOT_WORD = re.compile(r"[^\w ]+")
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")
#: A group with what is attached to it, or a word.
_PATTERN_WORD = re.compile(r"[^\s()]*\([^()]*\)[^\s()]*|\S+")
_LONE_BRACKET = re.compile(r"^[^(]*\)|\([^)]*$|\(.*\(")
_ARABIC = re.compile("[\u0600-\u06ff]")
_SHORT = (
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
#: Words that follow "this is" or a title without being a name.
_NO_NAME = (
    "a an the about for from in on at to your our my not just it this that so very here there what when where how why who "
    "because with calling going trying looking sorry afraid glad happy sure ready back still also only now good morning "
    "afternoon evening customer support service billing sales technical company speaking and but or please thanks internet "
    "really all "
    "به از من رو را این ان که تو شما ما در با برای اگه اگر چی چه یه یک هم دیگه بله نه خب لطفا عزیز محترم واحد شرکت بخش قسمت "
    "خدمت کارشناس"
)
_NAME = rf"(?!(?:{'|'.join(_NO_NAME.split())})\b)[^\W\d]\w+"
#: Up to five words; a "not" among them would turn the phrase round.
_GAP = r"(?:(?!(?:not|never)\b)\w+ ){0,5}?"
_BEFORE_EN = frozenset(["not", "no", "never", "without", "hardly", "nothing", "neither"])
_NEGATED_FA = re.compile(r"نمی\w*|نیست\w*|ندار\w*|ندارم|نکن\w*|نشد\w*|نباش\w*|نبود\w*|نخواست\w*")
_BEFORE_FA = frozenset(["بدون", "نه", "هیچ"])


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A text in the form in which phrases are sought, and where its clauses begin (offsets into `text`)."""

    text: str
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
    text = normalise(text).replace("’", "'").replace("آ", "ا")
    for pattern, long in _SHORT:
        text = pattern.sub(long, text)
    text = _DRAWN_OUT.sub(r"\1", _NOT_WORD.sub(" ", text))
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def prepare(text: str) -> Prepared:
    """The whole text for `Phrases.find`."""
    clauses, parts, at = [], [], 0
    for clause in _CLAUSE_END.split(text):
        part = plain(clause)
        if part:
            clauses.append(at)
            parts.append(part)
            at += len(part) + 1
    return Prepared(text=" ".join(parts), clauses=tuple(clauses) or (0,))


@dataclass(frozen=True)
class Phrases:
    """A set of patterns. Raises ValueError naming the pattern that can't be read."""

    patterns: tuple[str, ...]
    _compiled: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __init__(self, patterns: Iterable[str], slots: Mapping[str, Iterable[str]] | None = None) -> None:
        object.__setattr__(self, "patterns", tuple(patterns))
        sources = [source for pattern in self.patterns if (source := _source(pattern, slots or {}))]
        whole = re.compile("(?<!\\w)(?:" + "|".join(sources) + ")(?!\\w)") if sources else None
        object.__setattr__(self, "_compiled", whole)

    def find(self, text: str) -> list[Hit]:
        """All places, in order."""
        prepared = prepare(text)
        if self._compiled is None:
            return []
        return [
            Hit(
                words=found.group(),
                negated=_negated(prepared, found.start(), found.end()),
                start=found.start(),
                end=found.end(),
            )
            for found in self._compiled.finditer(prepared.text)
        ]


def _negated(prepared: Prepared, start: int, end: int) -> bool:
    """Whether the clause denies what was found: "not going to cancel", «شکایتی ندارم»."""
    first, last = prepared.clause(start)
    ahead = prepared.text[first:start].split()[-4:]
    behind = prepared.text[end:last].split()[:3]
    if _ARABIC.search(prepared.text[start:end]):
        return bool(_BEFORE_FA & set(ahead[-2:])) or any(_NEGATED_FA.fullmatch(word) for word in [*ahead[-2:], *behind])
    return bool(_BEFORE_EN & set(ahead))


def _source(pattern: str, slots: Mapping[str, Iterable[str]]) -> str | None:
    """The pattern as a regular expression; None when one of its slots has nothing in it."""
    words = _pattern_words(pattern)
    out = ""
    for number, word in enumerate(words):
        last = number == len(words) - 1
        if word == "...":
            out += _GAP
            continue
        optional = word.endswith("?")
        part = _word_source(word.removesuffix("?"), slots, pattern)
        if part is None:
            return None
        joint = "" if last else _joint(word, words[number + 1])
        if optional and last:
            msg = f"The phrase {pattern!r} ends with a word that may be missing: leave the word out."
            raise ValueError(msg)
        out += f"(?:{part}{joint})?" if optional else part + joint
    return out


def _pattern_words(pattern: str) -> list[str]:
    text = normalise(pattern).replace("’", "'").replace("آ", "ا")
    for short, long in _SHORT:
        text = short.sub(long, text)
    words = _PATTERN_WORD.findall(text)
    if not words or "..." in {words[0], words[-1]} or any(_LONE_BRACKET.search(word) for word in words):
        msg = f"The phrase {pattern!r} can't be read: no (a|b) within another, words on both sides of '...'."
        raise ValueError(msg)
    return words


def _word_source(word: str, slots: Mapping[str, Iterable[str]], pattern: str) -> str | None:
    if word == "{name}":
        return _NAME
    if word.startswith("{"):
        name = word.strip("{}")
        if name not in slots:
            msg = f"The phrase {pattern!r} has the unknown slot {word}; known are {{name}}, {', '.join(f'{{{slot}}}' for slot in slots)}."
            raise ValueError(msg)
        choices = sorted({plain(choice) for choice in slots[name]} - {""}, key=len, reverse=True)
        return "(?:" + "|".join(map(re.escape, choices)) + ")" if choices else None
    source = re.escape(word).replace(r"\(", "(?:").replace(r"\)", ")").replace(r"\|", "|").replace(r"\*", r"\w*")
    return source.replace("\\ ", " ?" if _ARABIC.search(word) else " ")


def _joint(word: str, following: str) -> str:
    """Between two Persian words a space may be missing."""
    return " ?" if _ARABIC.search(word) and _ARABIC.search(following) else " "
