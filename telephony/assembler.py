"""Events in, calls out: a pure function of what the PBX said, in the order in which it was said.

What shaped it: `Linkedid` changes when a consultation joins the call that it is about; a span is a stretch in
which the agent's channel hears the customer's, through Local channels too; QueueCallerAbandon also fires on a timeout.
"""

from __future__ import annotations

import collections
import contextlib

from telephony import conclusions
from telephony.call_events import CallEvents
from telephony.channels import Channel, Numbering, Switchboard
from telephony.frames import Kind, Message
from telephony.history import CallHistory
from telephony.ledger import CallSnapshot, Position, seconds_since_1970
from telephony.resync import Resync

#: Channels whose end is remembered, so that a late event does not bring them back.
_REMEMBERED = 10_000
#: Marks that the journal and the listener write between the PBX's own messages.
MARK_RECEIVED = "received"
MARK_CONNECTED = "connected"


class Assembler:
    """Follows every call of one PBX. `feed` events, then take what `changed`."""

    def __init__(self, *, pbx: str, numbering: Numbering) -> None:
        self.pbx = pbx
        self.numbering = numbering
        self.position: Position | None = None  #: set by whoever feeds: where the next event lies in the journal
        self.events = 0
        self.calls: dict[str, CallHistory] = {}
        self.board = Switchboard()
        self.members: dict[str, str] = {}  #: queue members' names by interface
        self._call_of: dict[str, CallHistory] = {}
        self._part_of: dict[str, str] = {}  #: linked id of a consultation -> of the call that it is about
        self._gone: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._touched: dict[str, None] = {}
        self._finished: list[CallSnapshot] = []
        self._emitted: dict[str, CallSnapshot] = {}
        self._clock_s = 0.0
        self._resync = Resync(self)
        self._handlers = CallEvents(self).handlers() | self._resync.handlers()

    def start_clock(self, at: float) -> None:
        """The time of what comes before the first event that names its own. Seconds since 1970."""
        self._clock_s = at

    def feed(self, message: Message) -> None:
        """Take one message of the stream; those that tell nothing of calls are counted and passed over."""
        if message.kind is Kind.MARK:
            self._mark(message)
            return
        if message.kind is not Kind.EVENT:
            return
        self.events += 1
        handler = self._handlers.get(message.name)
        if handler is not None:
            handler(message, self._time_of(message))

    def changed(self) -> list[CallSnapshot]:
        """Every call that is different from what was last taken, ended ones last and then forgotten."""
        found = []
        for linked_id in self._touched:
            call = self.calls.get(linked_id)
            if call is None or not self._is_a_call(call):
                continue
            now = conclusions.snapshot(call, pbx=self.pbx, numbering=self.numbering)
            if now != self._emitted.get(linked_id):
                self._emitted[linked_id] = now
                found.append(now)
        self._touched.clear()
        found += self._finished
        self._finished = []
        return found

    def oldest(self) -> Position | None:
        """Where the first event of the oldest open call lies; None where no call is open or none has a place."""
        return min((call.since for call in self.calls.values() if call.since is not None), default=None)

    def end_of_stream(self) -> list[CallSnapshot]:
        """Every call that is still open where a capture ends, as it stands then, in the order of their starts."""
        return [
            conclusions.snapshot(call, pbx=self.pbx, numbering=self.numbering)
            for call in self.calls.values()
            if self._is_a_call(call)
        ]

    def connect_all(self, at: float) -> None:
        """Look again who hears whom, after bridges were learnt from a listing."""
        for call in list(self.calls.values()):
            self.connect(call, at)
            self._touched[call.linked_id] = None

    def call_of(self, uniqueid: str) -> CallHistory | None:
        """The open call in which the channel is or was; None for one that we never saw or whose call is over."""
        return self._call_of.get(uniqueid)

    def call(self, channel: Channel) -> CallHistory:
        """The open call of a channel that `channel` gave."""
        return self._call_of[channel.uniqueid]

    def touch(self, call: CallHistory) -> None:
        """Have the call looked at when changes are taken next."""
        self._touched[call.linked_id] = None

    def join_consultation(self, consultation: CallHistory, call: CallHistory, at: float) -> None:
        """A second call turned out to be about the first one, which its Linkedid never says."""
        self._part_of[consultation.linked_id] = call.linked_id
        for channel in consultation.live_channels:
            self._move(channel, call.linked_id, at)

    # -- channels and calls

    def channel(self, message: Message, prefix: str = "", *, at: float) -> Channel | None:
        """The channel that the message describes under `prefix`, made if it is new to us; None when it is over or not named."""
        uniqueid = message.get(f"{prefix}Uniqueid")
        name = message.get(f"{prefix}Channel")
        if not uniqueid or not name or uniqueid in self._gone or uniqueid == "none":
            return None
        linkedid = message.get(f"{prefix}Linkedid") or uniqueid
        linkedid = self._part_of.get(linkedid, linkedid)
        channel = self.board.channels.get(uniqueid)
        if channel is None:
            channel = self._make(message, prefix, uniqueid=uniqueid, linkedid=linkedid, name=name, at=at)
        elif channel.linkedid != linkedid:
            self._move(channel, linkedid, at)
        channel.name = name
        call = self._call_of[uniqueid]
        call.last_seen_at = max(call.last_seen_at, at)
        self._touched[call.linked_id] = None
        return channel

    def _make(self, message: Message, prefix: str, *, uniqueid: str, linkedid: str, name: str, at: float) -> Channel:
        channel = Channel(
            uniqueid=uniqueid,
            linkedid=linkedid,
            name=name,
            created_at=at,
            context=message.get(f"{prefix}Context"),
            exten=message.get(f"{prefix}Exten"),
            caller_number=message.get(f"{prefix}CallerIDNum"),
            caller_name=message.get(f"{prefix}CallerIDName"),
        )
        self.board.channels[uniqueid] = channel
        call = self._call(linkedid, at)
        if message.name != "Newchannel":
            call.complete = False  # its beginning was missed
        self._join(call, channel)
        return channel

    def _call(self, linkedid: str, at: float) -> CallHistory:
        call = self.calls.get(linkedid)
        if call is None:
            call = CallHistory(linked_id=linkedid, started_at=at, last_seen_at=at, since=self.position)
            self.calls[linkedid] = call
        return call

    def _join(self, call: CallHistory, channel: Channel) -> None:
        call.channels[channel.uniqueid] = channel
        self._call_of[channel.uniqueid] = call
        if channel.uniqueid == call.linked_id or (call.first is None and channel.is_real):
            call.first = channel
            call.called = channel.exten if channel.exten not in ("", "s") else call.called

    def _move(self, channel: Channel, linkedid: str, at: float) -> None:
        """The channel's call turned out to be a part of another: a consultation, a pickup, a parked call fetched."""
        old = self._call_of[channel.uniqueid]
        new = self._call(linkedid, at)
        channel.linkedid = linkedid
        if old is new:
            return
        del old.channels[channel.uniqueid]
        self._join(new, channel)
        new.dials += [dial for dial in old.dials if dial.target == channel.uniqueid]
        new.hangup_requests += [note for note in old.hangup_requests if note.uniqueid == channel.uniqueid]
        new.monitors += [monitor for monitor in old.monitors if monitor.uniqueid == channel.uniqueid]
        new.complete = new.complete and old.complete
        self._touched[new.linked_id] = None
        if not old.live_channels:
            self._finish(old, at, merged_into=new.linked_id)
        self.connect(new, at)

    def _is_a_call(self, call: CallHistory) -> bool:
        """A real party takes part, and it is no feature code dialled by one of ours."""
        if call.first is None or not any(channel.is_real for channel in call.channels.values()):
            return False
        return not (call.called.startswith("*") and self.numbering.is_inside(call.first))

    def end_channel(self, channel: Channel, at: float) -> None:
        """The channel is no more. With its last one the call is over."""
        call = self._call_of[channel.uniqueid]
        channel.ended_at = max(at, channel.created_at)
        self.board.remove(channel)
        self._remember_gone(channel.uniqueid)
        for dial in call.dials:
            if dial.target == channel.uniqueid and dial.ended_at is None:
                dial.ended_at = at
        self.connect(call, at)
        self._touched[call.linked_id] = None
        if not call.live_channels:
            self._finish(call, at)

    def _finish(self, call: CallHistory, at: float, merged_into: str | None = None) -> None:
        call.ended_at = max(
            at,
            call.started_at,
            *(channel.ended_at or call.started_at for channel in call.channels.values()),
            call.started_at,
        )
        for span in call.open_spans:
            call.close_span(span, call.ended_at)
        for hold in call.holds:
            hold.ended_at = call.ended_at if hold.ended_at is None else hold.ended_at
        for visit in call.visits:
            visit.left_at = call.ended_at if visit.left_at is None else visit.left_at
        if merged_into is not None or self._is_a_call(call):
            last = conclusions.snapshot(call, pbx=self.pbx, numbering=self.numbering, merged_into=merged_into)
            if merged_into is None or call.linked_id in self._emitted:
                self._finished.append(last)
        for uniqueid in call.channels:
            self._call_of.pop(uniqueid, None)
        self.calls.pop(call.linked_id, None)
        for consultation in [one for one, whole in self._part_of.items() if whole == call.linked_id]:
            del self._part_of[consultation]
        self._touched.pop(call.linked_id, None)
        self._emitted.pop(call.linked_id, None)

    def _remember_gone(self, uniqueid: str) -> None:
        self._gone[uniqueid] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def connect(self, call: CallHistory, at: float) -> None:
        """Open and close agents' spans so that they say who hears the customer now.

        An agent who holds the customer to consult somebody is still this customer's agent.
        """
        customer = call.customer(self.numbering)
        with_customer = {}
        if customer is not None and customer.live:
            with_customer = {
                channel.uniqueid: channel
                for channel in self.board.connected_with(customer)
                if channel.uniqueid in call.channels
            }
        for span in call.open_spans:
            away = span.channel.uniqueid not in with_customer
            consulting = span.channel.live and customer is not None and customer.live and call.is_holding(span.channel)
            if away and not consulting:
                call.close_span(span, at)
        held_before = {span.channel.uniqueid for span in call.open_spans}
        for uniqueid, channel in with_customer.items():
            if uniqueid not in held_before and not channel.handed_over:
                call.open_span(channel, at)

    # -- events

    def _time_of(self, message: Message) -> float:
        """Seconds since 1970: the PBX's own time stamp where it gives one, else when we received it."""
        with contextlib.suppress(ValueError):
            self._clock_s = seconds_since_1970(message.get("Timestamp"))
        return self._clock_s

    def _mark(self, message: Message) -> None:
        try:
            self._clock_s = seconds_since_1970(message.get("At"))
        except ValueError:
            return
        if message.name == MARK_CONNECTED:
            self._resync.begin()
