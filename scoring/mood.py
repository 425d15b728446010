"""The customer's turns as moments with probabilities: encoder, then heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scoring import history
from scoring.dialogue import CUSTOMER, MIXED, Turn, answered
from scoring.dissatisfaction import Moment
from scoring.heads import Heads, Said


class Encodes(Protocol):
    """What scoring needs of an encoder: texts to rows of unit length."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def judged_texts(turns: Sequence[Turn]) -> list[str]:
    """What `moments` encodes: the turns that are judged, and what was said before each."""
    before = answered(turns)
    chosen = _judged(turns)
    return [*(turns[n].text for n in chosen), *(turns[at].text for n in chosen if (at := before[n]) is not None)]


def moments(turns: Sequence[Turn], language: str, encoder: Encodes, heads: Heads) -> list[Moment]:
    """One per customer turn with words (in a mono recording: per turn, since nobody knows who spoke)."""
    answers = answered(turns)
    chosen = _judged(turns)
    if not chosen:
        return []
    judged = heads.judge(said(turns, chosen, answers, encoder, heads), language)
    return [
        Moment(
            turn=turns[n],
            negative=float(judged.attitudes[row, 0]),
            neutral=float(judged.attitudes[row, 1]),
            positive=float(judged.attitudes[row, 2]),
            dissatisfied=float(judged.dissatisfied[row]),
            angry=float(judged.angry[row]),
        )
        for row, n in enumerate(chosen)
    ]


def _judged(turns: Sequence[Turn]) -> list[int]:
    return [n for n, turn in enumerate(turns) if turn.party in {CUSTOMER, MIXED} and turn.text.strip()]


def said(
    turns: Sequence[Turn], chosen: Sequence[int], answers: Sequence[int | None], encoder: Encodes, heads: Heads
) -> Said:
    """The `chosen` turns of one call as the heads judge them."""
    return Said(
        features=heads.features(*placed(turns, chosen, answers, encoder)),
        texts=[turns[n].text for n in chosen],
        agents=["" if (at := answers[n]) is None else turns[at].text for n in chosen],
    )


def placed(
    turns: Sequence[Turn], chosen: Sequence[int], answers: Sequence[int | None], encoder: Encodes
) -> tuple[NDArray[np.float32], NDArray[np.float32], history.Floats]:
    """Of the `chosen` turns of one call: their vectors, those of what was said before each, and their history."""
    contexts = ["" if (at := answers[n]) is None else turns[at].text for n in chosen]
    vectors = encode_once([turns[n].text for n in chosen] + contexts, encoder)
    spoken, before = vectors[: len(chosen)], vectors[len(chosen) :]
    if any(turns[n].party == MIXED for n in chosen):  # an agent who repeats what was said is no customer who has to
        return spoken, before, history.none(len(chosen))
    return spoken, before, history.history(spoken, before, [answers[n] for n in chosen])


def encode_once(texts: Sequence[str], encoder: Encodes) -> NDArray[np.float32]:
    """A row per text, each different text encoded once; an empty text is a row of zeros."""
    different = sorted({text for text in texts if text.strip()})
    vectors = encoder.encode(different)
    rows = {text: vectors[n] for n, text in enumerate(different)}
    nothing = np.zeros(vectors.shape[1] if vectors.size else 384, np.float32)
    return np.array([rows.get(text, nothing) for text in texts], np.float32)
