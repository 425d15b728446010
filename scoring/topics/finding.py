"""Which topics a call is about, with the words that show it, and the one that the customer called for. Pure, given vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from scoring.dialogue import AGENT, CUSTOMER, MIXED, Turn, evidence
from scoring.mood import Encodes
from scoring.scorecard import ANYONE
from scoring.topics.reason import reason_turn, substance
from scoring.topics.topic import Topic, Topics

Vectors = NDArray[np.float32]

RULE, LIKENESS = "rule", "likeness"
#: A phrase in one turn, in several.
ONCE, OFTEN = 0.85, 0.95
#: Likeness alone makes a topic only so near to an example (cosine) and so much nearer than any other topic's. Set on the even rows of
#: tests/scoring/topics/calls.yaml so that a wrong topic is rare.
LEAST_COSINE, LEAST_MARGIN, LEAST_WORDS, LIKE = 0.885, 0.02, 5, 0.7
#: What a customer calls for is said in the first turns, or in the one that was found to be the reason.
FIRST_TURNS = 2
#: How much a topic's cosine to the reason counts when several topics were heard in the first turns: .02 of cosine is worth a turn.
_LIKENESS_WEIGHT, _LATER, _GENERAL = 12.0, 0.25, 0.6
_UNRELATED = 0.84
#: A head's share alone makes a topic the reason from here on; where a phrase says another one, it has to be so much surer. Set on
#: openings held out from the fit (docs/accuracy.md).
LEAST_SHARE, MUCH_SURER = 0.4, 0.6
_EXAMPLES: WeakKeyDictionary[Encodes, dict[tuple[str, ...], Vectors]] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Found:
    """One topic of a call. Confidence 0 to 1; `evidence` as the pages play it, with the words that were heard."""

    topic: str
    confidence: float
    method: str
    evidence: tuple[dict[str, Any], ...]
    driver: bool = False


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What phrases found: for each topic the places (index in the turns) and the words."""

    places: Mapping[str, Mapping[int, str]]
    reason: Turn | None


def hear(turns: Sequence[Turn], topics: Topics, *, outbound: bool = False) -> Heard:
    """The phrases of all topics, and the turn in which the customer says why they call."""
    places = {topic.key: found for topic in topics.topics if (found := _places(topic, turns, outbound=outbound))}
    about = {place for key, found in places.items() for place in found if _may_drive(topics, key)}
    return Heard(places=places, reason=reason_turn(turns, about, outbound=outbound))


def find(
    turns: Sequence[Turn],
    topics: Topics,
    heard: Heard,
    nearness: Mapping[str, float],
    learnt: Mapping[str, float] = MappingProxyType({}),
) -> list[Found]:
    """All topics, the driver first. `nearness` is each topic's cosine to the reason, `learnt` how likely a head takes it for the reason;
    both are empty where there is none.
    """
    found = {key: _by_rule(key, places, turns) for key, places in heard.places.items()}
    driver = _driver(turns, topics, heard, nearness)
    spoken = len(substance(heard.reason.text)) if heard.reason else 0
    if heard.reason and (meant := _meant(topics, driver, nearness if spoken >= LEAST_WORDS else {}, learnt)):
        driver, confidence = meant
        words = (evidence(heard.reason),)
        by_meaning = Found(topic=driver, confidence=round(confidence, 3), method=LIKENESS, evidence=words)
        found.setdefault(driver, by_meaning)
    ranked = sorted(found.values(), key=lambda one: (one.topic != driver, -one.confidence, one.topic))
    return [
        Found(
            topic=one.topic,
            confidence=one.confidence,
            method=one.method,
            evidence=one.evidence,
            driver=one.topic == driver,
        )
        for one in ranked
    ]


def near(topics: Topics, vector: Vectors, encoder: Encodes) -> dict[str, float]:
    """For each topic with examples, the cosine of the nearest one to `vector` (unit length)."""
    return {
        topic.key: float((_examples(topic.like.all, encoder) @ vector).max()) for topic in topics.topics if topic.like
    }


def _examples(texts: tuple[str, ...], encoder: Encodes) -> Vectors:
    """A topic's examples, encoded once per process: they are the same for every call."""
    known = _EXAMPLES.setdefault(encoder, {})
    if texts not in known:
        known[texts] = np.concatenate([encoder.encode([text]) for text in texts])
    return known[texts]


def _places(topic: Topic, turns: Sequence[Turn], *, outbound: bool) -> dict[int, str]:
    """Where the topic's phrases were said by whoever may say them: the index of the turn and the words."""
    parties = {CUSTOMER, MIXED} if topic.said_by == CUSTOMER else {topic.said_by, MIXED}
    if topic.said_by == ANYONE or outbound:
        parties = {CUSTOMER, MIXED, AGENT}
    chosen = [n for n, turn in enumerate(turns) if turn.party in parties]
    found: dict[int, str] = {}
    for n, hits in zip(chosen, topic.sought.find_in([turns[n].text for n in chosen]), strict=True):
        words = [hit.words for hit in hits if not (topic.unless_denied and hit.negated)]
        if words and not topic.against.find(turns[n].text):
            found[n] = max(words, key=len)
    return found


def _by_rule(key: str, places: Mapping[int, str], turns: Sequence[Turn]) -> Found:
    words = tuple(evidence(turns[n], words=said) for n, said in sorted(places.items())[:5])
    return Found(topic=key, confidence=OFTEN if len(places) > 1 else ONCE, method=RULE, evidence=words)


def _may_drive(topics: Topics, key: str) -> bool:
    topic = topics.find(key)
    return topic is not None and topic.driver


def _driver(turns: Sequence[Turn], topics: Topics, heard: Heard, nearness: Mapping[str, float]) -> str | None:
    """Of the topics heard in the customer's first turns the earliest, unless another is much more like the reason."""
    speaking = [n for n, turn in enumerate(turns) if turn.party in {CUSTOMER, MIXED} and turn.text.strip()]
    early = {n: rank for rank, n in enumerate(speaking[:FIRST_TURNS])}
    reason = next((n for n, turn in enumerate(turns) if turn is heard.reason), None)
    if reason is not None:
        early[reason] = min(early.get(reason, FIRST_TURNS), speaking.index(reason) if reason in speaking else 0)
    worth: dict[str, float] = {}
    for key, places in heard.places.items():
        ranks = [early[n] for n in places if n in early]
        if ranks and _may_drive(topics, key):
            said = 0.5 if reason in places else 0.0
            like = _LIKENESS_WEIGHT * max(0.0, nearness.get(key, _UNRELATED) - _UNRELATED)
            topic = topics.find(key)
            worth[key] = 1 - _LATER * min(ranks) + said + like - (_GENERAL if topic and topic.general else 0.0)
    return max(worth, key=lambda key: (worth[key], key)) if worth else None


def _meant(
    topics: Topics, driver: str | None, nearness: Mapping[str, float], learnt: Mapping[str, float]
) -> tuple[str, float] | None:
    """The topic that the reason means, and how sure that is, where no phrase says it or the head is much surer of another one."""
    like = _likest(topics, nearness) if driver is None else None
    if like is not None and like not in learnt:  # a center's own topic; of the others the head knows more
        return like, min(0.9, LIKE + 2 * (nearness[like] - LEAST_COSINE))
    able = [(share, key) for key, share in learnt.items() if _may_drive(topics, key)]
    share, key = max(able, default=(0.0, ""))
    if driver is None:
        return (key, share) if share >= LEAST_SHARE else None
    known = learnt.get(driver)
    return (key, share) if known is not None and share >= known + MUCH_SURER else None


def _likest(topics: Topics, nearness: Mapping[str, float]) -> str | None:
    able = sorted(((cosine, key) for key, cosine in nearness.items() if _may_drive(topics, key)), reverse=True)
    if not able or able[0][0] < LEAST_COSINE:
        return None
    return able[0][1] if len(able) == 1 or able[0][0] - able[1][0] >= LEAST_MARGIN else None
