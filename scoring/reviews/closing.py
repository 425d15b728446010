"""A review as it is kept once it is submitted: what it decides, what it leaves as it stood, beside what the machine had said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from avasanj.database import utc_now
from scoring.evaluation import version_of
from scoring.marks import Result
from scoring.reviews.over import Given, Stood, blind, kept, stand
from scoring.reviews.standing import given_in, machine_of
from scoring.reviews.tables import Origin, Review, ReviewAnswer, ReviewKind, ReviewState
from scoring.scorecard import Answered, Question, Scorecard
from scoring.tables import Evaluation


def stood_with(review: Review, before: Review | None, evaluation: Evaluation, card: Scorecard) -> list[Stood]:
    """What stands if this review does: its answers, over those of the review that stood before it, over the machine's.

    A calibration starts from nothing, so that nobody is led by what others or the machine said.
    """
    own, machine = given_in(review.answers), machine_of(evaluation, card)
    if review.kind == ReviewKind.CALIBRATION:
        return stand(card, blind(card, machine), own)
    return stand(card, machine, {**_carried(before), **own})


def close(review: Review, stood: Sequence[Stood], machine: Mapping[str, Answered], came_to: Result) -> None:
    """Turn an open review into a submitted one: a row per answer beside the machine's own, and what it came to."""
    rows = {row.question: row for row in review.answers}
    for one in stood:
        question, given = one.answer.question, one.given
        if given is not None and question.key not in rows:
            rows[question.key] = _row(question, given)
    if review.kind != ReviewKind.CALIBRATION:
        for answer in kept(stood):
            given = Given(value=answer.value, origin=Origin.KEPT.value, by=review.evaluator_id)
            rows[answer.question.key] = _row(answer.question, given)
    for one in stood:
        if (row := rows.get(one.answer.question.key)) is not None:
            own = machine[row.question]
            row.value = one.answer.value  # na, where an earlier answer left the question out
            row.machine_value, row.machine_confidence, row.machine_method = own.value, own.confidence, own.method
    review.answers = [*rows.values()]
    review.state, review.submitted_at = ReviewState.SUBMITTED.value, utc_now()
    review.score, review.passed, review.failed = came_to.score, came_to.passed, came_to.failed
    review.critical_score, review.answered = came_to.critical_score, came_to.answered


def _carried(before: Review | None) -> dict[str, Given]:
    """An earlier evaluator's answers; what they only let stand is let stand again."""
    found = given_in(before.answers) if before else {}
    return {key: _again(one) for key, one in found.items()}


def _again(given: Given) -> Given:
    origin = Origin.CARRIED if given.decided else Origin.KEPT
    return Given(value=given.value, origin=origin.value, by=given.by, comment=given.comment, evidence=given.evidence)


def _row(question: Question, given: Given) -> ReviewAnswer:
    return ReviewAnswer(
        question=question.key,
        question_version=version_of(question),
        value=given.value,
        origin=given.origin,
        answered_by=given.by,
        comment=given.comment,
        evidence=[*given.evidence],
    )
