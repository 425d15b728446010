"""Cross-validation: how well heads do that were trained on the rest of a set, by the same training that `avasanj train` does.

Talks of one group (a dialogue, a call's story, the same text) are never split. Everything that is fitted, penalties and calibration
included, is fitted inside the training folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scoring import heads as trained
from scoring.heads import softmax
from scoring.learning.judging import Answers, all_figures, answers
from scoring.learning.learn import Taught, learn
from scoring.learning.rows import FOLDS, TARGETS, UNKNOWN, Encoded, Rows, fold_of, rows_of
from scoring.learning.talks import Talk
from scoring.mood import Encodes

#: Another one than the inner folds' (which hash with 0), so that these don't coincide.
SEED = 1


def cross_validated(talks: Sequence[Talk], encoder: Encodes, *, seed: int = SEED, folds: int = FOLDS) -> dict[str, Any]:
    """{"trained", "shipped", "tfidf"}: figures by question over all talks, each judged by heads that never saw its group.

    "tfidf" is a logistic regression on words and letters alone, its penalty chosen within the training folds; of whole calls, the mean
    over its turns. Raises InputError where a fold has too few labels to learn from.
    """
    encoded, shipped = Encoded(talks, encoder), trained.shipped()
    judged: dict[str, list[Mapping[str, Answers]]] = {"trained": [], "shipped": [], "tfidf": []}
    group = np.array([fold_of(talk.group, seed, folds) for talk in talks])
    for fold in range(folds):
        learnt = [talk for talk, at in zip(talks, group, strict=True) if at != fold]
        held_out = [talk for talk, at in zip(talks, group, strict=True) if at == fold]
        if not held_out:
            continue
        taught = learn(learnt, encoded)
        rows = rows_of(held_out, encoded, shipped)
        judged["trained"].append(answers(held_out, rows, taught.heads))
        judged["shipped"].append(answers(held_out, rows, shipped))
        judged["tfidf"].append(_by_words(held_out, rows, taught))
    found: dict[str, Any] = {name: all_figures(_joined(parts)) for name, parts in judged.items()}
    return {**found, "folds": folds, "seed": seed, "talks": len(talks)}


def _by_words(talks: Sequence[Talk], rows: Rows, taught: Taught) -> dict[str, Answers]:
    found = {}
    for name in TARGETS:
        known = rows.truth[name] != UNKNOWN
        if name not in taught.learnt or not known.any():
            continue
        blend = taught.learnt[name].blend
        chances = softmax(blend.words.logits(blend.vocabulary.of_counts(rows.counted)))
        found[name] = Answers(chances=chances[known], truth=rows.truth[name][known], talk_of=rows.talk_of[known])
        if name == "dissatisfied":
            at = [n for n, talk in enumerate(talks) if talk.dissatisfied is not None and (rows.talk_of == n).any()]
            sad = np.array([chances[rows.talk_of == n, 1].mean() for n in at])
            truth = np.array([int(bool(talks[n].dissatisfied)) for n in at])
            found["call"] = Answers(chances=np.column_stack([1 - sad, sad]), truth=truth, talk_of=np.array(at))
    return {name: one for name, one in found.items() if len(one.truth)}


def _joined(parts: Sequence[Mapping[str, Answers]]) -> dict[str, Answers]:
    names = sorted({name for part in parts for name in part})
    return {
        name: Answers(
            chances=np.vstack([part[name].chances for part in parts if name in part]),
            truth=np.concatenate([part[name].truth for part in parts if name in part]),
            talk_of=np.concatenate([part[name].talk_of for part in parts if name in part]),
        )
        for name in names
    }
