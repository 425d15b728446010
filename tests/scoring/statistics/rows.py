"""Many evaluated calls, made in the database itself."""

from __future__ import annotations

import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

START = datetime.datetime(2026, 10, 1, 6, 0, tzinfo=datetime.UTC)
_ROWS = (
    """insert into avasanj.team (id, name)
       select md5('team' || n)::uuid, 'Team ' || n from generate_series(0, 3) n""",
    """insert into avasanj."user" (id, login, name, role, language, active, created_at, team_id)
       select md5('user' || n)::uuid, 'agent' || n, 'Agent ' || n, 'agent', 'fa', true, now(), md5('team' || n % 4)::uuid
       from generate_series(0, :agents - 1) n""",
    """insert into telephony.call (id, pbx, linked_id, source, direction, state, queue, started_at, hold_s, holds, transfers,
                                   complete, updated_at)
       select md5('call' || n)::uuid, 'pbx', n::text, 'live', 'inbound', 'ended', (array['sales', 'support', 'billing'])[1 + n % 3],
              cast(:start as timestamptz) + n * cast(:apart as interval), 0, 0, 0, true, now()
       from generate_series(0, :count - 1) n""",
    """insert into telephony.agent_span (call_id, position, user_id, interface, agent_name, started_at, hold_s)
       select md5('call' || n)::uuid, 0, md5('user' || n % :agents)::uuid, 'PJSIP/' || n % :agents, 'agent' || n % :agents, now(), 0
       from generate_series(0, :count - 1) n""",
    """insert into scoring.evaluation (id, call_id, span_position, agent_interface, agent_name, scorecard, scorecard_version,
                                       score, needs_person, counts, passed, failed, critical, critical_score, answered, made_at)
       select md5('evaluation' || n)::uuid, md5('call' || n)::uuid, 0, 'PJSIP/' || n % :agents, 'agent' || n % :agents, 'service', 1,
              40 + n * 7919 % 61, n % 11 = 0, n % 50 <> 0, 40 + n * 7919 % 61 >= 60, false,
              case when n % 9 = 0 then '["greeting"]'::jsonb else '[]'::jsonb end, 100, 1, now()
       from generate_series(0, :count - 1) n""",
    """insert into scoring.answer (evaluation_id, position, question, title, section, kind, value, points, points_possible,
                                   confidence, method, needs_person, evidence)
       select md5('evaluation' || n)::uuid, q, 'q' || q, '{"en": "Q", "fa": "س"}', 'all', 'yes_no',
              case when (n * 31 + q * 17) % 7 = 0 then 'no' when (n + q) % 13 = 0 then 'unsure' else 'yes' end,
              case when (n * 31 + q * 17) % 7 = 0 then 0 when (n + q) % 13 = 0 then null else 12.5 end, 12.5, 0.9, 'rule', false, '[]'
       from generate_series(0, :count - 1) n, generate_series(0, 7) q""",
    "analyze",
)


def fill(session: Session, count: int, *, agents: int = 100, apart_s: float = 25.0) -> None:
    """`count` calls from START on, `apart_s` apart, each evaluated by eight questions; one in fifty doesn't count."""
    values = {"count": count, "agents": agents, "start": START, "apart": f"{apart_s} seconds"}
    for statement in _ROWS:
        names = {name: value for name, value in values.items() if f":{name}" in statement}
        session.execute(text(statement), names)
