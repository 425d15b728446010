"""What follows from a call's history: direction, how it came out, who hung up, how long each part took."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from avasanj.phone import is_hidden
from telephony import durations, parties
from telephony.channels import Channel, Numbering
from telephony.history import CallHistory
from telephony.ledger import CallSnapshot, HungUpBy, Stretch, Transfer, Visit, moment
from telephony.parts import TransferNote
from telephony.parts import Visit as VisitHistory
from telephony.recorded import muted, recordings, running
from telephony.tables import CallState, Direction, Disposition, VisitOutcome

#: A request to hang up this long before the last span's end still belongs to that end.
_SAME_END_S = 1.0
#: The events of one end come within this time, in any order.
_TOGETHER_S = 0.05
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
_BY_RECORD = {"BUSY": Disposition.BUSY, "FAILED": Disposition.FAILED, "CONGESTION": Disposition.FAILED}
_BY_REASON = {"agent": HungUpBy.AGENT, "caller": HungUpBy.CUSTOMER}
_VISIT_BY_STATUS = {
    Disposition.TIMED_OUT: VisitOutcome.TIMED_OUT,
    Disposition.NO_AGENT: VisitOutcome.NO_AGENT,
}


def snapshot(
    history: CallHistory,
    *,
    pbx: str,
    numbering: Numbering,
    name_of: Callable[[str], str | None] = lambda _interface: None,
    merged_into: str | None = None,
) -> CallSnapshot:
    """The call as it stands. Its `recordings` are named once it has ended, and only if somebody answered.

    `name_of` gives the queue member's name of an interface.
    """
    customer = history.customer(numbering)
    way = parties.direction(history, numbering)
    answered = durations.answered_at(history)
    outcome = disposition(history) if history.ended_at is not None else None
    visits = durations.waiting(history)
    gaps = history.known_gaps
    return CallSnapshot(
        pbx=pbx,
        linked_id=history.linked_id,
        direction=way,
        state=state(history),
        disposition=outcome,
        queue=queue(history),
        caller_raw=parties.caller(history, numbering),
        caller_name=_shown(history.first.caller_name if history.first else None),
        called_raw=parties.called(history, numbering),
        started_at=moment(history.started_at),
        queued_at=moment(visits[0].joined_at) if visits else None,
        answered_at=None if answered is None else moment(answered),
        ended_at=None if history.ended_at is None else moment(history.ended_at),
        wait_s=durations.wait_s(history),
        ring_s=durations.ring_s(history, customer),
        talk_s=durations.talk_s(history),
        hold_s=durations.hold_s(history),
        wrap_s=durations.wrap_s(history),
        hung_up_by=None if outcome is None else hung_up_by(history, customer, way, outcome),
        complete=not gaps,
        spans=durations.spans(history, name_of),
        holds=durations.holds(history, customer),
        transfers=_transfers(history) if history.transfers else (),
        recordings=recordings(history, customer),
        running=running(history, customer),
        visits=tuple(_visit(visit, history) for visit in visits),
        gaps=_stretches((gap.started_at, gap.ended_at) for gap in gaps) if gaps else (),
        mutes=_stretches(muted(history)) if history.mutes else (),
        merged_into=merged_into,
        since=history.since,
    )


def state(history: CallHistory) -> CallState:
    """Talking also covers what comes after the talk (a survey), unless the caller waits or somebody's phone rings again."""
    if history.ended_at is not None:
        return CallState.ENDED
    if history.open_spans or history.outsider_at is not None:
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
    visits = durations.waiting(history)
    if not visits:
        return history.last_queue or None
    connected = next((visit for visit in visits if visit.connected), None)
    if connected is not None:
        return connected.queue
    answered = history.spans[0].started_at if history.spans else None
    before = [visit for visit in visits if answered is None or visit.joined_at <= answered]
    return (before or visits)[-1].queue


def disposition(history: CallHistory) -> Disposition | None:  # noqa: PLR0911 - one line a case, in the order that decides
    """How the ended call came out; None where its end was missed and nothing tells."""
    if history.spans or history.proven_agent or history.outsider_at is not None:
        return Disposition.ANSWERED
    if history.voicemail:
        return Disposition.VOICEMAIL
    if history.queue_status:
        return _BY_QUEUE_STATUS.get(history.queue_status, Disposition.NO_AGENT)
    if history.closed_unseen:
        return _BY_RECORD.get(history.proven_outcome)
    if history.pbx_died:
        return Disposition.FAILED
    visits = durations.waiting(history)
    if visits and visits[-1].abandoned:
        return Disposition.ABANDONED
    caller_left = history.first is not None and any(
        note.uniqueid == history.first.uniqueid for note in history.hangup_requests
    )
    since = visits[-1].joined_at if visits else history.started_at
    dials = [dial for dial in history.dials if dial.begun_at >= since and (dial.verdict or dial.status)]
    if dials and (not visits or (visits[-1].left_at or 0.0) <= dials[-1].begun_at):
        status = dials[-1].verdict or dials[-1].status
        if status in _BY_DIAL_STATUS:
            return _BY_DIAL_STATUS[status]
        return Disposition.ABANDONED if caller_left or status == "CANCEL" else Disposition.TIMED_OUT
    if visits or caller_left:
        return Disposition.ABANDONED
    return _BY_DIAL_STATUS.get(history.dial_status, Disposition.NO_AGENT)


def hung_up_by(history: CallHistory, customer: Channel | None, way: Direction, outcome: Disposition) -> HungUpBy | None:  # noqa: PLR0911 - one line a case
    """Who ended it. A request to hang up proves a person only where the PBX had not already ended the call itself."""
    if customer is None:
        return None
    if history.closed_unseen:
        return _by_record(history, customer)
    if history.pbx_died:
        return HungUpBy.PBX
    if outcome is Disposition.ANSWERED:
        return _ended_talk(history, customer)
    if outcome in (Disposition.BUSY, Disposition.FAILED) or (outcome is Disposition.TIMED_OUT and not history.visits):
        return HungUpBy.PBX
    for note in history.hangup_requests:
        if history.first is not None and note.uniqueid == history.first.uniqueid:
            return HungUpBy.AGENT if way is Direction.OUTBOUND else HungUpBy.CUSTOMER
    return HungUpBy.PBX


def _by_record(history: CallHistory, customer: Channel) -> HungUpBy | None:
    """Whom a CEL row names; None where there is none."""
    if not history.hangup_source:
        return None
    if history.hangup_source == customer.name:
        return HungUpBy.CUSTOMER
    by_agent = any(span.channel.name == history.hangup_source for span in history.spans)
    return HungUpBy.AGENT if by_agent else None


def _ended_talk(history: CallHistory, customer: Channel) -> HungUpBy | None:
    """Who of the last two hung up. AgentComplete says "caller" also where the PBX took the caller's channel down."""
    if not history.spans:
        return None if history.outsider_at is None else _ended_rest(history, customer, history.outsider_at)
    last = max(history.spans, key=lambda span: (span.ended_at or span.started_at, span.started_at))
    end = last.ended_at or last.started_at
    if _went_on(history, customer, end):
        return _ended_rest(history, customer, end)
    for note in history.hangup_requests:
        if note.at >= end - _SAME_END_S and note.uniqueid in (customer.uniqueid, last.channel.uniqueid):
            return HungUpBy.CUSTOMER if note.uniqueid == customer.uniqueid else HungUpBy.AGENT
    for queue_end in reversed(history.queue_ends):
        if queue_end.uniqueid == last.channel.uniqueid and queue_end.reason in _BY_REASON:
            # the PBX takes the customer down too when the agent has hung up
            orders = [
                n for n in history.pbx_hangups if n.uniqueid == last.channel.uniqueid or queue_end.reason != "agent"
            ]
            ordered = any(note.at <= queue_end.at + _TOGETHER_S for note in orders)
            return HungUpBy.PBX if ordered and history.complete else _BY_REASON[queue_end.reason]
    return _ended_rest(history, customer, end)


def _went_on(history: CallHistory, customer: Channel, end: float) -> bool:
    """Whether the customer stayed after the last talk: for a survey, in a queue again, alone in a room, with somebody outside."""
    if (customer.ended_at or history.ended_at or end) > end + _SAME_END_S:
        return True
    return any(visit.joined_at > end for visit in durations.waiting(history))


def _ended_rest(history: CallHistory, customer: Channel, end: float) -> HungUpBy | None:
    """Who ended what came after the last talk: whoever asked for it after that, else the PBX."""
    outsiders = {channel.uniqueid for channel in history.channels.values() if channel.is_real and channel.bridged}
    outsiders -= {span.channel.uniqueid for span in history.spans}
    for note in history.hangup_requests:
        if note.uniqueid == customer.uniqueid and note.at >= end - _TOGETHER_S:
            return HungUpBy.CUSTOMER
        if note.at >= end and note.uniqueid in outsiders:
            return None  # somebody outside to whom the customer was sent on: neither customer nor agent
    return HungUpBy.PBX if history.complete else None


def _transfers(history: CallHistory) -> tuple[Transfer, ...]:
    return tuple(
        Transfer(kind=note.kind, transferrer=note.transferrer, target=note.target, at=moment(note.at))
        for note in history.transfers
        if not _came_back(note, history)
    )


def _came_back(note: TransferNote, history: CallHistory) -> bool:
    """Whether the target never answered and the PBX called the one who had left back: nothing was handed over."""
    after = next((span for span in history.spans if span.started_at > note.at), None)
    left = next((span for span in history.spans if span.channel.uniqueid == note.transferrer_channel), None)
    if not note.ringing or after is None or left is None:
        return False
    return after.channel.interface == left.channel.interface


def _visit(visit: VisitHistory, history: CallHistory) -> Visit:
    return Visit(
        queue=visit.queue,
        joined_at=moment(visit.joined_at),
        left_at=None if visit.left_at is None else moment(visit.left_at),
        outcome=None if visit.left_at is None else _visit_outcome(visit, history),
    )


def _visit_outcome(visit: VisitHistory, history: CallHistory) -> VisitOutcome:
    if visit.connected or any(
        span.channel.member_interface is not None and abs(span.started_at - (visit.left_at or 0.0)) < _SAME_END_S
        for span in history.spans
    ):
        return VisitOutcome.ANSWERED
    told = _BY_QUEUE_STATUS.get(visit.status)
    if told is not None:
        return _VISIT_BY_STATUS[told]
    hung_up = history.ended_at is not None and history.ended_at - (visit.left_at or 0.0) < _SAME_END_S
    return VisitOutcome.ABANDONED if visit.abandoned or hung_up else VisitOutcome.LEFT


def _stretches(edges: Iterable[tuple[float | None, float | None]]) -> tuple[Stretch, ...]:
    return tuple(
        Stretch(
            started_at=None if start is None else moment(start),
            ended_at=None if end is None else moment(end),
        )
        for start, end in edges
    )


def _shown(name: str | None) -> str | None:
    """A caller's name; "Anonymous" is none."""
    return None if is_hidden(name) else durations.known(name)
