"""An agent's objection to their own evaluation: opened within limits, decided by another than whoever made it, or expired.

What leads where is in `scoring.reviews.dispute_states`. Accepting takes a review of kind "dispute", whose answers then stand;
rejecting takes a reason.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from avasanj.people import Role
from avasanj.scoring_settings import ScoringSettings
from scoring.reviews import person
from scoring.reviews.acknowledgements import NOT_YOUR_WORK
from scoring.reviews.dispute_states import NOT_TAKEN, PENDING, S, check
from scoring.reviews.evaluators import able, agent_of, check_not_own, evaluator
from scoring.reviews.obstacles import OPEN
from scoring.reviews.standing import evaluation_of, one_at_a_time, same_part
from scoring.reviews.tables import Dispute, DisputeState, Review, ReviewAnswer, ReviewKind, ReviewState
from scoring.reviews.values import short
from scoring.tables import Evaluation

NO_DISPUTE = N_("There is no such dispute.")
NO_REASON = N_("Say why: a dispute needs a reason.")
NO_OUTCOME = N_("Tell the agent why: a rejection needs a reason.")
NO_QUESTIONS = N_("Name the questions whose answers you dispute.")
NOT_IN_FORM = N_("The form has no question “%(question)s”.")
TOO_LATE = N_("An evaluation can be disputed for %(days)s days, and this one came to stand earlier.")
TOO_MANY = N_("You have %(count)s disputes open, as many as can be. Wait until one is decided, or withdraw one.")
OPEN_ALREADY = N_("This evaluation is disputed already.")
DECIDED_ALREADY = N_("A dispute about this evaluation was decided already. A new review of it can be disputed again.")
OWN_REVIEW = N_(
    "Whoever made the disputed review, or gave a disputed answer, does not decide. Let somebody else do it."
)
NOBODY_ELSE = N_(
    "You gave the disputed answers, and nobody else here can decide. An administrator can do it, or make a second supervisor on the "
    "page People; the administrator gets in by “avasanj login-link” on the server."
)
SOMEBODY_ELSES = N_("Somebody else has taken this dispute. If they can't decide it, give it back first.")
NOTHING_CHANGED = N_("No disputed answer was changed. Answer a disputed question otherwise, or reject the dispute.")
TEXTS = (
    NO_DISPUTE, NO_REASON, NO_OUTCOME, NO_QUESTIONS, TOO_LATE, TOO_MANY, OPEN_ALREADY, DECIDED_ALREADY,
    OWN_REVIEW, NOBODY_ELSE, SOMEBODY_ELSES, NOTHING_CHANGED,
)  # fmt: skip


def open_(
    session: Session,
    evaluation_id: uuid.UUID,
    user_id: uuid.UUID,
    questions: Sequence[str],
    reason: str,
    *,
    limits: ScoringSettings,
    now: datetime.datetime | None = None,
) -> Dispute:
    """The agent objects to answers in their own evaluation. Raises AccessError for anybody else, InputError beyond the limits."""
    moment = now or utc_now()
    found = evaluation_of(session, evaluation_id)
    if agent_of(session, found) != user_id:
        raise AccessError(NOT_YOUR_WORK)
    _one_agent_at_a_time(session, user_id)
    one_at_a_time(session, found.call_id)
    found = evaluation_of(session, evaluation_id)
    named = [*dict.fromkeys(questions)]
    _check_said(found, named, reason)
    _check_limits(session, found, user_id, limits, moment)
    dispute = Dispute(
        call_id=found.call_id,
        span_position=found.span_position,
        scorecard=found.scorecard,
        scorecard_version=found.scorecard_version,
        opened_by=user_id,
        questions=named,
        reason=short(reason),
        opened_at=moment,
        deadline_at=moment + datetime.timedelta(days=limits.dispute_decide_within_days),
        score_before=found.score,
        disputed_review_id=found.review_id,
    )
    session.add(dispute)
    session.flush()
    _tell(session, dispute, user_id, "dispute.opened")
    return dispute


def take(session: Session, dispute_id: uuid.UUID, by: uuid.UUID) -> Review:
    """Take a dispute on: the review, of kind "dispute", in which to answer the disputed questions. Again: the same review.

    Raises AccessError for the agent, for whoever gave a disputed answer (but for an administrator, where nobody else can decide), and
    where somebody else has taken it.
    """
    dispute = _locked(session, dispute_id)
    _check_decider(session, dispute, by)
    if dispute.state == S.OPEN:
        _go(dispute, S.IN_REVIEW)
        _tell(session, dispute, by, "dispute.taken")
    elif dispute.state != S.IN_REVIEW:
        check(dispute.state, S.IN_REVIEW)
    dispute.decider_id = by  # also where whoever had it is gone
    session.flush()
    return person.start(session, evaluation_of(session, dispute).id, by, kind=ReviewKind.DISPUTE)


def give_back(session: Session, dispute_id: uuid.UUID, by: uuid.UUID) -> Dispute:
    """Let somebody else decide: a taken dispute is open again, its begun review withdrawn. Any supervisor not of the call can."""
    dispute = _locked(session, dispute_id)
    evaluator(session, by)
    check_not_own(session, dispute.call_id, by)
    _go(dispute, S.OPEN)
    _drop_review(session, dispute)
    dispute.decider_id = None
    _tell(session, dispute, by, "dispute.given_back")
    return dispute


def accept(session: Session, dispute_id: uuid.UUID, by: uuid.UUID, *, outcome: str = "") -> Dispute:
    """The agent is right: the review taken on with `take` is submitted and stands, and the score with it.

    Raises InputError where it changes no disputed answer, or nobody has taken the dispute on.
    """
    dispute = _locked(session, dispute_id)
    _check_decider(session, dispute, by)
    check(dispute.state, S.ACCEPTED)
    standing = evaluation_of(session, dispute)
    review = person.open_review(session, standing, by, kind=ReviewKind.DISPUTE)
    if review is None:
        raise InputError(NOT_TAKEN)
    said = {row.question: row.value for row in standing.answers}
    would = {one.answer.question.key: one.answer.value for one in person.preview(session, review.id).stood}
    if all(would[question] == said[question] for question in dispute.questions):
        raise InputError(NOTHING_CHANGED)
    dispute.score_before = standing.score
    after = person.conclude(session, review.id, comment=outcome, by=by)
    _decide(dispute, S.ACCEPTED, by, short(outcome))
    dispute.score_after, dispute.review_id = after.score, review.id
    _tell(session, dispute, by, "dispute.accepted")
    return dispute


def reject(session: Session, dispute_id: uuid.UUID, by: uuid.UUID, outcome: str) -> Dispute:
    """The evaluation stays as it stands; `outcome` tells the agent why. A begun review is withdrawn."""
    dispute = _locked(session, dispute_id)
    _check_decider(session, dispute, by)
    why = short(outcome)
    if not why:
        raise InputError(NO_OUTCOME)
    _decide(dispute, S.REJECTED, by, why)
    _drop_review(session, dispute)
    dispute.score_after = evaluation_of(session, dispute).score
    _tell(session, dispute, by, "dispute.rejected")
    return dispute


def withdraw(session: Session, dispute_id: uuid.UUID, by: uuid.UUID) -> Dispute:
    """The agent takes it back. Raises AccessError for anybody else."""
    dispute = _locked(session, dispute_id)
    if dispute.opened_by != by:
        raise AccessError(NOT_YOUR_WORK)
    _go(dispute, S.WITHDRAWN)
    _drop_review(session, dispute)
    _tell(session, dispute, by, "dispute.withdrawn")
    return dispute


def expire(session: Session, now: datetime.datetime | None = None) -> list[Dispute]:
    """End the disputes that nobody decided in time: the score stays, and the agent can open another. Again: nothing more."""
    moment = now or utc_now()
    late = select(Dispute.id).where(Dispute.state.in_(PENDING), Dispute.deadline_at <= moment).order_by(Dispute.id)
    expired = []
    for dispute_id in session.scalars(late).all():
        dispute = _locked(session, dispute_id)
        if dispute.state in PENDING and dispute.deadline_at <= moment:
            _go(dispute, S.EXPIRED)
            _drop_review(session, dispute)
            _tell(session, dispute, None, "dispute.expired")
            expired.append(dispute)
    return expired


def _check_said(found: Evaluation, questions: Sequence[str], reason: str) -> None:
    if not questions:
        raise InputError(NO_QUESTIONS)
    known = {row.question for row in found.answers}
    for question in questions:
        if question not in known:
            raise InputError(NOT_IN_FORM, question=question)
    if not short(reason):
        raise InputError(NO_REASON)


def _check_limits(
    session: Session, found: Evaluation, user_id: uuid.UUID, limits: ScoringSettings, now: datetime.datetime
) -> None:
    about = select(Dispute).where(*same_part(found, Dispute))
    if session.scalar(about.where(Dispute.state.in_(PENDING)).limit(1)):
        raise InputError(OPEN_ALREADY)
    for decided in session.scalars(about.where(Dispute.state.in_((S.ACCEPTED, S.REJECTED)))):
        came_to = decided.review_id if decided.state == S.ACCEPTED else decided.disputed_review_id
        if came_to == found.review_id:
            raise InputError(DECIDED_ALREADY)
    if now - _stands_since(session, found) > datetime.timedelta(days=limits.dispute_window_days):
        raise InputError(TOO_LATE, days=f"{limits.dispute_window_days:g}")
    own = select(func.count()).where(Dispute.opened_by == user_id, Dispute.state.in_(PENDING))
    if (count := session.scalar(own) or 0) >= limits.dispute_open_at_most:
        raise InputError(TOO_MANY, count=count)


def _stands_since(session: Session, found: Evaluation) -> datetime.datetime:
    """Since when an evaluation stands as it does; an objection that nobody decided in time costs the agent no day."""
    missed = select(func.max(Dispute.deadline_at)).where(
        *same_part(found, Dispute),
        Dispute.state == S.EXPIRED,
        Dispute.disputed_review_id.is_not_distinct_from(found.review_id),
    )
    since = found.reviewed_at or found.made_at
    return max(since, session.scalar(missed) or since)


def _check_decider(session: Session, dispute: Dispute, by: uuid.UUID) -> None:
    """Raises AccessError for an agent, whoever spoke in the call or gave a disputed answer, and where another has taken it.

    An administrator decides about their own answers where nobody else can: somebody must.
    """
    user = evaluator(session, by)
    check_not_own(session, dispute.call_id, by)
    givers = _givers(session, dispute)
    if by in givers:
        others = able(session, dispute.call_id) - givers
        if others or user.role != Role.ADMINISTRATOR:
            raise AccessError(OWN_REVIEW if others else NOBODY_ELSE)
    if dispute.state == S.IN_REVIEW and dispute.decider_id not in {None, by}:
        raise AccessError(SOMEBODY_ELSES)


def _givers(session: Session, dispute: Dispute) -> set[uuid.UUID]:
    """Who made the disputed review, or gave one of the disputed answers in an earlier one."""
    if dispute.disputed_review_id is None:
        return set()
    made = select(Review.evaluator_id).where(Review.id == dispute.disputed_review_id)
    gave = select(ReviewAnswer.answered_by).where(
        ReviewAnswer.review_id == dispute.disputed_review_id, ReviewAnswer.question.in_(dispute.questions)
    )
    return {who for who in (*session.scalars(made), *session.scalars(gave)) if who is not None}


def _go(dispute: Dispute, to: DisputeState) -> None:
    check(dispute.state, to)
    dispute.state = to.value


def _decide(dispute: Dispute, to: DisputeState, by: uuid.UUID, outcome: str) -> None:
    _go(dispute, to)
    dispute.decided_by, dispute.decided_at, dispute.outcome = by, utc_now(), outcome


def _drop_review(session: Session, dispute: Dispute) -> None:
    """Withdraw the decider's begun review: nothing of it stands."""
    query = select(Review).where(*same_part(dispute, Review), Review.kind == ReviewKind.DISPUTE)
    for review in session.scalars(query.where(Review.state.in_(OPEN))):
        review.state = ReviewState.WITHDRAWN.value
    session.flush()


def _locked(session: Session, dispute_id: uuid.UUID) -> Dispute:
    dispute = session.get(Dispute, dispute_id)
    if dispute is None:
        raise InputError(NO_DISPUTE)
    one_at_a_time(session, dispute.call_id)
    session.refresh(dispute)
    return dispute


def _one_agent_at_a_time(session: Session, user_id: uuid.UUID) -> None:
    """So that two pages of one agent together keep to the number of open disputes."""
    session.execute(text("select pg_advisory_xact_lock(hashtext(:key))"), {"key": f"disputes:{user_id}"})


def _tell(session: Session, dispute: Dispute, by: uuid.UUID | None, action: str) -> None:
    session.flush()
    own = {"own_answer": True} if by is not None and by in _givers(session, dispute) else {}
    login.audit(session, by, action, dispute.id, call=str(dispute.call_id), questions=dispute.questions, **own)
    announce(session, "call", dispute.call_id)
