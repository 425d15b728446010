"""What the shipped heads must reach on public sets that nothing was trained on. They are skipped where the sets are not at hand.

Parts of the sets, so that it takes less than a minute; `avasanj evaluate accuracy` judges them whole (docs/accuracy.md). A part of 500 texts or
100 dialogues (16 of them dissatisfied) is uncertain, so each must reach what it did less two hundredths (whole dialogues: five).
"""

import json
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
        ("fa-food-orders", "fa", None, 3, 0.82),
        ("fa-product-reviews", "fa", None, 2, 0.90),
        ("en-airline", "en", None, 3, 0.95),
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


def test_dissatisfied_turns_and_dialogues_are_told_apart(shared: Path, encoder: Encodes, tmp_path: Path):
    path = part(shared, "en-dialogues", tmp_path, 6)
    found = evaluate_dialogues(path, encoder)
    assert found["n"] == len([json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()])
    assert found["turn_auc"] >= 0.66
    assert found["dialogue_auc"] >= 0.53
    assert found["ece"] <= 0.08
