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
from itertools import accumulate

from avasanj.errors import InputError
from avasanj.i18n import N_
from scoring.phrase_patterns import ARABIC, Pattern, slots_of
from scoring.phrase_slots import Filling, Slotted, Sought, sources
from scoring.search_text import Prepared, plain, prepare, prepare_all

__all__ = ["Hit", "Phrases", "Prepared", "plain", "prepare"]
NO_SENSE = N_("The phrase “%(phrase)s” can't be read: look at its brackets and signs.")
_BEFORE_EN = frozenset(["not", "no", "never", "without", "hardly", "nothing", "neither"])
_NEGATED_FA = re.compile(r"نمی\w*|نیست\w*|ندار\w*|ندارم|نکن\w*|نشد\w*|نباش\w*|نبود\w*|نخواست\w*")
_BEFORE_FA = frozenset(["بدون", "نه", "هیچ"])


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A phrase that was found: the words (in search form) and whether a negation turns them round."""

    words: str
    negated: bool
    start: int
    end: int


@dataclass(frozen=True)
class Texts:
    """Some texts made ready and laid end to end, so that a phrase is looked for in all of them at once."""

    each: tuple[Prepared, ...]
    whole: str = field(init=False)
    starts: tuple[int, ...] = field(init=False)  #: where each begins in `whole`

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", "\n".join([one.folded for one in self.each]))
        lengths = [0, *(len(one.folded) + 1 for one in self.each)]
        object.__setattr__(self, "starts", tuple(accumulate(lengths)))

    def add_likely(self, sought: Sought, likely: dict[int, dict[int, Pattern | Slotted]]) -> None:
        """Put down, by the place of a text, the patterns that may be in it."""
        whole, starts = self.whole, self.starts
        for needle, patterns in sought.by_needle:
            at = whole.find(needle)
            while at >= 0:
                number = bisect_right(starts, at) - 1
                known = likely.setdefault(number, {})
                for one in patterns:
                    known[id(one)] = one
                at = whole.find(needle, starts[number + 1])
        for one in sought.always:
            for number in range(len(self.each)):
                likely.setdefault(number, {})[id(one)] = one


@lru_cache(maxsize=64)
def laid_out(texts: tuple[str, ...]) -> Texts:
    """The texts, ready; question after question looks at the same ones."""
    return Texts(tuple(prepare_all(texts)))


@dataclass(frozen=True)
class Phrases:
    """A set of patterns. Raises InputError naming the pattern that can't be read."""

    patterns: tuple[str, ...]
    _sought: tuple[Sought, Sought] = field(init=False, repr=False, compare=False)

    def __init__(self, patterns: Iterable[str], slots: Mapping[str, Iterable[str]] | None = None) -> None:
        object.__setattr__(self, "patterns", tuple(patterns))
        object.__setattr__(self, "_sought", sources(self.patterns, Filling(slots or {})))

    def check(self) -> None:
        """Raise InputError for a phrase that could be taken apart and yet makes no sense."""
        fixed, slotted = self._sought
        named = [*zip([text for text in self.patterns if not slots_of(text)], fixed.patterns, strict=True)]
        for phrase, sought in [*named, *((one.text, one) for one in slotted.patterns if isinstance(one, Slotted))]:
            try:
                sought.compiled()
            except re.error:  # whose own words speak of what was made of the phrase, not of what was written
                raise InputError(NO_SENSE, phrase=phrase) from None

    def find(self, text: str) -> list[Hit]:
        """All places, in order; of two that overlap the earlier, of two that begin together the longer."""
        prepared = prepare(text)
        patterns = [one for sought in self._sought for one in sought.patterns if one.may_be_in(prepared.folded)]
        return _hits(prepared, patterns)

    def find_in(self, texts: Sequence[str]) -> list[list[Hit]]:
        """The places in each text: as `find` for each, and many times as fast where little is found."""
        found: list[list[Hit]] = [[] for _ in texts]
        for number, hits in self.find_where(texts):
            found[number] = hits
        return found

    def find_where(self, texts: Sequence[str]) -> list[tuple[int, list[Hit]]]:
        """The texts in which something is found, by their place and in their order, with the places in them."""
        ready = laid_out(tuple(texts))
        likely: dict[int, dict[int, Pattern | Slotted]] = {}
        for sought in self._sought:
            ready.add_likely(sought, likely)
        found = [(number, _hits(ready.each[number], likely[number].values())) for number in sorted(likely)]
        return [(number, hits) for number, hits in found if hits]


def _hits(prepared: Prepared, patterns: Iterable[Pattern | Slotted]) -> list[Hit]:
    text = prepared.folded
    places = [found.span() for sought in patterns for found in sought.compiled_for(text).finditer(text)]
    hits: list[Hit] = []
    for start, end in sorted(places, key=lambda place: (place[0], -place[1])):
        if not hits or start >= hits[-1].end:
            negated = _negated(prepared, start, end)
            hits.append(Hit(words=prepared.text[start:end], negated=negated, start=start, end=end))
    return hits


def _negated(prepared: Prepared, start: int, end: int) -> bool:
    """Whether the clause denies what was found: "not going to cancel", «شکایتی ندارم»."""
    first, last = prepared.clause(start)
    ahead = prepared.text[first:start].split()[-4:]
    behind = prepared.text[end:last].split()[:3]
    if ARABIC.search(prepared.text[start:end]):
        return bool(_BEFORE_FA & set(ahead[-2:])) or any(_NEGATED_FA.fullmatch(word) for word in [*ahead[-2:], *behind])
    return bool(_BEFORE_EN & set(ahead))
