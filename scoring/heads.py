"""Small linear heads on the encoder's vectors: a customer turn's attitude, how dissatisfied the customer is at that point, and anger.

Pure numpy; trained by `scoring.train`, shipped as JSON in `scoring/data/heads.json` together with where it comes from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import history
from scoring.dissatisfaction import HAND_SET, Weights

Floats = NDArray[np.float64]

#: Vectors of e5 lie close together (cosine .74 to .93): centred and spread by this, their parts are around 0.25.
SPREAD = 5.0
ATTITUDES = ("neg", "neu", "pos")


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What makes a language's probabilities honest: logits are multiplied by `scale`, then `shift` is added per class."""

    scale: float
    shift: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class LinearHead:
    """Multinomial logistic regression.

    `weights` is (classes, 2 * width + history.COLUMNS): the turn, the agent's turn before it, the call so far.
    """

    classes: tuple[str, ...]
    weights: Floats
    bias: Floats
    calibrations: Mapping[str, Calibration]

    def logits(self, features: Floats) -> Floats:
        """(n, classes), as trained, before calibration."""
        return np.asarray(features @ self.weights.T + self.bias)

    def probabilities(self, features: Floats, language: str) -> Floats:
        """(n, classes), each row adding up to 1, calibrated for `language` (uncalibrated where it is unknown)."""
        return self.calibrated(self.logits(features), language)

    def calibrated(self, logits: Floats, language: str) -> Floats:
        """Probabilities of `logits`, whichever weights they come from."""
        calibration = self.calibrations.get(language)
        if calibration:
            logits = logits * calibration.scale + np.array(calibration.shift)
        return softmax(logits)


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The heads, the centre of the vectors they were trained on, the weights of whole calls, and where all that comes from."""

    attitude: LinearHead  #: classes neg, neu, pos
    dissatisfied: LinearHead  #: classes no, yes
    anger: LinearHead  #: classes no, yes
    centre: Floats  #: (2 * width,)
    provenance: Mapping[str, Any]
    calls: Mapping[str, Weights] = field(default_factory=dict)  #: by language

    @property
    def version(self) -> str:
        """Encoder and training data, short enough for a page."""
        return f"{self.provenance['encoder']} heads {self.provenance['data_sha256'][:8]}"

    def features(
        self, turns: NDArray[np.float32], contexts: NDArray[np.float32], so_far: Floats | None = None
    ) -> Floats:
        """See `features`; with the centre these heads were trained with."""
        return features(turns, contexts, self.centre, so_far)

    def call_weights(self, language: str) -> Weights:
        """Those fitted for the language; without any, those set by hand."""
        return self.calls.get(language, HAND_SET)

    def angry(self, features: Floats, language: str) -> Floats:
        """(n,), 0 to 1: negative, and of anger's kind. It ranks; no set of calls says yet how often it is right."""
        return (
            self.attitude.probabilities(features, language)[:, 0] * self.anger.probabilities(features, language)[:, 1]
        )


def features(
    turns: NDArray[np.float32], contexts: NDArray[np.float32], centre: Floats, so_far: Floats | None = None
) -> Floats:
    """(n, 2 * width + history.COLUMNS) for the heads. A row of zeros in `contexts` says that nobody spoke before.

    `so_far` is `history.history` of the turns' call; None where turns stand alone.
    """
    spoken = np.any(contexts != 0, axis=1, keepdims=True)
    width = turns.shape[1]
    past = history.none(len(turns)) if so_far is None else so_far
    return np.hstack([(turns - centre[:width]) * SPREAD, (contexts - centre[width:]) * SPREAD * spoken, past])


def softmax(logits: Floats) -> Floats:
    """Row by row, safe from overflow."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


@cache
def shipped() -> Heads:
    """The heads that came with this version."""
    return loads((resources.files("scoring") / "data" / "heads.json").read_text(encoding="utf-8"))


def loads(text: str) -> Heads:
    """Heads from the text that `dumps` made."""
    data = json.loads(text)
    return Heads(
        attitude=_head(data["attitude"]),
        dissatisfied=_head(data["dissatisfied"]),
        anger=_head(data["anger"]),
        calls={language: Weights(base=one["base"], by_name=one["weights"]) for language, one in data["calls"].items()},
        centre=np.array(data["centre"], np.float64),
        provenance=data["provenance"],
    )


def dumps(heads: Heads) -> str:
    """JSON with five digits: the difference is far below what the model's int8 costs."""
    data = {
        "provenance": dict(heads.provenance),
        "attitude": _plain(heads.attitude),
        "dissatisfied": _plain(heads.dissatisfied),
        "anger": _plain(heads.anger),
        "calls": {
            language: {"base": round(one.base, 4), "weights": {name: round(x, 4) for name, x in one.by_name.items()}}
            for language, one in heads.calls.items()
        },
        "centre": _rounded(heads.centre),
    }
    return json.dumps(data, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"


def _head(data: dict[str, Any]) -> LinearHead:
    return LinearHead(
        classes=tuple(data["classes"]),
        weights=np.array(data["weights"], np.float64),
        bias=np.array(data["bias"], np.float64),
        calibrations={
            language: Calibration(scale=one["scale"], shift=tuple(one["shift"]))
            for language, one in data["calibrations"].items()
        },
    )


def _plain(head: LinearHead) -> dict[str, Any]:
    return {
        "classes": list(head.classes),
        "weights": _rounded(head.weights),
        "bias": _rounded(head.bias),
        "calibrations": {
            language: {"scale": round(one.scale, 5), "shift": [round(x, 5) for x in one.shift]}
            for language, one in head.calibrations.items()
        },
    }


def _rounded(values: Floats) -> Any:
    return np.round(values, 5).tolist()
