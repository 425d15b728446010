"""Who is in which queue and paused there, by the queues' events and listings: when agents are logged in, and on pause.

Times in seconds since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from telephony.agent import Agent, Away, Membership
from telephony.frames import Message
from telephony.stretches import Stretches
from telephony.tables import ActivityState

_ON = "1"
_ADDED = "QueueMemberAdded"
#: These tell of the moment in which somebody paused; other words of a member only how things stand.
_LIVE = frozenset({"QueueMemberPause", "QueueMemberPaused"})
#: One listing names all queues of a member within this time.
_ONE_LISTING_S = 5.0
#: What the PBX keeps in whole seconds is earlier than the event's own time by at most this.
_WHOLE_SECOND_S = 1.05


class Memberships:
    """Begins and ends the log-ins and pauses of `agents`; `end_wrap` is told of whoever pauses or leaves."""

    def __init__(
        self, agents: Mapping[str, Agent], stretches: Stretches, end_wrap: Callable[[Agent, float], None]
    ) -> None:
        self._agents = agents
        self._stretches = stretches
        self._end_wrap = end_wrap
        self._listed: set[tuple[str, str]] = set()
        self._listing: Away | None = None  #: until the queues' listing after a connect is complete
        self._is_resumed = False

    def resume(self) -> None:
        """What was before the first word was heard already, up to the next connect."""
        self._is_resumed = True

    # -- words of one member

    def told(self, agent: Agent, queue: str, message: Message, at: float, *, listed: bool) -> None:
        """A queue tells of a member: added, changed, paused, or in a listing."""
        if listed:
            self._listed.add((queue, agent.interface))
        away = self._listing if listed else None
        membership = agent.queues.get(queue)
        if membership is not None and _is_another(membership, message, away):
            self._leaves_unseen(agent, queue, membership, at, away)
            membership = None
        if membership is None:
            membership = self._comes(agent, queue, message, at, away, listed=listed)
        membership.login = message.get("LoginTime") or membership.login
        wrap = message.get("Wrapuptime")
        membership.wrap_s = float(wrap) if wrap.isdigit() and len(wrap) < 6 else membership.wrap_s
        paused, last_pause = message.get("Paused"), message.get("LastPause")
        if paused == _ON:
            self._paused(agent, membership, message, at, away)
        elif paused and (membership.paused_since is not None or ActivityState.PAUSED in agent.doing):
            self._not_paused(agent, membership, message, at, away)
        elif paused and membership.pause not in ("", last_pause):
            self._was_paused(agent, message, at, away)
        membership.pause = last_pause or membership.pause
        membership.told_at = at

    def _leaves_unseen(self, agent: Agent, queue: str, membership: Membership, at: float, away: Away | None) -> None:
        """They left this queue and came again, and neither was seen."""
        seen_at = membership.told_at if away is None else away.last_seen(at)
        for doing in agent.doing.values() if away is None else ():
            if doing.state in (ActivityState.LOGGED_IN, ActivityState.PAUSED):
                self._stretches.unseen(agent, doing, seen_at, at)
        self.leaves(agent, queue, seen_at)

    def _comes(
        self, agent: Agent, queue: str, message: Message, at: float, away: Away | None, *, listed: bool
    ) -> Membership:
        """Who comes in now, or was in before we heard of it."""
        added, login = message.name == _ADDED, _moment(message.get("LoginTime"), at)
        since = at if added or login is None else login
        if not added and message.get("Paused") != _ON:
            self._was_no_pause(agent, since if message.get("LoginTime").isdigit() or listed else 0.0)
        membership = agent.queues[queue] = Membership(since=since, told_at=at)
        if ActivityState.LOGGED_IN not in agent.doing:
            if away is None and self._listing is not None and since < self._listing.again:
                away = self._listing  # who is told of before the listing comes to them was not seen since either
            resumed = self._is_resumed and away is None
            before = since if resumed else None if away is None else away.since
            seen = added or login is not None
            self._stretches.begin(agent, ActivityState.LOGGED_IN, since, seen=seen, after=before)
            if not added and not resumed:  # of what they did meanwhile, nothing was seen
                doing = agent.doing[ActivityState.LOGGED_IN]
                again = at if away is None else away.again
                self._stretches.unseen(agent, doing, max(doing.started_at, before or 0.0), again)
        return membership

    def _was_no_pause(self, agent: Agent, since: float) -> None:
        """They turn out to be in one more queue, and not paused there: a pause that began after `since` never was one."""
        doing = agent.doing.get(ActivityState.PAUSED)
        learnt = max((membership.since for membership in agent.queues.values()), default=0.0)
        if doing is not None and (since <= doing.started_at or since - learnt < _ONE_LISTING_S):
            doing.gaps = ()
            self._stretches.end(agent, ActivityState.PAUSED, doing.started_at)

    def removed(self, message: Message, at: float) -> None:
        """A member left a queue."""
        agent = self._agents.get(message.get("Interface") or message.get("Location"))
        if agent is not None:
            self.leaves(agent, message.get("Queue"), at)

    def leaves(self, agent: Agent, queue: str, at: float) -> None:
        if agent.queues.pop(queue, None) is None:
            return
        for left in agent.queues.values():
            if left.paused_since is not None and ActivityState.PAUSED not in agent.doing:
                left.paused_since = max(left.paused_since, at)  # was no pause of theirs while they were in this queue
        self._look_at_pauses(agent, at)
        if not agent.queues:
            self._stretches.end(agent, ActivityState.LOGGED_IN, at)
            self._end_wrap(agent, at)

    # -- pauses

    def _paused(self, agent: Agent, membership: Membership, message: Message, at: float, away: Away | None) -> None:
        told, before = message.get("LastPause"), membership.paused_since
        if away is not None and before is not None and not _is_same(told, membership.pause, before):
            membership.paused_since = None  # they went on and paused again, unseen
            self._look_at_pauses(agent, away.last_seen(at))
        if membership.paused_since is None:
            live, begun = message.name in _LIVE, _moment(told, at)
            membership.paused_since = at if live or begun is None else max(begun, membership.since)
            membership.pause_seen, membership.pause = live or begun is not None, told
        membership.reason = message.get("PausedReason") or None
        self._look_at_pauses(agent, at if away is None else away.last_seen(at))

    def _not_paused(self, agent: Agent, membership: Membership, message: Message, at: float, away: Away | None) -> None:
        doing = agent.doing.get(ActivityState.PAUSED)
        membership.paused_since = membership.reason = None
        over = at if away is None else away.last_seen(at)
        if away is None and doing is not None and message.name not in _LIVE:
            over = membership.told_at  # the event that told of the pause's end was lost
            self._stretches.unseen(agent, doing, over, at)
        self._look_at_pauses(agent, over)

    def _was_paused(self, agent: Agent, message: Message, at: float, away: Away | None) -> None:
        """They paused since their queue was last heard of, as it says now, and are back: at `at`, or sooner."""
        begun = _moment(message.get("LastPause"), at)
        if begun is None or len(agent.queues) > 1:
            return  # where they are in several, nobody knows whether they paused in all
        self._stretches.begin(agent, ActivityState.PAUSED, begun)
        self._end_wrap(agent, begun)
        if away is not None or message.name not in _LIVE:
            doing = agent.doing[ActivityState.PAUSED]
            self._stretches.unseen(agent, doing, doing.started_at, at if away is None else away.again)
            self._stretches.end(agent, ActivityState.PAUSED, doing.started_at)
        self._stretches.end(agent, ActivityState.PAUSED, at)

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
        since = at if doing is not None else last.paused_since or at
        away = self._listing
        after = None if away is None else away.since
        self._stretches.begin(agent, ActivityState.PAUSED, since, reason=reason, seen=last.pause_seen, after=after)
        if away is not None:
            begun = agent.doing[ActivityState.PAUSED]
            self._stretches.unseen(agent, begun, max(begun.started_at, after or 0.0), away.again)
        self._end_wrap(agent, at)

    # -- all of them

    def begin_listing(self, away: Away) -> None:
        self._listed, self._listing, self._is_resumed = set(), away, False

    def end_listing(self, at: float) -> None:
        """Whom a complete listing no longer names left while nobody listened, at `at` at the latest."""
        for agent in list(self._agents.values()):
            for queue in list(agent.queues):
                if (queue, agent.interface) not in self._listed:
                    self.leaves(agent, queue, at)
        self._listing = None


def _is_another(membership: Membership, message: Message, away: Away | None) -> bool:
    """Whether the queue tells of another log-in than the one that is known: they left in between, and nobody saw it."""
    if away is None and (message.name != _ADDED or not membership.login):
        return False
    return not _is_same(message.get("LoginTime"), membership.login, membership.since)


def _moment(text: str, at: float) -> float | None:
    """A moment before `at` that was not seen, of which the PBX keeps the whole second; None where it names none."""
    told = float(text) if text.isdigit() and 0 < len(text) < 12 else 0.0
    return told if 0 < told <= at else None


def _is_same(text: str, known: str, since: float) -> bool:
    """Whether the PBX's word is of what began at `since`, of which it said `known`; its word may be missing."""
    told = _moment(text, math.inf)
    return told is not None and (text == known or abs(told - since) <= _WHOLE_SECOND_S)
