"""Likeness in meaning: does a sentence mean what the examples mean, in either language?

Cosines of e5 lie between .74 (unrelated) and .93 (translations), so a bare threshold says little. What decides is the margin between the
likest example that means yes and the likest near one that does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from scoring.dialogue import Turn
from scoring.mood import Encodes, encode_once
from scoring.scorecard import Likeness, Scorecard

#: Set so that a wrong yes is rare, at the price of misses: on sentences that no rule finds, about every third that means yes is sure,
#: every sixth doubtful, and one in thirty that does not is taken for it (tests/scoring/test_likeness.py measures it).
SURE_MARGIN = 0.035
DOUBT_MARGIN = 0.025
LEAST_COSINE = 0.86
_SENTENCE = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St)\.|[^.!?؟\n])+[.!?؟]*")
_EXAMPLES: WeakKeyDictionary[Encodes, dict[Likeness, NDArray[np.float32]]] = WeakKeyDictionary()
_MOST_SENTENCES = 60  #: of one window: a long call's middle is not read whole


@dataclass(frozen=True, kw_only=True)
class Alike:
    """The likest sentence of a window, its turn, how like it is (cosine) and its margin over the contrast."""

    turn: Turn
    sentence: str
    cosine: float
    margin: float

    @property
    def sure(self) -> bool:
        return self.margin >= SURE_MARGIN and self.cosine >= LEAST_COSINE

    @property
    def doubtful(self) -> bool:
        return not self.sure and self.margin >= DOUBT_MARGIN and self.cosine >= LEAST_COSINE


def prepare(cards: Iterable[Scorecard], encoder: Encodes) -> None:
    """Encode the examples of every question at once, so that not one call among many takes three times as long."""
    for card in cards:
        for question in card.questions:
            if question.likeness is not None:
                _examples(question.likeness, encoder)


def likest(likeness: Likeness, turns: Sequence[Turn], encoder: Encodes) -> Alike | None:
    """The sentence with the largest margin; None when the window holds no sentence of three words or more."""
    sentences = [(turn, sentence) for turn in turns for sentence in split(turn.text)][-_MOST_SENTENCES:]
    if not sentences:
        return None
    said, examples = encode_once([sentence for _, sentence in sentences], encoder), _examples(likeness, encoder)
    count = len(likeness.like.all)
    near = (said @ examples[:count].T).max(axis=1)
    far = (said @ examples[count:].T).max(axis=1)
    best = int(np.argmax(near - far))
    turn, sentence = sentences[best]
    return Alike(turn=turn, sentence=sentence, cosine=float(near[best]), margin=float(near[best] - far[best]))


def _examples(likeness: Likeness, encoder: Encodes) -> NDArray[np.float32]:
    """(like + unlike, 384), encoded once per encoder: they are the same for every call.

    One at a time, since int8 rounds by what else is in the batch, up to .008 of a margin: the yardstick is to be the best there is.
    """
    known = _EXAMPLES.setdefault(encoder, {})
    if likeness not in known:
        known[likeness] = np.concatenate(
            [encoder.encode([text]) for text in [*likeness.like.all, *likeness.unlike.all]]
        )
    return known[likeness]


def split(text: str) -> list[str]:
    """Sentences of at least three words: shorter ones look like everything."""
    return [one for part in _SENTENCE.findall(text) if len((one := part.strip()).split()) >= 3]
