"""What the shipped heads must reach on public sets that nothing was trained on, whole. They are skipped where the sets are not at hand.

Every text is encoded once for the file. `avasanj evaluate accuracy` measures the same sets after learning (docs/accuracy.md).
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from scoring import heads
from scoring.evaluate import evaluate_dialogues, evaluate_sentiment
from scoring.mood import Encodes

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(900)]


class Text:
    """The real encoder, asked once for each text, those that are new all together."""

    def __init__(self, encoder: Encodes) -> None:
        self._encoder = encoder
        self._known: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if new := sorted({*texts} - {*self._known}):
            self._known |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), 384)


@pytest.fixture(scope="module")
def texts(encoder: Encodes) -> Text:
    return Text(encoder)


@pytest.fixture
def data(shared: Path) -> Callable[[str], Path]:
    return lambda name: shared / "eval" / "text" / f"{name}.jsonl"


@pytest.mark.parametrize(
    ("name", "language", "label", "count", "least"),
    [
        ("fa-food-orders", "fa", None, 1500, 0.85),
        ("fa-product-reviews", "fa", None, 800, 0.90),
        ("en-airline", "en", None, 1500, 0.93),
        ("fa-emotion", "fa", "angry", 800, 0.70),
    ],
)
def test_texts_are_told_apart(data, texts: Text, name: str, language: str, label: str | None, count: int, least: float):
    found = evaluate_sentiment(data(name), language, texts, label)
    assert found["n"] == count
    assert found["auc"] >= least


def test_dissatisfied_turns_and_dialogues_are_told_apart(data, texts: Text):
    found = evaluate_dialogues(data("en-dialogues"), texts)
    assert found["turn_auc"] >= 0.68
    assert found["dialogue_auc"] >= 0.60


def test_the_heads_say_how_sure_they_are_on_turns_of_our_own_that_they_did_not_learn():
    held_out = heads.shipped().provenance["held_out"]
    for language in ("fa", "en"):
        assert held_out["attitude"][language]["ece"] <= 0.06
        assert held_out["dissatisfied"][language]["ece"] <= 0.06
