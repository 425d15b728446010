"""Small linear heads on the encoder's vectors: a customer turn's attitude, how dissatisfied the customer is at that point, and anger.

Pure numpy; trained by `scoring.train`, shipped as JSON in `scoring/data/heads.json` together with where it comes from. What a center's
own labels add (`scoring.blend`) stands beside the shipped heads, not in their place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import blend, history
from scoring.blend import Blend, Calibration, Said, centred
from scoring.dissatisfaction import HAND_SET, Weights

__all__ = ["Blend", "Calibration", "Heads", "Judged", "LinearHead", "Said"]

Floats = NDArray[np.float64]

#: Vectors of e5 lie close together (cosine .74 to .93): centred and spread by this, their parts are around 0.25.
SPREAD = 5.0
ATTITUDES = ("neg", "neu", "pos")


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
        return softmax(calibration.of(logits) if calibration else logits)


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The heads, the centre of the vectors they were trained on, the weights of whole calls, and where all that comes from."""

    attitude: LinearHead  #: classes neg, neu, pos
    dissatisfied: LinearHead  #: classes no, yes
    anger: LinearHead  #: classes no, yes
    centre: Floats  #: (2 * width,)
    provenance: Mapping[str, Any]
    calls: Mapping[str, Weights] = field(default_factory=dict)  #: by language
    learnt: Mapping[str, Blend] = field(
        default_factory=dict
    )  #: attitude, dissatisfied, anger: what a center's labels taught
    call_shifts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  #: log-odds by queue and language
    queue: str | None = None  #: whose calls are judged; see `for_queue`

    @property
    def version(self) -> str:
        """Encoder, number of the training at this center (none for the shipped ones) and training data, short enough for a page."""
        number = f" {found}" if (found := self.provenance.get("number")) else ""
        return f"{self.provenance['encoder']} heads{number} {self.provenance['data_sha256'][:8]}"

    def for_queue(self, queue: str | None) -> Heads:
        """The same heads as they are calibrated for one queue, where it has labels enough."""
        return replace(self, queue=queue)

    def features(
        self, turns: NDArray[np.float32], contexts: NDArray[np.float32], so_far: Floats | None = None
    ) -> Floats:
        """See `features`; with the centre these heads were trained with."""
        return features(turns, contexts, self.centre, so_far)

    def call_weights(self, language: str) -> Weights:
        """Those fitted for the language; without any, those set by hand. The base is the queue's own where it is known."""
        found = self.calls.get(language, HAND_SET)
        shift = self.call_shifts.get(self.queue or "", {}).get(language)
        return replace(found, base=found.base + shift) if shift else found

    def judge(self, said: Said, language: str) -> Judged:
        """What each turn sounds like, calibrated for `language`, and for the queue where it has labels enough."""
        attitudes = self._probabilities("attitude", said, language)
        anger = self._probabilities("anger", said, language)[:, 1]
        return Judged(
            attitudes=attitudes,
            dissatisfied=self._probabilities("dissatisfied", said, language)[:, 1],
            # an anger that was learnt from labels of anger is calibrated; the shipped one only tells feelings apart
            angry=anger if "anger" in self.learnt else attitudes[:, 0] * anger,
        )

    def shipped_logits(self, features: Floats, language: str) -> dict[str, Floats]:
        """Log-odds (n, classes) of the heads that came with Avasanj, calibrated, each row adding up to 0; by the head's name."""
        heads = {"attitude": self.attitude, "dissatisfied": self.dissatisfied, "anger": self.anger}
        return {name: centred(np.log(head.probabilities(features, language) + 1e-9)) for name, head in heads.items()}

    def _probabilities(self, name: str, said: Said, language: str) -> Floats:
        learnt = self.learnt.get(name)
        if learnt is None:
            head: LinearHead = getattr(self, name)
            return head.probabilities(said.features, language)
        shipped = self.shipped_logits(said.features, language)
        logits = learnt.logits(said, shipped[name], opinions(shipped))
        return softmax(learnt.calibrated(logits, language, self.queue))


@dataclass(frozen=True, kw_only=True)
class Judged:
    """n customer turns: `attitudes` (n, 3) add up to 1 in each row; `dissatisfied` and `angry` (n,) are probabilities of their own.

    The shipped `angry` ranks; no set of calls says yet how often it is right.
    """

    attitudes: Floats
    dissatisfied: Floats
    angry: Floats


def opinions(shipped: Mapping[str, Floats]) -> Floats:
    """(n, 5): all that the shipped heads say of a turn, for the mixing."""
    return np.hstack([shipped["attitude"], shipped["dissatisfied"][:, 1:], shipped["anger"][:, 1:]])


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
        attitude=head_of(data["attitude"]),
        dissatisfied=head_of(data["dissatisfied"]),
        anger=head_of(data["anger"]),
        calls={language: Weights(base=one["base"], by_name=one["weights"]) for language, one in data["calls"].items()},
        centre=np.array(data["centre"], np.float64),
        provenance=data["provenance"],
        learnt={name: blend.loaded(one) for name, one in data.get("learnt", {}).items()},
        call_shifts=data.get("call_shifts", {}),
    )


def is_sound(heads: Heads) -> bool:
    """Whether they can judge: every number is one, and a turn comes to probabilities. Sizes that don't fit raise ValueError."""
    width = heads.attitude.weights.shape[1]
    said = Said(features=np.full((1, width), 1e-3), texts=["a"], agents=["b"])
    numbers = [one.words.weights for one in heads.learnt.values()]
    for language in sorted({*heads.calls, *heads.attitude.calibrations}):
        judged, weights = heads.judge(said, language), heads.call_weights(language)
        numbers += [
            judged.attitudes,
            judged.dissatisfied,
            judged.angry,
            np.array([weights.base, *weights.by_name.values()]),
        ]
    return len(heads.centre) + history.COLUMNS == width and all(bool(np.isfinite(one).all()) for one in numbers)


def dumps(heads: Heads) -> str:
    """JSON with five digits: the difference is far below what the model's int8 costs."""
    data: dict[str, Any] = {
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
    if heads.learnt:
        data["learnt"] = {name: blend.plain(one) for name, one in heads.learnt.items()}
    if heads.call_shifts:
        data["call_shifts"] = {queue: dict(one) for queue, one in heads.call_shifts.items()}
    return json.dumps(data, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"


def head_of(data: Mapping[str, Any]) -> LinearHead:
    """One head, as its JSON holds it."""
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
