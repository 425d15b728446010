"""Which evaluations figures are about, and by what they are parted; the SQL that all figures share."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, literal_column, null
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

from avasanj.people import User
from scoring.reviews.tables import Dispute
from scoring.statistics.periods import Period
from scoring.tables import Evaluation
from telephony.tables import AgentSpan, Call


class By(enum.StrEnum):
    """What figures are parted by."""

    AGENT = "agent"
    TEAM = "team"
    QUEUE = "queue"
    SCORECARD = "scorecard"
    VERSION = "version"
    PERIOD = "period"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The evaluations of calls that began from `since` up to `until`, and that are of all that is named. What is empty is no limit.

    `where` are further conditions over Evaluation, Call and AgentSpan: what a person may see stands there.
    """

    since: datetime.datetime
    until: datetime.datetime
    scorecard: str | None = None
    version: int | None = None
    agents: Sequence[uuid.UUID] = ()
    teams: Sequence[uuid.UUID] = ()
    queues: Sequence[str] = ()
    where: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True, kw_only=True, order=True)
class Agent:
    """Whose evaluation it is: a person, or the name under which the PBX knows them while nobody is named."""

    name: str
    user_id: uuid.UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Key:
    """What a figure is about; a field by which it isn't parted is None."""

    agent: Agent | None = None
    team: str | None = None
    team_id: uuid.UUID | None = None
    queue: str | None = None
    scorecard: str | None = None
    version: int | None = None
    period: Period | None = None

    def stored(self, by: Sequence[By]) -> dict[str, Any]:
        """Those fields by which it is parted."""
        made: dict[str, Any] = {}
        for one in by:
            if one == By.AGENT:
                agent = self.agent or Agent(name="")
                made["agent"] = agent.name
                made["user_id"] = None if agent.user_id is None else str(agent.user_id)
            elif one == By.PERIOD:
                made["period"] = None if self.period is None else self.period.name
            else:
                made[one.value] = getattr(self, one.value)
        return made


#: An open dispute of the evaluation, of which there is one at most: until it is decided the evaluation stands apart.
open_dispute = and_(
    Dispute.call_id == Evaluation.call_id,
    Dispute.span_position == Evaluation.span_position,
    Dispute.scorecard == Evaluation.scorecard,
    Dispute.scorecard_version == Evaluation.scorecard_version,
    Dispute.state.in_(("open", "in_review")),
)
#: What is averaged: counted by scoring, with a score, and nobody objects to it at the moment.
counted = and_(Evaluation.counts, Evaluation.score.is_not(None), ~exists().where(open_dispute))


def columns(by: Sequence[By], periods: Sequence[Period]) -> list[ColumnElement[Any]]:
    """The columns of `row_key`, NULL for what figures aren't parted by, so that all of them can be grouped by."""
    agent, team, version = By.AGENT in by, By.TEAM in by, By.VERSION in by
    name = func.coalesce(func.nullif(Evaluation.agent_name, ""), Evaluation.agent_interface, "")
    return [
        (AgentSpan.user_id if agent else null()).label("user_id"),
        (case((AgentSpan.user_id.is_(None), name)) if agent else null()).label("agent"),
        (User.team_id if team else null()).label("team_id"),
        (Call.queue if By.QUEUE in by else null()).label("queue"),
        (Evaluation.scorecard if version or By.SCORECARD in by else null()).label("scorecard"),
        (Evaluation.scorecard_version if version else null()).label("version"),
        (_place(periods) if By.PERIOD in by else null()).label("period"),
    ]


def places(parted: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """The same to group by, as their places in the row: a name would be taken for a table's column of that name."""
    return [literal_column(str(n + 1)) for n in range(len(parted))]


def _place(periods: Sequence[Period]) -> ColumnElement[int]:
    """1 for the first of the periods, which follow one another; 0 for what lies before it."""
    starts = literal([one.starts_at for one in periods], ARRAY(TIMESTAMP(timezone=True)))
    return func.width_bucket(Call.started_at, starts)


def narrowed(query: Select[Any], scope: Scope) -> Select[Any]:
    """A query over evaluations, with their call, span and person joined, and only those of the scope."""
    joined = (
        query.join(Call, Call.id == Evaluation.call_id)
        .outerjoin(
            AgentSpan,
            and_(AgentSpan.call_id == Evaluation.call_id, AgentSpan.position == Evaluation.span_position),
        )
        .outerjoin(User, User.id == AgentSpan.user_id)
    )
    wanted: list[ColumnElement[bool]] = [Call.started_at >= scope.since, Call.started_at < scope.until, *scope.where]
    if scope.scorecard is not None:
        wanted.append(Evaluation.scorecard == scope.scorecard)
    if scope.version is not None:
        wanted.append(Evaluation.scorecard_version == scope.version)
    if scope.queues:
        wanted.append(Call.queue.in_(scope.queues))
    if scope.agents:
        wanted.append(AgentSpan.user_id.in_(scope.agents))
    if scope.teams:
        wanted.append(User.team_id.in_(scope.teams))
    return joined.where(*wanted)
