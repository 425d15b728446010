"""Calls that mean the same, from their vectors: agglomerative, average linkage, in plain numpy. The same calls give the same groups.

The mean of each language is taken away first: e5 puts texts of one language nearer to each other than texts of one meaning. What is left
joins a Persian and an English call about the same thing. With average linkage the likeness of two groups of unit vectors is the product of
their means, so a group is kept as one sum and nothing grows with the square of all calls: many calls are first gathered around a bounded
number of seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Mean cosine (of what is left without the language) from which groups are joined; set on
#: tests/scoring/topics/groups.yaml (the first four subjects).
JOINED_FROM = 0.18
#: More calls than this are gathered around so many seeds first: 9 MB of cosines, whatever the number of calls.
MOST_SEEDS = 1500
_ROUNDS, _BLOCK = 8, 4096
#: Fewer calls of a language than this have no mean of their own.
_ENOUGH = 20
#: A call this far from its group's middle is none of it.
LEAST_NEAR = 0.35


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows that mean the same, the most typical first, and how near they are to their middle on the mean (cosine, 0 to 1)."""

    rows: tuple[int, ...]
    tightness: float


@dataclass(frozen=True, kw_only=True)
class Means:
    """The mean vector of each language, and of all for a language of few calls."""

    of: dict[str, Floats]
    of_all: Floats

    def away(self, vectors: Floats, languages: Sequence[str]) -> Floats:
        """(n, width) of unit length: `vectors` without what their language puts into all of them."""
        if not len(vectors):
            return vectors
        return _unit(vectors - np.array([self.of.get(language, self.of_all) for language in languages]))


def means(vectors: Floats, languages: Sequence[str]) -> Means:
    labels, names = np.array(languages), sorted(set(languages))
    enough = [name for name in names if (labels == name).sum() >= _ENOUGH]
    of_all = vectors.mean(axis=0) if len(vectors) else np.zeros(vectors.shape[1], np.float32)
    return Means(of={name: vectors[labels == name].mean(axis=0) for name in enough}, of_all=of_all)


def without_language(vectors: Floats, languages: Sequence[str]) -> Floats:
    """Rows of unit length from which their language's mean is taken away."""
    return means(vectors, languages).away(vectors, languages)


def groups(vectors: Floats, *, least: int = 5, joined_from: float = JOINED_FROM) -> list[Group]:
    """Groups of at least `least` rows, the largest first. `vectors` as `without_language` makes them."""
    if len(vectors) < max(2, least):
        return []
    labels = _gathered(vectors) if len(vectors) > MOST_SEEDS else np.arange(len(vectors))
    labels = _joined(vectors, labels, joined_from)
    found = []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        middle = _unit(vectors[rows].mean(axis=0, keepdims=True))[0]
        near = vectors[rows] @ middle
        kept = near >= LEAST_NEAR
        rows, near = rows[kept], near[kept]
        if len(rows) >= least:
            order = np.lexsort((rows, -near))
            found.append(Group(rows=tuple(int(one) for one in rows[order]), tightness=float(near.mean())))
    return sorted(found, key=lambda group: (-len(group.rows), group.rows))


def _gathered(vectors: Floats) -> NDArray[np.intp]:
    """Each row's seed: k-means on the sphere from evenly spaced rows, so that nothing is left to chance."""
    seeds = vectors[np.linspace(0, len(vectors) - 1, MOST_SEEDS).astype(int)].copy()
    labels = np.zeros(len(vectors), np.intp)
    for _ in range(_ROUNDS):
        for start in range(0, len(vectors), _BLOCK):
            labels[start : start + _BLOCK] = (vectors[start : start + _BLOCK] @ seeds.T).argmax(axis=1)
        sums = np.zeros_like(seeds)
        np.add.at(sums, labels, vectors)
        filled = np.linalg.norm(sums, axis=1) > 0
        seeds[filled] = _unit(sums[filled])
    return labels


def _joined(vectors: Floats, labels: NDArray[np.intp], joined_from: float) -> NDArray[np.intp]:
    """Labels after joining the two likest groups again and again, as long as they are like enough."""
    names, labels = np.unique(labels, return_inverse=True)
    count = len(names)
    sums, sizes = (
        np.zeros((count, vectors.shape[1]), np.float32),
        np.bincount(labels, minlength=count).astype(np.float32),
    )
    np.add.at(sums, labels, vectors)
    means = sums / sizes[:, None]
    like = means @ means.T
    np.fill_diagonal(like, -np.inf)
    best, into = like.max(axis=1), np.arange(count)
    while True:
        one = int(best.argmax())
        if best[one] < joined_from:
            break
        other = int(like[one].argmax())
        one, other = min(one, other), max(one, other)
        sums[one] += sums[other]
        sizes[one] += sizes[other]
        into[into == other] = one
        was_one, was_other = like[:, one].copy(), like[:, other].copy()
        like[other, :] = like[:, other] = -np.inf
        alive = np.flatnonzero(np.isfinite(like).any(axis=0) | (np.arange(count) == one))
        row = np.full(count, -np.inf, np.float32)
        row[alive] = (sums[alive] / sizes[alive, None]) @ (sums[one] / sizes[one])
        row[[one, other]] = -np.inf
        stale = np.flatnonzero(((best == was_one) | (best == was_other)) & np.isfinite(best))
        like[one, :] = like[:, one] = row
        best[other], best[one] = -np.inf, row.max()
        best = np.maximum(best, row)
        best[stale] = like[stale].max(axis=1)
        gone = ~np.isfinite(like).any(axis=1)
        best[gone] = -np.inf
    return into[labels]


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)
