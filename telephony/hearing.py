"""Who hears whom in a call right now, and whose time with the customer has therefore begun or ended."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from telephony.channels import Channel, Numbering, Switchboard
from telephony.history import CallHistory
from telephony.parts import OpenSpan


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """The agents' spans that are over now, and the channels whose spans begin."""

    ended: Sequence[OpenSpan]
    begun: Sequence[Channel]
    outside: bool  #: the customer hears somebody who is none of ours, for the first time


#: Nobody hears the customer: what most events of a ringing call find.
_NO_CHANGE = Change(ended=(), begun=(), outside=False)


def look(call: CallHistory, open_now: Sequence[OpenSpan], board: Switchboard, numbering: Numbering) -> Change:
    """Hold the call's open spans against the bridges. An agent who holds the customer to consult somebody is still theirs."""
    customer = call.customer(numbering)
    there = customer is not None and customer.ended_at is None
    with_customer: dict[str, Channel] = {}
    if customer is not None and there and customer.bridge is not None:
        with_customer = {c.uniqueid: c for c in board.connected_with(customer) if c.uniqueid in call.channels}
    if not open_now and not with_customer:
        return _NO_CHANGE
    ended = [
        span
        for span in open_now
        if span.channel.uniqueid not in with_customer
        and not (there and span.channel.ended_at is None and call.is_holding(span.channel))
    ]
    held = {span.channel.uniqueid for span in open_now}
    begun = [
        channel
        for uniqueid, channel in with_customer.items()
        if uniqueid not in held and not channel.handed_over and not numbering.is_outsider(channel)
    ]
    outside = call.outsider_at is None and any(numbering.is_outsider(channel) for channel in with_customer.values())
    return Change(ended=ended, begun=begun, outside=outside)


def talkers(call: CallHistory, board: Switchboard, numbering: Numbering) -> dict[str, Channel]:
    """Those of our own phones in the call that hear somebody now, by uniqueid; whoever holds the customer counts as talking."""
    held = {span.channel.uniqueid for span in call.open_spans}
    return {
        channel.uniqueid: channel
        for channel in call.live.values()
        if channel.is_real
        and (channel.bridge is not None or channel.uniqueid in held)  # the others, most while phones ring, hear nobody
        and numbering.is_inside(channel)
        and (channel.uniqueid in held or board.hears_somebody(channel))
    }
