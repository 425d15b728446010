"""Measuring the shipped heads on labelled files: JSON lines of texts, or of whole dialogues. Nothing here trains."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.errors import InputError
from scoring import heads as shipped_heads
from scoring import measures
from scoring.dialogue import AGENT, CUSTOMER, Turn
from scoring.dissatisfaction import Line, judge
from scoring.heads import ATTITUDES, Heads
from scoring.mood import Encodes, encode_once, moments

NEGATIVE, NEUTRAL, POSITIVE = range(3)
#: A mean satisfaction below this (of 1 to 5) is dissatisfied.
SATISFIED_FROM = 3.0


def evaluate_sentiment(
    path: Path, language: str, encoder: Encodes, positive_label: str | None = None, heads: Heads | None = None
) -> dict[str, Any]:
    """`{"macro_f1", "auc", "ece", "n"}` over lines of `{"text", "label"}`.

    AUC is of neg against pos by the odds of negative to positive, or of `positive_label` against all the rest by the probability of
    negative. Macro-F1 and ECE are over the attitudes that the file labels (neg, neu, pos); None where it labels something else.
    Raises InputError naming the line.
    """
    rows = list(_rows(path, ("text", "label")))
    heads = heads or shipped_heads.shipped()
    vectors = encode_once([str(row["text"]) for row in rows], encoder)
    probabilities = heads.attitude.probabilities(heads.features(vectors, vectors * 0), language)
    labels = [str(row["label"]) for row in rows]
    if positive_label is not None:
        if positive_label not in labels:
            raise InputError(f"{path} has no row labelled {positive_label!r}; it has {', '.join(sorted(set(labels)))}.")
        rest = np.array([label == positive_label for label in labels])
        auc, kept = measures.auc(probabilities[:, NEGATIVE], rest), []
    else:
        ends = np.array([label in {"neg", "pos"} for label in labels])
        odds = np.log(probabilities[:, NEGATIVE] + 1e-12) - np.log(probabilities[:, POSITIVE] + 1e-12)
        auc = measures.auc(odds[ends], np.array([label == "neg" for label in labels])[ends])
        kept = [name for name in ATTITUDES if name in labels]
    found: dict[str, Any] = {"macro_f1": None, "auc": _round(auc), "ece": None, "n": len(rows)}
    if kept:
        among = probabilities[:, [ATTITUDES.index(name) for name in kept]]
        among = among / among.sum(axis=1, keepdims=True)
        guess = [kept[n] for n in among.argmax(axis=1)]
        right = np.array([a == b for a, b in zip(guess, labels, strict=True)])
        found |= {"macro_f1": _round(measures.macro_f1(labels, guess)), "ece": _round(measures.ece(among.max(axis=1), right))}
    return found


def evaluate_dialogues(path: Path, encoder: Encodes, language: str = "en", heads: Heads | None = None) -> dict[str, Any]:
    """`{"turn_auc", "dialogue_auc", "ece", "n"}` over lines of `{"turns": [{"speaker", "text", "satisfaction"}], "overall"}`.

    A turn or a dialogue is dissatisfied when its people's mean is below 3. ECE is of the turns' probability; `n` counts dialogues.
    """
    heads = heads or shipped_heads.shipped()
    turn_scores: list[float] = []
    turn_sad: list[bool] = []
    whole_scores: list[float] = []
    whole_sad: list[bool] = []
    rows = list(_rows(path, ("turns",)))
    for row in rows:
        turns = [
            Turn(position=n, party=CUSTOMER if one["speaker"] == "customer" else AGENT, start_s=float(n), end_s=n + 1.0, text=one["text"])
            for n, one in enumerate(row["turns"])
        ]
        path_ = moments(turns, language, encoder, heads)
        for moment in path_:
            if judged := row["turns"][moment.turn.position].get("satisfaction"):
                turn_scores.append(moment.dissatisfied)
                turn_sad.append(_mean(judged) < SATISFIED_FROM)
        probability = judge(path_, Line()).probability
        if probability is not None and row.get("overall"):
            whole_scores.append(probability)
            whole_sad.append(_mean(row["overall"]) < SATISFIED_FROM)
    scores, sad = np.array(turn_scores), np.array(turn_sad)
    return {
        "turn_auc": _round(measures.auc(scores, sad)),
        "dialogue_auc": _round(measures.auc(np.array(whole_scores), np.array(whole_sad))),
        "ece": _round(measures.ece(np.maximum(scores, 1 - scores), (scores >= 0.5) == sad)),
        "n": len(rows),
    }


def _rows(path: Path, keys: Sequence[str]) -> Iterable[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"{path}, line {number}: not JSON ({error}).") from None
        if not isinstance(row, dict) or any(key not in row for key in keys):
            raise InputError(f"{path}, line {number}: a row needs the keys {', '.join(keys)}.")
        yield row


def _mean(values: Any) -> float:
    return float(np.mean(values))


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
