"""What each of the PBX's events means for the call that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from telephony import mixmonitor
from telephony.channels import NO_NUMBER, Channel
from telephony.frames import Message
from telephony.history import CallHistory, Dial, HangupNote, OpenHold, QueueEnd, QueueVisit, TransferNote
from telephony.ledger import TransferKind

if TYPE_CHECKING:
    from telephony.assembler import Assembler


class CallEvents:
    """Handlers of the events of calls, queues, bridges and transfers. Times in seconds since 1970."""

    def __init__(self, calls: Assembler) -> None:
        self._calls = calls

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {
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
        }

    def _new_channel(self, message: Message, at: float) -> None:
        self._calls.channel(message, at=at)

    def _new_exten(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
        if channel is None:
            return
        call = self._calls.call(channel)
        extension = message.get("Extension") or message.get("Exten")
        if not call.called and extension not in ("", "s", "h", "i", "t"):
            call.called = extension
        application, data = message.get("Application"), message.get("AppData")
        if application == "MixMonitor":
            channel.recording_request = mixmonitor.parse_application_data(data)
        elif application == "Queue":
            call.last_queue = data.partition(",")[0]

    def _new_callerid(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
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
        channel = self._calls.channel(message, at=at)
        if channel is None:
            return
        call = self._calls.call(channel)
        if variable == "MIXMONITOR_FILENAME":
            request, channel.recording_request = channel.recording_request, None
            call.monitors.append(mixmonitor.started(uniqueid=channel.uniqueid, at=at, path=value, request=request))
        elif variable == "QUEUESTATUS":
            call.queue_status = value
        else:
            call.voicemail = value == "SUCCESS"

    def _queue_join(self, message: Message, at: float) -> None:
        if (channel := self._calls.channel(message, at=at)) is not None:
            call = self._calls.call(channel)
            call.visits.append(QueueVisit(queue=message.get("Queue"), joined_at=at))
            call.queue_status = ""

    def _queue_leave(self, message: Message, at: float) -> None:
        if (visit := self._visit(message, at)) is not None:
            visit.left_at = at

    def _queue_abandon(self, message: Message, at: float) -> None:
        if (visit := self._visit(message, at)) is not None:
            visit.left_at, visit.abandoned = at, True

    def _visit(self, message: Message, at: float) -> QueueVisit | None:
        channel = self._calls.channel(message, at=at)
        if channel is None:
            return None
        visits = self._calls.call(channel).visits
        return next(
            (visit for visit in reversed(visits) if visit.queue == message.get("Queue") and visit.left_at is None), None
        )

    def _agent_called(self, message: Message, at: float) -> None:
        self._calls.channel(message, at=at)
        agent = self._calls.channel(message, "Dest", at=at)
        if agent is not None and message.get("Interface"):
            agent.dialled = True
            agent.member_interface, agent.member_name = message.get("Interface"), message.get("MemberName")
            self._calls.members[agent.member_interface] = agent.member_name

    def _agent_complete(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
        if channel is None:
            return
        call = self._calls.call(channel)
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
        caller = self._calls.channel(message, at=at)
        target = self._calls.channel(message, "Dest", at=at)
        if target is None:
            return
        target.dialled = True
        if (
            caller is not None
            and caller.is_local
            and (one := self._calls.board.other_end(caller.uniqueid)) is not None
            and one.member_interface
        ):
            target.member_interface, target.member_name = one.member_interface, one.member_name
        call = self._calls.call(target)
        call.dials.append(Dial(caller=caller.uniqueid if caller else None, target=target.uniqueid, begun_at=at))

    def _dial_end(self, message: Message, at: float) -> None:
        self._calls.channel(message, at=at)
        target = message.get("DestUniqueid")
        call = self._calls.call_of(target)
        if call is None:
            return
        self._calls.touch(call)
        for dial in reversed(call.dials):
            if dial.target == target and dial.ended_at is None:
                dial.ended_at, dial.status = at, message.get("DialStatus")
                return

    def _local_bridge(self, message: Message, at: float) -> None:
        one, two = self._calls.channel(message, "LocalOne", at=at), self._calls.channel(message, "LocalTwo", at=at)
        if one is not None and two is not None:
            self._calls.board.pair(one.uniqueid, two.uniqueid)
            self._calls.connect(self._calls.call(one), at)

    def _bridge_enter(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
        if channel is None:
            return
        self._calls.board.enter(channel, message.get("BridgeUniqueid"), at)
        call = self._calls.call(channel)
        if call.is_holding(channel):
            self._calls.connect(call, at)
            if any(span.channel is channel for span in call.open_spans) and self._hears_customer(call, channel):
                call.end_hold(channel, at)  # back from a consultation, for which no Unhold is sent
        self._calls.connect(call, at)

    def _hears_customer(self, call: CallHistory, channel: Channel) -> bool:
        customer = call.customer(self._calls.numbering)
        return (
            customer is not None
            and customer.live
            and any(other is channel for other in self._calls.board.connected_with(customer))
        )

    def _bridge_leave(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
        if channel is not None:
            if channel.bridge == message.get("BridgeUniqueid"):
                self._calls.board.leave(channel)
            self._calls.connect(self._calls.call(channel), at)

    def _hold(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
        if channel is None:
            return
        call = self._calls.call(channel)
        takes_part = any(channel is span.channel for span in call.open_spans) or (
            channel is call.customer(self._calls.numbering) and bool(call.open_spans)
        )
        if takes_part and not call.is_holding(channel):
            call.holds.append(OpenHold(channel=channel, started_at=at))

    def _unhold(self, message: Message, at: float) -> None:
        channel = self._calls.channel(message, at=at)
        if channel is not None:
            call = self._calls.call(channel)
            call.end_hold(channel, at)
            self._calls.connect(call, at)

    def _blind_transfer(self, message: Message, at: float) -> None:
        self._transfer(message, at, kind=TransferKind.BLIND, who="Transferer", target=message.get("Extension"))

    def _attended_transfer(self, message: Message, at: float) -> None:
        target = message.get("TransferTargetCallerIDNum") or message.get("SecondTransfererExten")
        self._transfer(message, at, kind=TransferKind.ATTENDED, who="OrigTransferer", target=target)
        self._join_consultation(message, at)

    def _join_consultation(self, message: Message, at: float) -> None:
        """The transferrer's second line was about this call; its Linkedid never says so."""
        call = self._calls.call_of(message.get("OrigTransfererUniqueid")) or self._calls.call_of(
            message.get("TransfereeUniqueid")
        )
        consultation = self._calls.call_of(message.get("SecondTransfererUniqueid"))
        if call is None or consultation is None or call is consultation:
            return
        self._calls.join_consultation(consultation, call, at)

    def _transfer(self, message: Message, at: float, *, kind: TransferKind, who: str, target: str) -> None:
        uniqueid = message.get(f"{who}Uniqueid")
        call = self._calls.call_of(uniqueid)
        if call is None or message.get("Result") not in ("", "Success"):
            return
        self._calls.touch(call)
        for span in call.open_spans:
            if span.channel.uniqueid == uniqueid:
                call.close_span(span, at)
                span.channel.handed_over = True
        call.transfers.append(
            TransferNote(kind=kind, transferrer=message.get(f"{who}CallerIDNum"), target=target, at=at)
        )

    def _hangup_request(self, message: Message, at: float) -> None:
        if (channel := self._calls.channel(message, at=at)) is not None:
            self._calls.call(channel).hangup_requests.append(HangupNote(uniqueid=channel.uniqueid, at=at))

    def _hangup(self, message: Message, at: float) -> None:
        uniqueid = message.get("Uniqueid")
        if uniqueid in self._calls.board.channels and (channel := self._calls.channel(message, at=at)) is not None:
            self._calls.end_channel(channel, at)
