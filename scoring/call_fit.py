"""The weights of a whole call's dissatisfaction, fitted on labelled calls near those set by hand. Pure numpy, the same each time.

Each call's turns are judged by heads that never saw its story, so that the weights learn what the heads are really worth. The
sound's weights stay as they are set; every other one keeps its sign, and is drawn towards the one set by hand: as strongly as
cross-validation allows (the strongest pull whose loss is within one standard error of the best), since calls written to learn
from are plainer than life.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring import measures
from scoring.dissatisfaction import HAND_SET, SOUND, Moment, Weights, amounts
from scoring.heads import Floats
from scoring.labelled_calls import LabelledCall
from scoring.labelled_turns import DISSATISFIED_UP_TO
from scoring.train_rows import FOLDS, fold_of

#: A center's calls are seldom as bad as those written to learn from; they are weighed to this share of dissatisfied ones.
DISSATISFIED_SHARE = 0.25
#: How well the heads part turns that nobody here wrote (docs/scoring.md, "Measured"). On our own turns they do better, and
#: weights that trusted them so far would lean on the worst moments, where in life there is most noise.
ELSEWHERE_AUC = {"dissatisfied": 0.7, "positive": 0.9}
NOISY_COPIES = 20
STRENGTHS = (0.3, 0.1, 0.03, 0.01, 0.003)
#: The calls written for this are short: the mean of four turns and the worst three of them, they can't tell apart. These keep
#: the proportions set by hand, and one weight is fitted for them together.
TIED = ("mean", "worst_three", "last_turns")
NAMES = tuple(name for name in HAND_SET.by_name if name not in {*SOUND, *TIED})
_FREE = frozenset({"slope"})  #: all others may not change their sign
_SWEEPS = 200


@dataclass(frozen=True, kw_only=True)
class CallFit:
    """Weights by language, and how they did on calls held out, beside those set by hand."""

    by_language: Mapping[str, Weights]
    figures: Mapping[str, Any]


def fit_calls(calls: Sequence[LabelledCall], paths: Sequence[Sequence[Moment]]) -> CallFit:
    """`paths` are each call's customer turns as judged by heads that never saw its story."""
    clean = _columns(calls, paths)
    noisy = [_columns(calls, one) for one in _as_heard_elsewhere(paths, calls)]
    languages = np.array([call.language for call in calls])
    known = sorted(set(languages.tolist()))
    bases = np.array([[float(language == one) for one in known] for language in languages])
    copies = np.vstack([np.hstack([bases, one]) for one in noisy])
    sad = np.array([float(call.dissatisfied) for call in calls])
    share = _shares(sad, languages)
    folds = np.array([fold_of(call.story) for call in calls])
    many = _Calls(columns=copies, sad=np.tile(sad, NOISY_COPIES), share=np.tile(share, NOISY_COPIES) / NOISY_COPIES,
                  folds=np.tile(folds, NOISY_COPIES))  # fmt: skip
    start = np.array([HAND_SET.base] * len(known) + [1.0] + [HAND_SET.by_name[name] for name in NAMES])
    free = np.array([True] * len(known) + [False] + [name in _FREE for name in NAMES])
    by_fold = {strength: many.held_out(start, free, strength) for strength in STRENGTHS}
    strength = _strongest(
        {one: many.losses(weights).reshape(NOISY_COPIES, -1).sum(axis=0) for one, weights in by_fold.items()}
    )
    best = fit_towards(many.columns, many.sad, many.share, start, free, strength)
    held_out = np.einsum("nk,nk->n", np.hstack([bases, clean]), by_fold[strength][folds])
    weights = {language: _weights(float(best[n]), best[len(known) :]) for n, language in enumerate(known)}
    figures = {
        language: {
            "by_hand": _figures(np.hstack([bases, clean]) @ start, sad, share, languages == language),
            "fitted": _figures(held_out, sad, share, languages == language),
        }
        for language in known
    }
    return CallFit(by_language=weights, figures={"strength": strength, **figures})


def fit_towards(
    columns: Floats, truth: Floats, share: Floats, start: Floats, free: NDArray[np.bool_], strength: float
) -> Floats:
    """Weights with the least log loss plus `strength` / 2 · ((weight - start) / size)², none of which but the `free` falls below 0.

    One weight after the other by Newton's step, until none moves. `share` adds up to 1.
    """
    size = np.maximum(np.abs(start), 0.5)
    at, logits = start.copy(), columns @ start
    for _ in range(_SWEEPS):
        moved = 0.0
        for n in range(len(at)):
            chance = 1 / (1 + np.exp(-logits))
            slope = (
                float((share * (chance - truth) * columns[:, n]).sum()) + strength * (at[n] - start[n]) / size[n] ** 2
            )
            bend = float((share * chance * (1 - chance) * columns[:, n] ** 2).sum()) + strength / size[n] ** 2
            there = float(np.clip(at[n] - slope / bend, at[n] - 1, at[n] + 1))
            there = there if free[n] else max(0.0, there)
            logits = logits + (there - at[n]) * columns[:, n]
            moved, at[n] = max(moved, abs(there - at[n])), there
        if moved < 1e-7:
            break
    return at


@dataclass(frozen=True, kw_only=True)
class _Calls:
    """Calls, each several times over, as `fit_towards` takes them."""

    columns: Floats
    sad: Floats
    share: Floats
    folds: NDArray[np.int64]

    def held_out(self, start: Floats, free: NDArray[np.bool_], strength: float) -> Floats:
        """(FOLDS, weights): for each fold, weights from the others."""
        made = []
        for fold in range(FOLDS):
            learnt = self.folds != fold
            share = self.share[learnt] / max(1e-12, float(self.share[learnt].sum()))
            made.append(fit_towards(self.columns[learnt], self.sad[learnt], share, start, free, strength))
        return np.array(made)

    def losses(self, by_fold: Floats) -> Floats:
        """What each row adds to the log loss, judged by weights that never saw its story."""
        return _losses(np.einsum("nk,nk->n", self.columns, by_fold[self.folds]), self.sad) * self.share


def _columns(calls: Sequence[LabelledCall], paths: Sequence[Sequence[Moment]]) -> Floats:
    found = [amounts(path, call.line) for path, call in zip(paths, calls, strict=True)]
    return np.array(
        [[sum(HAND_SET.by_name[n] * one[n] for n in TIED), *(one[name] for name in NAMES)] for one in found]
    )


def _weights(base: float, fitted: Floats) -> Weights:
    tied = {name: HAND_SET.by_name[name] * float(fitted[0]) for name in TIED}
    return Weights(
        base=base, by_name={**HAND_SET.by_name, **tied, **dict(zip(NAMES, map(float, fitted[1:]), strict=True))}
    )


def _as_heard_elsewhere(paths: Sequence[Sequence[Moment]], calls: Sequence[LabelledCall]) -> list[list[list[Moment]]]:
    """Copies of the calls in which the heads judge the turns as badly as they do on talk that nobody here wrote."""
    moments = [moment for path in paths for moment in path]
    marks = [mark for call in calls for mark in call.turn_labels if mark]
    sad = np.array([satisfaction <= DISSATISFIED_UP_TO for _, satisfaction in marks])
    glad = np.array([label == "pos" for label, _ in marks])
    unhappy, happy = (_logit([getattr(m, name) for m in moments]) for name in ("dissatisfied", "positive"))
    random = np.random.default_rng(0)
    copies = []
    for _ in range(NOISY_COPIES):
        worse = _chance(_noisy(unhappy, sad, ELSEWHERE_AUC["dissatisfied"], random))
        warm = _chance(_noisy(happy, glad, ELSEWHERE_AUC["positive"], random))
        made = iter(
            dataclasses.replace(moment, dissatisfied=float(d), positive=float(g))
            for moment, d, g in zip(moments, worse, warm, strict=True)
        )
        copies.append([[next(made) for _ in path] for path in paths])
    return copies


def _noisy(logits: Floats, truth: NDArray[np.bool_], auc: float, random: np.random.Generator) -> Floats:
    """As widely spread as before, with just so much noise that they part `truth` with `auc` (no better than they do without)."""
    noise, low, high = random.normal(size=len(logits)) * logits.std(), 0.0, 8.0
    if measures.auc(logits, truth) <= auc:
        return logits
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if measures.auc(logits + middle * noise, truth) > auc else (low, middle)
    mixed = logits + low * noise
    return np.asarray(logits.mean() + (mixed - mixed.mean()) * logits.std() / mixed.std())


def _logit(chances: Sequence[float]) -> Floats:
    kept = np.clip(np.array(chances), 1e-4, 1 - 1e-4)
    return np.asarray(np.log(kept / (1 - kept)))


def _chance(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logits)))


def _strongest(losses: Mapping[float, Floats]) -> float:
    """The strongest pull whose loss is within one standard error of the best."""
    best = min(losses.values(), key=lambda loss: float(loss.sum()))
    limit = float(best.sum() + best.std() * np.sqrt(len(best)))
    return max(strength for strength, loss in losses.items() if loss.sum() <= limit)


def _shares(sad: Floats, languages: NDArray[np.str_]) -> Floats:
    """Each language's calls weigh the same, and in each the dissatisfied ones DISSATISFIED_SHARE."""
    share = np.zeros(len(sad))
    for language in np.unique(languages):
        for kind, part in ((1.0, DISSATISFIED_SHARE), (0.0, 1 - DISSATISFIED_SHARE)):
            mine = (languages == language) & (sad == kind)
            share[mine] = part / max(1, int(mine.sum()))
    return np.asarray(share / share.sum())


def _losses(logits: Floats, sad: Floats) -> Floats:
    return np.asarray(np.logaddexp(0, np.where(sad > 0, -logits, logits)))


def _figures(logits: Floats, sad: Floats, share: Floats, mine: NDArray[np.bool_]) -> dict[str, float]:
    chance = 1 / (1 + np.exp(-logits[mine]))
    found = {
        "auc": measures.auc(logits[mine], sad[mine] > 0),
        "loss": float((share[mine] * _losses(logits[mine], sad[mine])).sum() / share[mine].sum()),
        "ece": measures.ece(chance, sad[mine] > 0, share[mine]),
        "n": int(mine.sum()),
    }
    return {name: round(value, 4) for name, value in found.items()}
