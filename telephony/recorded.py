"""Which files hold the parties of a call, from when on, and where their time stood still."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

from telephony.channels import Channel
from telephony.durations import rounded
from telephony.history import CallHistory
from telephony.ledger import NamedRecording
from telephony.mixmonitor import MixMonitor
from telephony.one_voice import common, joined
from telephony.tables import Party

#: Shorter absences from a bridge are Asterisk putting channels together anew; a file's time does not show them.
_SHORTEST_CUT_S = 0.05
_DAY = re.compile(r"-(\d{4})(\d\d)(\d\d)-\d{6}-")


def recordings(history: CallHistory, customer: Channel | None) -> tuple[NamedRecording, ...]:
    """The files that hold the parties of an ended, answered call.

    On the customer's channel what it receives is the customer; on an agent's channel (outbound calls) the other way
    round. The customer's channel wins where both are recorded, since it stays through transfers. After a blind transfer
    the next agent's own channel counts for that agent's voice: not every Asterisk goes on writing it to the customer's.
    """
    answered = bool(history.spans) or bool(history.proven_agent)
    if history.ended_at is None or not answered or customer is None:
        return ()
    told = _by_channel(history, customer) if history.monitors else ()
    return told or (_unannounced(history, customer) if history.gaps else ())


def running(history: CallHistory, customer: Channel | None) -> tuple[NamedRecording, ...]:
    """The parties' files that are being written now, those whose beginning is known; what is still open ends at infinity."""
    if history.ended_at is not None or not history.monitors or not history.spans or customer is None:
        return ()
    found = _by_channel(history, customer)
    return tuple(leg for leg in found if leg.party is not Party.MIXED and leg.expected and leg.offset_s is not None)


def _by_channel(history: CallHistory, customer: Channel) -> tuple[NamedRecording, ...]:
    inside = [span.channel.uniqueid for span in history.spans]
    if history.first is not None and history.first is not customer:
        inside.append(history.first.uniqueid)
    agents = [uniqueid for uniqueid in dict.fromkeys(inside) if uniqueid != customer.uniqueid]
    by_party = {monitor.uniqueid for monitor in history.monitors if monitor.by_party}
    on_customer = _on(customer.uniqueid, history, Party.CUSTOMER, Party.AGENT)
    recorded = {monitor.uniqueid for monitor in history.monitors}
    agents = [agent for agent in agents if agent in recorded]
    if on_customer and (customer.uniqueid in by_party or by_party.isdisjoint(agents)):
        return (*on_customer, *(leg for agent in agents for leg in _own_leg(agent, history, handed_on=True)))
    if agents:
        mixed = [leg for leg in on_customer if leg.party is Party.MIXED]
        return (*_on_agents(agents, history), *mixed)
    return ()


def _on_agents(agents: list[str], history: CallHistory) -> list[NamedRecording]:
    """The recordings where those of the agents' own channels hold the customer as well, each while with its agent."""
    first, *others = agents
    found = _on(first, history, Party.AGENT, Party.CUSTOMER)
    beside = [leg for agent in others for leg in _own_leg(agent, history, handed_on=False)]
    if not beside:
        return found
    counts = _counted(first, history, handed_on=False)
    return [*(leg._replace(counts=counts) for leg in found if leg.party is not Party.MIXED), *beside]


def _on(uniqueid: str, history: CallHistory, received: Party, transmitted: Party) -> list[NamedRecording]:
    """The recordings on one channel."""
    monitors = [monitor for monitor in history.monitors if monitor.uniqueid == uniqueid]
    legs = [leg for parts in _by_file(monitors) for leg in _named(parts, history, received, transmitted)]
    return list(dict.fromkeys(legs))


def _own_leg(uniqueid: str, history: CallHistory, *, handed_on: bool) -> list[NamedRecording]:
    """What the recording of an agent's own channel gives beside another one: the agent's voice while with the customer.

    `handed_on`: the other is the customer's, so only what follows a blind transfer is wanted, and not the customer's voice.
    """
    counts = _counted(uniqueid, history, handed_on=handed_on)
    if not counts:
        return []
    legs = _on(uniqueid, history, Party.AGENT, Party.CUSTOMER)
    wanted = (Party.AGENT,) if handed_on else (Party.AGENT, Party.CUSTOMER)
    return [leg._replace(counts=counts) for leg in legs if leg.party in wanted]


def _counted(uniqueid: str, history: CallHistory, *, handed_on: bool) -> tuple[tuple[float, float], ...]:
    """When the agent of this channel was with the customer and recorded there, in seconds from the call's start."""
    spans = [
        (span.started_at, span.ended_at or history.ended_at or math.inf)
        for span in history.spans
        if span.channel.uniqueid == uniqueid and (not handed_on or history.was_handed_on(span.started_at))
    ]
    if not spans:
        return ()
    monitors = [one for one in history.monitors if one.uniqueid == uniqueid]
    written = [part for one in monitors for part in _written(one, history)]
    if any(one.found for one in monitors):
        written = spans  # since when it runs its file will tell
    return tuple(
        (rounded(from_ - history.started_at), rounded(to - history.started_at)) for from_, to in common(spans, written)
    )


def muted(history: CallHistory) -> list[tuple[float, float | None]]:
    """When a recording of the call was muted, in seconds since 1970, None for what goes on: of several channels' one stretch."""
    forever = float("inf")
    ends = [(mute.started_at, forever if mute.ended_at is None else mute.ended_at) for mute in history.mutes]
    return [(start, None if end == forever else end) for start, end in joined(ends, keep_empty=True)]


def _unannounced(history: CallHistory, customer: Channel) -> tuple[NamedRecording, ...]:
    """Files that may be there where the events that name them were missed: by the convention that our documents give for
    the dialplan, and by the PBX's own records. What is there is used, of each party the first; what isn't is not missed.
    """  # fmt: skip
    names = [(Party.CUSTOMER, f"{customer.uniqueid}-r.wav"), (Party.AGENT, f"{customer.uniqueid}-t.wav")]
    if (first := history.first) is not None and first is not customer:
        names += [(Party.AGENT, f"{first.uniqueid}-r.wav"), (Party.CUSTOMER, f"{first.uniqueid}-t.wav")]
    if history.recording_file:
        names.append((Party.MIXED, _dated(history.recording_file)))
    names.append((Party.MIXED, f"{customer.uniqueid}.wav"))
    return tuple(NamedRecording(party=party, path=path, offset_s=None, expected=False) for party, path in names)


def _dated(name: str) -> str:
    """FreePBX keeps a file in the folder of its day, which its name holds: in-800-…-20261122-140501-1795.1.wav."""
    day = _DAY.search(name)
    return name if day is None or "/" in name else f"{day[1]}/{day[2]}/{day[3]}/{name}"


def _by_file(monitors: list[MixMonitor]) -> list[list[MixMonitor]]:
    """The recordings of each file, in order: several where one was stopped and went on with option a.

    Without that option the later one wrote the file from its beginning again, and only it counts.
    """
    files: dict[str, list[MixMonitor]] = {}
    for monitor in monitors:
        parts = files.setdefault(monitor.mixed, [])
        if not monitor.appends:
            parts.clear()
        parts.append(monitor)
    return list(files.values())


def _named(parts: list[MixMonitor], history: CallHistory, received: Party, transmitted: Party) -> list[NamedRecording]:
    first = parts[0]
    asked = [dataclasses.replace(one, bridged_only=True) if _may_stand_still(one) else one for one in parts]
    written = [stretch for monitor in asked for stretch in _written(monitor, history)]
    offset = written[0][0] if written else first.started_at
    cuts = tuple(
        (rounded(before[1] - history.started_at), rounded(after[0] - history.started_at))
        for before, after in itertools.pairwise(written)
        if after[0] - before[1] >= _SHORTEST_CUT_S
    )
    offset_s = None if first.found else rounded(offset - history.started_at)
    maybe = cuts if first.found else ()
    cuts = () if first.found else cuts  # its file says whether they are any, and where in it they lie
    legs = [(party, path) for party, path in ((received, first.received), (transmitted, first.transmitted)) if path]
    found = [
        NamedRecording(party=party, path=path, offset_s=offset_s, expected=first.named, cuts=cuts, maybe_cuts=maybe)
        for party, path in legs
    ]
    mixed = NamedRecording(
        party=Party.MIXED,
        path=first.mixed,
        offset_s=offset_s,
        expected=not (legs and first.named),
        cuts=cuts,
        maybe_cuts=maybe,
    )
    return [*found, mixed]


def _may_stand_still(monitor: MixMonitor) -> bool:
    """It ran when we came, so nobody told its options; of ours we know them."""
    return monitor.found and not monitor.is_ours


def _written(monitor: MixMonitor, history: CallHistory) -> list[tuple[float, float]]:
    """When something was written: with option b only while the recorded channel was in a bridge."""
    channel = history.channels.get(monitor.uniqueid)
    left_at = None if channel is None else channel.ended_at
    end = monitor.ended_at or left_at or history.ended_at or math.inf
    if channel is None or not monitor.bridged_only:
        return [(monitor.started_at, max(monitor.started_at, end))]
    stretches = [
        (max(entered or 0.0, monitor.started_at), min(end if left is None else left, end))
        for entered, left in channel.bridged
    ]
    return [(start, until) for start, until in stretches if until > start]
