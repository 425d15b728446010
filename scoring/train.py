"""Training of the default heads on the turns written for this project. `avasanj train` runs `main`.

Deterministic: rows are put into folds by the sha256 of their id, the optimiser starts at zero. The penalty is the strongest whose
cross-validated log loss is within one standard error of the best, which is chosen on our own turns alone.
"""

from __future__ import annotations

import datetime
import hashlib
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
from scoring.labelled import read_rows, text
from scoring.mood import Encodes, encode_once

DATA = Path(__file__).parent / "data"
OWN_TURNS = "turns written for this project (scoring/data/turns-*.jsonl, guide: docs/labelling.md)"
FOLDS = 5
PENALTIES = (0.03, 0.01, 0.003, 0.001, 0.0003)
LANGUAGES = ("en", "fa")
KEYS = ("id", "agent", "text", "label", "satisfaction")
#: Of one language: with fewer, a fold may hold none, and a calibration says nothing.
LEAST_OF_A_CLASS = 20
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
    places: dict[str, str] = {}
    for path in paths:
        for where, row in read_rows(path, KEYS):
            turn = _turn(row, where)
            if turn.id in found:
                raise InputError(
                    f"{where}: the id {turn.id} is used already ({places[turn.id]}). Give each turn an id of its own."
                )
            found[turn.id], places[turn.id] = turn, where
    return list(found.values())


def _turn(row: dict[str, Any], where: str) -> LabelledTurn:
    id_, label, satisfaction = text(row, "id", where), row["label"], row["satisfaction"]
    language, dash, _ = id_.partition("-")
    if language not in LANGUAGES or not dash:
        raise InputError(
            f"{where}: an id begins with the language, {' or '.join(f'{one}-' for one in LANGUAGES)}; it is {id_!r}."
        )
    if label not in ATTITUDES:
        raise InputError(
            f"{where}: label must be {', '.join(ATTITUDES)}; it is {label!r}. docs/labelling.md says which when."
        )
    if isinstance(satisfaction, bool) or not isinstance(satisfaction, int) or not 1 <= satisfaction <= 5:
        raise InputError(f"{where}: satisfaction must be a whole number from 1 to 5; it is {satisfaction!r}.")
    return LabelledTurn(
        id=id_, language=language, agent=text(row, "agent", where, may_be_empty=True), text=text(row, "text", where),
        label=label, satisfaction=satisfaction,
    )  # fmt: skip


def check_enough(turns: Sequence[LabelledTurn]) -> None:
    """Raises InputError where a class is too rare to be learnt and judged in every fold, in a language that occurs."""
    for language in sorted({turn.language for turn in turns}):
        mine = [turn for turn in turns if turn.language == language]
        counts = {f"labelled {name}": sum(turn.label == name for turn in mine) for name in ATTITUDES}
        sad = sum(turn.satisfaction <= DISSATISFIED_UP_TO for turn in mine)
        counts |= {
            f"of satisfaction up to {DISSATISFIED_UP_TO}": sad,
            f"of satisfaction above {DISSATISFIED_UP_TO}": len(mine) - sad,
        }
        for name, count in counts.items():
            if count < LEAST_OF_A_CLASS:
                raise InputError(
                    f"Too few turns to train on: {count} in {language} {name}, it takes {LEAST_OF_A_CLASS}. Label some more."
                )
    if not any(turn.agent.strip() for turn in turns):
        raise InputError(
            "No turn has what the agent said before it (key agent). Add it where it is known: the heads learn from it."
        )


def train(turns: Sequence[LabelledTurn], encoder: Encodes, data_sha256: str = "", source: str = "") -> Heads:
    """Heads from labelled turns; `provenance` says what they were trained on and how they did on turns held out.

    Raises InputError where there are too few.
    """
    check_enough(turns)
    vectors = encode_once([turn.text for turn in turns], encoder)
    contexts = encode_once([turn.agent for turn in turns], encoder)
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
            "trained_on": source,
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

    def fit(
        self, labels: NDArray[np.int64], classes: int, penalty: float, keep: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
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
    figures = {
        str(name): _figures(logits[rows.languages == name], labels[rows.languages == name], classes)
        for name in calibrations
    }
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


def main(model_dir: Path, out: Path, *, data: Sequence[Path] = (), threads: int = 2) -> dict[str, Any]:
    """Train on `data` (default: the shipped turns), write the heads to `out`, give the provenance.

    Raises InputError naming the line of bad data, or when `out` can't be written.
    """
    paths = sorted(data or DATA.glob("turns-*.jsonl"))
    turns = read_turns(paths)
    if not out.parent.is_dir():
        raise InputError(f"{out} can't be written: {out.parent} is not a folder. Make it, or name another file.")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    own = paths == sorted(DATA.glob("turns-*.jsonl"))
    made = train(
        turns, Encoder(model_dir, threads), digest, OWN_TURNS if own else ", ".join(path.name for path in paths)
    )
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_text(heads.dumps(made), encoding="utf-8")
        part.replace(out)
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}.") from None
    return dict(made.provenance)
