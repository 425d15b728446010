"""What a center's labels add to the heads that came with Avasanj: three judges of the same turn, and how far each is believed.

The first is the shipped head, moved by weights on the same vectors; the second knows words and runs of letters; the third column are the
shipped heads' other opinions. How they are mixed is fitted on turns that none of them had seen. Pure numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.ngrams import Vocabulary

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Linear:
    """`weights` (classes, width) and `bias` (classes,)."""

    weights: Floats
    bias: Floats

    def logits(self, features: Any) -> Floats:
        """(n, classes) from (n, width), dense or sparse."""
        return np.asarray(features @ self.weights.T + self.bias)


@dataclass(frozen=True, kw_only=True)
class Said:
    """n customer turns as they are judged: what the heads' features are, the words, and the agent's words before."""

    features: Floats
    texts: Sequence[str]
    agents: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What makes a language's probabilities honest: logits are multiplied by `scale`, then `shift` is added per class."""

    scale: float
    shift: tuple[float, ...]

    def of(self, logits: Floats) -> Floats:
        return np.asarray(logits * self.scale + np.array(self.shift))


@dataclass(frozen=True, kw_only=True)
class Blend:
    """One question's answer, learnt at a center. All its parts come from rows that the calibration has not seen."""

    moved: Linear  #: added to the shipped head's logits
    vocabulary: Vocabulary
    words: Linear
    mix: Linear  #: on `columns`, added to the moved head's logits
    calibrations: Mapping[str, Calibration]  #: by language
    queues: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)  #: shifts by queue and language

    def logits(self, said: Said, shipped: Floats, others: Floats) -> Floats:
        """(n, classes) before calibration. `shipped` (n, classes) and `others` (n, k): what the shipped heads say, as log-odds."""
        moved = shipped + self.moved.logits(said.features)
        words = self.words.logits(self.vocabulary.rows(said.texts, said.agents))
        return moved + self.mix.logits(columns(moved, words, others))

    def calibrated(self, logits: Floats, language: str, queue: str | None = None) -> Floats:
        """Logits as honest as the language's, and the queue's, labels make them."""
        if (one := self.calibrations.get(language)) is not None:
            logits = one.of(logits)
        shift = self.queues.get(queue or "", {}).get(language)
        return logits if shift is None else logits + np.array(shift)


def columns(moved: Floats, words: Floats, others: Floats) -> Floats:
    """What the mixing weighs."""
    return np.hstack([centred(moved), centred(words), others])


def centred(logits: Floats) -> Floats:
    """Rows that add up to 0: only differences between classes count."""
    return np.asarray(logits - logits.mean(axis=1, keepdims=True))


def plain(blend: Blend) -> dict[str, Any]:
    """As JSON."""
    return {
        "moved": _linear(blend.moved, 5),
        "pieces": list(blend.vocabulary.pieces),
        "rarity": np.round(blend.vocabulary.rarity, 3).tolist(),
        "words": _linear(blend.words, 4),
        "mix": _linear(blend.mix, 5),
        "calibrations": {
            name: {"scale": round(one.scale, 5), "shift": [round(x, 5) for x in one.shift]}
            for name, one in blend.calibrations.items()
        },
        "queues": {
            queue: {language: [round(x, 4) for x in shift] for language, shift in by_language.items()}
            for queue, by_language in blend.queues.items()
        },
    }


def loaded(data: Mapping[str, Any]) -> Blend:
    """From what `plain` made."""
    return Blend(
        moved=_read(data["moved"]),
        vocabulary=Vocabulary(pieces=tuple(data["pieces"]), rarity=np.array(data["rarity"], np.float64)),
        words=_read(data["words"]),
        mix=_read(data["mix"]),
        calibrations={
            name: Calibration(scale=one["scale"], shift=tuple(one["shift"]))
            for name, one in data["calibrations"].items()
        },
        queues={
            queue: {language: tuple(shift) for language, shift in by_language.items()}
            for queue, by_language in data["queues"].items()
        },
    )


def _linear(one: Linear, digits: int) -> dict[str, Any]:
    return {"weights": np.round(one.weights, digits).tolist(), "bias": np.round(one.bias, 5).tolist()}


def _read(data: Mapping[str, Any]) -> Linear:
    weights = np.array(data["weights"], np.float64)
    return Linear(weights=weights.reshape(len(data["bias"]), -1), bias=np.array(data["bias"], np.float64))
