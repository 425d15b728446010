"""What stands in an evaluation: the machine's answers, and over them those of the newest review that a person submitted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from avasanj.errors import InputError
from avasanj.i18n import N_
from scoring import library
from scoring.evaluation import label_of, outcome, version_of
from scoring.marks import needs_person, points, result
from scoring.reviews.over import Given, Stood, counts, stand
from scoring.reviews.tables import CalibrationSession, Dispute, Review, ReviewAnswer, ReviewKind, ReviewState
from scoring.scorecard import Answered, Scorecard
from scoring.tables import Answer, Evaluation

NO_EVALUATION = N_("There is no such evaluation any more. The call may have been removed, or scored by another form.")
NO_FORM = N_("Version %(version)s of the form “%(key)s” is not kept any more, so nobody can answer by it.")
TEXTS = (NO_EVALUATION, NO_FORM)
#: What names an evaluation by what it is about.
About = Evaluation | Review | Dispute | CalibrationSession
_STANDING = (ReviewKind.REVIEW.value, ReviewKind.DISPUTE.value)


def one_at_a_time(session: Session, call_id: uuid.UUID) -> None:
    """Until the transaction ends nobody else changes this call's evaluations: neither the scoring nor another evaluator."""
    session.execute(text("select pg_advisory_xact_lock(hashtext(:key))"), {"key": f"scoring:{call_id}"})


def evaluation_of(session: Session, about: About | uuid.UUID) -> Evaluation:
    """The evaluation with this id, or that a review is about, as it is in the database now, with its answers. Raises InputError."""
    query = select(Evaluation).options(selectinload(Evaluation.answers)).execution_options(populate_existing=True)
    query = query.where(Evaluation.id == about) if isinstance(about, uuid.UUID) else query.where(*same_part(about))
    found = session.scalar(query)
    if found is None:
        raise InputError(NO_EVALUATION)
    return found


def same_part(about: About, table: Any = Evaluation) -> tuple[Any, ...]:
    """Conditions on `table` that choose the rows about the same part of the same call by the same version of a form."""
    names = ("call_id", "span_position", "scorecard", "scorecard_version")
    return tuple(getattr(table, name) == getattr(about, name) for name in names)


def card_of(session: Session, evaluation: Evaluation) -> Scorecard:
    """The form by which it was filled in. Raises InputError for one that was never kept."""
    card = library.card_of(session, evaluation.scorecard, evaluation.scorecard_version)
    if card is None:
        raise InputError(NO_FORM, key=evaluation.scorecard, version=evaluation.scorecard_version)
    return card


def machine_of(evaluation: Evaluation, card: Scorecard) -> dict[str, Answered]:
    """The machine's own answers, also where a person's stand over them."""
    questions = {question.key: question for question in card.questions}
    return {row.question: _own(row, questions[row.question]) for row in evaluation.answers if row.question in questions}


def _own(row: Answer, question: Any) -> Answered:
    said = row.machine or {name: getattr(row, name) for name in ("value", "confidence", "method", "evidence", "reason")}
    return Answered(
        question=question,
        value=said["value"],
        confidence=said["confidence"],
        method=said["method"],
        evidence=tuple(said["evidence"]),
        reason=said["reason"] or {},
        model=(said.get("made_by") or row.made_by).get("model"),
    )


def standing_review(session: Session, about: About, *, before: Review | None = None) -> Review | None:
    """The newest submitted review that stands over the machine's answers; with `before`, another than that one."""
    query = select(Review).where(*same_part(about, Review), Review.state == ReviewState.SUBMITTED)
    query = query.where(Review.kind.in_(_STANDING)).order_by(Review.submitted_at.desc(), Review.id)
    if before is not None:
        query = query.where(Review.id != before.id)
    return session.scalar(
        query.options(selectinload(Review.answers)).execution_options(populate_existing=True).limit(1)
    )


def given_in(rows: Sequence[ReviewAnswer]) -> dict[str, Given]:
    return {
        row.question: Given(
            value=row.value,
            origin=row.origin,
            by=row.answered_by,
            comment=row.comment,
            evidence=tuple(row.evidence),
        )
        for row in rows
    }


def stand_again(session: Session, evaluation: Evaluation, card: Scorecard) -> None:
    """Let the standing review's answers stand in an evaluation that was made anew, or the machine's own where there is none."""
    review = standing_review(session, evaluation)
    if review is None and evaluation.review_id is None:
        return
    given = given_in(review.answers) if review else {}
    settle(evaluation, card, stand(card, machine_of(evaluation, card), given), review)


def settle(evaluation: Evaluation, card: Scorecard, stood: Sequence[Stood], review: Review | None) -> None:
    """Write what stands into the evaluation's rows, and what it comes to."""
    rows = {row.question: row for row in evaluation.answers}
    for one in stood:
        _write(rows[one.answer.question.key], one, review)
    for name, value in outcome(card, result(card, [one.answer for one in stood])).items():
        setattr(evaluation, name, value)
    evaluation.needs_person = any(needs_person(one.answer) for one in stood)
    evaluation.counts = counts(evaluation.kept_out, stood)
    evaluation.review_id = review.id if review else None
    evaluation.reviewed_at = review.submitted_at if review else None


def _write(row: Answer, stood: Stood, review: Review | None) -> None:
    answer, own = stood.answer, stood.machine
    made_by = row.machine["made_by"] if row.machine else row.made_by
    made_by = {name: value for name, value in made_by.items() if name not in {"confirmed", "review"}}
    row.machine = (
        {
            "value": own.value,
            "label": label_of(own.question, own.value),
            "confidence": own.confidence,
            "method": own.method,
            "evidence": [*own.evidence],
            "reason": dict(own.reason) or None,
            "made_by": made_by,
        }
        if stood.changed
        else None
    )
    row.value, row.label = answer.value, label_of(answer.question, answer.value)
    row.confidence, row.method = answer.confidence, answer.method
    row.evidence, row.reason = [*answer.evidence], dict(answer.reason) or None
    row.points, row.needs_person = points(answer), needs_person(answer)
    row.made_by = _maker(made_by, stood, review)


def _maker(machines: Mapping[str, Any], stood: Stood, review: Review | None) -> dict[str, Any]:
    """What made the answer: the machine's own record; or the person and their review."""
    if review is None or (stood.given is None and not stood.changed):
        return dict(machines)
    if stood.given is None:
        return {"question": version_of(stood.answer.question), "review": str(review.id)}
    by = str(stood.given.by) if stood.given.by else None
    if not stood.changed:
        return {**machines, "confirmed": by, "review": str(review.id)}
    return {"question": version_of(stood.answer.question), "person": by, "review": str(review.id)}
