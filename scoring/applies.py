"""Which scorecards are filled in for an agent's part of a call. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from scoring.scorecard import Scope, Scorecard


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What a scorecard is chosen by."""

    queue: str | None
    direction: str
    language: str | None


def choose(cards: Sequence[Scorecard], occasion: Occasion) -> tuple[Scorecard, ...]:
    """The scorecard that suits best, and those that are filled in beside it, in the order of their keys.

    The one that names the queue goes before one with a star in it, that before one for all queues; then the direction counts, then the
    language. A call in a language that no form is for gets the form that suits otherwise: its page then says that it has no phrases.
    """
    fit = sorted((card for card in cards if _suits(card.scope, occasion)), key=lambda card: card.key)
    own = [card for card in fit if not card.beside]
    speaking = [card for card in own if _speaks(card.scope, occasion)] or own
    best = max(speaking, key=lambda card: _closeness(card.scope, occasion), default=None)
    return tuple(card for card in fit if card is best or (card.beside and _speaks(card.scope, occasion)))


def _suits(scope: Scope, occasion: Occasion) -> bool:
    queue = occasion.queue or ""
    if any(fnmatchcase(queue, pattern) for pattern in scope.not_queues):
        return False
    if scope.queues and not any(fnmatchcase(queue, pattern) for pattern in scope.queues):
        return False
    return not scope.directions or occasion.direction in scope.directions


def _speaks(scope: Scope, occasion: Occasion) -> bool:
    return not scope.languages or occasion.language is None or occasion.language in scope.languages


def _closeness(scope: Scope, occasion: Occasion) -> tuple[int, bool, bool]:
    queue = 2 if occasion.queue in scope.queues else 1 if scope.queues else 0
    return queue, bool(scope.directions), bool(scope.languages)
