"""Training of the default heads on the turns written for this project. `avasanj train` runs `main`.

Deterministic: rows are put into folds by the sha256 of their id, the optimiser starts at zero. The penalty is the strongest whose
cross-validated log loss is within one standard error of the best, which is chosen on our own turns alone.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import InputError
from scoring import heads, logistic, measures
from scoring.encoder import NAME, Encoder
from scoring.heads import ATTITUDES, Floats, Heads, LinearHead

DATA = Path(__file__).parent / "data"
FOLDS = 5
PENALTIES = (0.03, 0.01, 0.003, 0.001, 0.0003)
DISSATISFIED_UP_TO = 2  #: of `satisfaction`, 1 to 5


@dataclass(frozen=True, kw_only=True)
class LabelledTurn:
    """One row of a turns file; see docs/labelling.md."""

    id: str
    language: str
    agent: str
    text: str
    label: str
    satisfaction: int


def read_turns(paths: Iterable[Path]) -> list[LabelledTurn]:
    """Rows of JSON lines. Raises InputError naming file and line."""
    found: dict[str, LabelledTurn] = {}
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                turn = _turn(line, f"{path}, line {number}")
                found[turn.id] = turn
    return list(found.values())


def _turn(line: str, where: str) -> LabelledTurn:
    try:
        row = json.loads(line)
        turn = LabelledTurn(
            id=row["id"], language=row["id"][:2], agent=row["agent"], text=row["text"],
            label=row["label"], satisfaction=int(row["satisfaction"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{where}: not a labelled turn ({error!r}). See docs/labelling.md for its form.") from None
    if turn.label not in ATTITUDES or not 1 <= turn.satisfaction <= 5:
        raise InputError(f"{where}: label {turn.label!r} must be neg, neu or pos, satisfaction {turn.satisfaction} from 1 to 5.")
    return turn


def train(turns: Sequence[LabelledTurn], encoder: Encoder, data_sha256: str = "") -> Heads:
    """Heads from labelled turns; `provenance` says what they were trained on and how they did on turns held out."""
    vectors = encoder.encode([turn.text for turn in turns])
    contexts = encoder.encode([turn.agent for turn in turns])
    contexts[[not turn.agent.strip() for turn in turns]] = 0
    spoken = np.any(contexts != 0, axis=1)
    centre = np.concatenate([vectors.mean(axis=0), contexts[spoken].mean(axis=0)]).astype(np.float64)
    rows = _Rows(
        features=heads.features(vectors, contexts, centre),
        alone=heads.features(vectors, contexts * 0, centre),
        folds=np.array([int(hashlib.sha256(turn.id.encode()).hexdigest()[:8], 16) % FOLDS for turn in turns]),
        languages=np.array([turn.language for turn in turns]),
    )
    attitude, attitude_figures = _head(rows, np.array([ATTITUDES.index(turn.label) for turn in turns]), ATTITUDES)
    sad = np.array([int(turn.satisfaction <= DISSATISFIED_UP_TO) for turn in turns])
    dissatisfied, dissatisfied_figures = _head(rows, sad, ("no", "yes"))
    return Heads(
        attitude=attitude,
        dissatisfied=dissatisfied,
        centre=centre,
        provenance={
            "encoder": NAME,
            "trained_on": "turns written for this project (scoring/data/turns-*.jsonl, guide: docs/labelling.md)",
            "data_sha256": data_sha256,
            "turns": {str(name): int((rows.languages == name).sum()) for name in np.unique(rows.languages)},
            "trained_at": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "held_out": {"attitude": attitude_figures, "dissatisfied": dissatisfied_figures, "folds": FOLDS},
        },
    )


@dataclass(frozen=True, kw_only=True)
class _Rows:
    features: Floats
    alone: Floats  #: the same turns as if nobody had spoken before: written comments have no agent
    folds: NDArray[np.int64]
    languages: NDArray[np.str_]

    def fit(self, labels: NDArray[np.int64], classes: int, penalty: float, keep: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        both = np.vstack([self.features[keep], self.alone[keep]])
        share = np.concatenate([np.ones(int(keep.sum())), np.full(int(keep.sum()), 0.5)])
        return logistic.fit(both, np.concatenate([labels[keep]] * 2), classes, penalty, share)


def _head(rows: _Rows, labels: NDArray[np.int64], classes: tuple[str, ...]) -> tuple[LinearHead, dict[str, Any]]:
    tried = {penalty: _held_out_logits(rows, labels, len(classes), penalty) for penalty in PENALTIES}
    losses = {penalty: _losses(logits, labels) for penalty, logits in tried.items()}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    limit = float(best.mean() + best.std() / np.sqrt(len(best)))
    penalty = max(penalty for penalty, loss in losses.items() if loss.mean() <= limit)
    logits = tried[penalty]
    calibrations = {
        str(language): logistic.calibrate(logits[rows.languages == language], labels[rows.languages == language])
        for language in np.unique(rows.languages)
    }
    weights, bias = rows.fit(labels, len(classes), penalty, np.ones(len(labels), bool))
    head = LinearHead(classes=classes, weights=weights, bias=bias, calibrations=calibrations)
    figures = {str(name): _figures(logits[rows.languages == name], labels[rows.languages == name], classes) for name in calibrations}
    return head, {"penalty": penalty, **figures}


def _held_out_logits(rows: _Rows, labels: NDArray[np.int64], classes: int, penalty: float) -> Floats:
    logits = np.zeros((len(labels), classes))
    for fold in range(FOLDS):
        weights, bias = rows.fit(labels, classes, penalty, rows.folds != fold)
        logits[rows.folds == fold] = rows.features[rows.folds == fold] @ weights.T + bias
    return logits


def _losses(logits: Floats, labels: NDArray[np.int64]) -> Floats:
    return np.asarray(-np.log(heads.softmax(logits)[np.arange(len(labels)), labels] + 1e-12))


def _figures(logits: Floats, labels: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, float]:
    """Measured on turns that neither the weights nor the calibration saw: each half is calibrated on the other."""
    probabilities = np.zeros_like(logits)
    half = np.arange(len(labels)) % 2 == 0
    for fitted, judged in ((half, ~half), (~half, half)):
        one = logistic.calibrate(logits[fitted], labels[fitted])
        probabilities[judged] = heads.softmax(logits[judged] * one.scale + np.array(one.shift))
    guess = probabilities.argmax(axis=1)
    ends = (labels == 0) | (labels == len(classes) - 1)
    found = {
        "macro_f1": measures.macro_f1([classes[n] for n in labels], [classes[n] for n in guess]),
        "auc": measures.auc(probabilities[ends, -1] - probabilities[ends, 0], labels[ends] == len(classes) - 1),
        "ece": measures.ece(probabilities.max(axis=1), guess == labels),
        "n": len(labels),
    }
    return {name: round(value, 4) for name, value in found.items()}


def main(model_dir: Path, *, data: Sequence[Path] = (), out: Path | None = None, threads: int = 2) -> dict[str, Any]:
    """Train on `data` (default: the shipped turns), write the heads to `out` (default: in their place), give the provenance."""
    paths = sorted(data or DATA.glob("turns-*.jsonl"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    made = train(read_turns(paths), Encoder(model_dir, threads), digest)
    (out or DATA / "heads.json").write_text(heads.dumps(made), encoding="utf-8")
    return dict(made.provenance)
