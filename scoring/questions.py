"""One scorecard over one agent's part of a call: each question answered with its evidence, its confidence and its reason.

The machine says no only where it could hear well; otherwise it is unsure and a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scoring.dialogue import MIXED, Turn, evidence
from scoring.likeness import likest
from scoring.mood import Encodes
from scoring.rules import Found, Stretch, look, said_by_anyone, windows
from scoring.scorecard import NA, NO, UNSURE, YES, Answered, Question, Scorecard

RULE_CONFIDENCE = 0.95
LIKE_CONFIDENCE = 0.8
ABSENCE_CONFIDENCE = 0.8
#: Below this the machine leaves the answer to a person.
LEAST_CONFIDENCE = 0.6
#: Mean token probability of a transcript below which words that were not found may have been said all the same.
HEARD_WELL = 0.55
SHOWN = 3
HEARD, FORBIDDEN = "Heard: “%(words)s”", "Heard words that are not allowed: “%(words)s”"
DISCOURTEOUS, ALIKE = "Heard: “%(words)s”, which is not courteous", "Means the same as an example: “%(words)s”"
PERHAPS, MISSING = "Perhaps said: “%(words)s”; please listen", "Nothing of the kind was heard"
NONE_HEARD, UNHEARD = (
    "No such word was heard",
    "Nothing of the kind was found, but the call was not heard well enough to be sure",
)
NO_HOLD, NOT_FITTING = "The customer was not put on hold", "Does not apply here: “%(words)s”"
NO_WORDS, MIXED_VOICES = (
    "The agent was not heard at all",
    "Both voices are in one channel, so nobody knows who said: “%(words)s”",
)


def hearing(turns: Sequence[Turn], *, too_weak: bool) -> float:
    """How far the transcript can be trusted, 0 to 1: 1 for a good one or one made elsewhere."""
    known = [turn.confidence for turn in turns if turn.confidence is not None]
    mean = sum(known) / len(known) if known else 1.0
    level = 1.0 if mean >= HEARD_WELL else mean / HEARD_WELL
    return min(level, 0.5) if too_weak else level


def answer_all(card: Scorecard, stretch: Stretch, encoder: Encodes, *, heard: float = 1.0) -> list[Answered]:
    """Every question of the card, in order. `heard` as from `hearing`."""
    if not stretch.agent_turns:
        return [_answer(question, UNSURE, 0.0, reason=_reason(NO_WORDS)) for question in card.questions]
    return [_answer_one(question, stretch, encoder, heard) for question in card.questions]


def _answer_one(question: Question, stretch: Stretch, encoder: Encodes, heard: float) -> Answered:
    if question.needs == "hold" and not stretch.holds:
        return _answer(question, NA, 1.0, method="ledger", reason=_reason(NO_HOLD))
    if unfit := said_by_anyone(question.na_when, stretch.turns):
        return _answer(question, NA, RULE_CONFIDENCE, unfit[:1], reason=_reason(NOT_FITTING, unfit[0][1]))
    found = look(question.rule, stretch)
    hit = found.no or found.yes
    if hit and hit[0][0].party == MIXED:
        return _answer(question, UNSURE, 0.4, hit, reason=_reason(MIXED_VOICES, hit[0][1]))
    if found.no or found.yes:
        return _from_rule(question, found, heard)
    alike = _from_likeness(question, stretch, encoder, heard) if question.likeness else None
    missing = (NO, MISSING) if question.rule.any_of else (YES, NONE_HEARD)
    return alike or _absent(question, *missing, heard, stretch)


def _from_rule(question: Question, found: Found, heard: float) -> Answered:
    confidence = RULE_CONFIDENCE * (0.5 + heard / 2)
    if found.no:
        why = DISCOURTEOUS if question.rule.any_of else FORBIDDEN
        return _answer(question, _sure(NO, confidence), confidence, found.no, reason=_reason(why, found.no[0][1]))
    return _answer(question, _sure(YES, confidence), confidence, found.yes, reason=_reason(HEARD, found.yes[0][1]))


def _from_likeness(question: Question, stretch: Stretch, encoder: Encodes, heard: float) -> Answered | None:
    assert question.likeness
    found = [likest(question.likeness, group, encoder) for group in windows(question.rule, stretch)]
    if not found or any(one is None or not (one.sure or one.doubtful) for one in found):
        return None
    weakest = min((one for one in found if one), key=lambda one: one.margin)
    seen = [(one.turn, one.sentence) for one in found if one]
    if weakest.sure and weakest.turn.party != MIXED:
        confidence = LIKE_CONFIDENCE * (0.5 + heard / 2)
        return _answer(question, _sure(YES, confidence), confidence, seen, "likeness", _reason(ALIKE, weakest.sentence))
    return _answer(question, UNSURE, 0.5, seen, "likeness", _reason(PERHAPS, weakest.sentence))


def _absent(question: Question, value: str, why: str, heard: float, stretch: Stretch) -> Answered:
    """Nothing was found: that is an answer only where everything was heard."""
    mixed = any(turn.party == MIXED for turn in stretch.agent_turns)
    confidence = ABSENCE_CONFIDENCE * heard * (0.5 if mixed else 1.0)
    if _sure(value, confidence) == UNSURE:
        return _answer(question, UNSURE, confidence, reason=_reason(UNHEARD))
    return _answer(question, value, confidence, reason=_reason(why))


def _sure(value: str, confidence: float) -> str:
    return value if confidence >= LEAST_CONFIDENCE else UNSURE


def _answer(
    question: Question,
    value: str,
    confidence: float,
    seen: Sequence[tuple[Turn, str]] = (),
    method: str = "rule",
    reason: dict[str, Any] | None = None,
) -> Answered:
    shown = tuple(evidence(turn, words=words) for turn, words in seen[:SHOWN])
    return Answered(
        question=question,
        value=value,
        confidence=round(confidence, 3),
        method=method,
        evidence=shown,
        reason=reason or {},
    )


def _reason(text: str, words: str | None = None) -> dict[str, Any]:
    return {"id": text, "values": {} if words is None else {"words": words}}
