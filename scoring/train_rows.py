"""The rows that heads are fitted on, and how one head is fitted and judged on rows held out.

Deterministic: rows are put into folds by the sha256 of their id (a call's turns by its story), the optimiser starts at zero. The penalty is
the strongest whose cross-validated log loss is within two standard errors of the best, which is chosen on our own rows alone: what was
written to learn from is plainer than what people say, so the heads had better be too plain than too fine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import heads, logistic, measures
from scoring.heads import Floats, LinearHead

FOLDS = 5
STANDARD_ERRORS = 2
PENALTIES = (0.03, 0.01, 0.003, 0.001, 0.0003)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """n turns of any kind. `alone`: the same as if nobody had spoken before and nothing had happened."""

    features: Floats
    alone: Floats
    alone_share: Floats  #: (n,) of a row's share, what it counts alone besides
    folds: NDArray[np.int64]
    languages: NDArray[np.str_]

    def fit(
        self, labels: NDArray[np.int64], classes: int, penalty: float, share: Floats, keep: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Weights and bias from the rows to `keep`, each counting its `share`; a share of 0 leaves a row out."""
        used = keep & (share > 0)
        both = np.vstack([self.features[used], self.alone[used]])
        weights = np.concatenate([share[used], share[used] * self.alone_share[used]])
        return logistic.fit(both, np.concatenate([labels[used]] * 2), classes, penalty, weights)


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A head, the logits of each row from weights that never saw it, and the penalty chosen."""

    head: LinearHead
    held_out: Floats
    penalty: float


def fold_of(name: str) -> int:
    """0 to FOLDS - 1, the same on every machine."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % FOLDS


def fit_head(
    rows: Rows, labels: NDArray[np.int64], classes: tuple[str, ...], share: Floats, judged: NDArray[np.bool_]
) -> Fitted:
    """The head that does best on the rows `judged`, each by weights that never saw it; calibrated on them per language."""
    tried = {penalty: _held_out_logits(rows, labels, len(classes), penalty, share) for penalty in PENALTIES}
    losses = {penalty: _losses(logits[judged], labels[judged]) for penalty, logits in tried.items()}
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    limit = float(best.mean() + STANDARD_ERRORS * best.std() / np.sqrt(len(best)))
    penalty = max(penalty for penalty, loss in losses.items() if loss.mean() <= limit)
    logits = tried[penalty]
    calibrations = {}
    for language in np.unique(rows.languages[judged]):
        mine = judged & (rows.languages == language)
        calibrations[str(language)] = logistic.calibrate(logits[mine], labels[mine])
    weights, bias = rows.fit(labels, len(classes), penalty, share, np.ones(len(labels), bool))
    head = LinearHead(classes=classes, weights=weights, bias=bias, calibrations=calibrations)
    return Fitted(head=head, held_out=logits, penalty=penalty)


def _held_out_logits(rows: Rows, labels: NDArray[np.int64], classes: int, penalty: float, share: Floats) -> Floats:
    logits = np.zeros((len(labels), classes))
    for fold in range(FOLDS):
        weights, bias = rows.fit(labels, classes, penalty, share, rows.folds != fold)
        logits[rows.folds == fold] = rows.features[rows.folds == fold] @ weights.T + bias
    return logits


def _losses(logits: Floats, labels: NDArray[np.int64]) -> Floats:
    return np.asarray(-np.log(heads.softmax(logits)[np.arange(len(labels)), labels] + 1e-12))


def figures(logits: Floats, labels: NDArray[np.int64], classes: tuple[str, ...]) -> dict[str, float]:
    """Measured on rows that neither the weights nor the calibration saw: each half is calibrated on the other."""
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


def figures_by_language(
    fitted: Fitted, rows: Rows, labels: NDArray[np.int64], judged: NDArray[np.bool_]
) -> dict[str, Any]:
    """`figures` of the rows `judged`, per language that occurs among them."""
    found: dict[str, Any] = {}
    for language in np.unique(rows.languages[judged]):
        mine = judged & (rows.languages == language)
        found[str(language)] = figures(fitted.held_out[mine], labels[mine], fitted.head.classes)
    return found
