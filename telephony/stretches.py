"""What each agent did, stretch by stretch: of one state none overlaps, and none ends before it began. Times in seconds since 1970."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from telephony.agent import STANDING, Agent, Doing
from telephony.history import CallHistory
from telephony.ledger import Activity, Stretch, moment
from telephony.tables import ActivityState

#: While Asterisk puts channels together anew, somebody hears nobody for so long at most.
_SAME_TALK_S = 0.05
#: What ends or begins this near to a gap ended or began in it.
_TOUCHES_S = 0.005
#: Of a call that rings phones for ever, so many are kept in mind.
_OF_ONE_CALL = 1000


class Stretches:
    """Begins and ends them; `changed` gives what is new since it was last asked."""

    def __init__(self, *, pbx: str) -> None:
        self._pbx = pbx
        self._changed: dict[tuple[str, ActivityState, float], tuple[Agent, Doing]] = {}
        self._of_call: dict[str, collections.deque[tuple[Agent, Doing]]] = {}  #: by linked id, while the call is open

    def begin(
        self,
        agent: Agent,
        state: ActivityState,
        at: float,
        *,
        reason: str | None = None,
        linked_id: str | None = None,
        seen: bool = True,
        after: float | None = None,
    ) -> None:
        """It began at `at`; where that was not seen, between `after` (None: nobody knows) and `at`."""
        if state in agent.doing:
            return
        last = agent.last.get(state)
        if last is not None and self._goes_on(last, at, linked_id):
            last.ended_at, last.to_known = None, True
            agent.doing[state] = last
            self._changed[agent.interface, state, last.started_at] = agent, last
            return
        doing = Doing(
            state=state, started_at=max(at, agent.last_end.get(state, at)), reason=reason, linked_id=linked_id
        )
        agent.doing[state] = doing
        self._changed[agent.interface, state, doing.started_at] = agent, doing
        if linked_id is not None:
            self._of_call.setdefault(linked_id, collections.deque(maxlen=_OF_ONE_CALL)).append((agent, doing))
        if not seen:
            doing.from_known = False
            doing.unseen(after, doing.started_at)

    @staticmethod
    def _goes_on(last: Doing, at: float, linked_id: str | None) -> bool:
        """Whether a talk that seemed over goes on in the same call: Asterisk only put channels together anew."""
        same = last.state is ActivityState.TALKING and last.linked_id == linked_id
        return same and last.ended_at is not None and at - last.ended_at < _SAME_TALK_S

    def end(self, agent: Agent, state: ActivityState, at: float) -> None:
        doing = agent.doing.pop(state, None)
        if doing is None:
            return
        gap = doing.gap_at(at) if doing.gaps else None
        until = at if gap is None else gap[0] or at  # seen up to the gap's beginning
        doing.ended_at, doing.to_known = max(until, doing.started_at), gap is None
        agent.last_end[state] = doing.ended_at
        agent.last[state] = doing
        self._changed[agent.interface, state, doing.started_at] = agent, doing

    def unseen(self, agent: Agent, doing: Doing, started_at: float | None, ended_at: float) -> None:
        """Events of the agent between the two may be missing."""
        if doing.unseen(started_at, ended_at):
            self._changed[agent.interface, doing.state, doing.started_at] = agent, doing

    def forget(self, linked_id: str) -> None:
        """Tell nothing of what was done in this call."""
        for agent, doing in self._of_call.pop(linked_id, ()):
            self._changed.pop((agent.interface, doing.state, doing.started_at), None)

    def joined(self, part: str, whole: str) -> None:
        """The call `part` turned out to belong to `whole` (linked ids)."""
        if (did := self._of_call.pop(part, None)) is not None:
            self._of_call.setdefault(whole, collections.deque(maxlen=_OF_ONE_CALL)).extend(did)

    def call_over(self, call: CallHistory, agents: Iterable[Agent]) -> None:
        """Mark with the call's gaps what was done in it, and what its `agents` did beside it."""
        did = self._of_call.pop(call.linked_id, ())
        for gap in call.gaps:
            begun = call.started_at if gap.started_at is None else gap.started_at
            over = (call.ended_at or call.last_seen_at) if gap.ended_at is None else gap.ended_at
            for agent, doing in did:
                ended = over if doing.ended_at is None else doing.ended_at
                if begun <= ended + _TOUCHES_S and doing.started_at <= over + _TOUCHES_S:
                    into = begun < doing.started_at
                    out = doing.ended_at is not None and ended <= over and doing.started_at < over
                    doing.from_known, doing.to_known = doing.from_known and not into, doing.to_known and not out
                    self.unseen(agent, doing, begun, over)
            for agent in agents:
                standing = [agent.doing.get(state) or agent.last.get(state) for state in STANDING]
                for one in standing:
                    if one is not None and one.started_at < over and begun < (one.ended_at or over):
                        self.unseen(agent, one, max(begun, one.started_at), min(over, one.ended_at or over))

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
            from_known=doing.from_known,
            to_known=doing.to_known,
            gaps=tuple(
                [
                    Stretch(started_at=None if begun is None else moment(begun), ended_at=moment(over))
                    for begun, over in doing.gaps
                ]
            ),
        )
