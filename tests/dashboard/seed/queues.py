"""Queues and the agents in them: who waited where, who sits at which line, who does what now."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from telephony import lines
from telephony.tables import ActivityState, AgentActivity, AgentLine, AgentSpan, Call, QueueVisit
from tests.dashboard.seed.names import call_id

#: interface, name, how long logged in (minutes), and what they do: state, reason, since how many seconds
_AGENTS: list[tuple[str, str, float, list[tuple[ActivityState, str | None, float]]]] = [
    ("PJSIP/1002", "لیلا محمدی", 190, [(ActivityState.TALKING, None, 221)]),
    ("PJSIP/1003", "امیر رضایی", 200, [(ActivityState.WRAPPING_UP, None, 26)]),
    ("PJSIP/1004", "مریم صادقی", 120, []),
    ("PJSIP/1005", "حسین نادری", 180, [(ActivityState.PAUSED, "ناهار", 1380)]),
    ("Local/1006@from-queue/n", "Dana Whitfield", 60, [(ActivityState.RINGING, None, 12)]),
    ("PJSIP/1008", "Priya Nair", 15, []),
    ("PJSIP/1009", "نگار شریفی", 170, [(ActivityState.PAUSED, None, 95)]),
]


def add_queues(session: Session, now: datetime.datetime, people: dict[str, uuid.UUID]) -> None:
    """Lines, visits of every call's queue, and a morning of activities."""
    moved = now - datetime.timedelta(days=30)
    session.add_all(
        [
            AgentLine(user_id=people["agent"], line="لیلا محمدی", valid_from=lines.ALWAYS),
            AgentLine(user_id=people["agent"], pbx="main", line="1012", valid_from=lines.ALWAYS, valid_to=moved),
            AgentLine(user_id=people["supervisor"], pbx="main", line="1012", valid_from=moved),
        ]
    )
    session.flush()
    for call in session.scalars(select(Call).where(Call.queue.is_not(None), Call.id != call_id("handed"))):
        session.add(_visit(call))
    for interface, name, minutes, doing in _AGENTS:
        came = now - datetime.timedelta(minutes=minutes)
        base = {"pbx": "main", "interface": interface, "agent_name": name}
        session.add(AgentActivity(**base, state=ActivityState.LOGGED_IN, started_at=came))
        for talked in range(int(minutes // 20)):
            start = came + datetime.timedelta(minutes=20 * talked + 2)
            end = start + datetime.timedelta(minutes=6)
            session.add(AgentActivity(**base, state=ActivityState.TALKING, started_at=start, ended_at=end))
        for state, reason, since_s in doing:
            start = now - datetime.timedelta(seconds=since_s)
            session.add(AgentActivity(**base, state=state, reason=reason, started_at=start))
    gone = {"pbx": "main", "interface": "PJSIP/1007", "agent_name": "رضا یزدی", "state": ActivityState.LOGGED_IN}
    left = now - datetime.timedelta(seconds=40)
    session.add(AgentActivity(**gone, started_at=now - datetime.timedelta(seconds=90), ended_at=left))
    session.flush()
    lines.name_spans(session, AgentSpan.id > 0)
    lines.name_activities(session, AgentActivity.id > 0)


def _visit(call: Call) -> QueueVisit:
    outcome = {"answered": "answered", "abandoned": "abandoned"}.get(call.disposition or "")
    left = call.started_at + datetime.timedelta(seconds=call.wait_s or 0.0)
    waits = call.state in {"waiting", "ringing"}
    return QueueVisit(
        call_id=call.id,
        position=0,
        queue=call.queue,
        joined_at=call.queued_at or call.started_at,
        left_at=None if waits else left,
        outcome=None if waits else outcome or "answered",
    )
