"""The calls in which a person answered otherwise than the machine: to look into, question by question."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scoring.reviews.tables import Origin, Review, ReviewAnswer
from scoring.scorecard import UNSURE
from scoring.statistics.agreement import Reviewed, narrowed


@dataclass(frozen=True, kw_only=True)
class Disagreement:
    """One answer on which the machine and a person differ."""

    call_id: uuid.UUID
    span_position: int
    review_id: uuid.UUID
    evaluator_id: uuid.UUID | None
    kind: str  #: of the review
    submitted_at: datetime.datetime
    question: str
    question_version: str
    machine: str
    confidence: float | None
    method: str | None
    person: str
    comment: str

    def stored(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def disagreements(
    session: Session,
    reviewed: Reviewed,
    question: str,
    *,
    version: str | None = None,
    machine: str | None = None,
    person: str | None = None,
    limit: int = 50,
) -> list[Disagreement]:
    """The newest first; of one version, and of one direction (the machine said `machine`, the person `person`), if these are given."""
    query = narrowed(select(ReviewAnswer, Review), reviewed).where(
        ReviewAnswer.question == question,
        ReviewAnswer.origin == Origin.GIVEN.value,
        ReviewAnswer.machine_value.is_not(None),
        ReviewAnswer.machine_value != UNSURE,
        ReviewAnswer.machine_value != ReviewAnswer.value,
    )
    for column, wanted in (
        (ReviewAnswer.question_version, version),
        (ReviewAnswer.machine_value, machine),
        (ReviewAnswer.value, person),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    rows = session.execute(query.order_by(Review.submitted_at.desc(), ReviewAnswer.id).limit(limit))
    return [_made(answer, review) for answer, review in rows]


def _made(answer: ReviewAnswer, review: Review) -> Disagreement:
    assert review.submitted_at is not None
    assert answer.machine_value is not None
    return Disagreement(
        call_id=review.call_id,
        span_position=review.span_position,
        review_id=review.id,
        evaluator_id=review.evaluator_id,
        kind=review.kind,
        submitted_at=review.submitted_at,
        question=answer.question,
        question_version=answer.question_version,
        machine=answer.machine_value,
        confidence=answer.machine_confidence,
        method=answer.machine_method,
        person=answer.value,
        comment=answer.comment,
    )
