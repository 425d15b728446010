"""Events in, calls out: a pure function of what the PBX said, in the order in which it was said.

What shaped it: `Linkedid` changes when a consultation joins the call that it is about; a span is a stretch in
which the agent's channel hears the customer's, through Local channels too; QueueCallerAbandon also fires on a timeout.
"""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable

from telephony import conclusions, mixmonitor
from telephony.channels import NO_NUMBER, Channel, Numbering, Switchboard
from telephony.frames import Kind, Message
from telephony.history import CallHistory, Dial, HangupNote, OpenHold, QueueEnd, QueueVisit, TransferNote
from telephony.ledger import CallSnapshot, Position, TransferKind
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
        self._requests: dict[str, mixmonitor.MixMonitorRequest] = {}
        self._resync = Resync(self)
        self._handlers: dict[str, Callable[[Message, float], None]] = {
            "Newchannel": self._new_channel,
            "Newexten": self._new_exten,
            "NewCallerid": self._new_callerid,
            "VarSet": self._var_set,
            "QueueCallerJoin": self._queue_join,
            "QueueCallerLeave": self._queue_leave,
            "QueueCallerAbandon": self._queue_abandon,
            "AgentCalled": self._agent_called,
            "AgentConnect": self._agent_called,
            "AgentComplete": self._agent_complete,
            "DialBegin": self._dial_begin,
            "DialEnd": self._dial_end,
            "LocalBridge": self._local_bridge,
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "BlindTransfer": self._blind_transfer,
            "AttendedTransfer": self._attended_transfer,
            "HangupRequest": self._hangup_request,
            "Hangup": self._hangup,
            **self._resync.handlers(),
        }

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
            self._connect(call, at)
            self._touched[call.linked_id] = None

    def call_of(self, uniqueid: str) -> CallHistory | None:
        return self._call_of.get(uniqueid)

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
        self._connect(new, at)

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
        self._connect(call, at)
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
            self._requests.pop(uniqueid, None)
        self.calls.pop(call.linked_id, None)
        for consultation in [one for one, whole in self._part_of.items() if whole == call.linked_id]:
            del self._part_of[consultation]
        self._touched.pop(call.linked_id, None)
        self._emitted.pop(call.linked_id, None)

    def _remember_gone(self, uniqueid: str) -> None:
        self._gone[uniqueid] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def _connect(self, call: CallHistory, at: float) -> None:
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
            self._clock_s = float(message.get("Timestamp"))
        return self._clock_s

    def _mark(self, message: Message) -> None:
        try:
            self._clock_s = float(message.get("At"))
        except ValueError:
            return
        if message.name == MARK_CONNECTED:
            self._resync.begin()

    def _new_channel(self, message: Message, at: float) -> None:
        self.channel(message, at=at)

    def _new_exten(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is None:
            return
        call = self._call_of[channel.uniqueid]
        extension = message.get("Extension") or message.get("Exten")
        if not call.called and extension not in ("", "s", "h", "i", "t"):
            call.called = extension
        application, data = message.get("Application"), message.get("AppData")
        if application == "MixMonitor":
            self._requests[channel.uniqueid] = mixmonitor.parse_application_data(data)
        elif application == "Queue":
            call.last_queue = data.partition(",")[0]

    def _new_callerid(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is None:
            return
        if channel.caller_number in NO_NUMBER:
            channel.caller_number = message.get("CallerIDNum")
        if channel.caller_name in NO_NUMBER:
            channel.caller_name = message.get("CallerIDName")

    def _var_set(self, message: Message, at: float) -> None:
        variable, value = message.get("Variable"), message.get("Value")
        if variable not in ("MIXMONITOR_FILENAME", "QUEUESTATUS", "VMSTATUS") or not value:
            return
        channel = self.channel(message, at=at)
        if channel is None:
            return
        call = self._call_of[channel.uniqueid]
        if variable == "MIXMONITOR_FILENAME":
            request = self._requests.pop(channel.uniqueid, None)
            call.monitors.append(mixmonitor.started(uniqueid=channel.uniqueid, at=at, path=value, request=request))
        elif variable == "QUEUESTATUS":
            call.queue_status = value
        else:
            call.voicemail = value == "SUCCESS"

    def _queue_join(self, message: Message, at: float) -> None:
        if (channel := self.channel(message, at=at)) is not None:
            call = self._call_of[channel.uniqueid]
            call.visits.append(QueueVisit(queue=message.get("Queue"), joined_at=at))
            call.queue_status = ""

    def _queue_leave(self, message: Message, at: float) -> None:
        if (visit := self._visit(message, at)) is not None:
            visit.left_at = at

    def _queue_abandon(self, message: Message, at: float) -> None:
        if (visit := self._visit(message, at)) is not None:
            visit.left_at, visit.abandoned = at, True

    def _visit(self, message: Message, at: float) -> QueueVisit | None:
        channel = self.channel(message, at=at)
        if channel is None:
            return None
        visits = self._call_of[channel.uniqueid].visits
        return next(
            (visit for visit in reversed(visits) if visit.queue == message.get("Queue") and visit.left_at is None), None
        )

    def _agent_called(self, message: Message, at: float) -> None:
        self.channel(message, at=at)
        agent = self.channel(message, "Dest", at=at)
        if agent is not None and message.get("Interface"):
            agent.dialled = True
            agent.member_interface, agent.member_name = message.get("Interface"), message.get("MemberName")
            self.members[agent.member_interface] = agent.member_name

    def _agent_complete(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is None:
            return
        call = self._call_of[channel.uniqueid]
        agent = message.get("DestUniqueid")
        if not agent:
            # left out when the agent's Hangup came first
            agent = next(
                (
                    s.channel.uniqueid
                    for s in reversed(call.spans)
                    if s.channel.member_interface == message.get("Interface")
                ),
                "",
            )
        call.queue_ends.append(QueueEnd(uniqueid=agent, reason=message.get("Reason"), at=at))

    def _dial_begin(self, message: Message, at: float) -> None:
        caller = self.channel(message, at=at)
        target = self.channel(message, "Dest", at=at)
        if target is None:
            return
        target.dialled = True
        if (
            caller is not None
            and caller.is_local
            and (one := self.board.other_end(caller.uniqueid)) is not None
            and one.member_interface
        ):
            target.member_interface, target.member_name = one.member_interface, one.member_name
        call = self._call_of[target.uniqueid]
        call.dials.append(Dial(caller=caller.uniqueid if caller else None, target=target.uniqueid, begun_at=at))

    def _dial_end(self, message: Message, at: float) -> None:
        self.channel(message, at=at)
        target = message.get("DestUniqueid")
        call = self._call_of.get(target)
        if call is None:
            return
        self._touched[call.linked_id] = None
        for dial in reversed(call.dials):
            if dial.target == target and dial.ended_at is None:
                dial.ended_at, dial.status = at, message.get("DialStatus")
                return

    def _local_bridge(self, message: Message, at: float) -> None:
        one, two = self.channel(message, "LocalOne", at=at), self.channel(message, "LocalTwo", at=at)
        if one is not None and two is not None:
            self.board.pair(one.uniqueid, two.uniqueid)
            self._connect(self._call_of[one.uniqueid], at)

    def _bridge_enter(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is None:
            return
        self.board.enter(channel, message.get("BridgeUniqueid"), at)
        call = self._call_of[channel.uniqueid]
        if call.is_holding(channel):
            self._connect(call, at)
            if any(span.channel is channel for span in call.open_spans) and self._hears_customer(call, channel):
                call.end_hold(channel, at)  # back from a consultation, for which no Unhold is sent
        self._connect(call, at)

    def _hears_customer(self, call: CallHistory, channel: Channel) -> bool:
        customer = call.customer(self.numbering)
        return (
            customer is not None
            and customer.live
            and any(other is channel for other in self.board.connected_with(customer))
        )

    def _bridge_leave(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is not None:
            if channel.bridge == message.get("BridgeUniqueid"):
                self.board.leave(channel)
            self._connect(self._call_of[channel.uniqueid], at)

    def _hold(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is None:
            return
        call = self._call_of[channel.uniqueid]
        takes_part = any(channel is span.channel for span in call.open_spans) or (
            channel is call.customer(self.numbering) and bool(call.open_spans)
        )
        if takes_part and not call.is_holding(channel):
            call.holds.append(OpenHold(channel=channel, started_at=at))

    def _unhold(self, message: Message, at: float) -> None:
        channel = self.channel(message, at=at)
        if channel is not None:
            call = self._call_of[channel.uniqueid]
            call.end_hold(channel, at)
            self._connect(call, at)

    def _blind_transfer(self, message: Message, at: float) -> None:
        self._transfer(message, at, kind=TransferKind.BLIND, who="Transferer", target=message.get("Extension"))

    def _attended_transfer(self, message: Message, at: float) -> None:
        target = message.get("TransferTargetCallerIDNum") or message.get("SecondTransfererExten")
        self._transfer(message, at, kind=TransferKind.ATTENDED, who="OrigTransferer", target=target)
        self._join_consultation(message, at)

    def _join_consultation(self, message: Message, at: float) -> None:
        """The transferrer's second line was about this call; its Linkedid never says so."""
        call = self._call_of.get(message.get("OrigTransfererUniqueid")) or self._call_of.get(
            message.get("TransfereeUniqueid")
        )
        consultation = self._call_of.get(message.get("SecondTransfererUniqueid"))
        if call is None or consultation is None or call is consultation:
            return
        self._part_of[consultation.linked_id] = call.linked_id
        for channel in consultation.live_channels:
            self._move(channel, call.linked_id, at)

    def _transfer(self, message: Message, at: float, *, kind: TransferKind, who: str, target: str) -> None:
        uniqueid = message.get(f"{who}Uniqueid")
        call = self._call_of.get(uniqueid)
        if call is None or message.get("Result") not in ("", "Success"):
            return
        self._touched[call.linked_id] = None
        for span in call.open_spans:
            if span.channel.uniqueid == uniqueid:
                call.close_span(span, at)
                span.channel.handed_over = True
        call.transfers.append(
            TransferNote(kind=kind, transferrer=message.get(f"{who}CallerIDNum"), target=target, at=at)
        )

    def _hangup_request(self, message: Message, at: float) -> None:
        if (channel := self.channel(message, at=at)) is not None:
            self._call_of[channel.uniqueid].hangup_requests.append(HangupNote(uniqueid=channel.uniqueid, at=at))

    def _hangup(self, message: Message, at: float) -> None:
        uniqueid = message.get("Uniqueid")
        if uniqueid in self.board.channels and (channel := self.channel(message, at=at)) is not None:
            self.end_channel(channel, at)
