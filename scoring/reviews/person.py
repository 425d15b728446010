"""A person's evaluation: begun or assigned, answered question by question, submitted, and then standing over the machine's answers.

Every function takes an open session first and leaves the commit to its caller. All but the reading ones work under the call's
lock, so that two evaluators, or one and the scoring, go one after the other.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from scoring.evaluation import version_of
from scoring.marks import Result, asked, result
from scoring.reviews.closing import close, stood_with
from scoring.reviews.evaluators import check_not_own, evaluator
from scoring.reviews.obstacles import (
    BY_DECIDING,
    NOT_YOURS,
    OPEN,
    check_no_dispute_between,
    check_taken,
    check_undisputed,
    check_withdrawable,
)
from scoring.reviews.over import Stood, kept, stand
from scoring.reviews.standing import (
    card_of,
    evaluation_of,
    given_in,
    machine_of,
    one_at_a_time,
    same_part,
    settle,
    stand_again,
    standing_review,
)
from scoring.reviews.tables import Origin, Review, ReviewAnswer, ReviewKind, ReviewState
from scoring.reviews.values import places, short, value_of
from scoring.scorecard import NA, Question, Scorecard
from scoring.tables import Evaluation

NO_REVIEW = N_("There is no such review.")
NOT_OPEN = N_("This review was submitted or withdrawn already. Begin a new one to change the answers.")
NO_QUESTION = N_("The form has no question “%(question)s”.")
NOT_ASKED = N_("“%(question)s” is not asked after what was answered to “%(earlier)s”. Change that answer first.")
NOT_ASKED_TO = N_("You were not asked to take part in a calibration of this evaluation.")
WITHDRAWN_ALREADY = N_("This review was withdrawn already.")
TEXTS = (NO_REVIEW, NOT_OPEN, NO_QUESTION, NOT_ASKED, NOT_ASKED_TO, WITHDRAWN_ALREADY)
_MOMENT = datetime.timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a review would come to if it were submitted now."""

    stood: Sequence[Stood]
    result: Result


def start(
    session: Session, evaluation_id: uuid.UUID, evaluator_id: uuid.UUID, *, kind: str = ReviewKind.REVIEW
) -> Review:
    """The person's open review of this evaluation, begun now if it is not yet; an assigned one is taken up.

    Raises InputError for an unknown evaluation or person, for a calibration to which they were not asked and a dispute that they have
    not taken; AccessError for agents and for a call of one's own.
    """
    user = evaluator(session, evaluator_id)
    found = evaluation_of(session, evaluation_id)
    one_at_a_time(session, found.call_id)
    found = evaluation_of(session, evaluation_id)
    check_not_own(session, found.call_id, user.id)
    query = select(Review).where(*same_part(found, Review), Review.evaluator_id == user.id, Review.state.in_(OPEN))
    review = session.scalar(query.where(Review.kind == kind).options(selectinload(Review.answers)).limit(1))
    if review is None:
        if kind == ReviewKind.CALIBRATION:
            raise InputError(NOT_ASKED_TO)
        if kind == ReviewKind.DISPUTE:
            check_taken(session, found, user.id)
        review = Review(
            call_id=found.call_id,
            span_position=found.span_position,
            scorecard=found.scorecard,
            scorecard_version=found.scorecard_version,
            evaluator_id=user.id,
            kind=str(kind),
            answers=[],
        )
        session.add(review)
    _begin(session, review)
    session.flush()
    return review


def open_review(
    session: Session, evaluation: Evaluation, evaluator_id: uuid.UUID, *, kind: str = ReviewKind.REVIEW
) -> Review | None:
    """The person's assigned or begun review of an evaluation, with its answers; None where there is none."""
    query = select(Review).where(*same_part(evaluation, Review), Review.evaluator_id == evaluator_id)
    query = query.where(Review.kind == kind, Review.state.in_(OPEN)).options(selectinload(Review.answers))
    return session.scalar(query.limit(1))


def answer(
    session: Session,
    review_id: uuid.UUID,
    question: str,
    value: str,
    *,
    comment: str = "",
    evidence: Sequence[Mapping[str, Any]] = (),
    by: uuid.UUID | None = None,
) -> ReviewAnswer:
    """Answer one question, or answer it otherwise. `value` as `scoring.reviews.values` takes it: na fits every question.

    With `by`, only the review's own evaluator may. Raises InputError, AccessError.
    """
    review, _, card, asked_one = _open(session, review_id, question, by)
    given = value_of(asked_one, value)
    if given != NA:
        _check_asked(session, review, card, asked_one)
    row = next((one for one in review.answers if one.question == question), None)
    if row is None:
        row = ReviewAnswer(question=question, question_version=version_of(asked_one), value=given)
        review.answers.append(row)
    row.value, row.comment, row.evidence = given, short(comment), places(evidence)
    row.origin, row.answered_by = Origin.GIVEN.value, review.evaluator_id
    _begin(session, review)
    session.flush()
    return row


def unanswer(session: Session, review_id: uuid.UUID, question: str, *, by: uuid.UUID | None = None) -> None:
    """Take one's answer back: what stood before stands. Nothing happens where there is none."""
    review, *_ = _open(session, review_id, question, by)
    review.answers[:] = [row for row in review.answers if row.question != question]
    session.flush()


def preview(session: Session, review_id: uuid.UUID) -> Preview:
    """What the review would come to now. Raises InputError for a review that is not open."""
    review = _found(session, review_id)
    if review.state not in OPEN:
        raise InputError(NOT_OPEN)
    evaluation = evaluation_of(session, review)
    card = card_of(session, evaluation)
    stood = stood_with(review, standing_review(session, review, before=review), evaluation, card)
    return Preview(stood=stood, result=result(card, [one.answer for one in stood]))


def submit(session: Session, review_id: uuid.UUID, *, comment: str = "", by: uuid.UUID | None = None) -> Evaluation:
    """Submit a review: its answers stand from now on, what it leaves unanswered is left as it stood. The evaluation, as it stands.

    What the machine was sure of counts as confirmed. What it was unsure of, and what would fail the agent, stays open until a
    person answers that very question. A calibration's answers stand nowhere; the evaluation is given back unchanged.
    A second submission by the same person that says nothing new, such as a second click, leaves the first one standing.
    Raises InputError for a review that is not open, that belongs to a dispute (`disputes.accept` submits it), or whose evaluation is
    disputed or was decided about since it was begun; AccessError for one of somebody else's.
    """
    if _found(session, review_id).kind == ReviewKind.DISPUTE:
        raise InputError(BY_DECIDING)
    return conclude(session, review_id, comment=comment, by=by)


def conclude(session: Session, review_id: uuid.UUID, *, comment: str = "", by: uuid.UUID | None = None) -> Evaluation:
    """As `submit`, of whatever kind: for whoever has decided that it may be submitted."""
    review, evaluation, card = _locked(session, review_id, by)
    assert review.evaluator_id is not None
    evaluator(session, review.evaluator_id)
    check_not_own(session, review.call_id, review.evaluator_id)
    before = standing_review(session, review, before=review)
    stood = stood_with(review, before, evaluation, card)
    if review.kind == ReviewKind.REVIEW:
        check_no_dispute_between(session, review)
        if not short(comment) and _says_nothing_new(review, before, stood):
            login.audit(session, review.evaluator_id, "review.withdrawn", review.id, **_told(review))
            session.delete(review)
            session.flush()
            return evaluation
    close(review, stood, machine_of(evaluation, card), result(card, [one.answer for one in stood]))
    review.comment = short(comment)
    if review.kind != ReviewKind.CALIBRATION:
        review.submitted_at = _after(before)
        settle(evaluation, card, stand(card, machine_of(evaluation, card), given_in(review.answers)), review)
        announce(session, "call", review.call_id)
    login.audit(session, review.evaluator_id, "review.submitted", review.id, **_told(review), score=review.score)
    announce(session, "inbox", review.evaluator_id)
    session.flush()
    return evaluation


def withdraw(session: Session, review_id: uuid.UUID, *, by: uuid.UUID | None = None) -> Review:
    """Take a review back, also a submitted one: what stood before it stands again.

    Its own evaluator may, and with `by` any supervisor who did not speak in the call. Raises InputError while the agent disputes it,
    where it decides or decided a dispute, and for answers of a calibration; AccessError for anybody else.
    """
    review = _found(session, review_id)
    one_at_a_time(session, review.call_id)
    review = _found(session, review_id)
    if by is not None:
        evaluator(session, by)
        check_not_own(session, review.call_id, by)
    if review.state == ReviewState.WITHDRAWN:
        raise InputError(WITHDRAWN_ALREADY)
    check_withdrawable(review, by)
    stood = review.state == ReviewState.SUBMITTED and review.kind != ReviewKind.CALIBRATION
    if stood:
        check_undisputed(session, review)
    review.state = ReviewState.WITHDRAWN.value
    session.flush()
    if stood:
        evaluation = evaluation_of(session, review)
        stand_again(session, evaluation, card_of(session, evaluation))
        announce(session, "call", review.call_id)
    login.audit(session, by or review.evaluator_id, "review.withdrawn", review.id, **_told(review))
    announce(session, "inbox", review.evaluator_id)
    session.flush()
    return review


def _says_nothing_new(review: Review, before: Review | None, stood: Sequence[Stood]) -> bool:
    """Whether nobody asked for it, it has no answer of its own, and confirms nothing that its evaluator hadn't confirmed before."""
    again = before is not None and before.evaluator_id == review.evaluator_id
    return again and review.reason is None and not review.answers and not kept(stood)


def _begin(session: Session, review: Review) -> None:
    if review.state != ReviewState.STARTED:
        now = utc_now()
        review.state, review.started_at = ReviewState.STARTED.value, now
        review.assigned_at = review.assigned_at or now
        session.flush()
        login.audit(session, review.evaluator_id, "review.started", review.id, **_told(review))


def _found(session: Session, review_id: uuid.UUID) -> Review:
    query = select(Review).where(Review.id == review_id).options(selectinload(Review.answers))
    review = session.scalar(query.execution_options(populate_existing=True))
    if review is None:
        raise InputError(NO_REVIEW)
    return review


def _locked(session: Session, review_id: uuid.UUID, by: uuid.UUID | None) -> tuple[Review, Evaluation, Scorecard]:
    """The open review under its call's lock, with what it is about."""
    one_at_a_time(session, _found(session, review_id).call_id)
    review = _found(session, review_id)
    if by is not None and by != review.evaluator_id:
        raise AccessError(NOT_YOURS)
    if review.state not in OPEN or review.evaluator_id is None:
        raise InputError(NOT_OPEN)
    evaluation = evaluation_of(session, review)
    return review, evaluation, card_of(session, evaluation)


def _open(
    session: Session, review_id: uuid.UUID, key: str, by: uuid.UUID | None
) -> tuple[Review, Evaluation, Scorecard, Question]:
    review, evaluation, card = _locked(session, review_id, by)
    question = next((one for one in card.questions if one.key == key), None)
    if question is None:
        raise InputError(NO_QUESTION, question=key)
    return review, evaluation, card, question


def _check_asked(session: Session, review: Review, card: Scorecard, question: Question) -> None:
    """Raises InputError where an earlier answer, as it stands with this review's, leaves the question out."""
    stood = stood_with(review, standing_review(session, review, before=review), evaluation_of(session, review), card)
    answers = {one.answer.question.key: one.answer for one in stood}
    if asked(question, answers) is False:
        titles = {one.key: one.title for one in card.questions}
        earlier = [titles[key] for key in dict.fromkeys(one.question for one in question.when)]
        raise InputError(NOT_ASKED, question=question.title, earlier=earlier)


def _after(before: Review | None) -> datetime.datetime:
    """Now, and in any case later than the review that stood before: the newest stands."""
    now = utc_now()
    return max(now, before.submitted_at + _MOMENT) if before and before.submitted_at else now


def _told(review: Review) -> dict[str, Any]:
    """What the audit log says of a review."""
    return {"call": str(review.call_id), "scorecard": review.scorecard, "kind": review.kind}
