"""The customer's turns as moments with probabilities: encoder, then heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from scoring.dialogue import CUSTOMER, MIXED, Turn, before
from scoring.dissatisfaction import Moment
from scoring.heads import Heads


class Encodes(Protocol):
    """What scoring needs of an encoder: texts to rows of unit length."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


def moments(turns: Sequence[Turn], language: str, encoder: Encodes, heads: Heads) -> list[Moment]:
    """One per customer turn with words (in a mono recording: per turn, since nobody knows who spoke)."""
    contexts = before(turns)
    chosen = [(t, contexts[n]) for n, t in enumerate(turns) if t.party in {CUSTOMER, MIXED} and t.text.strip()]
    if not chosen:
        return []
    vectors = encode_once([turn.text for turn, _ in chosen] + [context for _, context in chosen], encoder)
    features = heads.features(vectors[: len(chosen)], vectors[len(chosen) :])
    attitudes = heads.attitude.probabilities(features, language)
    dissatisfied = heads.dissatisfied.probabilities(features, language)[:, 1]
    return [
        Moment(turn=turn, negative=float(a[0]), neutral=float(a[1]), positive=float(a[2]), dissatisfied=float(d))
        for (turn, _), a, d in zip(chosen, attitudes, dissatisfied, strict=True)
    ]


def encode_once(texts: Sequence[str], encoder: Encodes) -> NDArray[np.float32]:
    """A row per text, each different text encoded once; an empty text is a row of zeros."""
    different = sorted({text for text in texts if text.strip()})
    vectors = encoder.encode(different)
    rows = {text: vectors[n] for n, text in enumerate(different)}
    nothing = np.zeros(vectors.shape[1] if vectors.size else 384, np.float32)
    return np.array([rows.get(text, nothing) for text in texts], np.float32)
