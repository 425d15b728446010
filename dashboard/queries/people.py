"""The people who log in, the lines they sit at, and the lines of which nobody has said whose they are."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from avasanj.people import User
from telephony.lines import ALWAYS, extension
from telephony.tables import ActivityState, AgentActivity, AgentLine, AgentSpan, Call, Pbx, Source

#: Lines that nobody has used for longer are not listed any more.
UNMAPPED_WITHIN = datetime.timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class PersonRow:
    """Somebody who logs in, with their lines: those that hold now first, then those that will and those that did."""

    user: User
    lines: list[AgentLine] = field(default_factory=list)
    now: datetime.datetime

    def holds(self, line: AgentLine) -> bool:
        return line.valid_from <= self.now and (line.valid_to is None or line.valid_to > self.now)

    def over(self, line: AgentLine) -> bool:
        return line.valid_to is not None and line.valid_to <= self.now

    def always(self, line: AgentLine) -> bool:
        return line.valid_from <= ALWAYS


@dataclass(frozen=True, kw_only=True)
class Unmapped:
    """A line that no person has: what was done on it within UNMAPPED_WITHIN. Times in seconds."""

    pbx: str
    line: str  #: the extension, or the interface where it has none
    interfaces: list[str]
    names: list[str]  #: under which the PBX knew whoever was there
    calls: int
    talk_s: float
    last_at: datetime.datetime

    @property
    def choices(self) -> list[str]:
        """By what it can be given to a person; the extension first, since it fits queue and phone alike."""
        return list(dict.fromkeys((self.line, *self.interfaces, *self.names)))


def listed(session: Session, now: datetime.datetime) -> list[PersonRow]:
    """Everybody, those who may log in first."""
    lines: dict[uuid.UUID, list[AgentLine]] = defaultdict(list)
    for line in session.scalars(select(AgentLine).order_by(AgentLine.valid_from.desc(), AgentLine.id)):
        lines[line.user_id].append(line)
    people = session.scalars(select(User).order_by(User.active.desc(), User.name))
    rows = [PersonRow(user=user, lines=lines[user.id], now=now) for user in people]
    for row in rows:
        row.lines.sort(key=lambda line: (not row.holds(line), row.over(line)))
    return rows


def pbxs(session: Session) -> list[str]:
    return list(session.scalars(select(Pbx.name).order_by(Pbx.name)))


def unmapped(session: Session, now: datetime.datetime) -> list[Unmapped]:
    """Lines without a person, the ones that did most first. Sample calls are left out."""
    since = now - UNMAPPED_WITHIN
    spans = (
        select(
            Call.pbx.label("pbx"),
            AgentSpan.interface.label("interface"),
            AgentSpan.agent_name.label("name"),
            AgentSpan.call_id.label("call_id"),
            func.extract("epoch", AgentSpan.ended_at - AgentSpan.started_at).label("talk_s"),
            func.coalesce(AgentSpan.ended_at, AgentSpan.started_at).label("at"),
        )
        .join(Call, Call.id == AgentSpan.call_id)
        .where(AgentSpan.user_id.is_(None), AgentSpan.started_at >= since, Call.source != Source.SAMPLE)
        .where(AgentSpan.interface != "")
    )
    seen = select(
        AgentActivity.pbx,
        AgentActivity.interface,
        AgentActivity.agent_name,
        literal(None).label("call_id"),
        literal(None).label("talk_s"),
        func.coalesce(AgentActivity.ended_at, AgentActivity.started_at),
    ).where(
        AgentActivity.user_id.is_(None),
        AgentActivity.started_at >= since,
        AgentActivity.state.in_((ActivityState.LOGGED_IN, ActivityState.PAUSED)),
    )
    done = union_all(spans, seen).subquery()
    line = func.coalesce(extension(done.c.interface), done.c.interface)
    rows = (
        select(
            done.c.pbx,
            line,
            func.array_agg(func.distinct(done.c.interface)),
            func.array_remove(func.array_agg(func.distinct(func.nullif(done.c.name, ""))), None),
            func.count(func.distinct(done.c.call_id)),
            func.coalesce(func.sum(done.c.talk_s), 0),
            func.max(done.c.at),
        )
        .group_by(done.c.pbx, line)
        .order_by(func.count(func.distinct(done.c.call_id)).desc(), line)
    )
    return [
        Unmapped(pbx=pbx, line=line, interfaces=on, names=names, calls=calls, talk_s=float(talk_s), last_at=at)
        for pbx, line, on, names, calls, talk_s, at in session.execute(rows)
    ]


def unmapped_count(session: Session, now: datetime.datetime) -> int:
    """How many lines without a person there are, for the page Health."""
    return len(unmapped(session, now))
