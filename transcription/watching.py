"""Calls whose page somebody has open: they are heard before others."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from transcription.tables import Watch

#: a page says so every KEEP_S seconds while it is open and seen
KEEP_S = 10.0
_LASTS = datetime.timedelta(seconds=30)


def watch(session: Session, call_id: uuid.UUID) -> bool:
    """Note that the call's page is open now; whether it was not so just before."""
    new = not watched(session, call_id)
    row = {"call_id": call_id, "seen_at": utc_now()}
    session.execute(
        insert(Watch).values(row).on_conflict_do_update(index_elements=["call_id"], set_={"seen_at": row["seen_at"]})
    )
    return new


def watched(session: Session, call_id: uuid.UUID) -> bool:
    """Whether somebody has the call's page open."""
    seen_at = session.scalar(select(Watch.seen_at).where(Watch.call_id == call_id))
    return seen_at is not None and seen_at > utc_now() - _LASTS


def forget_old(session: Session) -> None:
    """Remove what no longer matters."""
    session.execute(delete(Watch).where(Watch.seen_at < utc_now() - 10 * _LASTS))
