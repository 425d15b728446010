"""Measuring heads as they are on labelled files: JSON lines of texts, or of whole dialogues. Nothing here trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.errors import InputError
from scoring import heads as shipped_heads
from scoring import measures
from scoring.dissatisfaction import Line, judge
from scoring.heads import ATTITUDES, Floats, Heads, Said
from scoring.labelled import read_rows, text
from scoring.learning.formats import ANGER, dialogue
from scoring.learning.rows import Encoded
from scoring.learning.talks import SATISFIED_FROM
from scoring.mood import Encodes, encode_once, moments

NEGATIVE, NEUTRAL, POSITIVE = range(3)


def evaluate_sentiment(
    path: Path, language: str, encoder: Encodes, positive_label: str | None = None, heads: Heads | None = None
) -> dict[str, Any]:
    """`{"macro_f1", "auc", "ece", "n"}` over lines of `{"text", "label"}`.

    AUC is of neg against pos by the odds of negative to positive, or of `positive_label` against all the rest by the probability of
    negative (of anger, where the label is one of ANGER); then labels can be anything, and macro-F1 and ECE are None. Otherwise they
    are over the attitudes that the file labels (neg, neu, pos). Raises InputError naming the line.
    """
    heads = heads or shipped_heads.shipped()
    known = heads.attitude.calibrations
    if language not in known:
        raise InputError(
            f"There is no judgement for the language {language!r}; there is one for {', '.join(sorted(known))}."
        )
    texts, labels = _labelled(path, any_label=positive_label is not None)
    if positive_label is not None and positive_label not in labels:
        raise InputError(f"{path} has no row labelled {positive_label!r}; it has {', '.join(sorted(set(labels)))}.")
    vectors = encode_once(texts, encoder)
    said = Said(features=heads.features(vectors, vectors * 0), texts=texts, agents=[""] * len(texts))
    judged = heads.judge(said, language)
    if positive_label is None:
        return attitude_figures(judged.attitudes, labels)
    scores = judged.angry if positive_label in ANGER else judged.attitudes[:, NEGATIVE]
    auc = measures.auc(scores, np.array([label == positive_label for label in labels]))
    return {"macro_f1": None, "auc": _round(auc), "ece": None, "n": len(labels)}


def _labelled(path: Path, *, any_label: bool) -> tuple[list[str], list[str]]:
    texts, labels = [], []
    for where, row in read_rows(path, ("text", "label")):
        texts.append(text(row, "text", where))
        labels.append(text(row, "label", where))
        if not any_label and labels[-1] not in ATTITUDES:
            raise InputError(
                f"{where}: the label {labels[-1]!r} is none of {', '.join(ATTITUDES)}. "
                "For a file with other labels, name one of them with --positive-label."
            )
    return texts, labels


def attitude_figures(probabilities: Floats, labels: Sequence[str]) -> dict[str, Any]:
    """What `evaluate_sentiment` says of probabilities (n, 3), whoever they come from."""
    ends = np.array([label != ATTITUDES[NEUTRAL] for label in labels])
    odds = np.log(probabilities[:, NEGATIVE] + 1e-12) - np.log(probabilities[:, POSITIVE] + 1e-12)
    auc = measures.auc(odds[ends], np.array([label == ATTITUDES[NEGATIVE] for label in labels])[ends])
    kept = [name for name in ATTITUDES if name in labels]
    among = probabilities[:, [ATTITUDES.index(name) for name in kept]]
    among = among / among.sum(axis=1, keepdims=True)
    guess = [kept[n] for n in among.argmax(axis=1)]
    right = np.array([a == b for a, b in zip(guess, labels, strict=True)])
    ece = measures.ece(among.max(axis=1), right)
    return {
        "macro_f1": _round(measures.macro_f1(labels, guess)),
        "auc": _round(auc),
        "ece": _round(ece),
        "n": len(labels),
    }


def evaluate_dialogues(
    path: Path, encoder: Encodes, language: str = "en", heads: Heads | None = None
) -> dict[str, Any]:
    """`{"turn_auc", "dialogue_auc", "ece", "n"}` over lines of `{"turns": [{"speaker", "text", "satisfaction"}], "overall"}`.

    A turn or a dialogue is dissatisfied when its people's mean is below 3. ECE is of the turns' probability; `n` counts dialogues.
    Raises InputError naming the line.
    """
    heads = heads or shipped_heads.shipped()
    talks = [dialogue(row, where, language) for where, row in read_rows(path, ("turns",))]
    encoded = Encoded(talks, encoder, whole=True)  # all at once: texts of like length together take half the time
    turn_scores: list[float] = []
    turn_sad: list[bool] = []
    whole_scores: list[float] = []
    whole_sad: list[bool] = []
    for talk in talks:
        found = moments(talk.turns, language, encoded, heads)
        for moment in found:
            mark = talk.marks.get(moment.turn.position)
            if mark is not None and mark.satisfaction is not None:
                turn_scores.append(moment.dissatisfied)
                turn_sad.append(mark.satisfaction < SATISFIED_FROM)
        probability = judge(found, Line(), heads.call_weights(language)).probability
        if probability is not None and talk.dissatisfied is not None:
            whole_scores.append(probability)
            whole_sad.append(talk.dissatisfied)
    scores, sad = np.array(turn_scores), np.array(turn_sad, bool)
    return {
        "turn_auc": _round(measures.auc(scores, sad)),
        "dialogue_auc": _round(measures.auc(np.array(whole_scores), np.array(whole_sad, bool))),
        "ece": _round(measures.ece(np.maximum(scores, 1 - scores), (scores >= 0.5) == sad)),
        "n": len(talks),
    }


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
