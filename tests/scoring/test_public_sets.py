"""What the shipped heads must reach on public sets that nothing was trained on. They are skipped where the sets are not at hand.

Parts of the sets, so that it takes less than a minute. A part is uncertain, so each must reach what it did less two hundredths, and a
whole dialogue's judgement is not tested on so few: `avasanj evaluate dialogues` and `avasanj evaluate accuracy` measure the sets whole
(docs/accuracy.md).
"""

from pathlib import Path

import pytest

from scoring.evaluate import evaluate_dialogues, evaluate_sentiment
from scoring.mood import Encodes

pytestmark = [pytest.mark.model, pytest.mark.slow]


def part(shared: Path, name: str, tmp_path: Path, every: int) -> Path:
    """Each so-manyth line of a set."""
    lines = (shared / "eval" / "text" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    path = tmp_path / f"{name}.jsonl"
    path.write_text("\n".join(lines[::every]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "language", "label", "every", "least"),
    [
        ("fa-food-orders", "fa", None, 5, 0.85),
        ("fa-product-reviews", "fa", None, 3, 0.89),
        ("en-airline", "en", None, 5, 0.94),
        ("fa-emotion", "fa", "angry", 2, 0.68),
    ],
)
def test_texts_are_told_apart(
    shared: Path,
    encoder: Encodes,
    tmp_path: Path,
    name: str,
    language: str,
    label: str | None,
    every: int,
    least: float,
):
    found = evaluate_sentiment(part(shared, name, tmp_path, every), language, encoder, label)
    assert found["auc"] >= least


@pytest.mark.timeout(600)
def test_dissatisfied_turns_are_told_apart(shared: Path, encoder: Encodes, tmp_path: Path):
    found = evaluate_dialogues(part(shared, "en-dialogues", tmp_path, 12), encoder)
    assert found["n"] == 50
    assert found["turn_auc"] >= 0.65
    assert found["ece"] <= 0.09
    assert found["dialogue_auc"] is not None
