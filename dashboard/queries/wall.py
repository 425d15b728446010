"""What the wall shows to one person: queues, agents and calls at this moment."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass

from avasanj.database import utc_now
from dashboard.access import Person
from dashboard.queries.wall_rows import lengths_today, rows
from telephony import wall
from telephony.occupancy import Spent
from telephony.tables import CallState, Pbx

#: What may be chosen for the service level, beside the setting's.
THRESHOLDS_S = (10, 20, 30, 45, 60, 90, 120)


@dataclass(frozen=True, kw_only=True)
class Wall:
    """The wall for one person: `agents` are all for supervisors, themselves for agents."""

    at: datetime.datetime
    threshold_s: int
    total: wall.QueueNow
    queues: list[wall.QueueNow]
    agents: list[wall.AgentNow]
    by_state: dict[str, int]
    calls: dict[str, int]
    spent: dict[str, Spent]
    away: list[Pbx]

    @property
    def agents_in(self) -> int:
        return sum(count for state, count in self.by_state.items() if state != wall.LOGGED_OUT)


def read(who: Person, threshold_s: int) -> Wall:
    """The wall as it is now, with `threshold_s` seconds for the service level."""
    site = who.site
    with site.database.read() as session:
        found = site.wall_rows.get(lambda: rows(session, utc_now(), site.settings.timezone))
        lengths = site.wall_spent.get(lambda: lengths_today(session, utc_now(), site.settings.timezone))
    agents = wall.agents_now(found.seen, found.doing)
    own = [agent for agent in agents if who.supervises or agent.seen.user_id == who.id]
    counted = Counter(agent.state for agent in agents)
    numbers = [wall.queue_now(name, found.visits, now=found.at, threshold_s=threshold_s) for name in found.queues]
    return Wall(
        at=found.at,
        threshold_s=threshold_s,
        total=wall.queue_now(None, found.visits, now=found.at, threshold_s=threshold_s),
        queues=sorted(numbers, key=lambda one: (-len(one.waiting), one.queue or "")),
        agents=own,
        by_state={state: counted[state] for state in wall.STATES},
        calls={state.value: found.calls[state] for state in CallState if state is not CallState.ENDED},
        away=found.away,
        spent={agent.seen.key: lengths[agent.seen.key] for agent in own if agent.seen.key in lengths},
    )
