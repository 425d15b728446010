"""Phrases with slots, which each call fills in with words of its own: names, a number, what the customer said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from scoring.phrase_patterns import MOST_GUESSES, Pattern, pattern, pattern_words, slots_of, unknown_slot
from scoring.search_text import folded_words

#: Stands for the words of a slot of which none is in a text; no text has it.
_NO_WORD = "\ue001"
_NEVER = re.compile("(?!)")


class Filling:
    """What fills the slots of some phrases. Words come into their search form when they are first asked for: mostly they never are."""

    def __init__(self, slots: Mapping[str, Iterable[str]]) -> None:
        self._given = {name: tuple(words) for name, words in slots.items()}
        self._ready: dict[str, tuple[str, ...]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def is_empty(self, name: str) -> bool:
        return not self._given[name]

    def words(self, name: str) -> tuple[str, ...]:
        if name not in self._ready:
            self._ready[name] = folded_words(self._given[name])
        return self._ready[name]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._given)


@dataclass(frozen=True)
class Slotted:
    """A pattern with slots. Of the words that fill them only those that stand in a text are compiled for it: a customer says hundreds."""

    text: str
    slots: tuple[str, ...]
    filling: Filling = field(repr=False)
    needles: tuple[str, ...]

    def may_be_in(self, text: str) -> bool:
        return not self.needles or any(needle in text for needle in self.needles)

    def compiled(self) -> re.Pattern[str]:
        return self._with({name: self.filling.words(name) for name in self.slots})

    def compiled_for(self, text: str) -> re.Pattern[str]:
        return self._with(
            {
                name: tuple(word for word in words if word in text) or (_NO_WORD,)
                for name in self.slots
                if (words := self.filling.words(name))
            }
        )

    def _with(self, words: Mapping[str, tuple[str, ...]]) -> re.Pattern[str]:
        if len(words) < len(self.slots):
            return _NEVER
        found = pattern(self.text, tuple((name, words[name]) for name in self.slots))
        return _NEVER if found is None else found.compiled()


@dataclass(frozen=True)
class Sought:
    """Patterns by the letters that must be in a text for them to be worth trying; those without such letters are tried on every text."""

    patterns: tuple[Pattern | Slotted, ...]
    by_needle: tuple[tuple[str, tuple[Pattern | Slotted, ...]], ...] = field(init=False)
    always: tuple[Pattern | Slotted, ...] = field(init=False)

    def __post_init__(self) -> None:
        found: dict[str, list[Pattern | Slotted]] = {}
        for one in self.patterns:
            for needle in one.needles:
                found.setdefault(needle, []).append(one)
        object.__setattr__(self, "by_needle", tuple((needle, tuple(some)) for needle, some in found.items()))
        object.__setattr__(self, "always", tuple(one for one in self.patterns if not one.needles))


def sources(patterns: tuple[str, ...], filling: Filling) -> tuple[Sought, Sought]:
    """All patterns that a text can be searched for: those without slots, which are the same for all, and those with.

    Patterns whose slots are empty are left out.
    """
    fixed, open_ = _parted(patterns)
    slotted = tuple(found for text in open_ if (found := _slotted(text, filling)) is not None)
    return fixed, Sought(slotted) if slotted else _NONE


_NONE = Sought(())


@lru_cache(maxsize=4096)
def _parted(patterns: tuple[str, ...]) -> tuple[Sought, tuple[str, ...]]:
    """Those without slots as patterns, and those with slots as they are written."""
    fixed = [found for text in patterns if not slots_of(text) and (found := pattern(text, ())) is not None]
    return Sought(tuple(fixed)), tuple(text for text in patterns if slots_of(text))


def _slotted(text: str, filling: Filling) -> Slotted | None:
    names = slots_of(text)
    if unknown := [name for name in names if name not in filling]:
        raise unknown_slot(text, f"{{{unknown[0]}}}", filling.names)
    needles = _fixed_needles(text, names)
    if any(filling.is_empty(name) for name in names):
        return None
    if needles is None:  # nothing but slots to look for
        words = filling.words(names[0]) if f"{{{names[0]}}}" in pattern_words(text) else ()
        needles = words if len(words) <= MOST_GUESSES else ()
    return Slotted(text=text, slots=tuple(dict.fromkeys(names)), filling=filling, needles=needles)


@lru_cache(maxsize=4096)
def _fixed_needles(text: str, names: tuple[str, ...]) -> tuple[str, ...] | None:
    """Letters of which one is in every text with the pattern, whatever fills the slots; None where the slots alone tell."""
    found = pattern(text, tuple((name, (_NO_WORD,)) for name in dict.fromkeys(names)))
    return found.needles if found and found.needles and _NO_WORD not in found.needles else None
