"""How heads do on talks: the probabilities that they give, and how good those are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import measures
from scoring.dissatisfaction import Moment, judge
from scoring.heads import Floats, Heads
from scoring.learning.learn import CLASSES, paths_of
from scoring.learning.rows import TARGETS, UNKNOWN, Rows
from scoring.learning.talks import Talk


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """Of one question: probabilities (n, classes) of what is labelled, what people say, and whose talk each is."""

    chances: Floats
    truth: NDArray[np.int64]
    talk_of: NDArray[np.int64]

    @property
    def losses(self) -> Floats:
        """(n,) log loss."""
        return np.asarray(-np.log(self.chances[np.arange(len(self.truth)), self.truth] + 1e-9))


def answers(talks: Sequence[Talk], rows: Rows, heads: Heads) -> dict[str, Answers]:
    """By question, "call" among them: all that is labelled in `talks`, judged by `heads` as the product would."""
    chances = {name: np.zeros((len(rows), classes)) for name, classes in TARGETS.items()}
    for language, queue in sorted({*zip(rows.languages.tolist(), rows.queues.tolist(), strict=True)}):
        mine = (rows.languages == language) & (rows.queues == queue)
        judged = heads.for_queue(queue or None).judge(rows.taken(mine), language)
        chances["attitude"][mine] = judged.attitudes
        for name, values in (("dissatisfied", judged.dissatisfied), ("anger", judged.angry)):
            chances[name][mine] = np.column_stack([1 - values, values])
    found = {}
    for name, truth in rows.truth.items():
        known = truth != UNKNOWN
        if known.any():
            found[name] = Answers(chances=chances[name][known], truth=truth[known], talk_of=rows.talk_of[known])
    if (whole := _calls(talks, rows, chances, heads)) is not None:
        found["call"] = whole
    return found


def figures(found: Answers, classes: Sequence[str]) -> dict[str, Any]:
    """AUC of the last class against the first, macro-F1 and ECE among the classes that occur, log loss, and the number."""
    first, last = 0, found.chances.shape[1] - 1
    ends = (found.truth == first) | (found.truth == last)
    odds = np.log(found.chances[:, last] + 1e-12) - np.log(found.chances[:, first] + 1e-12)
    kept = sorted({*found.truth.tolist()})
    among = found.chances[:, kept] / found.chances[:, kept].sum(axis=1, keepdims=True)
    guess = np.array(kept)[among.argmax(axis=1)]
    return {
        "macro_f1": _round(
            measures.macro_f1([classes[n] for n in found.truth.tolist()], [classes[n] for n in guess.tolist()])
        ),
        "auc": _round(measures.auc(odds[ends], found.truth[ends] == last)),
        "ece": _round(measures.ece(among.max(axis=1), guess == found.truth)),
        "log_loss": _round(float(found.losses.mean())),
        "n": len(found.truth),
    }


def all_figures(found: Mapping[str, Answers]) -> dict[str, dict[str, Any]]:
    """`figures` by question."""
    return {name: figures(one, CLASSES.get(name, ("no", "yes"))) for name, one in found.items()}


def _calls(talks: Sequence[Talk], rows: Rows, chances: Mapping[str, Floats], heads: Heads) -> Answers | None:

    paths = paths_of(talks, rows, chances)
    at = [n for n, talk in enumerate(talks) if talk.dissatisfied is not None and n in paths]
    if not at:
        return None
    sad = [_call(talks[n], paths[n], heads) for n in at]
    return Answers(
        chances=np.array([[1 - one, one] for one in sad]),
        truth=np.array([int(bool(talks[n].dissatisfied)) for n in at]),
        talk_of=np.array(at),
    )


def _call(talk: Talk, path: Sequence[Moment], heads: Heads) -> float:
    found = judge(path, talk.line, heads.for_queue(talk.queue).call_weights(talk.language)).probability
    assert found is not None  # the path isn't empty
    return found


def _round(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)
