"""A person's answers over the machine's: what stands for each question of a form. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from avasanj.i18n import N_
from scoring.answers import because
from scoring.evaluation import SAMPLE
from scoring.marks import asked, needs_person
from scoring.questions import CONDITION_FAILED, CONDITION_OPEN
from scoring.reviews.tables import Origin
from scoring.scorecard import NA, UNSURE, Answered, Question, Scorecard

NOW_ASKED = N_("Asked since a person answered an earlier question otherwise; a person answers this")
#: What the records or the sound say: nobody need confirm it.
_COUNTED = frozenset({"ledger", "measure", "condition"})
PERSON, CONDITION = "person", "condition"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A person's answer to one question."""

    value: str
    origin: str = Origin.GIVEN.value
    by: uuid.UUID | None = None  #: whose it is
    comment: str = ""
    evidence: tuple[dict[str, Any], ...] = ()

    @property
    def decided(self) -> bool:
        """Whether somebody answered this very question, rather than let it pass."""
        return self.origin != Origin.KEPT


@dataclass(frozen=True, kw_only=True)
class Stood:
    """What stands for a question, and whose it is."""

    answer: Answered
    machine: Answered  #: the machine's own
    given: Given | None = None  #: the person's, where theirs stands or they let the machine's pass

    @property
    def changed(self) -> bool:
        """Whether something else than the machine's own answer stands."""
        return self.answer is not self.machine


def stand(card: Scorecard, machine: Mapping[str, Answered], given: Mapping[str, Given]) -> list[Stood]:
    """What stands for each question, in the form's order; conditions are judged by what stands for the earlier ones."""
    done: dict[str, Answered] = {}
    found = []
    for question in card.questions:
        if question.key not in machine:
            continue  # an evaluation from before the question was there
        stood = _one(question, machine[question.key], given.get(question.key), asked(question, done))
        done[question.key] = stood.answer
        found.append(stood)
    return found


def _one(question: Question, own: Answered, given: Given | None, applies: bool | None) -> Stood:
    if applies is False:
        unasked = own.method == CONDITION and own.value == NA
        return Stood(answer=own if unasked else _by_condition(question, NA, CONDITION_FAILED), machine=own)
    if given is not None:
        same = not given.decided and given.value == own.value
        return Stood(answer=own if same else _by_person(question, given, own), machine=own, given=given)
    if own.method != CONDITION:
        return Stood(answer=own, machine=own)
    if applies is None:
        pending = own.value == UNSURE
        return Stood(answer=own if pending else _by_condition(question, UNSURE, CONDITION_OPEN), machine=own)
    return Stood(answer=_by_condition(question, UNSURE, NOW_ASKED), machine=own)


def _by_condition(question: Question, value: str, why: str) -> Answered:
    confidence = 1.0 if value == NA else 0.0
    return Answered(question=question, value=value, confidence=confidence, method=CONDITION, reason=because(why))


def _by_person(question: Question, given: Given, own: Answered) -> Answered:
    """Their own places in the call; where they name none and agree with the machine, those that it found."""
    evidence = given.evidence or (own.evidence if own.value == given.value else ())
    return Answered(question=question, value=given.value, confidence=1.0, method=PERSON, evidence=evidence)


def blind(card: Scorecard, machine: Mapping[str, Answered]) -> dict[str, Answered]:
    """The machine's answers as a calibration takes them: what is counted or measured stays, all else is nobody's yet."""
    return {
        question.key: own
        if (own := machine[question.key]).method in {"ledger", "measure"}
        else Answered(question=question, value=UNSURE, confidence=0.0, method=PERSON)
        for question in card.questions
        if question.key in machine
    }


def kept(stood: Sequence[Stood]) -> list[Answered]:
    """The machine's answers that a person who submits the form lets stand: what it was sure of, and fails nobody."""
    return [
        one.answer
        for one in stood
        if one.given is None
        and one.answer.method not in {CONDITION, PERSON}
        and one.answer.value != UNSURE
        and not needs_person(one.answer)
    ]


def is_full(stood: Sequence[Stood]) -> bool:
    """Whether a person has answered all that is scored, but for what the records and the sound tell."""
    return all(
        (one.given is not None and one.given.decided) or one.answer.method in _COUNTED
        for one in stood
        if one.answer.question.weight and not (one.answer.method == CONDITION and one.answer.value == NA)
    ) and not any(one.answer.value == UNSURE and one.answer.question.weight for one in stood)


def counts(kept_out: Sequence[Mapping[str, Any]], stood: Sequence[Stood]) -> bool:
    """Whether a form counts in averages. What the machine could not hear a person could, if they answered all; a sample never counts."""
    if not kept_out:
        return True
    return is_full(stood) and not any(reason.get("id") == SAMPLE for reason in kept_out)
