"""What each agent did, stretch by stretch: of one state none overlaps, and none ends before it began. Times in seconds since 1970."""

from __future__ import annotations

from collections.abc import Iterable

from telephony.agent import STANDING, Agent, Doing
from telephony.ledger import Activity, moment
from telephony.tables import ActivityState

#: While Asterisk puts channels together anew, somebody hears nobody for so long at most.
_SAME_TALK_S = 0.05


class Stretches:
    """Begins and ends them; `changed` gives what is new since it was last asked."""

    def __init__(self, *, pbx: str) -> None:
        self._pbx = pbx
        self._changed: dict[tuple[str, ActivityState, float], tuple[Agent, Doing]] = {}

    def begin(
        self, agent: Agent, state: ActivityState, at: float, *, reason: str | None = None, linked_id: str | None = None
    ) -> None:
        if state in agent.doing:
            return
        last = agent.last.get(state)
        if last is not None and self._goes_on(last, at, linked_id):
            last.ended_at = None
            agent.doing[state] = last
            self._changed[agent.interface, state, last.started_at] = agent, last
            return
        doing = Doing(
            state=state, started_at=max(at, agent.last_end.get(state, at)), reason=reason, linked_id=linked_id
        )
        agent.doing[state] = doing
        self._changed[agent.interface, state, doing.started_at] = agent, doing

    @staticmethod
    def _goes_on(last: Doing, at: float, linked_id: str | None) -> bool:
        """Whether a talk that seemed over goes on in the same call: Asterisk only put channels together anew."""
        same = last.state is ActivityState.TALKING and last.linked_id == linked_id
        return same and last.ended_at is not None and at - last.ended_at < _SAME_TALK_S

    def end(self, agent: Agent, state: ActivityState, at: float) -> None:
        doing = agent.doing.pop(state, None)
        if doing is None:
            return
        doing.ended_at = max(at, doing.started_at)
        agent.last_end[state] = doing.ended_at
        agent.last[state] = doing
        self._changed[agent.interface, state, doing.started_at] = agent, doing

    def standing(self, agents: Iterable[Agent]) -> list[Activity]:
        """Who is logged in and who is paused, since when."""
        return [
            self._activity(agent, agent.doing[state]) for agent in agents for state in STANDING if state in agent.doing
        ]

    def changed(self) -> list[Activity]:
        """Every stretch that began or ended since this was last asked, in the order in which they did."""
        found = [self._activity(agent, doing) for agent, doing in self._changed.values()]
        self._changed.clear()
        return found

    def _activity(self, agent: Agent, doing: Doing) -> Activity:
        return Activity(
            pbx=self._pbx,
            interface=agent.interface,
            agent_name=agent.name,
            state=doing.state,
            reason=doing.reason,
            linked_id=doing.linked_id,
            started_at=moment(doing.started_at),
            ended_at=None if doing.ended_at is None else moment(doing.ended_at),
        )
