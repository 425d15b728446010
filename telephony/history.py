"""What happened in one call so far, as the assembler notes it down. Times in seconds since 1970."""

from __future__ import annotations

import dataclasses

from telephony.channels import Channel, Numbering
from telephony.ledger import Position, TransferKind
from telephony.mixmonitor import MixMonitor

#: An agent who is back with the customer this soon was never away: Asterisk was taking Local channels out.
_SAME_SPAN_S = 1.0


@dataclasses.dataclass(kw_only=True)
class QueueVisit:
    queue: str
    joined_at: float
    left_at: float | None = None
    abandoned: bool = False


@dataclasses.dataclass(kw_only=True)
class Dial:
    caller: str | None  #: uniqueid; Originate names none
    target: str
    begun_at: float
    ended_at: float | None = None
    status: str = ""


@dataclasses.dataclass(kw_only=True)
class OpenSpan:
    """An agent channel's time with the customer."""

    channel: Channel
    started_at: float
    ended_at: float | None = None
    ring_s: float | None = None


@dataclasses.dataclass(kw_only=True)
class OpenHold:
    channel: Channel
    started_at: float
    ended_at: float | None = None


@dataclasses.dataclass(kw_only=True)
class TransferNote:
    kind: TransferKind
    transferrer: str
    target: str
    at: float


@dataclasses.dataclass(kw_only=True)
class HangupNote:
    uniqueid: str
    at: float


@dataclasses.dataclass(kw_only=True)
class QueueEnd:
    """AgentComplete: who ended the conversation, by the queue's own word."""

    uniqueid: str
    reason: str
    at: float


@dataclasses.dataclass(kw_only=True)
class CallHistory:
    linked_id: str
    started_at: float
    last_seen_at: float
    since: Position | None = None
    complete: bool = True
    first: Channel | None = None
    channels: dict[str, Channel] = dataclasses.field(default_factory=dict)
    visits: list[QueueVisit] = dataclasses.field(default_factory=list)
    dials: list[Dial] = dataclasses.field(default_factory=list)
    spans: list[OpenSpan] = dataclasses.field(default_factory=list)
    holds: list[OpenHold] = dataclasses.field(default_factory=list)
    transfers: list[TransferNote] = dataclasses.field(default_factory=list)
    hangup_requests: list[HangupNote] = dataclasses.field(default_factory=list)
    queue_ends: list[QueueEnd] = dataclasses.field(default_factory=list)
    monitors: list[MixMonitor] = dataclasses.field(default_factory=list)
    last_queue: str = ""  #: the queue that the dialplan went to last, whether it took the caller in or not
    queue_status: str = ""  #: why the last queue let the caller go, by its own word
    voicemail: bool = False
    called: str = ""
    ended_at: float | None = None

    @property
    def live_channels(self) -> list[Channel]:
        return [channel for channel in self.channels.values() if channel.live]

    @property
    def open_spans(self) -> list[OpenSpan]:
        return [span for span in self.spans if span.ended_at is None]

    def customer(self, numbering: Numbering) -> Channel | None:
        """The channel of the party that is served: the caller of an inbound or internal call, the called of an outbound one."""
        real = [channel for channel in self.channels.values() if channel.is_real]
        if not real:
            return None
        first = self.first if self.first is not None and self.first.is_real else real[0]
        if self.visits or not numbering.is_inside(first):
            return first
        outside = [c for c in real if c is not first and c.dialled and not numbering.is_inside(c)]
        if outside:
            return next((c for c in outside if c.live), outside[-1])
        return first

    def open_span(self, channel: Channel, at: float) -> OpenSpan:
        """The agent is with the customer from now on; the same span where a moment ago was its last end."""
        last = self.spans[-1] if self.spans else None
        if (
            last is not None
            and last.channel is channel
            and last.ended_at is not None
            and at - last.ended_at < _SAME_SPAN_S
        ):
            last.ended_at = None
            return last
        span = OpenSpan(channel=channel, started_at=at, ring_s=self.ring_s(channel))
        self.spans.append(span)
        return span

    def close_span(self, span: OpenSpan, at: float) -> None:
        span.ended_at = max(at, span.started_at)
        for hold in self.holds:
            if hold.ended_at is None and hold.channel is span.channel:
                hold.ended_at = max(min(at, span.ended_at), hold.started_at)

    def is_holding(self, channel: Channel) -> bool:
        return any(hold.ended_at is None and hold.channel is channel for hold in self.holds)

    def end_hold(self, channel: Channel, at: float) -> None:
        for hold in self.holds:
            if hold.ended_at is None and hold.channel is channel:
                hold.ended_at = max(at, hold.started_at)

    def ring_s(self, channel: Channel) -> float | None:
        """How long the channel rang before it was picked up; None where nothing tells."""
        for dial in reversed(self.dials):
            if dial.target == channel.uniqueid and dial.ended_at is not None:
                return max(0.0, dial.ended_at - dial.begun_at)
        return None
