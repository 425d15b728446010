"""A person's evaluation on a call's page: answers over the machine's, submitted as a whole or taken back. For supervisors."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.errors import AvasanjError, InputError
from avasanj.i18n import N_
from dashboard.access import Changes, Supervisor, visible_calls
from dashboard.queries import call as one_call
from scoring.reviews import person, standing
from scoring.reviews.tables import Review
from scoring.scorecard import NA
from scoring.tables import Evaluation
from telephony.tables import Call

router = APIRouter(prefix="/calls/{call_id}/evaluations/{evaluation_id}")
Text = Annotated[str, Form(max_length=4000)]
SCORED_ANEW = N_(
    "This call was scored anew since you opened it, so this was not kept. Look at what stands now, and do it again."
)


@router.post("/answers", dependencies=Changes)
def answer(
    who: Supervisor,
    call_id: uuid.UUID,
    evaluation_id: uuid.UUID,
    question: Annotated[str, Form(max_length=60)],
    value: Annotated[list[str] | None, Form()] = None,
    comment: Text = "",
    back: Annotated[bool, Form()] = False,
) -> Response:
    """Answer one question, or with `back` take one's own answer to it back; the review begins with the first one."""
    problem: AvasanjError | None = None
    try:
        with who.site.database.transaction() as session:
            _check(session, who, call_id, evaluation_id)
            review = person.start(session, evaluation_id, who.id)
            if back:
                person.unanswer(session, review.id, question, by=who.id)
            else:
                given = NA if NA in (value or ()) else ",".join(value or ())
                person.answer(session, review.id, question, given, comment=comment, by=who.id)
    except AvasanjError as error:
        problem = error
    return _part(who, call_id, problem)


@router.post("/submit", dependencies=Changes)
def submit(who: Supervisor, call_id: uuid.UUID, evaluation_id: uuid.UUID, comment: Text = "") -> Response:
    """Let one's answers stand, and what the machine was sure of as confirmed."""
    problem: AvasanjError | None = None
    try:
        with who.site.database.transaction() as session:
            _check(session, who, call_id, evaluation_id)
            review = person.start(session, evaluation_id, who.id)
            person.submit(session, review.id, comment=comment, by=who.id)
    except AvasanjError as error:
        problem = error
    return _part(who, call_id, problem, submitted=problem is None)


@router.post("/withdraw", dependencies=Changes)
def withdraw(
    who: Supervisor, call_id: uuid.UUID, evaluation_id: uuid.UUID, review_id: Annotated[uuid.UUID, Form()]
) -> Response:
    """Take a review back, begun or submitted: what stood before stands again."""
    problem: AvasanjError | None = None
    try:
        with who.site.database.transaction() as session:
            found = _check(session, who, call_id, evaluation_id)
            if (
                session.scalar(select(Review.id).where(Review.id == review_id, *standing.same_part(found, Review)))
                is None
            ):
                raise InputError(person.NO_REVIEW)
            person.withdraw(session, review_id, by=who.id)
    except AvasanjError as error:
        problem = error
    return _part(who, call_id, problem)


def _check(session: Session, who: Supervisor, call_id: uuid.UUID, evaluation_id: uuid.UUID) -> Evaluation:
    """Raises HTTPException 404 for a call that is not there, InputError for an evaluation that is not, or not any more, of this call."""
    if session.scalar(select(Call.id).where(Call.id == call_id, visible_calls(who))) is None:
        raise HTTPException(404)
    found = session.scalar(select(Evaluation).where(Evaluation.id == evaluation_id, Evaluation.call_id == call_id))
    if found is None:
        raise InputError(SCORED_ANEW)
    return found


def _part(who: Supervisor, call_id: uuid.UUID, problem: AvasanjError | None, *, submitted: bool = False) -> Response:
    """The forms as they stand now; a browser without scripts goes back to the page."""
    if not who.request.headers.get("hx-request") and problem is None:
        return RedirectResponse(f"/calls/{call_id}#call-score", status_code=303)
    with who.site.database.read() as session:
        found = one_call.detail(session, who, call_id)
    if found is None:
        raise HTTPException(404)
    return who.show("call_score_part.html", d=found, problem=problem, submitted=submitted)
