"""A replay's stored results as figures: read row by row, so that a hundred thousand calls take no memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from avasanj.people import Team, User
from scoring.replay.comparing import Pair, Running, grouped, mean_moved, per_question, told
from scoring.replay.planning import card_of
from scoring.replay.tables import ReplayChunk, ReplayMood, ReplayResult, ReplayRun

_AT_A_TIME = 2000
#: A mood that moved less has stayed: its model rounds by what is encoded together.
_FELT = 0.01


def summary(session: Session, run: ReplayRun) -> dict[str, Any]:
    """What came of it so far. Averages are over the parts that were judged both before and after and are not kept out of them."""
    broken = session.scalar(select(func.coalesce(func.sum(ReplayChunk.broken), 0)).where(ReplayChunk.run_id == run.id))
    found: dict[str, Any] = {"broken": int(broken or 0)}
    if run.scorecard is not None:
        found |= _scores(session, run)
    if run.heads is not None:
        found["moods"] = _moods(session, run)
    return found


def _scores(session: Session, run: ReplayRun) -> dict[str, Any]:
    row = ReplayResult
    base = select(func.count()).where(row.run_id == run.id)
    overall, groups = grouped(_pairs(session, run))
    notes = dict(session.execute(_notes(run)).all())
    card = card_of(run.source) if run.source else None
    titles = {question.key: dict(question.title) for question in card.questions} if card else {}
    questions = per_question(_changes(session, run))
    return {
        "parts": session.scalar(base) or 0,
        "new": session.scalar(base.where(~row.before)) or 0,
        "gone": session.scalar(base.where(~row.after)) or 0,
        "kept_out": session.scalar(base.where(row.before, row.after, ~row.counts)) or 0,
        "changed": session.scalar(base.where(changed())) or 0,
        "unscored": session.scalar(base.where(row.after, row.score_after.is_(None))) or 0,
        "notes": notes,
        "overall": overall.stored(),
        **{f"{name}s": rows for name, rows in told(groups).items()},
        "questions": [one | {"title": titles.get(one["question"])} for one in questions],
    }


def changed() -> Any:
    """Parts that came out otherwise: another score, another verdict, or another answer."""
    row = ReplayResult
    differs = or_(
        row.score_before.is_distinct_from(row.score_after),
        row.passed_before.is_distinct_from(row.passed_after),
        row.failed_before != row.failed_after,
        func.jsonb_array_length(row.changes) > 0,
    )
    return row.before & row.after & differs


def _notes(run: ReplayRun) -> Any:
    note = ReplayResult.note
    return select(note, func.count()).where(ReplayResult.run_id == run.id, note.is_not(None)).group_by(note)


def _pairs(session: Session, run: ReplayRun) -> Iterator[Pair]:
    row = ReplayResult
    query = (
        select(
            func.coalesce(User.name, row.agent),
            Team.name,
            row.queue,
            row.score_before,
            row.score_after,
            row.passed_before,
            row.passed_after,
        )
        .outerjoin(User, User.id == row.user_id)
        .outerjoin(Team, Team.id == User.team_id)
        .where(row.run_id == run.id, row.before, row.after, row.counts)
    )
    rows = session.execute(query, execution_options={"yield_per": _AT_A_TIME})
    for agent, team, queue, before, after, passed_before, passed_after in rows:
        yield Pair(
            agent=agent,
            team=team,
            queue=queue,
            before=before,
            after=after,
            passed_before=passed_before,
            passed_after=passed_after,
        )


def _changes(session: Session, run: ReplayRun) -> Iterator[list[Any]]:
    row = ReplayResult
    query = select(row.changes).where(row.run_id == run.id, func.jsonb_array_length(row.changes) > 0)
    yield from session.execute(query, execution_options={"yield_per": _AT_A_TIME}).scalars()


def _moods(session: Session, run: ReplayRun) -> dict[str, Any]:
    before, after, moved, up, down, only = Running(), Running(), Running(), 0, 0, 0
    query = select(ReplayMood.before, ReplayMood.after).where(ReplayMood.run_id == run.id)
    for one, other in session.execute(query, execution_options={"yield_per": _AT_A_TIME}):
        if one is None or other is None:
            only += one is not other
            continue
        before.add(one)
        after.add(other)
        moved.add(other - one)
        up, down = up + (other - one >= _FELT), down + (one - other >= _FELT)
    difference = mean_moved(moved)
    return {
        "n": moved.n,
        "before": round(before.mean, 4) if before.n else None,
        "after": round(after.mean, 4) if after.n else None,
        "difference": difference.stored() if difference else None,
        "up": up,
        "down": down,
        "only_one": only,
    }
