"""Talks that must have been, though the events that tell who heard whom were missed. Times in seconds since 1970."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from telephony.channels import Channel, Numbering
from telephony.history import CallHistory
from telephony.parts import Dial

#: Who hung up as soon as the other picked up heard nobody.
_TOO_SHORT_S = 0.5
#: A talk begins this soon after the answer.
_SOON_S = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnseenTalk:
    """Somebody picked up and stayed with the customer from `started_at` until `ended_at` at the latest."""

    agent: Channel
    started_at: float
    ended_at: float


def talks(call: CallHistory, numbering: Numbering) -> Iterator[UnseenTalk]:
    """Answers after which no span begins, though both sides stayed and one of them was in a bridge."""
    customer = call.customer(numbering)
    for dial in call.dials:
        target, caller = call.channels.get(dial.target), _caller(call, dial)
        if customer is None or caller is None or target is None or not target.is_real:
            continue
        if dial.status != "ANSWER" or dial.ended_at is None or customer not in (target, caller):
            continue
        agent = caller if target is customer else target
        answered_at = dial.ended_at
        own = [span.started_at for span in call.spans if span.channel is agent]
        if numbering.is_outsider(agent) or any(started_at < answered_at + _SOON_S for started_at in own):
            continue
        ends = [call.last_seen_at if side.ended_at is None else side.ended_at for side in (agent, customer)]
        end = min([*ends, *own])
        seen = any(abs(span.started_at - answered_at) < _SOON_S for span in call.spans)
        if not seen and end - answered_at >= _TOO_SHORT_S and _together(agent, customer, answered_at, end):
            yield UnseenTalk(agent=agent, started_at=answered_at, ended_at=end)


def _together(agent: Channel, customer: Channel, answered_at: float, end: float) -> bool:
    """Whether one of them was in a bridge then: who only picked up may have refused the call by a key."""
    if agent.left_unseen or customer.left_unseen:
        return True
    stretches = [stretch for side in (agent, customer) for stretch in side.bridged]
    return any((entered or 0.0) < end and (left is None or left > answered_at) for entered, left in stretches)


def _caller(call: CallHistory, dial: Dial) -> Channel | None:
    """Who dialled, seen through a Local channel: behind its second end, or the phone that its second end called."""
    channel = call.channels.get(dial.caller or "")
    if channel is None or not channel.is_local:
        return channel
    if channel.name.endswith(";1"):
        far = {one.uniqueid for one in call.channels.values() if one.name == channel.name[:-1] + "2"}
        return next((call.channels.get(other.target) for other in call.dials if other.caller in far), None)
    near = channel.name[:-1] + "1"
    uniqueids = {one.uniqueid for one in call.channels.values() if one.name == near}
    outer = next((other.caller for other in call.dials if other.target in uniqueids), None)
    return call.channels.get(outer or "")
