"""What keeps a review from being begun, submitted or withdrawn: a dispute about the evaluation, or the calibration that it is part of."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.errors import AccessError, InputError
from avasanj.i18n import N_
from scoring.reviews.dispute_states import PENDING
from scoring.reviews.standing import same_part
from scoring.reviews.tables import Dispute, DisputeState, Review, ReviewKind, ReviewState
from scoring.tables import Evaluation

OPEN = (ReviewState.ASSIGNED.value, ReviewState.STARTED.value)
NOT_YOURS = N_("This review is somebody else's.")
DISPUTED = N_("The agent disputes this evaluation. Decide the dispute first.")
DECIDED = N_("A dispute was decided by this review, so it can't be withdrawn.")
BY_DECIDING = N_("This review belongs to a dispute: accept or reject the dispute.")
DECIDED_SINCE = N_(
    "A dispute was decided after this review was begun. Withdraw it and begin again, from what stands now."
)
CALIBRATED = N_("Answers submitted to a calibration stay as they are.")
NO_DISPUTE_TAKEN = N_("You have taken no dispute about this evaluation.")
TEXTS = (NOT_YOURS, DISPUTED, DECIDED, BY_DECIDING, DECIDED_SINCE, CALIBRATED, NO_DISPUTE_TAKEN)


def check_taken(session: Session, evaluation: Evaluation, user_id: uuid.UUID) -> None:
    """Raises InputError where the person has no dispute about this evaluation to decide."""
    taken = select(Dispute.id).where(*same_part(evaluation, Dispute), Dispute.state == DisputeState.IN_REVIEW)
    if session.scalar(taken.where(Dispute.decider_id == user_id).limit(1)) is None:
        raise InputError(NO_DISPUTE_TAKEN)


def check_no_dispute_between(session: Session, review: Review) -> None:
    """Raises InputError while the evaluation is disputed, and for a review begun before a dispute about it was accepted."""
    about = select(Dispute.id).where(*same_part(review, Dispute)).limit(1)
    if session.scalar(about.where(Dispute.state.in_(PENDING))):
        raise InputError(DISPUTED)
    since = about.where(Dispute.state == DisputeState.ACCEPTED, Dispute.decided_at > review.started_at)
    if review.started_at is not None and session.scalar(since):
        raise InputError(DECIDED_SINCE)


def check_withdrawable(review: Review, by: uuid.UUID | None) -> None:
    """Raises AccessError for another's calibration, InputError for one that was submitted, and while a dispute is decided by it."""
    if review.kind == ReviewKind.CALIBRATION:
        if by not in {None, review.evaluator_id}:
            raise AccessError(NOT_YOURS)
        if review.state == ReviewState.SUBMITTED:
            raise InputError(CALIBRATED)
    if review.kind == ReviewKind.DISPUTE and review.state in OPEN:
        raise InputError(BY_DECIDING)


def check_undisputed(session: Session, review: Review) -> None:
    """Raises InputError while the review is disputed, and where it decided a dispute."""
    about = select(Dispute.id).where(Dispute.disputed_review_id == review.id)
    if session.scalar(about.where(Dispute.state.in_(PENDING)).limit(1)):
        raise InputError(DISPUTED)
    if session.scalar(select(Dispute.id).where(Dispute.review_id == review.id).limit(1)):
        raise InputError(DECIDED)
