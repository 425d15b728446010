"""What the agents do: logged in, paused and why, ringing, talking, wrapping up. Times in seconds since 1970.

An agent is a queue member's interface as the queue names it; one who is in no queue, the phone's. Nothing here overlaps
within one state, and nothing ends before it began, whatever was missed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from telephony.agent import Agent, Membership, Wrap
from telephony.channels import NO_NUMBER, Channel, peer
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.ledger import Activity
from telephony.parts import OpenSpan
from telephony.stretches import Stretches
from telephony.tables import ActivityState

_ON = "1"
#: These tell of the moment in which somebody paused; other words of a member only how things stand.
_LIVE = frozenset({"QueueMemberPause", "QueueMemberPaused"})
#: One listing names all queues of a member within this time.
_ONE_LISTING_S = 5.0
#: More interfaces than any PBX has; of those without anything to do the first is forgotten then.
_MOST_AGENTS = 20_000


class AgentsAtWork:
    """Follows every agent of one PBX; `changed` gives what is new since it was last asked."""

    def __init__(self, *, pbx: str, wrap_up_s: Mapping[str, float]) -> None:
        self._stretches = Stretches(pbx=pbx)
        self._wrap_up_s = wrap_up_s  #: by queue, for members to whom the PBX gives none of their own
        self._agents: dict[str, Agent] = {}
        self._member_at: dict[str, str] = {}  #: phone's interface -> queue member's, where they differ
        self._talking: dict[str, dict[str, Agent]] = {}  #: linked id -> uniqueid -> agent
        self.next_due = math.inf  #: when the next wrap-up is over: a `tick` before that finds nothing
        self._wrapped: list[CallHistory] = []
        self._listed: set[tuple[str, str]] = set()

    # -- who is who

    def name_of(self, interface: str) -> str | None:
        """The queue member's name; None for one that no queue named."""
        agent = self._agents.get(interface)
        return None if agent is None or not agent.queues else agent.name

    def of(self, channel: Channel) -> str:
        """The agent whom a channel belongs to: the member whose phone it is, though the queue did not dial it."""
        return channel.member_interface or self._member_at.get(channel.interface, channel.interface)

    def _agent(self, interface: str, name: str | None = None) -> Agent:
        agent = self._agents.get(interface)
        if agent is None:
            agent = self._agents[interface] = Agent(interface=interface)
            if len(self._agents) > _MOST_AGENTS:
                idle = next((one for one in self._agents.values() if not one.doing and one is not agent), None)
                self._agents.pop(idle.interface if idle is not None else interface)
        if name and name not in NO_NUMBER and (agent.name is None or agent.queues):
            agent.name = name
        return agent

    def _of_channel(self, channel: Channel) -> Agent:
        interface = self.of(channel)
        known = self._agents.get(interface)
        name = channel.member_name or (channel.caller_name if known is None or known.name is None else None)
        return self._agent(interface, name)

    # -- queues

    def member(self, message: Message, at: float, *, listed: bool = False) -> None:
        """A queue tells of a member: added, changed, paused, or in a listing."""
        queue = message.get("Queue")
        interface = message.get("Interface") or message.get("Location")
        if not queue or not interface:
            return
        agent = self._agent(interface)
        agent.name = message.get("MemberName") or message.get("Name") or agent.name
        self._map_phone(interface, message.get("StateInterface"))
        if listed:
            self._listed.add((queue, interface))
        membership = agent.queues.get(queue)
        if membership is None:
            added = message.name == "QueueMemberAdded"
            since = at if added else _whole_second(message.get("LoginTime"), at)
            if not added and message.get("Paused") != _ON:
                self._was_no_pause(agent, since if message.get("LoginTime").isdigit() or listed else 0.0)
            membership = agent.queues[queue] = Membership(since=since)
            self._stretches.begin(agent, ActivityState.LOGGED_IN, since)
        wrap = message.get("Wrapuptime")
        membership.wrap_s = float(wrap) if wrap.isdigit() and len(wrap) < 6 else membership.wrap_s
        paused = message.get("Paused")
        if paused == _ON:
            if membership.paused_since is None:
                live = message.name in _LIVE
                membership.paused_since = at if live else _whole_second(message.get("LastPause"), at)
            membership.reason = message.get("PausedReason") or None
        elif paused:
            membership.paused_since = membership.reason = None
        if membership.paused_since is not None or ActivityState.PAUSED in agent.doing:
            self._look_at_pauses(agent, at)  # of most that is told of members, nothing is about pauses

    def _was_no_pause(self, agent: Agent, since: float) -> None:
        """They turn out to be in one more queue, and not paused there: a pause that began after `since` never was one."""
        doing = agent.doing.get(ActivityState.PAUSED)
        learnt = max((membership.since for membership in agent.queues.values()), default=0.0)
        if doing is not None and (since <= doing.started_at or since - learnt < _ONE_LISTING_S):
            self._stretches.end(agent, ActivityState.PAUSED, doing.started_at)

    def removed(self, message: Message, at: float) -> None:
        """A member left a queue."""
        agent = self._agents.get(message.get("Interface") or message.get("Location"))
        if agent is not None:
            self._leave(agent, message.get("Queue"), at)

    def _leave(self, agent: Agent, queue: str, at: float) -> None:
        if agent.queues.pop(queue, None) is None:
            return
        for left in agent.queues.values():
            if left.paused_since is not None and ActivityState.PAUSED not in agent.doing:
                left.paused_since = max(left.paused_since, at)  # was no pause of theirs while they were in this queue
        self._look_at_pauses(agent, at)
        if not agent.queues:
            self._stretches.end(agent, ActivityState.LOGGED_IN, at)
            self._end_wrap(agent, at)

    def _look_at_pauses(self, agent: Agent, at: float) -> None:
        """Paused is who is paused in every queue they are in, from the last of these pauses on."""
        if not agent.queues or any(membership.paused_since is None for membership in agent.queues.values()):
            self._stretches.end(agent, ActivityState.PAUSED, at)
            return
        last = max(agent.queues.values(), key=lambda membership: membership.paused_since or 0.0)
        reason = last.reason or next((m.reason for m in agent.queues.values() if m.reason), None)
        doing = agent.doing.get(ActivityState.PAUSED)
        if doing is not None and doing.reason == reason:
            return
        if doing is not None:
            self._stretches.end(agent, ActivityState.PAUSED, at)
        self._stretches.begin(
            agent, ActivityState.PAUSED, at if doing is not None else last.paused_since or at, reason=reason
        )
        self._end_wrap(agent, at)

    def begin_listing(self) -> None:
        self._listed = set()

    def end_listing(self, at: float, *, queue: str = "") -> None:
        """Whom a complete listing no longer names left while nobody listened, at `at` at the latest."""
        for agent in list(self._agents.values()):
            for name in list(agent.queues):
                if (name, agent.interface) not in self._listed and queue in ("", name):
                    self._leave(agent, name, at)

    def pbx_died(self, at: float) -> None:
        """The PBX stopped: nobody is in a queue any more."""
        for agent in list(self._agents.values()):
            for queue in list(agent.queues):
                self._leave(agent, queue, at)

    def _map_phone(self, interface: str, state_interface: str) -> None:
        """Direct calls to the phone behind a Local member are the member's as well."""
        if state_interface and state_interface != interface and "/" in state_interface:
            self._member_at[peer(state_interface)] = interface

    # -- calls

    def ring(self, channel: Channel, linked_id: str, at: float) -> None:
        agent = self._of_channel(channel)
        agent.ringing[channel.uniqueid] = linked_id
        self._end_wrap(agent, at)
        self._stretches.begin(agent, ActivityState.RINGING, at, linked_id=linked_id)

    def ring_over(self, channel: Channel, at: float) -> None:
        agent = self._agents.get(self.of(channel))
        if agent is None or agent.ringing.pop(channel.uniqueid, None) is None:
            return
        if not agent.ringing:
            self._stretches.end(agent, ActivityState.RINGING, at)

    def talk(self, linked_id: str, talkers: dict[str, Channel], at: float) -> None:
        """Of the call `linked_id`, exactly these phones of ours hear somebody now."""
        before = self._talking.get(linked_id, {})
        if not before and not talkers:
            return
        for uniqueid, agent in list(before.items()):
            if uniqueid not in talkers or self.of(talkers[uniqueid]) != agent.interface:
                del before[uniqueid]
                agent.talking.discard((linked_id, uniqueid))
                if not agent.talking:
                    self._stretches.end(agent, ActivityState.TALKING, at)
        for uniqueid, channel in talkers.items():
            if uniqueid not in before:
                before[uniqueid] = agent = self._of_channel(channel)
                self.ring_over(channel, at)
                self._end_wrap(agent, at)
                agent.talking.add((linked_id, uniqueid))
                self._stretches.begin(agent, ActivityState.TALKING, at, linked_id=linked_id)
        if before:
            self._talking[linked_id] = before
        else:
            self._talking.pop(linked_id, None)

    # -- after a call

    def parted(self, call: CallHistory, span: OpenSpan) -> None:
        """A queue member's time in a call is over: the queue leaves them alone for its wrap-up time, where it tells one."""
        agent = self._agents.get(span.channel.member_interface or "")
        at = span.ended_at
        if agent is None or at is None:
            return
        queue = next((visit.queue for visit in reversed(call.visits) if visit.connected), "")
        membership = agent.queues.get(queue)
        wrap_s = (membership.wrap_s if membership is not None else 0.0) or self._wrap_up_s.get(queue, 0.0)
        if wrap_s <= 0 or ActivityState.PAUSED in agent.doing:
            return
        self._end_wrap(agent, at)
        self._stretches.begin(agent, ActivityState.WRAPPING_UP, at, linked_id=call.linked_id)
        agent.wrap = Wrap(call=call, span=span, due=at + wrap_s)
        self.next_due = min(self.next_due, at + wrap_s)

    def wraps(self, call: CallHistory) -> bool:
        """Whether somebody is wrapping this call up."""
        if self.next_due == math.inf:  # nobody wraps anything up: no need to ask every agent at every call's end
            return False
        return any(agent.wrap is not None and agent.wrap.call is call for agent in self._agents.values())

    def wrapping(self) -> list[CallHistory]:
        return [agent.wrap.call for agent in self._agents.values() if agent.wrap is not None]

    def tick(self, at: float) -> None:
        """End the wrap-ups whose time is over at `at`."""
        if at < self.next_due:
            return
        for agent in self._agents.values():
            if agent.wrap is not None and agent.wrap.due <= at:
                self._end_wrap(agent, agent.wrap.due)
        self.next_due = min((a.wrap.due for a in self._agents.values() if a.wrap is not None), default=math.inf)

    def _end_wrap(self, agent: Agent, at: float) -> None:
        wrap, agent.wrap = agent.wrap, None
        if wrap is None:
            return
        ended = min(at, wrap.due)
        began = wrap.span.ended_at or ended
        wrap.span.wrap_s = max(0.0, ended - began)
        self._wrapped.append(wrap.call)
        self._stretches.end(agent, ActivityState.WRAPPING_UP, ended)

    def wrapped(self) -> list[CallHistory]:
        """The calls of which a wrap-up has ended since this was last asked."""
        found, self._wrapped = self._wrapped, []
        return found

    # -- what they did

    def standing(self) -> list[Activity]:
        """Who is logged in and who is paused, since when."""
        return self._stretches.standing(self._agents.values())

    def changed(self) -> list[Activity]:
        """Every stretch that began or ended since this was last asked, in the order in which they did."""
        return self._stretches.changed()


def _whole_second(text: str, at: float) -> float:
    """A moment that was not seen, of which the PBX keeps the whole second."""
    told = float(text) if text.isdigit() and 0 < len(text) < 12 else 0.0
    return told if 0 < told <= at else float(math.floor(at))
