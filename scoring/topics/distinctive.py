"""The words by which a group of texts stands out from the others (class-based TF-IDF). Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from scoring.phrases import plain

MOST_WORDS = 5
_LEAST_LETTERS = 3
_FILE = Path(__file__).parents[1] / "data" / "stop_words.txt"


def distinctive(groups: Sequence[Sequence[str]], others: Sequence[str], most: int = MOST_WORDS) -> list[list[str]]:
    """For each group of texts its words, the most telling first. `others` are texts of no group.

    tf · log(1 + mean group size in words / frequency over all): Grootendorst 2022, BERTopic, section 3.3. A word must be in two texts.
    """
    counted = [Counter(word for text in texts for word in set(words(text))) for texts in groups]
    whole = Counter(word for text in others for word in set(words(text)))
    for one in counted:
        whole.update(one)
    mean = sum(whole.values()) / max(1, len(groups) + 1)
    found = []
    for one in counted:
        worth = {word: n * math.log(1 + mean / whole[word]) for word, n in one.items() if n >= 2}
        found.append(sorted(worth, key=lambda word: (-worth[word], word))[:most])
    return found


def words(text: str) -> list[str]:
    """Words that can tell a subject, in search form."""
    return [
        word
        for word in plain(text).split()
        if len(word) >= _LEAST_LETTERS and word not in _stop_words() and not word.isdigit()
    ]


@cache
def _stop_words() -> frozenset[str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return frozenset(plain(" ".join(line for line in lines if not line.startswith("#"))).split())
