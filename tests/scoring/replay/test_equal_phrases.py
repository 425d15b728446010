"""Looking for phrases in a whole call at once finds what looking in each turn by itself finds, and what the plain way finds."""

import json
import random
import re
from importlib import resources

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from avasanj.persian import ZWNJ, letters
from scoring.card_file import SHIPPED, kept, shipped_text
from scoring.persian_spelling import fold
from scoring.phrase_patterns import pattern, slots_of
from scoring.phrases import Phrases, plain
from scoring.search_text import SHORT_FORMS, prepare, prepare_all

_MARKS = re.compile(r"[.!?؟،؛,;:…\n]+|\s[-–—]+\s")
_ODD = [
    "’",
    "can't",
    "won’t've",
    ZWNJ,
    "ي",
    "ك",
    "ـ",
    "هههه",
    " - ",
    "\u200f",
    "۴٣",
    "ﷲ",
    "ﬁ",
    "İ",
    "ß",
    "á",
    "\x00",
    "\x01",
    "\t",
    "؟",
]
SLOTS = {
    "agent": ["Emma", "نگار"],
    "customer_name": ["Hayes"],
    "number": ["0127"],
    "said": ["احمدی", "hayes", "invoice"],
}


def said_in_calls() -> list[str]:
    texts = []
    for language in ("en", "fa"):
        lines = (resources.files("scoring") / "data" / f"calls-{language}.jsonl").read_text(encoding="utf-8")
        texts += [turn["text"] for line in lines.splitlines() for turn in json.loads(line)["turns"]]
    return texts


def spoilt(texts: list[str], count: int) -> list[str]:
    """Texts with odd letters and marks put in anywhere."""
    chance, found = random.Random(7), []
    for _ in range(count):
        text = chance.choice(texts)
        for _ in range(chance.randrange(4)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(_ODD) + text[at:]
        found.append(text)
    return found


def one_by_one(text: str) -> tuple[str, str, tuple[int, ...]]:
    """The search form, clause by clause, by the functions that say what it is."""
    clauses, parts, at = [], [], 0
    for clause in _MARKS.split(letters(text)):
        part = clause.replace(ZWNJ, " ").replace("’", "'").replace("آ", "ا")
        for short, long in SHORT_FORMS:
            part = short.sub(long, part)
        part = " ".join(re.sub(r"([^\W\d])\1{2,}", r"\1", re.sub(r"[^\w ]+", " ", part)).split())
        if part:
            clauses.append(at)
            parts.append(part)
            at += len(part) + 1
    whole = " ".join(parts)
    return whole, fold(whole), tuple(clauses) or (0,)


def places(patterns: tuple[str, ...], text: str) -> set[tuple[int, int]]:
    """Where any of the phrases stands, each compiled with all that its slots hold and tried on the whole text."""
    filled = {
        name: tuple(sorted({fold(plain(word)) for word in words}, key=len, reverse=True))
        for name, words in SLOTS.items()
    }
    folded = one_by_one(text)[1]
    found = set()
    for one in patterns:
        made = pattern(one, tuple((name, filled[name]) for name in slots_of(one)))
        found |= {hit.span() for hit in made.compiled().finditer(folded)}
    return found


def first_and_longest(found: set[tuple[int, int]]) -> list[tuple[int, int]]:
    kept_places: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda place: (place[0], -place[1])):
        if not kept_places or start >= kept_places[-1][1]:
            kept_places.append((start, end))
    return kept_places


def all_wordings() -> list[tuple[str, ...]]:
    found = []
    for name in SHIPPED:
        for question in kept(shipped_text(name)).questions:
            rules = [question.rule, *(option.rule for option in question.options)]
            for rule in filter(None, rules):
                found += [group.all for group in (rule.any_of, rule.none_of, *rule.all_of, *rule.near)]
            found.append(question.na_when.all)
    customers = yaml.safe_load(
        (resources.files("scoring") / "data" / "customer_phrases.yaml").read_text(encoding="utf-8")
    )
    return [one for one in [*found, *map(tuple, customers.values())] if one]


def test_a_call_made_ready_at_once_is_as_each_turn_by_itself():
    texts = spoilt(said_in_calls(), 2500)
    for start in range(0, len(texts), 60):
        some = texts[start : start + 60]
        assert [(one.text, one.folded, one.clauses) for one in prepare_all(some)] == [one_by_one(text) for text in some]
    assert all(plain(text) == one_by_one(text)[0] for text in texts)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_whatever_the_texts_hold(texts):
    found = [prepare(text) for text in texts]
    assert prepare_all(texts) == found
    assert [(one.text, one.folded, one.clauses) for one in found] == [one_by_one(text) for text in texts]


def test_every_shipped_phrase_is_found_as_the_plain_way_finds_it():
    texts = spoilt(said_in_calls(), 240)
    for wording in all_wordings():
        phrases = Phrases(wording, SLOTS)
        together = phrases.find_in(texts)
        for text, hits in zip(texts, together, strict=True):
            assert hits == phrases.find(text)
            assert [(hit.start, hit.end) for hit in hits] == first_and_longest(places(wording, text)), (wording, text)


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("خانم {said}", "سلام خانم احمدی", "خانم احمدی"),
        ("خانم {said}", "سلام خانم کریمی", None),
        ("{agent} speaking", "this is emma speaking", "emma speaking"),
        ("{customer_name}? thanks", "thanks", "thanks"),
        ("{number}", "ends with 0127", "0127"),
        ("{said}", "the Invoice came", "invoice"),
    ],
)
def test_slots_are_filled_with_the_words_that_stand_in_the_text(phrase, text, found):
    hits = Phrases([phrase], SLOTS).find_in(["no", text])[1]
    assert [hit.words for hit in hits] == ([found] if found else [])


def test_a_phrase_whose_slot_is_empty_is_left_out():
    assert Phrases(["{agent} speaking", "hello"], {"agent": []}).find("emma speaking hello")[0].words == "hello"
