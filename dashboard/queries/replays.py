"""What was tried on stored calls, how far it is, and what a page shows of what came of it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from avasanj.i18n import N_
from avasanj.people import User
from scoring import library
from scoring.learning.tables import HeadVersion
from scoring.replay import changed, comparing_rows, planning
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayChunk, ReplayMood, ReplayRun, ReplayState
from scoring.replay.trying import NOTES
from scoring.replay.watching import LEFT_AFTER
from scoring.tables import CardVersion
from telephony.tables import AgentSpan, Call

STATES = {
    "planned": N_("planned"),
    "running": N_("running"),
    "paused": N_("resting"),
    "done": N_("done"),
    "failed": N_("broke off"),
    "cancelled": N_("stopped for good"),
}
GROUPS = {"agents": N_("Agents"), "teams": N_("Teams"), "queues": N_("Queues")}
PAGE_ROWS = 50


@dataclass(frozen=True, kw_only=True)
class Row:
    """One replay as the list shows it. `left`: it is to run, and nobody is at it."""

    run: ReplayRun
    author: str | None
    done: int
    left: bool

    @property
    def share(self) -> float:
        return self.done / self.run.calls if self.run.calls else 0.0

    @property
    def chosen(self) -> Selection:
        return planning.chosen_by(self.run)

    @property
    def is_running(self) -> bool:
        return self.run.state == ReplayState.RUNNING

    @property
    def may_go_on(self) -> bool:
        return self.run.state in {ReplayState.PLANNED, ReplayState.PAUSED, ReplayState.FAILED}

    @property
    def left_s(self) -> float | None:
        """Seconds until it is done, by how fast it has been; None before that can be said."""
        run = self.run
        if not self.is_running or not run.started_at or not run.seen_at or self.done < 0.02 * run.calls:
            return None
        return (run.seen_at - run.started_at).total_seconds() * (1 - self.share) / self.share

    @property
    def took_s(self) -> float | None:
        run = self.run
        return (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else None


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a new replay can be made of."""

    versions: Sequence[CardVersion]
    heads: Sequence[int]
    queues: Sequence[str]
    agents: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One replay with what came of it."""

    row: Row
    summary: Mapping[str, Any]
    parts: Sequence[changed.Found]
    more: bool
    moods: Sequence[ReplayMood]
    titles: Mapping[str, Mapping[str, str]]  #: of the questions, by key
    options: Mapping[str, Mapping[str, Mapping[str, str]]]  #: titles of their options


def listed(session: Session, now: datetime.datetime) -> list[Row]:
    runs = planning.listed(session)
    done = _done(session, [one.id for one in runs])
    names: dict[uuid.UUID, str] = dict(session.execute(select(User.id, User.name)).all())
    return [_row(one, done, names, now) for one in runs]


def one(session: Session, run_id: uuid.UUID, now: datetime.datetime) -> Row:
    """Raises InputError where there is none."""
    run = planning.found(session, run_id)
    names: dict[uuid.UUID, str] = dict(session.execute(select(User.id, User.name)).all())
    return _row(run, _done(session, [run.id]), names, now)


def read(
    session: Session, row: Row, *, agent: str | None, queue: str | None, question: str | None, skip: int = 0
) -> Found:
    """With the parts that came out otherwise, of one agent, queue or question if they are named."""
    run = row.run
    parts = changed.parts(session, run.id, agent=agent, queue=queue, question=question, most=PAGE_ROWS + 1, skip=skip)
    card = planning.card_of(run.source) if run.source else None
    known = [*card.questions] if card else []
    rests = run.state != ReplayState.RUNNING
    return Found(
        row=row,
        summary=run.summary or (comparing_rows.summary(session, run) if rests and row.done else {}),
        parts=parts[:PAGE_ROWS] if rests else (),
        more=len(parts) > PAGE_ROWS,
        moods=changed.moods(session, run.id) if run.heads is not None and rests else (),
        titles={one.key: one.title for one in known},
        options={one.key: {option.key: option.title for option in one.options} for one in known},
    )


def choices(session: Session) -> Choices:
    agent = func.coalesce(func.nullif(AgentSpan.agent_name, ""), AgentSpan.interface)
    queues = session.scalars(select(Call.queue).where(Call.queue.is_not(None)).distinct().order_by(Call.queue))
    return Choices(
        versions=library.versions(session),
        heads=session.scalars(select(HeadVersion.number).order_by(HeadVersion.number.desc())).all(),
        queues=[queue for queue in queues if queue],
        agents=session.scalars(select(agent).distinct().order_by(agent)).all(),
    )


def note(key: str) -> str:
    """Why an unchanged form comes out otherwise, as a message id."""
    return NOTES.get(key, key)


def _done(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    chunk = ReplayChunk
    query = select(chunk.run_id, func.sum(chunk.calls)).where(chunk.run_id.in_(ids), chunk.done_at.is_not(None))
    return {run_id: int(calls) for run_id, calls in session.execute(query.group_by(chunk.run_id))}


def _row(run: ReplayRun, done: Mapping[uuid.UUID, int], names: Mapping[uuid.UUID, str], now: datetime.datetime) -> Row:
    left = run.state == ReplayState.RUNNING and (run.seen_at is None or run.seen_at < now - LEFT_AFTER)
    author = names.get(run.made_by) if run.made_by else None
    return Row(run=run, author=author, done=done.get(run.id, 0), left=left)
