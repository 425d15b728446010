"""From talks with labels to heads: each question that has labels enough is learnt anew, the others stay as they came with Avasanj."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from avasanj.errors import InputError
from scoring import heads as trained
from scoring.dissatisfaction import Moment
from scoring.encoder import NAME
from scoring.heads import ATTITUDES, Floats, Heads, softmax
from scoring.learning import calls
from scoring.learning.blending import Learnt, blend_of
from scoring.learning.rows import TARGETS, UNKNOWN, Encoded, Rows, fold_of, rows_of
from scoring.learning.talks import Talk
from scoring.mood import Encodes

#: A question with fewer labelled turns is not learnt, nor one of which all but so few answer the same.
LEAST_TURNS, LEAST_OF_A_CLASS = 40, 10
CLASSES = {"attitude": ATTITUDES, "dissatisfied": ("no", "yes"), "anger": ("no", "yes")}


@dataclass(frozen=True, kw_only=True)
class Taught:
    """The new heads, what was learnt of each question, and the calls' weights by language."""

    heads: Heads
    learnt: Mapping[str, Learnt]
    calls: Mapping[str, calls.FittedCalls]


def learn(talks: Sequence[Talk], encoder: Encodes, *, number: int = 0, source: str = "", seed: int = 0) -> Taught:
    """Heads that know the talks, beside the shipped ones. Raises InputError, with what lacks, where nothing can be learnt."""
    if lacking := too_few(talks):
        raise InputError(lacking)
    shipped = trained.shipped()
    encoded = encoder if isinstance(encoder, Encoded) else Encoded(talks, encoder)
    rows = rows_of(talks, encoded, shipped, seed)
    learnt = {target: blend_of(rows, target) for target in TARGETS if _can_be_learnt(rows.truth[target])}
    paths = paths_of(talks, rows, {name: softmax(one.held_out) for name, one in learnt.items()})
    fitted = {}
    for language in sorted({talk.language for talk in talks}):
        mine = [n for n, talk in enumerate(talks) if talk.language == language and paths.get(n) and talk.satisfaction]
        if calls.enough([talks[n] for n in mine]):
            folds = np.array([fold_of(talks[n].group, seed) for n in mine])
            fitted[language] = calls.fit_language(
                [talks[n] for n in mine], [paths[n] for n in mine], folds, shipped.call_weights(language)
            )
    made = dataclasses.replace(
        shipped,
        learnt={name: one.blend for name, one in learnt.items()},
        calls={**shipped.calls, **{language: one.weights for language, one in fitted.items()}},
        call_shifts=_by_queue({language: one.shifts for language, one in fitted.items()}),
        provenance=_provenance(talks, number, source, shipped),
    )
    return Taught(heads=made, learnt=learnt, calls=fitted)


def too_few(talks: Sequence[Talk]) -> str:
    """What lacks before anything can be learnt; empty where something can be."""
    marks = [talk.marks[n] for talk in talks for n in talk.chosen if n in talk.marks]
    answers: dict[str, list[object]] = {
        "attitude (neg, neu, pos)": [one.label for one in marks if one.label],
        "satisfaction (1 and 2 against 3 to 5)": [
            one.satisfaction < 3 for one in marks if one.satisfaction is not None
        ],
        "anger": [one.angry for one in marks if one.angry is not None],
    }
    if any(_enough(given) for given in answers.values()) or any(
        calls.enough([talk for talk in talks if talk.satisfaction and talk.language == language])
        for language in {talk.language for talk in talks}
    ):
        return ""
    told = [f"{name}: {_lacks(given)}" for name, given in answers.items() if given or not name.startswith("anger")]
    whole = Counter(talk.dissatisfied for talk in talks if talk.satisfaction is not None)
    return (
        "Too few labels to learn from. Of customers' turns, "
        + "; ".join(told)
        + f". Of whole calls there are {whole.total()} ({whole[True]} dissatisfied); it takes {calls.LEAST_CALLS} of a language, "
        f"{calls.LEAST_OF_A_KIND} of them dissatisfied and {calls.LEAST_OF_A_KIND} not. Label some more on the calls' pages."
    )


def paths_of(talks: Sequence[Talk], rows: Rows, held_out: Mapping[str, Floats]) -> dict[int, list[Moment]]:
    """Each talk's judged turns as moments, by the talk's index; what wasn't learnt is as the shipped heads say it."""
    chances = {name: held_out.get(name, softmax(rows.shipped[name])) for name in TARGETS}
    found: dict[int, list[Moment]] = {}
    for row, at in enumerate(rows.talk_of.tolist()):
        turn = talks[at].turns[talks[at].chosen[len(found.get(at, ()))]]
        negative, neutral, positive = map(float, chances["attitude"][row])
        moment = Moment(
            turn=turn, negative=negative, neutral=neutral, positive=positive, dissatisfied=float(chances["dissatisfied"][row, 1]),
        )  # fmt: skip
        found.setdefault(at, []).append(moment)
    return found


def _can_be_learnt(truth: np.ndarray[Any, np.dtype[np.int64]]) -> bool:
    return _enough(truth[truth != UNKNOWN].tolist())


def _enough(answers: Sequence[object]) -> bool:
    common = Counter(answers).most_common(2)
    return len(answers) >= LEAST_TURNS and len(common) == 2 and common[1][1] >= LEAST_OF_A_CLASS


def _lacks(answers: Sequence[object]) -> str:
    common = Counter(answers).most_common(2)
    second = common[1][1] if len(common) == 2 else 0
    return (
        f"{len(answers)} labelled, {max(0, LEAST_TURNS - len(answers))} more are needed, and at least "
        f"{LEAST_OF_A_CLASS} of another answer than the commonest (there are {second})"
    )


def _by_queue(by_language: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for language, shifts in by_language.items():
        for queue, shift in shifts.items():
            found.setdefault(queue, {})[language] = shift
    return found


def _provenance(talks: Sequence[Talk], number: int, source: str, shipped: Heads) -> dict[str, Any]:
    said = sorted(
        f"{talk.group}|{[turn.text for turn in talk.turns]}|{sorted(talk.marks.items())}|{talk.satisfaction}"
        for talk in talks
    )
    return {
        "encoder": NAME,
        "number": number,
        "trained_on": source,
        "beside": shipped.version,
        "data_sha256": hashlib.sha256("\n".join(said).encode()).hexdigest(),
        "turns": dict(Counter(talk.language for talk in talks for _ in talk.marks)),
        "calls": dict(Counter(talk.language for talk in talks if talk.satisfaction is not None)),
        "trained_at": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
