"""A filled-in form as it is stored: what it came to, what stays out of averages and why, and what made each answer."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from avasanj.i18n import N_
from scoring.dialogue import AGENT
from scoring.marks import Result, needs_person, points, result
from scoring.questions import Setting, answer_all
from scoring.scorecard import Answered, Kind, Question, Scorecard
from scoring.spans import AgentPart
from scoring.tables import Answer, Evaluation

_NAMESPACE = uuid.UUID("6f0a6f0e-5d0f-5f2c-9d5c-0a8f5f1b7a11")
SAMPLE = N_("This is a sample call")
ONE_CHANNEL = N_("Both voices are in one channel: who spoke is not known")
GUESSED = N_("Who spoke was guessed by the voices")
BADLY_HEARD = N_("The call was not heard well enough")
SILENT_AGENT = N_("No word of the agent was heard")
NO_CUSTOMER = N_("No word of the customer was heard")
FOREIGN = N_("The form is not made for the language of the call")
KEPT_OUT = (SAMPLE, ONE_CHANNEL, GUESSED, BADLY_HEARD, SILENT_AGENT, NO_CUSTOMER, FOREIGN)


@dataclass(frozen=True, kw_only=True)
class Filled:
    """One form for one agent's part."""

    part: AgentPart
    card: Scorecard
    answers: tuple[Answered, ...]
    kept_out: tuple[str, ...]  #: why it stays out of averages; empty for one that counts


def fill(part: AgentPart, card: Scorecard, setting: Setting, kept_out: Sequence[str]) -> Filled:
    """Answers every question, and adds what is wrong with this part to `kept_out`, what is wrong with the whole call."""
    reasons = [*kept_out]
    if not any(turn.party == AGENT for turn in part.stretch.turns) and not {ONE_CHANNEL, GUESSED} & {*reasons}:
        reasons.append(SILENT_AGENT)
    if setting.language and card.scope.languages and setting.language not in card.scope.languages:
        reasons.append(FOREIGN)
    answers = answer_all(card, part.stretch, setting)
    return Filled(part=part, card=card, answers=tuple(answers), kept_out=tuple(reasons))


def row(call_id: uuid.UUID, filled: Filled, speech: dict[str, Any]) -> Evaluation:
    """The form's row with its answers; `speech` is what made the transcript."""
    card, came_to = filled.card, result(filled.card, filled.answers)
    return Evaluation(
        id=uuid.uuid5(_NAMESPACE, f"{call_id}/{filled.part.position}/{card.key}/{card.version}"),
        call_id=call_id,
        span_position=filled.part.position,
        agent_interface=filled.part.interface,
        agent_name=filled.part.name,
        scorecard=card.key,
        scorecard_version=card.version,
        title=dict(card.title),
        **outcome(card, came_to),
        needs_person=any(needs_person(answer) for answer in filled.answers),
        counts=not filled.kept_out,
        kept_out=[{"id": reason, "values": {}} for reason in filled.kept_out],
        answers=[
            _answer(position, answer, card.section_of(answer.question).key, speech)
            for position, answer in enumerate(filled.answers)
        ],
    )


def outcome(card: Scorecard, came_to: Result) -> dict[str, Any]:
    """What a form came to, as its row's columns."""
    return {
        "score": came_to.score,
        "passed": came_to.passed,
        "failed": came_to.failed,
        "doubted": [*came_to.doubted],
        "critical": [*came_to.critical],
        "critical_score": came_to.critical_score,
        "answered": came_to.answered,
        "sections": [
            {"key": section.key, "title": dict(section.title), "score": came_to.sections[section.key]}
            for section in card.sections
        ],
    }


def _answer(position: int, answer: Answered, section: str, speech: dict[str, Any]) -> Answer:
    question = answer.question
    return Answer(
        position=position,
        question=question.key,
        title=dict(question.title),
        section=section,
        kind=question.kind.value,
        value=answer.value,
        label=label_of(question, answer.value),
        critical=question.critical,
        fatal=question.fatal,
        needs_person=needs_person(answer),
        points=points(answer),
        points_possible=question.weight,
        confidence=answer.confidence,
        method=answer.method,
        made_by={"question": version_of(question), "model": answer.model, **speech},
        evidence=list(answer.evidence),
        reason=dict(answer.reason) or None,
    )


def label_of(question: Question, value: str) -> dict[str, str] | None:
    """The titles of the chosen options; None where there are no options to choose, or none is chosen."""
    if question.kind not in {Kind.CHOICE, Kind.CHOICES}:
        return None
    chosen = [option for option in question.options if option.key in value.split(",")]
    if not chosen:
        return None
    return {"en": ", ".join(one.title["en"] for one in chosen), "fa": "، ".join(one.title["fa"] for one in chosen)}


def version_of(question: Question) -> str:
    """Twelve digits that change when anything of the question does: answers of several forms can be compared by it."""
    return _digest(json.dumps(asdict(question), ensure_ascii=False, sort_keys=True))


@lru_cache(maxsize=1024)
def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
