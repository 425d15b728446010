"""Fitting one `Blend` from labelled rows: each part on some folds, the mixing and the calibration on what the parts never saw.

Nothing here is drawn by chance: groups are put into folds by the hash of their name, and every fit starts at the shipped heads. With
few labels the penalties keep the result near those; penalties are chosen by the log loss of rows held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import logistic
from scoring.blend import Blend, Linear, columns
from scoring.heads import Floats
from scoring.learning.queues import shifts_of
from scoring.learning.rows import FOLDS, TARGETS, UNKNOWN, Integers, Rows
from scoring.ngrams import Vocabulary, vocabulary

#: Half the squared weights times this is added to the mean log loss; for words and for the mixing, divided by the number of rows.
MOVED_PENALTIES = (0.03, 0.01, 0.003)
WORDS_PENALTIES = (3.0, 1.0, 0.33)
MIX_PENALTY = 10.0
#: A language with fewer labels keeps the mixing as it is.
CALIBRATED_FROM = 50
#: Words are fitted less closely: they have many weights, and the penalty matters more than the last digit.
WORDS_STEPS, WORDS_CLOSE, MOVED_CLOSE = 50, 1e-4, 1e-5

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """A blend, and what it says of all rows (n, classes), calibrated, each row judged by parts that never saw its group."""

    blend: Blend
    held_out: Floats
    words_alone: Floats  #: the same of the words' part by itself
    penalties: Mapping[str, float]


def blend_of(rows: Rows, target: str) -> Learnt:
    """Learn `target` from the rows that are labelled with it."""
    truth, classes = rows.truth[target], TARGETS[target]
    known = truth != UNKNOWN
    moved = {penalty: np.array(rows.shipped[target]) for penalty in MOVED_PENALTIES}
    words = {penalty: np.zeros((len(rows), classes)) for penalty in WORDS_PENALTIES}
    for fold in range(FOLDS):
        judged = rows.folds == fold
        if not judged.any():
            continue
        for penalty, linear in _moved(rows, target, known & ~judged, MOVED_PENALTIES).items():
            moved[penalty][judged] += linear.logits(rows.said.features[judged])
        pieces, fitted = _words(rows, target, known & ~judged, WORDS_PENALTIES)
        counted = pieces.of_counts([rows.counted[n] for n in np.flatnonzero(judged).tolist()])
        for penalty, linear in fitted.items():
            words[penalty][judged] = linear.logits(counted)
    best = {"moved": _best(moved, truth, known), "words": _best(words, truth, known)}
    return _mixed(rows, target, known, moved[best["moved"]], words[best["words"]], best)


def _mixed(rows: Rows, target: str, known: Bools, moved: Floats, words: Floats, best: dict[str, float]) -> Learnt:
    """The mixing and the calibrations from what was held out; the parts from all that is known."""
    truth, mixed = rows.truth[target], columns(moved, words, rows.others)
    weights, bias = logistic.fit(
        mixed[known], truth[known], TARGETS[target], MIX_PENALTY / int(known.sum()), start=moved[known]
    )
    mix = Linear(weights=weights, bias=bias)
    logits = moved + mix.logits(mixed)
    calibrations = {}
    for language in np.unique(rows.languages[known]):
        mine = rows.languages == language
        if int((mine & known).sum()) >= CALIBRATED_FROM:
            calibrations[str(language)] = logistic.calibrate(logits[mine & known], truth[mine & known])
            logits[mine] = calibrations[str(language)].of(logits[mine])
    queues = shifts_of(logits, truth, known, rows.languages, rows.queues)
    for queue, language in {(queue, language) for queue, one in queues.items() for language in one}:
        logits[(rows.queues == queue) & (rows.languages == language)] += np.array(queues[queue][language])
    pieces, fitted = _words(rows, target, known, (best["words"],))
    made = Blend(
        moved=_moved(rows, target, known, (best["moved"],))[best["moved"]], vocabulary=pieces, words=fitted[best["words"]],
        mix=mix, calibrations=calibrations, queues=queues,
    )  # fmt: skip
    return Learnt(blend=made, held_out=logits, words_alone=words, penalties=best)


def _moved(rows: Rows, target: str, learnt: Bools, penalties: tuple[float, ...]) -> dict[float, Linear]:
    """By how much to move the shipped head's logits, per penalty."""
    features, truth, start = rows.said.features[learnt], rows.truth[target][learnt], rows.shipped[target][learnt]
    fitted = {
        one: logistic.fit(features, truth, TARGETS[target], one, start=start, close=MOVED_CLOSE) for one in penalties
    }
    return {one: Linear(weights=weights, bias=bias) for one, (weights, bias) in fitted.items()}


def _words(
    rows: Rows, target: str, learnt: Bools, penalties: tuple[float, ...]
) -> tuple[Vocabulary, dict[float, Linear]]:
    """The pieces of the learnt rows, and weights on them per penalty."""
    counted = [rows.counted[n] for n in np.flatnonzero(learnt).tolist()]
    pieces = vocabulary(counted)
    features, truth = pieces.of_counts(counted), rows.truth[target][learnt]
    found = {}
    for one in penalties:
        weights, bias = logistic.fit(
            features, truth, TARGETS[target], one / max(1, len(truth)), steps=WORDS_STEPS, close=WORDS_CLOSE
        )
        found[one] = Linear(weights=weights, bias=bias)
    return pieces, found


def _best(tried: Mapping[float, Floats], truth: Integers, known: Bools) -> float:
    """The penalty with the least log loss."""
    rows, classes = np.flatnonzero(known), truth[known]
    losses = {
        one: -float(logistic.log_softmax(logits[rows])[np.arange(len(rows)), classes].mean())
        for one, logits in tried.items()
    }
    return min(losses, key=lambda one: losses[one])
