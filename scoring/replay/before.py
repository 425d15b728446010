"""What stands of a chunk's calls: the evaluations by one scorecard, what people answered in them, and the customer's mood."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scoring.reviews.over import Given
from scoring.reviews.standing import given_in
from scoring.reviews.tables import ReviewAnswer
from scoring.scorecard import NO
from scoring.stage import HOLD_QUESTION
from scoring.tables import Answer, Evaluation, Mood

Part = tuple[uuid.UUID, int]


@dataclass(frozen=True, kw_only=True)
class StoodAnswer:
    """One question as it stands: the value, what made it, and, where a person's stands, the machine's own beneath it."""

    value: str
    method: str
    version: str | None  #: of the question
    transcript: str | None  #: id of the words that it rests on
    model: str | None
    reason: Mapping[str, Any] | None
    evidence: Sequence[Mapping[str, Any]]
    machine: Mapping[str, Any] | None

    @property
    def by_language_model(self) -> bool:
        """Whether the machine's own answer is a language model's."""
        return (self.machine or {"method": self.method}).get("method") == "model"


@dataclass(frozen=True, kw_only=True)
class Stood:
    """An evaluation as it stands, or what another version makes of the same part (without `made_at`)."""

    version: int
    score: float | None
    passed: bool | None
    failed: bool
    counts: bool
    answers: Mapping[str, StoodAnswer]
    made_at: datetime.datetime | None = None
    #: what a person gave, with the version of the question that it was given to
    given: Mapping[str, tuple[Given, str | None]] = field(default_factory=dict)
    reviewed: bool = False


def standing(
    session: Session, scorecard: str, versions: Sequence[int], calls: Sequence[uuid.UUID]
) -> dict[Part, Stood]:
    """By call and part, of these versions of the form; of several the one that was filled in last."""
    columns = (
        Evaluation.id,
        Evaluation.call_id,
        Evaluation.span_position,
        Evaluation.scorecard_version,
        Evaluation.score,
        Evaluation.passed,
        Evaluation.failed,
        Evaluation.counts,
        Evaluation.made_at,
        Evaluation.review_id,
    )
    query = select(*columns).where(Evaluation.call_id.in_(calls), Evaluation.scorecard == scorecard)
    query = query.where(Evaluation.scorecard_version.in_(versions))
    rows = session.execute(query.order_by(Evaluation.made_at)).all()
    answers = _answers(session, [row[0] for row in rows])
    given = _given(session, [row[9] for row in rows if row[9]])
    return {
        (call_id, position): Stood(
            version=version,
            score=score,
            passed=passed,
            failed=failed,
            counts=counts,
            made_at=made_at,
            answers=answers[id_],
            given=given[review_id] if review_id else {},
            reviewed=review_id is not None,
        )
        for id_, call_id, position, version, score, passed, failed, counts, made_at, review_id in rows
    }


def _answers(session: Session, evaluations: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, StoodAnswer]]:
    made_by = Answer.made_by
    query = select(
        Answer.evaluation_id,
        Answer.question,
        Answer.value,
        Answer.method,
        made_by["question"].astext,
        made_by["transcript"].astext,
        made_by["model"].astext,
        Answer.reason,
        Answer.machine,
    ).where(Answer.evaluation_id.in_(evaluations))
    quoted = select(Answer.evaluation_id, Answer.question, Answer.evidence).where(
        Answer.evaluation_id.in_(evaluations), Answer.method == "model"
    )
    evidence = {(id_, question): seen for id_, question, seen in session.execute(quoted)}
    found: dict[uuid.UUID, dict[str, StoodAnswer]] = defaultdict(dict)
    for id_, question, value, method, version, transcript, model, reason, machine in session.execute(query):
        found[id_][question] = StoodAnswer(
            value=value,
            method=method,
            version=version,
            transcript=transcript,
            model=model,
            reason=reason,
            evidence=evidence.get((id_, question), ()),
            machine=machine,
        )
    return found


def _given(session: Session, reviews: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, tuple[Given, str | None]]]:
    found: dict[uuid.UUID, dict[str, tuple[Given, str | None]]] = defaultdict(dict)
    if reviews:
        for row in session.scalars(select(ReviewAnswer).where(ReviewAnswer.review_id.in_(reviews))):
            found[row.review_id][row.question] = (given_in([row])[row.question], row.question_version)
    return found


@dataclass(frozen=True, kw_only=True)
class StoodMood:
    """A call's mood as it stands, and how often a hold was not announced in its evaluations, as the machine heard it."""

    dissatisfied: float | None
    contributions: Sequence[Mapping[str, Any]]


def moods(session: Session, calls: Sequence[uuid.UUID]) -> dict[uuid.UUID, StoodMood]:
    rows = session.execute(select(Mood.call_id, Mood.dissatisfied, Mood.contributions).where(Mood.call_id.in_(calls)))
    return {call_id: StoodMood(dissatisfied=value, contributions=made) for call_id, value, made in rows}


def unannounced_holds(session: Session, calls: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The mood takes these from the forms, as the machine answered them."""
    own = func.coalesce(Answer.machine["value"].astext, Answer.value)
    query = (
        select(Evaluation.call_id, func.count())
        .join(Answer, Answer.evaluation_id == Evaluation.id)
        .where(Evaluation.call_id.in_(calls), Answer.question == HOLD_QUESTION, own == NO)
        .group_by(Evaluation.call_id)
    )
    return dict(session.execute(query).all())
