"""The parts of calls that came out otherwise, those that moved most first, with why."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from avasanj.people import User
from scoring.replay.comparing_rows import changed
from scoring.replay.tables import ReplayMood, ReplayResult


@dataclass(frozen=True, kw_only=True)
class Found:
    """One part with its call's row, and whose it is."""

    row: ReplayResult
    agent: str | None

    @property
    def moved(self) -> float | None:
        one, other = self.row.score_before, self.row.score_after
        return None if one is None or other is None else other - one

    def stored(self) -> dict[str, Any]:
        row = self.row
        names = ("call_id", "span_position", "started_at", "queue", "score_before", "score_after")
        more = ("passed_before", "passed_after", "changes", "note")
        return {name: getattr(row, name) for name in (*names, *more)} | {"agent": self.agent}


def parts(
    session: Session,
    run_id: uuid.UUID,
    *,
    agent: str | None = None,
    queue: str | None = None,
    question: str | None = None,
    most: int = 50,
    skip: int = 0,
) -> list[Found]:
    """Of one agent, one queue, one question's changed answers, if they are named."""
    row, name = ReplayResult, func.coalesce(User.name, ReplayResult.agent)
    movement = func.abs(row.score_after - row.score_before).desc().nulls_last()
    query = select(row, name).outerjoin(User, User.id == row.user_id).where(row.run_id == run_id, changed())
    if agent:
        query = query.where(name == agent)
    if queue:
        query = query.where(row.queue == queue)
    if question:
        query = query.where(row.changes.contains([{"q": question}]))
    rows = session.execute(
        query.order_by(movement, row.started_at, row.call_id, row.span_position).limit(most).offset(skip)
    )
    return [Found(row=one, agent=whose) for one, whose in rows]


def moods(session: Session, run_id: uuid.UUID, *, most: int = 50) -> Sequence[ReplayMood]:
    """The calls whose mood moved most."""
    row = ReplayMood
    movement = func.abs(row.after - row.before).desc().nulls_last()
    query = select(row).where(row.run_id == run_id, row.before.is_distinct_from(row.after))
    return session.scalars(query.order_by(movement, row.started_at, row.call_id).limit(most)).all()


def moves(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each change in one line: question, before, after, and the words that made it."""
    said = []
    for one in changes:
        words = (one.get("at") or [None] * 5)[4]
        quoted = f" “{words}”" if words else ""
        said.append(f"{one['q']}: {one['b'] or '–'} → {one['a'] or '–'}{quoted}")
    return said
