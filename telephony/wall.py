"""The live numbers of queues and agents: functions of the ledger's rows and the moment, with no database and no clock."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telephony.tables import ActivityState, VisitOutcome

#: In which state an agent is who is in several: the first of these.
_FIRST = (ActivityState.TALKING, ActivityState.RINGING, ActivityState.WRAPPING_UP, ActivityState.PAUSED)
FREE, LOGGED_OUT = "free", "logged_out"
#: As the wall shows them: who can take a call first, who can't last.
STATES = (
    FREE,
    ActivityState.RINGING.value,
    ActivityState.TALKING.value,
    ActivityState.WRAPPING_UP.value,
    ActivityState.PAUSED.value,
    LOGGED_OUT,
)


@dataclass(frozen=True, kw_only=True)
class Visited:
    """A caller's time in a queue. `left_at` is None while they wait; `today`: they came within the center's day."""

    queue: str
    joined_at: datetime.datetime
    left_at: datetime.datetime | None
    outcome: str | None
    today: bool


@dataclass(frozen=True, kw_only=True)
class QueueNow:
    """A queue at one moment and over its day. Rates are shares 0 to 1, None where there is nothing to take a share of."""

    queue: str | None  #: None: all queues together
    waiting: tuple[datetime.datetime, ...]  #: when each of those who wait came, the longest wait first
    answered: int
    abandoned: int
    unanswered: int  #: the queue gave up: timed out, or no agent
    answered_within: int  #: of the answered, within the threshold
    counted: int  #: what the service level is a share of

    @property
    def service_level(self) -> float | None:
        return self.answered_within / self.counted if self.counted else None

    @property
    def abandoned_rate(self) -> float | None:
        """Of the callers whose wait is over and who didn't leave by a key, those who hung up."""
        ended = self.answered + self.abandoned + self.unanswered
        return self.abandoned / ended if ended else None

    @property
    def longest_since(self) -> datetime.datetime | None:
        return self.waiting[0] if self.waiting else None


@dataclass(frozen=True, kw_only=True)
class Doing:
    """What goes on for an agent now: one open activity."""

    key: str  #: whose: a person's id, or the PBX and line where nobody is named
    state: str
    reason: str | None
    started_at: datetime.datetime
    from_known: bool = True  #: False: it may have begun before, while nobody listened
    unseen_until: datetime.datetime | None = None  #: up to then, what they did else may have been missed


@dataclass(frozen=True, kw_only=True)
class Seen:
    """An agent of the day: who, and when they last finished something (left, where they have logged out)."""

    key: str
    name: str
    user_id: uuid.UUID | None
    line: str
    pbx: str
    done_at: datetime.datetime | None  #: when they last stopped ringing, talking, wrapping up or being paused
    left_at: datetime.datetime | None  #: when they last logged out


@dataclass(frozen=True, kw_only=True)
class AgentNow:
    """An agent at one moment. `since` is when the state began, None where nobody saw it begin."""

    seen: Seen
    state: str  #: one of STATES
    reason: str | None
    since: datetime.datetime | None
    since_known: bool = True  #: False: the state may have begun sooner or later, while nobody listened


def queue_now(queue: str | None, visits: Sequence[Visited], *, now: datetime.datetime, threshold_s: float) -> QueueNow:
    """The numbers of one queue (all of them for None) from its visits.

    The service level is the one that leaves early abandonment out ("abandoned calls ignored" in Cisco ICM's manuals, the usual
    choice of three): answered within the threshold, divided by all who were answered within it or reached it unanswered. Who
    hangs up (or leaves by a key) before the threshold gave nobody the time to answer and is not counted; who is still waiting
    beyond it is. Who was sent away by the queue before the threshold (timed out, no agent) was not answered, and counts.
    """
    own = [visit for visit in visits if queue is None or visit.queue == queue]
    today = [visit for visit in own if visit.today]
    by_outcome = [visit.outcome for visit in today if visit.left_at is not None]
    within = counted = 0
    for visit in today:
        early = ((visit.left_at or now) - visit.joined_at).total_seconds() <= threshold_s
        good = early and visit.outcome == VisitOutcome.ANSWERED
        sent_away = visit.outcome in {VisitOutcome.TIMED_OUT, VisitOutcome.NO_AGENT}
        within += good
        counted += good or sent_away or not early
    return QueueNow(
        queue=queue,
        waiting=tuple(sorted(visit.joined_at for visit in own if visit.left_at is None)),
        answered=by_outcome.count(VisitOutcome.ANSWERED),
        abandoned=by_outcome.count(VisitOutcome.ABANDONED),
        unanswered=by_outcome.count(VisitOutcome.TIMED_OUT) + by_outcome.count(VisitOutcome.NO_AGENT),
        answered_within=within,
        counted=counted,
    )


def agents_now(seen: Iterable[Seen], doing: Iterable[Doing]) -> list[AgentNow]:
    """Every agent of the day in their state, in the order of STATES and by who has been in it longest."""
    open_: dict[str, list[Doing]] = {}
    for one in doing:
        open_.setdefault(one.key, []).append(one)
    found = [_agent_now(agent, open_.get(agent.key, [])) for agent in seen]
    latest = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    return sorted(found, key=lambda one: (STATES.index(one.state), one.since or latest, one.seen.name))


def _agent_now(agent: Seen, doing: list[Doing]) -> AgentNow:
    for state in _FIRST:
        own = [one for one in doing if one.state == state]
        if own:
            first = min(own, key=lambda one: one.started_at)
            known = first.from_known
            return AgentNow(
                seen=agent, state=state.value, reason=first.reason, since=first.started_at, since_known=known
            )
    logged_in = [one for one in doing if one.state == ActivityState.LOGGED_IN]
    came = [one.started_at for one in logged_in]
    if not came:
        return AgentNow(seen=agent, state=LOGGED_OUT, reason=None, since=agent.left_at)
    since = max([min(came), *([] if agent.done_at is None else [agent.done_at])])
    known = all(one.from_known and (one.unseen_until is None or one.unseen_until <= since) for one in logged_in)
    return AgentNow(seen=agent, state=FREE, reason=None, since=since, since_known=known)
