"""Likeness in meaning: does a sentence mean what the examples mean, in either language?

Cosines of e5 lie between .74 (unrelated) and .93 (translations), so a bare threshold says little. What decides is the margin between the
likest example that means yes and the likest near one that does not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scoring.dialogue import Turn
from scoring.mood import Encodes, encode_once
from scoring.scorecard import Likeness

#: Chosen on sentences written for this project (tests/scoring/test_likeness.py): unlike ones stay below, like ones above.
SURE_MARGIN = 0.035
DOUBT_MARGIN = 0.025
LEAST_COSINE = 0.86
_SENTENCE = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St)\.|[^.!?؟\n])+[.!?؟]*")
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


def likest(likeness: Likeness, turns: Sequence[Turn], encoder: Encodes) -> Alike | None:
    """The sentence with the largest margin; None when the window holds no sentence of three words or more."""
    sentences = [(turn, sentence) for turn in turns for sentence in split(turn.text)][-_MOST_SENTENCES:]
    if not sentences:
        return None
    texts = [sentence for _, sentence in sentences] + [*likeness.like, *likeness.unlike]
    vectors = encode_once(texts, encoder)
    said, examples = vectors[: len(sentences)], vectors[len(sentences) :]
    near = (said @ examples[: len(likeness.like)].T).max(axis=1)
    far = (said @ examples[len(likeness.like) :].T).max(axis=1)
    best = int(np.argmax(near - far))
    turn, sentence = sentences[best]
    return Alike(turn=turn, sentence=sentence, cosine=float(near[best]), margin=float(near[best] - far[best]))


def split(text: str) -> list[str]:
    """Sentences of at least three words: shorter ones look like everything."""
    return [one for part in _SENTENCE.findall(text) if len((one := part.strip()).split()) >= 3]
