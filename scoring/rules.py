"""Answers by phrase rule: what was said in the window that a question looks at. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from scoring.dialogue import AGENT, CUSTOMER, MIXED, Turn
from scoring.facts import Known
from scoring.phrase_patterns import slots_of
from scoring.phrases import Phrases, prepare
from scoring.scorecard import ANYONE, Heard, Rule, Wording

Hit = tuple[Turn, str]
_PHRASES_KEPT = 4096


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """One agent's part of a call: the turns said in it, the holds (start and end in seconds) and what fills the phrases' slots."""

    turns: tuple[Turn, ...]
    holds: tuple[tuple[float, float], ...] = ()
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known: Known = field(default_factory=Known)  #: of the ledger and the sound

    def said_by(self, party: str) -> tuple[Turn, ...]:
        """A party's turns with words; those of a mono recording stand in for everybody's, since nobody knows who spoke."""
        if party not in self._said_by:
            wanted = {AGENT, CUSTOMER, MIXED} if party == ANYONE else {party, MIXED}
            self._said_by[party] = tuple(turn for turn in self.turns if turn.party in wanted and turn.text.strip())
        return self._said_by[party]

    @cached_property
    def _said_by(self) -> dict[str, tuple[Turn, ...]]:
        return {}

    @cached_property
    def agent_turns(self) -> tuple[Turn, ...]:
        return self.said_by(AGENT)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a rule found: turns with the words that were sought."""

    yes: tuple[Hit, ...] = ()
    no: tuple[Hit, ...] = ()


def windows(rule: Rule, stretch: Stretch) -> list[tuple[Turn, ...]]:
    """The turns that the rule looks at: one group, or one per hold. Windows count from the agent's own first and last words."""
    turns, own = stretch.said_by(rule.said_by), stretch.agent_turns
    if rule.before_hold_s is not None:
        return [
            tuple(turn for turn in turns if start - rule.before_hold_s <= turn.end_s and turn.start_s <= start + 1)
            for start, _ in stretch.holds
        ]
    if not turns or not own:
        return [turns]
    if rule.first_s is not None:
        return [tuple(turn for turn in turns if turn.start_s <= own[0].start_s + rule.first_s)]
    if rule.last_s is not None:
        return [tuple(turn for turn in turns if turn.end_s >= own[-1].end_s - rule.last_s)]
    return [turns[1:-1] if rule.middle and len(turns) > 3 else turns]


def look(rule: Rule, stretch: Stretch) -> Found:
    """Applies the rule. With several windows (holds) each must hold a yes; the first one without is left for `no` to tell."""
    groups = windows(rule, stretch) if rule.wanted else []
    found = [_satisfied(rule, group, stretch) for group in groups]
    yes = tuple(hit for hits in found for hit in hits) if found and all(found) else ()
    return Found(yes=yes, no=tuple(_said(rule.none_of, stretch.said_by(rule.said_by), stretch)))


def said_by_anyone(patterns: Sequence[str], turns: Sequence[Turn]) -> tuple[Hit, ...]:
    """Turns of either party with one of the phrases."""
    if not patterns:
        return ()
    phrases = Phrases(patterns)
    return tuple((turn, hits[0].words) for turn in turns if (hits := phrases.find(turn.text)))


def heard(wanted: Heard, stretch: Stretch) -> tuple[Hit, ...]:
    """Turns in which the phrases are said and not denied."""
    turns = stretch.said_by(wanted.said_by)
    found = _phrases(wanted.words, stretch).find_where([turn.text for turn in turns])
    return tuple((turns[number], hits[0].words) for number, hits in found if not hits[0].negated)


def _satisfied(rule: Rule, turns: Sequence[Turn], stretch: Stretch) -> list[Hit]:
    """What was sought and found, empty where anything of it is missing."""
    hits: list[Hit] = []
    for group in (*((rule.any_of,) if rule.any_of else ()), *rule.all_of):
        if not (said := _said(group, turns, stretch)):
            return []
        hits += said
    if rule.near:
        if not (close := _near(rule, turns, stretch)):
            return []
        hits += close
    return hits


def _said(words: Wording, turns: Sequence[Turn], stretch: Stretch) -> list[Hit]:
    if not words:
        return []
    found = _phrases(words, stretch).find_where([turn.text for turn in turns])
    return [(turns[number], hits[0].words) for number, hits in found]


def _near(rule: Rule, turns: Sequence[Turn], stretch: Stretch) -> list[Hit]:
    """One hit of each group, all within so many words of each other; turns that follow each other are read as one text."""
    places = sorted(
        (place for number, group in enumerate(rule.near) for place in _places(number, group, turns, stretch)),
        key=lambda place: place[0],
    )
    for index, (at, _, _, _) in enumerate(places):
        taken: dict[int, Hit] = {}
        for start, group_number, turn, words in places[index:]:
            if start - at > rule.within_words:
                break
            taken.setdefault(group_number, (turn, words))
        if len(taken) == len(rule.near):
            return list(taken.values())
    return []


def _places(
    number: int, group: Wording, turns: Sequence[Turn], stretch: Stretch
) -> Iterator[tuple[int, int, Turn, str]]:
    """Each hit as (its first word's place in the text of all turns, group, turn, words)."""
    phrases, before = _phrases(group, stretch), 0
    for turn, hits in zip(turns, phrases.find_in([turn.text for turn in turns]), strict=True):
        text = prepare(turn.text).text
        for hit in hits:
            yield before + text.count(" ", 0, hit.start), number, turn, hit.words
        before += text.count(" ") + 1


def _phrases(words: Wording, stretch: Stretch) -> Phrases:
    """Phrases without slots are the same for every call."""
    return Phrases(words.all, stretch.slots) if _has_slots(words) else _kept(words)


@lru_cache(maxsize=_PHRASES_KEPT)
def _has_slots(words: Wording) -> bool:
    return any(slots_of(text) for text in words.all)


@lru_cache(maxsize=_PHRASES_KEPT)
def _kept(words: Wording) -> Phrases:
    return Phrases(words.all)
