"""How long each part of a call took. Times in seconds since 1970, durations in seconds, to the millisecond."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from telephony.channels import NO_NUMBER, Channel
from telephony.history import CallHistory
from telephony.ledger import Hold, Span, moment
from telephony.parts import OpenSpan, Visit
from telephony.tables import Party

Interval = tuple[float, float]


def wait_s(history: CallHistory) -> float | None:
    """From entering the queue (without one: from the start) to a person's answer or the end of the waiting."""
    answered = answered_at(history)
    if answered is None and (history.spans or history.proven_agent):
        return None
    if history.gaps and history.last_queue and not history.queue_status and not waiting(history):
        return None  # nobody saw when the caller entered the queue
    visits = [visit for visit in waiting(history) if answered is None or visit.joined_at <= answered]
    start = visits[0].joined_at if visits else history.started_at
    end = answered
    if end is None and visits:
        end = visits[-1].left_at
    elif end is None and history.ended_at is not None:
        end = max((dial.ended_at for dial in history.dials if dial.ended_at is not None), default=history.ended_at)
    if end is None:
        end = history.ended_at
    return None if end is None else rounded(max(0.0, end - start))


def answered_at(history: CallHistory) -> float | None:
    """When a person answered; None where nobody did, or in a gap."""
    if not history.spans:
        return history.outsider_at
    first = history.spans[0]
    missed = history.unseen_at is not None and history.unseen_at < first.started_at
    return None if first.found or missed else first.started_at


def waiting(history: CallHistory) -> list[Visit]:
    """The caller's visits to queues, without those of an agent who consulted a queue."""
    if not history.consulting:
        return history.visits
    return [visit for visit in history.visits if visit.uniqueid not in history.consulting]


def ring_s(history: CallHistory, customer: Channel | None) -> float | None:
    """How long the phone rang that answered (the customer's in an outbound call); without an answer, any phone."""
    if history.spans:
        rang_s = history.spans[0].ring_s
        if rang_s is None and customer is not None:
            rang_s = history.ring_s(customer)
        return None if rang_s is None else rounded(rang_s)
    if history.ended_at is None or not history.dials:
        return None
    return rounded(length((dial.begun_at, dial.ended_at or history.ended_at) for dial in history.dials))


def talk_s(history: CallHistory) -> float | None:
    """The spans without their own holds, two agents at once counted once; None before the end or without an answer."""
    if history.ended_at is None or not history.spans or history.unseen_at is not None:
        return None
    return rounded(length(part for span in history.spans for part in _talking(span, history)))


def wrap_s(history: CallHistory) -> float | None:
    """How long the last agent was left alone after it; None for none, or while that goes on."""
    return next((rounded(span.wrap_s) for span in reversed(history.spans) if span.wrap_s is not None), None)


def hold_s(history: CallHistory) -> float:
    """Time in which the agents held the customer; what the customer held is talk, since the agent could not help it."""
    if not history.holds:
        return 0.0
    return rounded(length(part for span in history.spans for part in _held(span, history, by=span.channel)))


def _talking(span: OpenSpan, history: CallHistory) -> list[Interval]:
    """The span less what its own agent held."""
    end = _end(span, history)
    parts, reached = [], span.started_at
    for start, until in sorted(_held(span, history, by=span.channel)):
        if start > reached:
            parts.append((reached, start))
        reached = max(reached, until)
    if end > reached:
        parts.append((reached, end))
    return parts


def _held(span: OpenSpan, history: CallHistory, *, by: Channel) -> list[Interval]:
    """Ended holds of one party within the span."""
    if not history.holds:
        return []
    end = _end(span, history)
    return [
        (max(hold.started_at, span.started_at), min(hold.ended_at, end))
        for hold in history.holds
        if hold.ended_at is not None
        and hold.channel is by
        and min(hold.ended_at, end) > max(hold.started_at, span.started_at)
    ]


def _end(span: OpenSpan, history: CallHistory) -> float:
    return max(span.started_at, history.last_seen_at) if span.ended_at is None else span.ended_at


def spans(history: CallHistory, name_of: Callable[[str], str | None]) -> tuple[Span, ...]:
    return tuple([_span(span, history, name_of) for span in history.spans])


def _span(span: OpenSpan, history: CallHistory, name_of: Callable[[str], str | None]) -> Span:
    channel = span.channel
    return Span(
        uniqueid=channel.uniqueid,
        interface=channel.interface,
        agent_name=known(channel.member_name)
        or name_of(channel.member_interface or channel.interface)
        or known(channel.caller_name),
        started_at=moment(span.started_at),
        ended_at=None if span.ended_at is None else moment(span.ended_at),
        hold_s=rounded(length(_held(span, history, by=channel))),
        ring_s=None if span.ring_s is None else rounded(span.ring_s),
        wrap_s=None if span.wrap_s is None else rounded(span.wrap_s),
    )


def holds(history: CallHistory, customer: Channel | None) -> tuple[Hold, ...]:
    if not history.holds:
        return ()
    return tuple(
        Hold(
            started_at=moment(hold.started_at),
            ended_at=None if hold.ended_at is None else moment(hold.ended_at),
            by=Party.CUSTOMER if hold.channel is customer else Party.AGENT,
        )
        for hold in history.holds
    )


def length(intervals: Iterable[Interval]) -> float:
    """Seconds covered by at least one of them."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def rounded(seconds: float) -> float:
    return round(seconds, 3)


def known(text: str | None) -> str | None:
    return None if text is None or text.strip() in NO_NUMBER else text
