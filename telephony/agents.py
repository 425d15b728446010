"""What the agents do: logged in, paused and why, ringing, talking, wrapping up. Times in seconds since 1970.

An agent is a queue member's interface as the queue names it; one who is in no queue, the phone's. Nothing here overlaps
within one state, and nothing ends before it began, whatever was missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from telephony.agent import Agent, Away, Wrap
from telephony.channels import NO_NUMBER, Channel, Numbering, peer
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.ledger import Activity
from telephony.memberships import Memberships
from telephony.parts import OpenSpan
from telephony.stretches import Stretches
from telephony.tables import ActivityState

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
        self._memberships = Memberships(self._agents, self._stretches, self._end_wrap)
        self._away = Away()  #: before the last connect
        self._told_before: frozenset[str] = frozenset()  #: linked ids

    # -- what was not heard

    def resume(self, settled: Iterable[str]) -> None:
        """What follows is read again from somewhere in its midst: nothing before it was missed, and of the calls `settled`
        (linked ids) all was told already, also of those whose beginning is not read again.
        """
        self._told_before = frozenset(settled)
        self._memberships.resume()

    def missed(self, from_at: float, at: float, *, connected: bool = False) -> None:
        """Events of that time may be missing (0: since nobody knows when); of the time before a connect, a listing follows."""
        since = from_at or None
        for agent in self._agents.values():
            for doing in agent.doing.values():
                self._stretches.unseen(agent, doing, since, at)
        if connected:
            self._away = Away(since=since, again=at)
            self._memberships.begin_listing(self._away)

    def clock_set(self, by_s: float, at: float) -> None:
        """The PBX's clock was set by `by_s` and shows `at`: what went on then is longer or shorter by that."""
        for agent in self._agents.values():
            for doing in agent.doing.values():
                self._stretches.unseen(agent, doing, max(doing.started_at, min(at, at - by_s)), max(at, at - by_s))
            if agent.wrap is not None:
                agent.wrap.due += by_s
        self.next_due += by_s

    @property
    def heard_again(self) -> float:
        """When the last connection was made."""
        return self._away.again

    def call_over(self, call: CallHistory, numbering: Numbering) -> None:
        """The call has ended: what was missed of it was missed of those in it."""
        if call.linked_id in self._told_before and any(gap.started_at is None for gap in call.gaps):
            self._stretches.forget(call.linked_id)
            return
        for channel in call.channels.values() if call.gaps else ():
            if channel.is_real and numbering.is_inside(channel):
                self._may_have_talked(channel, call)
        interfaces = {self.of(channel) for channel in call.channels.values()} if call.gaps else ()
        self._stretches.call_over(call, [self._agents[one] for one in interfaces if one in self._agents])

    def _may_have_talked(self, channel: Channel, call: CallHistory) -> None:
        """It was in a bridge while events were missing: with whom and since when, nobody knows."""
        for gap in call.gaps:
            begun = call.started_at if gap.started_at is None else gap.started_at
            for entered, left in channel.bridged:
                after = max(begun, entered or 0.0)
                until = min(end for end in (gap.ended_at, left, call.ended_at, call.last_seen_at) if end is not None)
                if until > after:
                    self.did_unseen(ActivityState.TALKING, channel, call.linked_id, after, until)

    def joined(self, part: str, whole: str) -> None:
        """The call `part` turned out to belong to `whole` (linked ids)."""
        self._stretches.joined(part, whole)

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
        phone = message.get("StateInterface")
        if phone and phone != interface and "/" in phone:
            self._member_at[peer(phone)] = (
                interface  # direct calls to the phone behind a Local member are theirs as well
            )
        self._memberships.told(agent, queue, message, at, listed=listed)

    def removed(self, message: Message, at: float) -> None:
        """A member left a queue."""
        self._memberships.removed(message, at)

    def end_listing(self, at: float) -> None:
        """Whom a complete listing no longer names left while nobody listened, at `at` at the latest."""
        self._memberships.end_listing(at)

    def pbx_died(self, at: float, *, until: float | None = None) -> None:
        """The PBX stopped at `at` (or, unseen, between that and `until`): nobody is in a queue any more."""
        for agent in list(self._agents.values()):
            for doing in agent.doing.values():
                self._stretches.unseen(agent, doing, at, at if until is None else until)
            for queue in list(agent.queues):
                self._memberships.leaves(agent, queue, at)

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

    def did_unseen(self, state: ActivityState, channel: Channel, linked_id: str, after: float, at: float) -> None:
        """It rang or talked until `at`, since some time after `after`: only the end was seen."""
        agent = self._of_channel(channel)
        if state not in agent.doing and agent.last_end.get(state, after) < at:
            self._stretches.begin(agent, state, at, linked_id=linked_id, seen=False, after=after)
            self._stretches.end(agent, state, at)

    def talk(self, linked_id: str, talkers: dict[str, Channel], at: float, *, listed: bool = False) -> None:
        """Of the call `linked_id`, exactly these phones of ours hear somebody now; since when, a listing does not say."""
        over = self._away.last_seen(at) if listed else at
        before = self._talking.get(linked_id, {})
        if not before and not talkers:
            return
        for uniqueid, agent in list(before.items()):
            if uniqueid not in talkers or self.of(talkers[uniqueid]) != agent.interface:
                del before[uniqueid]
                agent.talking.discard((linked_id, uniqueid))
                if not agent.talking:
                    self._stretches.end(agent, ActivityState.TALKING, over)
        for uniqueid, channel in talkers.items():
            if uniqueid not in before:
                before[uniqueid] = agent = self._of_channel(channel)
                self.ring_over(channel, over)
                self._end_wrap(agent, over)
                agent.talking.add((linked_id, uniqueid))
                after = max(self._away.since or 0.0, channel.created_at) if listed else None
                self._stretches.begin(
                    agent, ActivityState.TALKING, at, linked_id=linked_id, seen=not listed, after=after
                )
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
        unseen = call.closed_unseen or self._away.has(at)
        if wrap_s <= 0 or ActivityState.PAUSED in agent.doing or unseen:
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
        doing = agent.doing.get(ActivityState.WRAPPING_UP)
        wrap.span.wrap_s = None if doing is None or doing.gaps else max(0.0, ended - began)  # sooner, unseen?
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
