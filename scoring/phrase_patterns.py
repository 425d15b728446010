"""Phrase patterns as regular expressions over text in search form (`scoring/phrases.py`). What a pattern may hold is told there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.persian import normalise
from scoring import persian_verbs
from scoring.persian_spelling import VARIANTS, certain, fold, spelled
from scoring.search_text import SHORT_FORMS

LAST_MISSING = N_("The phrase “%(phrase)s” ends with a word that may be missing: leave the word out.")
BAD_FORM = N_("The phrase “%(phrase)s” can't be read: no (a|b) within another, words on both sides of “...”.")
LONE_BAR = N_("The phrase “%(phrase)s” has a | outside of brackets: write (a|b).")
TOO_MUCH = N_(
    "The phrase “%(phrase)s” is too long, or has more than %(most)s “...”, or two in a row: make two groups under near of it."
)
MANY_OPTIONAL = N_(
    "The phrase “%(phrase)s” has more than %(most)s words that may be missing (?): make two phrases of it."
)
UNKNOWN_SLOT = N_("The phrase “%(phrase)s” has the unknown slot %(slot)s; known are %(known)s.")
UNKNOWN_VERB = N_("The phrase “%(phrase)s” has the unknown verb [%(verb)s]; known are %(known)s.")
FAULTS = (LAST_MISSING, BAD_FORM, LONE_BAR, TOO_MUCH, MANY_OPTIONAL, UNKNOWN_SLOT, UNKNOWN_VERB)

ARABIC = re.compile("[\u0600-\u06ff]")
#: A group with what is attached to it, or a word.
_PATTERN_WORD = re.compile(r"[^\s()]*\([^()]*\)[^\s()]*|\S+")
_LONE_BRACKET = re.compile(r"^[^(]*\)|\([^)]*$|\(.*\(")
_GROUP = re.compile(r"\([^()]*\)")
_VERB = re.compile(r"\[([^\[\]]+)\]")
#: Stands for a verb while the rest of its word is read; no text has it.
_VERB_MARK = "\ue000"
_PERSIAN_RUN = re.compile("[\u0621-\u063a\u0641-\u06d3]+")
_RUN = re.compile(r"[^\W_]+")
#: Words that follow "this is" or a title without being a name.
_NO_NAME = (
    "a an the about for from in on at to your our my not just it this that so very here there what when where how why who "
    "because with calling going trying looking sorry afraid glad happy sure ready back still also only now good morning "
    "afternoon evening customer support service billing sales technical company speaking and but or please thanks internet "
    "really all "
    "به از من رو را این ان که تو شما ما در با برای اگه اگر چی چه یه یک هم دیگه بله نه خب لطفا عزیز محترم واحد شرکت بخش قسمت "
    "خدمت کارشناس"
)
#: Up to five words; a "not" among them would turn the phrase round.
_GAP = r"(?:(?!(?:not|never)\b)\w+ ){0,5}?"
#: Endings that are written apart, joined or with a ZWNJ: plural, possession, ezafe, the object's را.
_APART = "(?: (?:ی|ها|های|هایی|ام|ات|اش|مان|تان|شان|مون|تون|شون|را|رو))?"
#: Whom it is done to, joined to the noun before a verb: زنگتون می‌زنم
_PRONOUN = "(?:شون|تون|مون|شان|تان|مان|ش|ت|م)?"
#: The endings of a noun that `~` stands for.
_ENDING = (
    "(?: ?(?:هایی|های|ها|ا))?(?: ?(?:ایی|ای|یی|ی))?(?: ?(?:ا?مون|ا?تون|ا?شون|ا?مان|ا?تان|ا?شان|ا?م|ا?ت|ا?ش))?"
    "(?: ?(?:رو|را|و|ه|ست))?"
)
MOST_GUESSES = 64
#: Each gap multiplies what is tried.
_MOST_GAPS = 3
#: Each word that may be missing doubles it.
_MOST_OPTIONAL = 6
_MOST_LETTERS = 1000


_NAME = rf"(?!(?:{'|'.join(fold(word) for word in _NO_NAME.split())})\b)[^\W\d]\w+"


@dataclass(frozen=True)
class Pattern:
    """One pattern: its regular expression, and letters of which one must be in a text for it to be worth trying."""

    source: str
    needles: tuple[str, ...]

    def may_be_in(self, text: str) -> bool:
        for needle in self.needles:  # a loop is twice as fast as any(), and this is asked of every phrase and turn
            if needle in text:
                return True
        return not self.needles

    def compiled(self) -> re.Pattern[str]:
        return _compiled(self.source)

    def compiled_for(self, _text: str) -> re.Pattern[str]:
        return _compiled(self.source)


@lru_cache(maxsize=20_000)
def _compiled(source: str) -> re.Pattern[str]:
    return re.compile(f"(?<!\\w)(?:{source})(?!\\w)")


@lru_cache(maxsize=20_000)
def pattern(text: str, slots: tuple[tuple[str, tuple[str, ...]], ...]) -> Pattern | None:
    """The pattern; None when one of its slots has nothing in it. Raises InputError naming a pattern that can't be read.

    `slots` are those that the pattern names, each with its words.
    """
    words = pattern_words(text)
    known = dict(slots)
    out, guesses = "", list[tuple[str, ...]]()
    for number, word in enumerate(words):
        last = number == len(words) - 1
        if word == "...":
            out += _GAP
            continue
        optional = word.endswith("?")
        part = _word_source(word.removesuffix("?"), known, text)
        if part is None:
            return None
        joint = "" if last else _joint(word, words[number + 1])
        if optional and last:
            raise InputError(LAST_MISSING, phrase=text)
        if not optional:
            guesses.append(_needles(word, known))
        out += f"(?:{part}{joint})?" if optional else part + joint
    fit = [one for one in guesses if one and len(one) <= MOST_GUESSES and min(map(len, one)) > 0]
    return Pattern(source=out, needles=max(fit, key=lambda one: (min(map(len, one)), -len(one)), default=()))


@lru_cache(maxsize=20_000)
def slots_of(text: str) -> tuple[str, ...]:
    """The slots that a pattern names, {name} left out: it is filled in by no one."""
    return tuple(name for name in re.findall(r"\{(\w+)\}", text) if name != "name")


def unknown_slot(text: str, slot: str, known: Iterable[str]) -> InputError:
    return InputError(UNKNOWN_SLOT, phrase=text, slot=slot, known=["{name}", *(f"{{{one}}}" for one in known)])


def plain_pattern(text: str) -> str:
    text = normalise(text).replace("’", "'").replace("آ", "ا")
    for short, long in SHORT_FORMS:
        text = short.sub(long, text)
    return fold(text)


def pattern_words(text: str) -> list[str]:
    words = _PATTERN_WORD.findall(re.sub(r"\*+", "*", plain_pattern(text)))
    gaps = words.count("...")
    if not words or "..." in {words[0], words[-1]} or any(_LONE_BRACKET.search(word) for word in words):
        raise InputError(BAD_FORM, phrase=text)
    if any("|" in _GROUP.sub("", word) for word in words):
        raise InputError(LONE_BAR, phrase=text)
    if gaps > _MOST_GAPS or len(text) > _MOST_LETTERS or ("...", "...") in pairwise(words):
        raise InputError(TOO_MUCH, phrase=text, most=_MOST_GAPS)
    if sum(word.endswith("?") for word in words) > _MOST_OPTIONAL:
        raise InputError(MANY_OPTIONAL, phrase=text, most=_MOST_OPTIONAL)
    return words


def _word_source(word: str, slots: Mapping[str, tuple[str, ...]], text: str) -> str | None:
    if word == "{name}":
        return _NAME
    if word.startswith("{"):
        name = word.strip("{}")
        if name not in slots:
            raise unknown_slot(text, word, slots)
        return "(?:" + "|".join(map(re.escape, slots[name])) + ")" if slots[name] else None
    if not ARABIC.search(word):
        return _english(word)
    verbs = _VERB.findall(word)
    source = re.escape(_VERB.sub(_VERB_MARK, word))
    source = source.replace(r"\(", "(?:").replace(r"\)", ")").replace(r"\|", "|").replace(r"\ ", " ?")
    source = re.sub(f"({_PERSIAN_RUN.pattern})(\\\\[*~])?", lambda run: run[0] if run[2] else spelled(run[1]), source)
    source = source.replace(r"\*", r"\w*").replace(r"\~", _ENDING)
    for verb in verbs:
        source = source.replace(_VERB_MARK, _verb(verb, text), 1)
    return source


def _english(word: str) -> str:
    """`~` stands for the endings of a verb or a noun."""
    source = re.escape(word).replace(r"\(", "(?:").replace(r"\)", ")").replace(r"\|", "|").replace(r"\ ", " ")
    source = re.sub(r"e\\~", "(?:es|ed|ing|er|ers|e)", source)
    source = re.sub(r"y\\~", "(?:ying|ies|ied|ys|yed|y)", source)
    source = re.sub(r"([a-z])\\~", r"\1(?:s|es|ed|ing|er|ers|\1ed|\1ing)?", source)
    return source.replace(r"\*", r"\w*")


def _verb(verb: str, text: str) -> str:
    verb = _infinitive(verb)
    if not persian_verbs.is_known(verb):
        raise InputError(UNKNOWN_VERB, phrase=text, verb=verb, known=[*persian_verbs.STEMS])
    return fold(persian_verbs.source(verb))


def _infinitive(folded: str) -> str:
    """A verb's own spelling, whose letters were folded with the rest of the pattern."""
    infinitive, colon, person = folded.partition(":")
    return next((one for one in persian_verbs.STEMS if fold(one) == infinitive), infinitive) + colon + person


def _joint(word: str, following: str) -> str:
    """Between two Persian words a space may be missing, or an ending of the first stand apart."""
    if not ARABIC.search(word) or not ARABIC.search(following):
        return " "
    return f"{_PRONOUN if following.lstrip('(').startswith('[') else ''}{_APART} ?"


def _needles(word: str, slots: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Letters of which one is in every text that the word is found in; empty where that can't be said."""
    if word == "{name}":
        return ()
    if word.startswith("{"):
        return slots.get(word.strip("{}"), ())
    outside = _longest(_VERB.sub("", re.sub(r"\([^()]*\)", "(", word)))
    if outside:
        return outside
    groups = re.search(r"\(([^()]*)\)", word)
    choices = [_of_choice(choice) for choice in (groups[1] if groups else word).split("|")]
    return tuple(one for choice in choices for one in choice) if all(choices) else ()


def _of_choice(choice: str) -> tuple[str, ...]:
    found = _VERB.search(choice)
    own = _longest(_VERB.sub("", choice))
    if own or not found or not persian_verbs.is_known(_infinitive(found[1])):
        return own
    return tuple(fold(one).split()[0] for one in persian_verbs.needles(_infinitive(found[1])))


def _longest(text: str) -> tuple[str, ...]:
    """The longest certain run of letters, in all its spellings; none of one letter."""
    best: tuple[str, ...] = ()
    for found in _RUN.finditer(text):
        run, after = found[0], text[found.end() : found.end() + 1]
        if after == "*":
            choices: tuple[str, ...] = (run,)
        elif ARABIC.search(run):
            choices = tuple(max(one.split(), key=len) for one in VARIANTS[run]) if run in VARIANTS else (certain(run),)
        else:
            choices = (run[:-1] if after == "~" and run[-1] in "ey" else run,)
        if min(map(len, choices)) > max(1, min(map(len, best), default=0)):
            best = choices
    return best
