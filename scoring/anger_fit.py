"""Fits the head that tells whom anger is meant for, on turns written for this project: `python -m scoring.anger_fit MODELS_DIR`.

Rows: the unhappy ones of data/turns-*.jsonl with a tag `target:`, and data/anger-*.jsonl, written because the others have few
that mean the agent or something else. In each language the three classes count nearly alike (by the root of their number).
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import logistic, measures
from scoring.anger import FILE, TARGETS, inputs
from scoring.encoder import NAME, Encoder
from scoring.heads import Calibration, Floats, LinearHead
from scoring.labelled import read_rows, text
from scoring.labelled_turns import FEELING
from scoring.mood import Encodes, encode_once
from scoring.train_rows import FOLDS, fold_of

DATA = Path(__file__).parent / "data"
TAG = "target:"
PENALTY = 0.003
#: Sentences that only tell feelings apart are seldom about a company: they count less, and nobody is judged by them.
FEELING_SHARE = 0.4


@dataclass(frozen=True, kw_only=True)
class AngryTurn:
    """One row: who is meant by `text`, said after `agent`."""

    language: str
    agent: str
    text: str
    at: str
    feeling: bool = False


def read(folder: Path = DATA) -> list[AngryTurn]:
    """All rows. Raises InputError naming file and line."""
    found = []
    for path in sorted(folder.glob("turns-*.jsonl")):
        for _, row in read_rows(path, ("id", "agent", "text", "label")):
            tags = row.get("tags", [])
            meant = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
            if row["label"] == "neg" and meant:
                feeling = any(tag.startswith(FEELING) for tag in tags)
                found.append(_turn(row, meant[0], feeling=feeling))
    for path in sorted(folder.glob("anger-*.jsonl")):
        found += [_turn(row, text(row, "at", where)) for where, row in read_rows(path, ("id", "agent", "text", "at"))]
    return found


def _turn(row: dict[str, Any], at: str, *, feeling: bool = False) -> AngryTurn:
    return AngryTurn(language=row["id"].partition("-")[0], agent=row["agent"], text=row["text"], at=at, feeling=feeling)


def sha256(folder: Path = DATA) -> str:
    """Of the files that the head is fitted on."""
    paths = [*sorted(folder.glob("turns-*.jsonl")), *sorted(folder.glob("anger-*.jsonl"))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def fit(turns: list[AngryTurn], encoder: Encodes) -> dict[str, Any]:
    """The head as it is stored: weights from all rows, calibrations and figures from rows held out."""
    features = inputs(encode_once([t.text for t in turns], encoder), encode_once([t.agent for t in turns], encoder))
    labels = np.array([TARGETS.index(t.at) for t in turns])
    languages = np.array([t.language for t in turns])
    judged = ~np.array([t.feeling for t in turns])
    share = _shares(labels, languages, judged)
    folds = np.array([fold_of(t.agent + t.text) for t in turns])
    held_out = np.zeros((len(turns), len(TARGETS)))
    for fold in range(FOLDS):
        learnt = folds != fold
        weights, bias = logistic.fit(features[learnt], labels[learnt], len(TARGETS), PENALTY, share[learnt])
        held_out[~learnt] = features[~learnt] @ weights.T + bias
    weights, bias = logistic.fit(features, labels, len(TARGETS), PENALTY, share)
    known = sorted({*languages.tolist()})
    calibrations = {
        one: logistic.calibrate(held_out[m], labels[m]) for one in known if (m := judged & (languages == one)).any()
    }
    made = LinearHead(classes=TARGETS, weights=weights, bias=bias, calibrations=calibrations)
    figures = {
        one: _figures(made, held_out[m], labels[m], one) for one in known if (m := judged & (languages == one)).any()
    }
    return {
        "provenance": {"encoder": NAME, "data_sha256": sha256(), "held_out": figures},
        "classes": TARGETS,
        "weights": np.round(weights, 4).tolist(),
        "bias": np.round(bias, 4).tolist(),
        "calibrations": {name: _plain(one) for name, one in calibrations.items()},
    }


def _shares(labels: NDArray[np.int64], languages: NDArray[np.str_], judged: NDArray[np.bool_]) -> Floats:
    share = np.zeros(len(labels))
    one = np.where(judged, 1.0, FEELING_SHARE)
    for language in np.unique(languages):
        for label in range(len(TARGETS)):
            mine = (languages == language) & (labels == label)
            share[mine] = one[mine] / np.sqrt(one[mine].sum() + 1)
    return share


def _plain(one: Calibration) -> dict[str, Any]:
    return {"scale": round(one.scale, 4), "shift": [round(value, 4) for value in one.shift]}


def _figures(made: LinearHead, logits: Floats, labels: NDArray[np.int64], language: str) -> dict[str, Any]:
    chances = made.calibrated(logits, language)
    guess = chances.argmax(axis=1)
    found: dict[str, float] = {
        "macro_f1": measures.macro_f1([TARGETS[n] for n in labels], [TARGETS[n] for n in guess]),
        "ece": measures.ece(chances.max(axis=1), guess == labels),
    }
    found |= {f"auc_{name}": measures.auc(chances[:, n], labels == n) for n, name in enumerate(TARGETS)}
    return {"n": len(labels), **{name: round(value, 3) for name, value in found.items()}}


def main(models_dir: Path) -> None:
    """Writes data/anger.json and prints the figures."""
    made = fit(read(), Encoder(models_dir / NAME, threads=2))
    (DATA / FILE).write_text(json.dumps(made, separators=(",", ":")) + "\n", encoding="utf-8")
    print(json.dumps(made["provenance"], indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
