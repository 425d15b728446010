"""Learn the heads of promises and reasons from the labelled texts in scoring/data: `python -m scoring.topics.learning MODEL_FOLDER`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scoring.encoder import Encoder
from scoring.logistic import fit
from scoring.mood import Encodes
from scoring.topics import topic_file
from scoring.topics.learnt import NOTHING, SHIPPED, SPREAD, Head, Learnt

DATA = SHIPPED.parent
LANGUAGES = ("en", "fa")
#: Chosen by six-fold cross-validation on these very texts, from three each and more.
PROMISE_PENALTY, REASON_PENALTY = 1e-4, 1e-4
#: Labels that are arguable: not learnt from.
_ARGUABLE = "?"
Rows = Sequence[tuple[str, str]]


def promise_rows() -> list[tuple[str, str]]:
    """Label and text: what was written to learn from, and the agents' turns of the calls (whose promises were labelled by hand)."""
    rows = [(row[0].split(",")[0], row[-1]) for language in LANGUAGES for row in _table(f"promises-{language}.tsv")]
    labels = {text: label.split(",")[0] for label, text in _table("promises-calls.tsv")}
    said = {
        turn["text"]
        for language in LANGUAGES
        for line in (DATA / f"calls-{language}.jsonl").read_text(encoding="utf-8").splitlines()
        for turn in json.loads(line)["turns"]
        if turn["party"] == "agent"
    }
    rows += [(labels.get(text, NOTHING), text) for text in sorted(said)]
    return [row for row in rows if row[0] != _ARGUABLE]


def reason_rows() -> list[tuple[str, str]]:
    """Topic and text: call openings, and the shipped topics' own examples."""
    rows = [(row[0], row[-1]) for language in LANGUAGES for row in _table(f"reasons-{language}.tsv")]
    shipped = topic_file.load(topic_file.shipped_text(), "topics.yaml")
    return rows + [(topic.key, text) for topic in shipped for text in topic.like.all]


def learn(rows: Rows, encoder: Encodes, penalty: float) -> Head:
    labels = [label for label, _ in rows]
    classes = (*sorted({*labels} - {NOTHING}), NOTHING)
    vectors = encoder.encode([text for _, text in rows]).astype(np.float64)
    middle = vectors.mean(axis=0)
    numbers = np.array([classes.index(label) for label in labels])
    weights, bias = fit((vectors - middle) * SPREAD, numbers, len(classes), penalty)
    return Head(classes=classes, middle=middle, weights=weights, bias=bias)


def learn_all(encoder: Encodes) -> Learnt:
    return Learnt(
        promises=learn(promise_rows(), encoder, PROMISE_PENALTY),
        reasons=learn(reason_rows(), encoder, REASON_PENALTY),
    )


def write(learnt: Learnt, path: Path) -> None:
    stored = {"promises": learnt.promises.stored(), "reasons": learnt.reasons.stored()}
    path.write_text(json.dumps(stored) + "\n", encoding="utf-8")


def _table(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    write(learn_all(Encoder(Path(sys.argv[1]))), SHIPPED)
