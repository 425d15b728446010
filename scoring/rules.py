"""Answers by phrase rule: what was said in the window that a question looks at. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scoring.dialogue import AGENT, MIXED, Turn
from scoring.phrases import Phrases
from scoring.scorecard import Rule


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One agent's part of a call: the turns said in it, the holds (start and end in seconds) and what fills the phrases' slots."""

    turns: tuple[Turn, ...]
    holds: tuple[tuple[float, float], ...] = ()
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def agent_turns(self) -> tuple[Turn, ...]:
        """The agent's turns; those of a mono recording stand in for them, since nobody knows who spoke."""
        return tuple(turn for turn in self.turns if turn.party in {AGENT, MIXED} and turn.text.strip())


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a rule found: turns with the words that were sought."""

    yes: tuple[tuple[Turn, str], ...] = ()
    no: tuple[tuple[Turn, str], ...] = ()


def windows(rule: Rule, stretch: Stretch) -> list[tuple[Turn, ...]]:
    """The agent's turns that the rule looks at: one group, or one per hold."""
    turns = stretch.agent_turns
    if rule.before_hold_s is not None:
        return [
            tuple(turn for turn in turns if start - rule.before_hold_s <= turn.end_s and turn.start_s <= start + 1)
            for start, _ in stretch.holds
        ]
    if not turns:
        return [()]
    if rule.first_s is not None:
        return [tuple(turn for turn in turns if turn.start_s <= turns[0].start_s + rule.first_s)]
    if rule.last_s is not None:
        return [tuple(turn for turn in turns if turn.end_s >= turns[-1].end_s - rule.last_s)]
    return [turns[1:-1] if rule.middle and len(turns) > 3 else turns]


def look(rule: Rule, stretch: Stretch) -> Found:
    """Applies the rule. With several windows (holds) each must hold a yes; the first one without is left for `no` to tell."""
    wanted, barred = Phrases(rule.any_of, stretch.slots), Phrases(rule.none_of, stretch.slots)
    groups = windows(rule, stretch)
    found = [_said(wanted, group) for group in groups]
    yes = tuple(hit for group in found for hit in group) if found and all(found) else ()
    return Found(yes=yes, no=tuple(hit for hit in _said(barred, stretch.agent_turns)))


def said_by_anyone(patterns: Sequence[str], turns: Sequence[Turn]) -> tuple[tuple[Turn, str], ...]:
    """Turns of either party with one of the phrases."""
    return tuple(_said(Phrases(patterns), turns)) if patterns else ()


def _said(phrases: Phrases, turns: Sequence[Turn]) -> list[tuple[Turn, str]]:
    return [(turn, hits[0].words) for turn in turns if (hits := phrases.find(turn.text))]
