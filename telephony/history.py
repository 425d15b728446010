"""What happened in one call so far, as the assembler notes it down. Times in seconds since 1970."""

from __future__ import annotations

import dataclasses

from telephony.channels import Channel, Numbering
from telephony.ledger import Position, TransferKind
from telephony.mixmonitor import MixMonitor
from telephony.parts import Dial, Gap, HangupNote, Note, OpenHold, OpenMute, OpenSpan, QueueEnd, TransferNote, Visit

#: An agent who is back with the customer this soon was never away: Asterisk was taking Local channels out.
_SAME_SPAN_S = 1.0
#: So many conclusions of one call are kept for `replay --explain`; a conference of a day must not fill the memory.
_MOST_NOTES = 500


@dataclasses.dataclass(kw_only=True, slots=True)
class CallHistory:
    linked_id: str
    started_at: float
    last_seen_at: float
    since: Position | None = None
    first: Channel | None = None
    channels: dict[str, Channel] = dataclasses.field(default_factory=dict)
    live: dict[str, Channel] = dataclasses.field(default_factory=dict)  #: those that are not over
    visits: list[Visit] = dataclasses.field(default_factory=list)
    dials: list[Dial] = dataclasses.field(default_factory=list)
    spans: list[OpenSpan] = dataclasses.field(default_factory=list)
    holds: list[OpenHold] = dataclasses.field(default_factory=list)
    mutes: list[OpenMute] = dataclasses.field(default_factory=list)
    gaps: list[Gap] = dataclasses.field(default_factory=list)
    transfers: list[TransferNote] = dataclasses.field(default_factory=list)
    hangup_requests: list[HangupNote] = dataclasses.field(default_factory=list)
    pbx_hangups: list[HangupNote] = dataclasses.field(default_factory=list)  #: that the PBX or its manager asked for
    queue_ends: list[QueueEnd] = dataclasses.field(default_factory=list)
    monitors: list[MixMonitor] = dataclasses.field(default_factory=list)
    #: uniqueids of the channels of calls that were about this one: they wait in no queue for the customer
    consulting: set[str] = dataclasses.field(default_factory=set)
    conference: str = ""  #: the room in which the parties meet
    last_queue: str = ""  #: the queue that the dialplan went to last, whether it took the caller in or not
    queue_status: str = ""  #: why the last queue let the caller go, by its own word
    dial_status: str = ""  #: how the dialplan's last Dial came out, also where it reached no phone at all
    voicemail: bool = False
    service: bool = False  #: one of ours talked to the PBX alone (logged in, paused, fetched a call)
    #: by uniqueid, since when it was here and when its Linkedid came to be another call's, until an event tells what joined them
    unexplained: dict[str, tuple[float, float]] = dataclasses.field(default_factory=dict)
    #: [from, to] in which a party must have held that was not seen to, since it resumed
    unseen_holds: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    #: [from, to] in which an agent must have held who went elsewhere while the customer stayed
    moved_away: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    pbx_died: bool = False  #: the PBX stopped or was killed with the call open
    called: str = ""
    originated: bool = False  #: the answer to the Originate that began it came
    ended_at: float | None = None
    closed_unseen: bool = (
        False  #: its end was missed; `ended_at` is when it was last seen, or what the PBX's records say
    )
    unseen_at: float | None = None  #: when the first talk began of which no event tells
    outsider_at: float | None = None  #: when somebody outside answered, to whom the call was sent on
    proven_agent: str = ""  #: who answered by the PBX's records, where no event told
    recording_file: str = ""  #: the mixed recording by the PBX's records
    proven_outcome: str = ""  #: a CDR's disposition
    hangup_source: str = ""  #: the channel that hung up, by a CEL row
    merged_into: str | None = None
    notes: list[Note] = dataclasses.field(default_factory=list)

    @property
    def complete(self) -> bool:
        """False where events of this call may have been missed."""
        return not self.gaps

    @property
    def known_gaps(self) -> list[Gap]:
        """With the whole of an ended call that the PBX began itself, where the answer that names the number was missed."""
        first = self.first
        if self.gaps or self.ended_at is None or first is None or not first.dialled or self.called or self.originated:
            return self.gaps
        return [Gap(started_at=self.started_at, ended_at=self.ended_at)]

    @property
    def live_channels(self) -> list[Channel]:
        return list(self.live.values())

    @property
    def open_spans(self) -> list[OpenSpan]:
        spans = self.spans
        return [span for span in spans if span.ended_at is None] if spans else []

    def note(self, note: Note) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(note)

    def gap(self, started_at: float | None, ended_at: float | None) -> None:
        """Events between the two may be missing. Stretches that touch become one."""
        last = self.gaps[-1] if self.gaps else None
        if last is not None and last.ended_at is not None:
            again = started_at is None and (last.started_at is None or last.ended_at == ended_at)
            if again or (started_at is not None and started_at <= last.ended_at):
                last.ended_at = None if ended_at is None else max(last.ended_at, ended_at)
                return
        self.gaps.append(Gap(started_at=started_at, ended_at=ended_at))

    def is_in_gap(self, started_at: float, ended_at: float) -> bool:
        """Whether it is marked already that something may be missing then."""
        return any(
            (gap.started_at is None or gap.started_at <= ended_at)
            and (gap.ended_at is None or gap.ended_at >= started_at)
            for gap in self.gaps
        )

    def forget_gap(self, ended_at: float, still_until: float | None) -> bool:
        """What seemed missed until `ended_at` only came late; `still_until`: up to there something is missing. Whether there was one."""
        for gap in self.gaps:
            if gap.started_at is None and gap.ended_at == ended_at:
                gap.ended_at = still_until
                if still_until is None:
                    self.gaps.remove(gap)
                return True
        return False

    def customer(self, numbering: Numbering) -> Channel | None:
        """The channel of the party that is served: the caller of an inbound or internal call, the called of an outbound one."""
        first = self.first
        if first is not None and first.is_real and first.uniqueid in self.channels and not numbering.is_inside(first):
            return first  # most calls come from outside, and every bridge's event asks
        real = [channel for channel in self.channels.values() if channel.is_real]
        if not real:
            return None
        first = self.first if self.first is not None and self.first.is_real else real[0]
        if any(visit.uniqueid == first.uniqueid for visit in self.visits) or not numbering.is_inside(first):
            return first
        outside = [c for c in real if c is not first and not numbering.is_inside(c)]
        if outside:
            return next((c for c in outside if c.ended_at is None), outside[-1])
        if first.handed_over:
            stayed = [c for c in real if c is not first and c.bridged and c.uniqueid not in self.consulting]
            return stayed[0] if stayed else first
        return first

    def parties_gone_at(self, numbering: Numbering, at: float) -> float:
        """When the ended call's parties were gone: with its customer the call that was answered is over, whoever goes on
        talking or listening; a phone that stays on the line after it handed the call on is no party.
        """  # fmt: skip
        customer = self.customer(numbering)
        if self.spans and customer is not None and customer.ended_at is not None and not customer.handed_over:
            return max([customer.ended_at, *(span.ended_at for span in self.spans if span.ended_at is not None)])
        ends = [
            party.ended_at
            for party in (customer, self.first)
            if party is not None and party.ended_at is not None and not party.handed_over
        ]
        ends += [span.ended_at for span in self.spans if span.ended_at is not None]
        if not self.consulting and not any(channel.handed_over for channel in self.channels.values()):
            ends += [channel.ended_at for channel in self.channels.values() if channel.ended_at is not None]
        return max(ends, default=at)

    def open_span(self, channel: Channel, at: float, *, found: bool = False) -> OpenSpan:
        """The agent is with the customer from now on; the same span where a moment ago was its last end."""
        for last in reversed(self.spans):
            if last.channel is channel:
                if last.ended_at is not None and at - last.ended_at < _SAME_SPAN_S:
                    last.ended_at = None
                    return last
                at = max(at, last.ended_at or at)
                break
        span = OpenSpan(channel=channel, started_at=at, ring_s=self.ring_s(channel), found=found)
        self.spans.append(span)
        return span

    def close_span(self, span: OpenSpan, at: float) -> None:
        span.ended_at = max(at, span.started_at)
        for hold in self.holds:
            if hold.ended_at is None and hold.channel is span.channel:
                hold.ended_at = max(min(at, span.ended_at), hold.started_at)

    def close(self, at: float) -> None:
        """The call was over at `at`: nothing of it goes on, and nothing of it lies outside of it."""
        self.ended_at = at
        for span in self.spans:
            span.ended_at = max(span.started_at, min(span.ended_at or at, at))
            self.ended_at = max(self.ended_at, span.ended_at)
        parts: list[OpenHold | OpenMute] = [*self.holds, *self.mutes]
        for part in parts:
            part.ended_at = max(part.started_at, self.ended_at if part.ended_at is None else part.ended_at)
        for visit in self.visits:
            visit.left_at = max(visit.joined_at, self.ended_at if visit.left_at is None else visit.left_at)
        for dial in self.dials:
            if dial.ended_at is not None:
                dial.ended_at = max(dial.begun_at, min(dial.ended_at, self.ended_at))

    def took_in(self, channel: Channel) -> None:
        """A channel of another call came to be of this one, with what it did before: nothing of it lies before this call.

        A call of which the beginning was missed began when the first of its channels did.
        """
        if self.gaps and self.gaps[0].started_at is None:
            self.started_at = min(self.started_at, channel.created_at)
        for visit in self.visits:
            visit.joined_at = max(visit.joined_at, self.started_at)
            visit.left_at = None if visit.left_at is None else max(visit.joined_at, visit.left_at)
        for dial in self.dials:
            dial.begun_at = max(dial.begun_at, self.started_at)
            dial.ended_at = None if dial.ended_at is None else max(dial.begun_at, dial.ended_at)

    def was_handed_on(self, at: float) -> bool:
        """Whether the call was sent on to somebody who had not answered yet, at or before `at`: blind, or by a parking lot."""
        return any(note.at <= at and (note.kind is TransferKind.BLIND or note.ringing) for note in self.transfers)

    def is_holding(self, channel: Channel) -> bool:
        holds = self.holds  # most calls have none, and every bridge's event asks
        return bool(holds) and any(hold.ended_at is None and hold.channel is channel for hold in holds)

    def end_hold(self, channel: Channel, at: float) -> bool:
        """Whether there was one to end."""
        found = False
        for hold in self.holds:
            if hold.ended_at is None and hold.channel is channel:
                hold.ended_at, found = max(at, hold.started_at), True
        return found

    def end_unseen_hold(self, channel: Channel, at: float) -> bool:
        """The agent, whose talk went on already when it was found, ends a hold that nobody saw begin: it went on as well."""
        span = next((span for span in self.open_spans if span.channel is channel and span.found), None)
        if span is None or any(hold.channel is channel for hold in self.holds):
            return False
        self.holds.append(OpenHold(channel=channel, started_at=span.started_at, ended_at=max(at, span.started_at)))
        return True

    def ring_s(self, channel: Channel) -> float | None:
        """How long the channel rang before it was picked up; None where nothing tells."""
        for dial in reversed(self.dials):
            if dial.target == channel.uniqueid and dial.ended_at is not None:
                return max(0.0, dial.ended_at - dial.begun_at)
        return None
