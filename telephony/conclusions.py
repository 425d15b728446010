"""What follows from a call's history: direction, how it came out, who hung up, how long each part took."""

from __future__ import annotations

from collections.abc import Iterable

from avasanj.phone import is_hidden
from telephony.channels import NO_NUMBER, Channel, Numbering
from telephony.history import CallHistory, OpenSpan
from telephony.ledger import CallSnapshot, Hold, HungUpBy, NamedRecording, Span, Transfer, moment
from telephony.tables import CallState, Direction, Disposition, Party

#: A request to hang up this long before the last span's end still belongs to that end.
_SAME_END_S = 1.0
_BY_QUEUE_STATUS = {
    "TIMEOUT": Disposition.TIMED_OUT,
    "CONTINUE": Disposition.TIMED_OUT,
    "JOINEMPTY": Disposition.NO_AGENT,
    "LEAVEEMPTY": Disposition.NO_AGENT,
    "JOINUNAVAIL": Disposition.NO_AGENT,
    "LEAVEUNAVAIL": Disposition.NO_AGENT,
    "FULL": Disposition.NO_AGENT,
}
_BY_DIAL_STATUS = {
    "BUSY": Disposition.BUSY,
    "NOANSWER": Disposition.TIMED_OUT,
    "CHANUNAVAIL": Disposition.FAILED,
    "CONGESTION": Disposition.FAILED,
    "INVALIDARGS": Disposition.FAILED,
}
_BY_REASON = {"agent": HungUpBy.AGENT, "caller": HungUpBy.CUSTOMER}

Interval = tuple[float, float]


def snapshot(history: CallHistory, *, pbx: str, numbering: Numbering, merged_into: str | None = None) -> CallSnapshot:
    """The call as it stands. Its `recordings` are named once it has ended, and only if somebody answered."""
    customer = history.customer(numbering)
    way = direction(history, numbering)
    answered = history.spans[0].started_at if history.spans else None
    outcome = disposition(history) if history.ended_at is not None else None
    return CallSnapshot(
        pbx=pbx,
        linked_id=history.linked_id,
        direction=way,
        state=state(history),
        disposition=outcome,
        queue=queue(history),
        caller_raw=_known(history.first.caller_number if history.first else None),
        caller_name=_shown(history.first.caller_name if history.first else None),
        called_raw=_known(history.called),
        started_at=moment(history.started_at),
        queued_at=moment(history.visits[0].joined_at) if history.visits else None,
        answered_at=None if answered is None else moment(answered),
        ended_at=None if history.ended_at is None else moment(history.ended_at),
        wait_s=_wait_s(history),
        ring_s=_ring_s(history, customer),
        talk_s=_talk_s(history),
        hold_s=_rounded(_length(_all_held(history))),
        hung_up_by=None if outcome is None else hung_up_by(history, customer, way, outcome),
        complete=history.complete,
        spans=tuple(_span(span, history) for span in history.spans),
        holds=_hold_spans(history, customer),
        transfers=tuple(
            Transfer(kind=note.kind, transferrer=note.transferrer, target=note.target, at=moment(note.at))
            for note in history.transfers
        ),
        recordings=recordings(history, customer),
        merged_into=merged_into,
        since=history.since,
    )


def direction(history: CallHistory, numbering: Numbering) -> Direction:
    """Inbound: entered a queue, or came from outside. Outbound: one of ours dialled outside. Internal: neither."""
    first = history.first
    if history.visits or first is None or not numbering.is_inside(first):
        return Direction.INBOUND
    if history.customer(numbering) is not first:
        return Direction.OUTBOUND
    dialled = "".join(letter for letter in history.called if letter.isdigit() or letter == "+")
    return Direction.OUTBOUND if dialled and not numbering.is_extension(dialled) else Direction.INTERNAL


def state(history: CallHistory) -> CallState:
    """Talking also covers what comes after the talk (a survey), unless the caller waits or somebody's phone rings again."""
    if history.ended_at is not None:
        return CallState.ENDED
    if history.open_spans:
        return CallState.TALKING
    if any(visit.left_at is None for visit in history.visits):
        return CallState.WAITING
    if history.visits and not history.spans:
        left = history.visits[-1].left_at or 0.0
        if not any(dial.begun_at >= left for dial in history.dials):
            return CallState.WAITING  # a moment before the bridge, or an announcement after the queue
    ringing = any(dial.ended_at is None for dial in history.dials)
    return CallState.TALKING if history.spans and not ringing else CallState.RINGING


def queue(history: CallHistory) -> str | None:
    """The queue that answered, else the last in which the caller waited, else the last that did not take the caller in."""
    if not history.visits:
        return history.last_queue or None
    answered = history.spans[0].started_at if history.spans else None
    before = [visit for visit in history.visits if answered is None or visit.joined_at <= answered]
    return (before or history.visits)[-1].queue


def disposition(history: CallHistory) -> Disposition:  # noqa: PLR0911 - one line a case, in the order that decides
    """How the ended call came out."""
    if history.spans:
        return Disposition.ANSWERED
    if history.voicemail:
        return Disposition.VOICEMAIL
    if history.queue_status:
        return _BY_QUEUE_STATUS.get(history.queue_status, Disposition.NO_AGENT)
    if history.visits:
        return Disposition.ABANDONED
    caller_left = history.first is not None and any(
        note.uniqueid == history.first.uniqueid for note in history.hangup_requests
    )
    if history.dials:
        status = history.dials[-1].status
        if status in _BY_DIAL_STATUS:
            return _BY_DIAL_STATUS[status]
        return Disposition.ABANDONED if caller_left else Disposition.TIMED_OUT
    return Disposition.ABANDONED if caller_left else Disposition.NO_AGENT


def hung_up_by(history: CallHistory, customer: Channel | None, way: Direction, outcome: Disposition) -> HungUpBy | None:
    """Who ended it. A request to hang up proves a person only where the PBX had not already ended the call itself."""
    if customer is None:
        return None
    if outcome is Disposition.ANSWERED:
        return _ended_talk(history, customer)
    if outcome is not Disposition.ABANDONED:
        return HungUpBy.PBX if history.complete else None
    for note in history.hangup_requests:
        if history.first is not None and note.uniqueid == history.first.uniqueid:
            return HungUpBy.AGENT if way is Direction.OUTBOUND else HungUpBy.CUSTOMER
    return HungUpBy.PBX if history.complete else None


def _ended_talk(history: CallHistory, customer: Channel) -> HungUpBy | None:
    last = max(history.spans, key=lambda span: (span.ended_at or span.started_at, span.started_at))
    end = last.ended_at or last.started_at
    for queue_end in reversed(history.queue_ends):
        if queue_end.uniqueid == last.channel.uniqueid and queue_end.reason in _BY_REASON:
            return _BY_REASON[queue_end.reason]
    for note in history.hangup_requests:
        if note.at >= end - _SAME_END_S and note.uniqueid in (customer.uniqueid, last.channel.uniqueid):
            return HungUpBy.CUSTOMER if note.uniqueid == customer.uniqueid else HungUpBy.AGENT
    return HungUpBy.PBX if history.complete else None


def recordings(history: CallHistory, customer: Channel | None) -> tuple[NamedRecording, ...]:
    """The files that hold the parties of an ended, answered call.

    On the customer's channel what it receives is the customer; on an agent's channel (outbound calls) the other way
    round. The customer's channel wins where both are recorded, since it stays through transfers.
    """
    if history.ended_at is None or not history.spans or customer is None:
        return ()
    agents = [span.channel.uniqueid for span in history.spans]
    for uniqueid, received, transmitted in (
        (customer.uniqueid, Party.CUSTOMER, Party.AGENT),
        *((agent, Party.AGENT, Party.CUSTOMER) for agent in agents),
    ):
        found: list[NamedRecording] = []
        for monitor in history.monitors:
            if monitor.uniqueid != uniqueid:
                continue
            channel = history.channels[uniqueid]
            bridged = max(monitor.started_at, channel.bridged_at or monitor.started_at)
            offset_s = _rounded((bridged if monitor.bridged_only else monitor.started_at) - history.started_at)
            legs = [
                (party, path)
                for party, path in ((received, monitor.received), (transmitted, monitor.transmitted))
                if path
            ]
            found += [
                NamedRecording(party=party, path=path, offset_s=offset_s, expected=monitor.named)
                for party, path in legs
            ]
            found.append(
                NamedRecording(
                    party=Party.MIXED, path=monitor.mixed, offset_s=offset_s, expected=not (legs and monitor.named)
                )
            )
        if found:
            return tuple(dict.fromkeys(found))
    return ()


def _wait_s(history: CallHistory) -> float | None:
    start = history.visits[0].joined_at if history.visits else history.started_at
    end = history.spans[0].started_at if history.spans else None
    if end is None:
        end = history.visits[-1].left_at if history.visits else history.ended_at
    if end is None:
        end = history.ended_at
    return None if end is None else _rounded(max(0.0, end - start))


def _ring_s(history: CallHistory, customer: Channel | None) -> float | None:
    """How long the phone rang that answered (the customer's in an outbound call); without an answer, any phone."""
    if history.spans:
        ring_s = history.spans[0].ring_s
        if ring_s is None and customer is not None:
            ring_s = history.ring_s(customer)
        return None if ring_s is None else _rounded(ring_s)
    if history.ended_at is None or not history.dials:
        return None
    return _rounded(_length((dial.begun_at, dial.ended_at or history.ended_at) for dial in history.dials))


def _talk_s(history: CallHistory) -> float | None:
    """Time in which at least one agent was with the customer and nobody on hold; None before the end or without an answer."""
    if history.ended_at is None or not history.spans:
        return None
    spans = [(span.started_at, span.ended_at or history.ended_at) for span in history.spans]
    return _rounded(max(0.0, _length(spans) - _length(_all_held(history))))


def _held(span: OpenSpan, history: CallHistory, *, by: Channel | None = None) -> list[Interval]:
    """Ended holds within the span; only those of one party where `by` names it."""
    end = history.last_seen_at if span.ended_at is None else span.ended_at
    return [
        (max(hold.started_at, span.started_at), min(hold.ended_at, end))
        for hold in history.holds
        if hold.ended_at is not None
        and by in (None, hold.channel)
        and min(hold.ended_at, end) > max(hold.started_at, span.started_at)
    ]


def _all_held(history: CallHistory) -> list[Interval]:
    return [interval for span in history.spans for interval in _held(span, history)]


def _span(span: OpenSpan, history: CallHistory) -> Span:
    channel = span.channel
    return Span(
        uniqueid=channel.uniqueid,
        interface=channel.interface,
        agent_name=_known(channel.member_name) or _known(channel.caller_name),
        started_at=moment(span.started_at),
        ended_at=None if span.ended_at is None else moment(span.ended_at),
        hold_s=_rounded(_length(_held(span, history, by=span.channel))),
        ring_s=None if span.ring_s is None else _rounded(span.ring_s),
    )


def _hold_spans(history: CallHistory, customer: Channel | None) -> tuple[Hold, ...]:
    return tuple(
        Hold(
            started_at=moment(hold.started_at),
            ended_at=None if hold.ended_at is None else moment(hold.ended_at),
            by=Party.CUSTOMER if hold.channel is customer else Party.AGENT,
        )
        for hold in history.holds
    )


def _length(intervals: Iterable[Interval]) -> float:
    """Seconds covered by at least one of them."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _rounded(seconds: float) -> float:
    return round(seconds, 3)


def _known(text: str | None) -> str | None:
    return None if text is None or text.strip() in NO_NUMBER else text


def _shown(name: str | None) -> str | None:
    """A caller's name; "Anonymous" is none."""
    return None if is_hidden(name) else _known(name)
