"""What the wall is made of, read from the ledger: what goes on now, and the center's day so far. Samples are left out."""

from __future__ import annotations

import datetime
import uuid
import zoneinfo
from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, case, cast, func, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE
from sqlalchemy.orm import Session

from avasanj.calendars import day_bounds
from avasanj.people import User
from telephony import wall
from telephony.occupancy import Did, Spent, spent
from telephony.tables import ActivityState, AgentActivity, Call, CallState, Pbx, QueueVisit, Source

#: Several walls of one process share what was read so long ago. Less than a page waits after a notice (SETTLE_MS of
#: live.ts), so that a page never reads what was read before its notice.
WALL_ROWS_S = 0.15
#: Lengths of the day change slowly, and reading them takes the most.
WALL_SPENT_S = 10.0
#: A queue that nobody has called for longer is not on the wall.
QUIET = datetime.timedelta(days=7)
_TELLING = ("connected", "unprivileged")
_LIVE = Call.source == Source.LIVE


@dataclass(frozen=True, kw_only=True)
class WallRows:
    """What was read at one moment, for every wall alike."""

    at: datetime.datetime
    visits: list[wall.Visited]
    queues: list[str]
    seen: list[wall.Seen]
    doing: list[wall.Doing]
    calls: Counter[str]
    away: list[Pbx]  #: those that tell us nothing now: what is shown of them is old


def rows(session: Session, now: datetime.datetime, zone: str) -> WallRows:
    """Everything that changes from one second to the next."""
    since = day_start(now, zone)
    open_calls = select(Call.state, func.count()).where(_LIVE, Call.state != CallState.ENDED).group_by(Call.state)
    return WallRows(
        at=now,
        visits=_visits(session, since),
        queues=_queues(session, now),
        seen=_seen(session, since),
        doing=_doing(session),
        away=list(session.scalars(select(Pbx).where(Pbx.state.not_in(_TELLING)).order_by(Pbx.name))),
        calls=Counter(dict(session.execute(open_calls).all())),
    )


def day_start(now: datetime.datetime, zone: str) -> datetime.datetime:
    """When the center's day began, in UTC."""
    return day_bounds(now.astimezone(zoneinfo.ZoneInfo(zone)).date(), zone)[0]


def lengths_today(session: Session, now: datetime.datetime, zone: str) -> dict[str, Spent]:
    """How the day of each agent was spent, by their key."""
    since = day_start(now, zone)
    # of today only: who never logs out collects gaps for months
    gaps_today = AgentActivity.gaps * func.tstzmultirange(func.tstzrange(since, None), type_=TSTZMULTIRANGE)
    query = select(
        _KEY,
        AgentActivity.state,
        AgentActivity.started_at,
        AgentActivity.ended_at,
        type_coerce(gaps_today, TSTZMULTIRANGE),
    )
    did: dict[str, list[Did]] = defaultdict(list)
    for key, state, started_at, ended_at, missed in session.execute(query.where(_of_today(since))):
        gaps = tuple((gap.lower, gap.upper) for gap in missed)
        did[key].append(Did(state=state, started_at=started_at, ended_at=ended_at, gaps=gaps))
    return {key: spent(own, since=since, until=now) for key, own in did.items()}


#: One agent is one person at all their lines, or one line whose person nobody has named.
_KEY = func.coalesce(cast(AgentActivity.user_id, String), AgentActivity.pbx + " " + AgentActivity.interface).label(
    "key"
)


def _of_today(since: datetime.datetime) -> ColumnElement[bool]:
    return or_(AgentActivity.started_at >= since, AgentActivity.ended_at.is_(None))


def _visits(session: Session, since: datetime.datetime) -> list[wall.Visited]:
    waits = QueueVisit.left_at.is_(None)
    query = (
        select(QueueVisit.queue, QueueVisit.joined_at, QueueVisit.left_at, QueueVisit.outcome)
        .join(Call, Call.id == QueueVisit.call_id)
        .where(_LIVE, or_(QueueVisit.joined_at >= since, waits), ~(waits & (Call.state == CallState.ENDED)))
    )
    return [
        wall.Visited(queue=queue, joined_at=joined, left_at=left, outcome=outcome, today=joined >= since)
        for queue, joined, left, outcome in session.execute(query)
    ]


def _queues(session: Session, now: datetime.datetime) -> list[str]:
    """Those that anybody has called lately, so that a quiet one stays in its place."""
    query = select(QueueVisit.queue).join(Call, Call.id == QueueVisit.call_id)
    return list(session.scalars(query.where(_LIVE, QueueVisit.joined_at >= now - QUIET).distinct()))


def _doing(session: Session) -> list[wall.Doing]:
    query = select(
        _KEY,
        AgentActivity.state,
        AgentActivity.reason,
        AgentActivity.started_at,
        AgentActivity.from_known,
        func.upper(AgentActivity.gaps),
    )
    return [
        wall.Doing(
            key=key, state=state, reason=reason, started_at=started_at, from_known=from_known, unseen_until=unseen_until
        )
        for key, state, reason, started_at, from_known, unseen_until in session.execute(
            query.where(AgentActivity.ended_at.is_(None))
        )
    ]


def _seen(session: Session, since: datetime.datetime) -> list[wall.Seen]:
    in_ = AgentActivity.state == ActivityState.LOGGED_IN
    query = (
        select(
            _KEY,
            func.max(User.name),
            func.max(AgentActivity.agent_name),
            AgentActivity.user_id,
            func.max(AgentActivity.interface),
            func.max(AgentActivity.pbx),
            func.max(case((~in_, AgentActivity.ended_at))),
            func.max(case((in_, AgentActivity.ended_at))),
        )
        .outerjoin(User, User.id == AgentActivity.user_id)
        .where(_of_today(since))
        .group_by(_KEY, AgentActivity.user_id)
    )
    return [_agent(*row) for row in session.execute(query)]


def _agent(
    key: str, person: str | None, name: str | None, user_id: uuid.UUID | None, line: str, pbx: str,
    done_at: datetime.datetime | None, left_at: datetime.datetime | None,
) -> wall.Seen:  # fmt: skip
    shown = person or name or line
    return wall.Seen(key=key, name=shown, user_id=user_id, line=line, pbx=pbx, done_at=done_at, left_at=left_at)
