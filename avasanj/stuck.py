"""Work that keeps failing: kept where a person sees it, says what failed, and can be started again."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from avasanj import work
from avasanj.database import utc_now
from avasanj.notify import announce
from avasanj.people import StuckWork

#: The listener's own: what it could not write to the ledger. It tries again by itself once it was asked for.
LEDGER = "ledger"
_JOBS = {
    job.name: job
    for job in (work.INTAKE, work.TRANSCRIBE, work.TRANSCRIBE_AGAIN, work.SCORE, work.TOPICS_AGAIN, work.SYNC)
}


def record(session: Session, workflow_id: str, stage: str, subject_id: str, error: str) -> None:
    """Keep a piece of work that has failed for good. The same one failing again after a requeue is kept anew."""
    row = {
        "id": uuid.uuid4(),
        "workflow_id": workflow_id,
        "stage": stage,
        "subject_id": subject_id,
        "error": error,
        "failed_at": utc_now(),
    }
    session.execute(insert(StuckWork).values(row).on_conflict_do_nothing())
    announce(session, "stuck", subject_id)
    announce(session, "call", subject_id)


def waiting(session: Session) -> list[StuckWork]:
    """What waits for a person, oldest first."""
    query = select(StuckWork).where(StuckWork.requeued_at.is_(None)).order_by(StuckWork.failed_at)
    return list(session.scalars(query))


def requeue(session: Session, stuck_id: uuid.UUID) -> None:
    """Start a failed piece of work again; pressed twice, it starts once."""
    stuck = session.get_one(StuckWork, stuck_id, with_for_update=True)
    if stuck.requeued_at is not None:
        return
    stuck.requeued_at = utc_now()
    if stuck.stage in _JOBS:
        work.enqueue(session, _JOBS[stuck.stage], stuck.subject_id, key=f"{stuck.stage}:{stuck.subject_id}:{stuck.id}")
    announce(session, "stuck", stuck.subject_id)


def still_waiting(session: Session, stage: str, workflow_prefix: str) -> list[StuckWork]:
    """What waits for a person of a stage that looks after its own work, oldest first."""
    query = select(StuckWork).where(StuckWork.requeued_at.is_(None), StuckWork.stage == stage)
    return list(session.scalars(query.where(StuckWork.workflow_id.startswith(workflow_prefix, autoescape=True))))


def settled(session: Session, stuck: StuckWork) -> None:
    """It succeeded after all: nobody needs to see it any more."""
    stuck.requeued_at = utc_now()
    announce(session, "stuck", stuck.subject_id)
    announce(session, "call", stuck.subject_id)
