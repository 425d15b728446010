"""What the shipped heads must reach on public sets that nothing was trained on. They are skipped where the sets are not at hand."""

from pathlib import Path

import pytest

from scoring.evaluate import evaluate_dialogues, evaluate_sentiment
from scoring.mood import Encodes

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.mark.parametrize(
    ("name", "language", "label", "least"),
    [
        ("fa-food-orders", "fa", None, 0.85),
        ("fa-product-reviews", "fa", None, 0.90),
        ("en-airline", "en", None, 0.93),
        ("fa-emotion", "fa", "angry", 0.70),
    ],
)
def test_texts_are_told_apart(
    shared: Path, encoder: Encodes, name: str, language: str, label: str | None, least: float
):
    found = evaluate_sentiment(shared / "eval" / "text" / f"{name}.jsonl", language, encoder, label)
    assert found["auc"] >= least


@pytest.mark.timeout(1200)
def test_dissatisfied_turns_and_dialogues_are_told_apart(shared: Path, encoder: Encodes):
    found = evaluate_dialogues(shared / "eval" / "text" / "en-dialogues.jsonl", encoder)
    assert found["turn_auc"] >= 0.68
    assert found["dialogue_auc"] >= 0.60
    assert found["ece"] <= 0.06
