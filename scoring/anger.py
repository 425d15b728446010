"""Whom an angry customer means: the agent as a person, the company, or something else. Told from words alone.

A small head on the encoder's vectors of the turn and of the agent's turn before it, fitted by `scoring.anger_fit` on turns
written for this project. It is asked only of turns that are unhappy. What it says is shown to people; nothing is scored by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.dialogue import Turn, answered, evidence
from scoring.dissatisfaction import Moment
from scoring.heads import Floats, LinearHead, features, head_of
from scoring.heads import shipped as shipped_heads
from scoring.mood import Encodes, encode_once

TARGETS = ("agent", "company", "other")
FILE = "anger.json"
#: What the agent said before counts so much: it tells who is meant, but those that were written to learn from lean on it.
CONTEXT_SHARE = 0.6
#: From here on a turn is unhappy enough to ask whom it means.
UNHAPPY_FROM = 0.5
#: Below this nobody knows whom they mean, and nothing is said.
SURE_FROM = 0.5


@dataclass(frozen=True, kw_only=True)
class Target:
    """Whom one turn means, and how sure that is, 0 to 1."""

    turn: Turn
    at: str
    chance: float

    def stored(self) -> dict[str, Any]:
        return evidence(self.turn, at=self.at, chance=round(self.chance, 3))


def targets(path: Sequence[Moment], turns: Sequence[Turn], language: str, encoder: Encodes) -> list[Target]:
    """Of the unhappy turns those of which it is clear whom they mean, the surest first."""
    unhappy = {m.turn.position for m in path if m.negative >= UNHAPPY_FROM and m.dissatisfied >= UNHAPPY_FROM}
    chosen = [n for n, turn in enumerate(turns) if turn.position in unhappy]
    if not chosen:
        return []
    before = answered(turns)
    contexts = ["" if (at := before[n]) is None else turns[at].text for n in chosen]
    vectors = encode_once([turns[n].text for n in chosen] + contexts, encoder)
    spoken = inputs(vectors[: len(chosen)], vectors[len(chosen) :])
    found = [
        Target(turn=turns[n], at=TARGETS[int(row.argmax())], chance=float(row.max()))
        for n, row in zip(chosen, head().probabilities(spoken, language), strict=True)
    ]
    return sorted((one for one in found if one.chance >= SURE_FROM), key=lambda one: -one.chance)


def inputs(turns: NDArray[np.float32], contexts: NDArray[np.float32]) -> Floats:
    """(n, 2 * width) for the head, from the encoder's vectors; a context of zeros says that nobody spoke before."""
    width = turns.shape[1]
    made = features(turns, contexts, shipped_heads().centre)[:, : 2 * width]
    made[:, width:] *= CONTEXT_SHARE
    return made


@cache
def head() -> LinearHead:
    """The one that came with this version."""
    return head_of(shipped())


@cache
def shipped() -> Mapping[str, Any]:
    """The head with where it comes from and how it did on turns held out (`provenance`)."""
    found: Mapping[str, Any] = json.loads((resources.files("scoring") / "data" / FILE).read_text(encoding="utf-8"))
    return found
