"""What the events of channels, dials and hang-ups mean for the call that they are about."""

from __future__ import annotations

from collections.abc import Callable

from telephony import redirects, sentences
from telephony.callbook import CallBook
from telephony.channels import NO_NUMBER, Channel, number_in, peer
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.parts import Dial, HangupNote
from telephony.recording_events import RecordingEvents
from telephony.tables import ActivityState

#: The only variables that tell something of a call, of the hundreds that a dialplan sets.
_VARIABLE = b"\r\nVariable: "
_TELLING_VARIABLES = tuple(
    name + b"\r\n" for name in (b"MIXMONITOR_FILENAME", b"QUEUESTATUS", b"VMSTATUS", b"DIALSTATUS")
)
#: The answer to an Originate follows the end of a call that it did not bring about within this time.
_ORIGINATED_S = 2.0
#: With these one of ours talks to the PBX, not to anybody.
_SERVICES = frozenset({
    "AddQueueMember", "RemoveQueueMember", "PauseQueueMember", "UnpauseQueueMember", "AgentLogin", "AgentRequest",
    "Pickup", "PickupChan", "ParkedCall", "VoiceMailMain", "QueueLog", "DBput", "Echo",
})  # fmt: skip
#: What a channel does that the PBX called, of itself (AppDial2) or for another.
_DIALLED = frozenset({"AppDial", "AppDial2", "AppQueue"})
#: As they come, for what is looked at before it is decoded.
_RAW_DIALLED = frozenset(name.encode() for name in _DIALLED)
_TELLING_APPLICATIONS = frozenset(name.encode() for name in _SERVICES | {"MixMonitor", "Queue"})


class CallEvents:
    """Handlers of channels, dials and hang-ups. Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._recordings = RecordingEvents(book)

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {
            "Newchannel": self._new_channel,
            "Newexten": self._new_exten,
            "NewCallerid": self._new_callerid,
            "Rename": self._rename,
            "VarSet": self._var_set,
            "DialBegin": self._dial_begin,
            "DialEnd": self._dial_end,
            "HangupRequest": self._hangup_request,
            "SoftHangupRequest": self._soft_hangup,
            "Hangup": self._hangup,
            "OriginateResponse": self._originated,
            **self._recordings.handlers(),
        }

    def _new_channel(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call = self._book.call_of[channel.uniqueid]
        self._book.touched[call.linked_id] = None
        if call.first is channel and self._is_inside_dial(channel):
            about = _held_at(self._book, channel.interface)
            if about is not None:
                self._consult(call, about, at)

    @staticmethod
    def variable_tells(raw: bytes) -> bool:
        """Whether the variable that was set tells something: asked of half of all events, so before anything is decoded."""
        return raw.rpartition(_VARIABLE)[2].startswith(_TELLING_VARIABLES)

    def wants_variable(self, message: Message) -> bool:
        return self.variable_tells(message.raw)

    def wants_step(self, message: Message) -> bool:
        """Whether a step of the dialplan tells something; most only pass through applications that say nothing."""
        application = message.last(b"\r\nApplication: ")
        if application in _TELLING_APPLICATIONS:
            return True
        uniqueid = message.last(b"\r\nUniqueid: ").decode("utf-8", "replace")
        if application in _RAW_DIALLED:
            channel = self._book.board.channels.get(uniqueid)
            return channel is None or not channel.dialled or channel.bridge is not None
        call = self._book.call_of.get(uniqueid)
        return call is None or not call.called or call.channels[uniqueid].bridge is not None

    def _is_inside_dial(self, channel: Channel) -> bool:
        """One of our phones calls another of our numbers."""
        numbering = self._book.numbering
        return channel.is_real and numbering.is_inside(channel) and numbering.is_extension(channel.exten)

    def _consult(self, consultation: CallHistory, call: CallHistory, at: float) -> None:
        if consultation is call:
            return
        first = consultation.first
        self._book.note(
            call, sentences.CONSULTED, at, agent=first.interface if first else "", called=consultation.called
        )
        self._book.join(consultation, call, at, consulting=True)

    def _new_exten(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call = self._book.call_of[channel.uniqueid]
        redirects.sent_on(channel, message, at)
        application, data = message.get("Application"), message.get("AppData")
        if application in _DIALLED:
            channel.dialled = channel.dialled or channel.found_at is not None  # who picks a call up does this too
            return
        extension = message.get("Extension") or message.get("Exten")
        own = channel is call.first or call.first is None or not call.first.originated
        if own and not call.called and extension not in ("", "s", "h", "i", "t"):
            call.called = extension
            self._book.touched[call.linked_id] = None
        if application == "MixMonitor":
            self._recordings.asked(call, channel, data, at)
        elif application == "Queue":
            call.last_queue = data.partition(",")[0]
            channel.queue_at = at
        elif application in _SERVICES and channel is call.first:
            call.service = True

    def _new_callerid(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        if channel.caller_number in NO_NUMBER:
            channel.caller_number = message.get("CallerIDNum")
        if channel.caller_name in NO_NUMBER:
            channel.caller_name = message.get("CallerIDName")

    def _rename(self, message: Message, at: float) -> None:
        """A masquerade: another phone goes on where this channel was."""
        channel = self._book.board.channels.get(message.get("Uniqueid"))
        name = message.get("Newname")
        if channel is not None and name:
            before = channel.interface
            channel.rename(name)
            call = self._book.call_of[channel.uniqueid]
            if channel.interface != before:
                self._book.note(call, sentences.TAKEN_OVER, at, party=channel.interface, agent=before)
            self._book.connect(call, at)

    def _var_set(self, message: Message, at: float) -> None:
        variable, value = message.get("Variable"), message.get("Value")
        if not value:
            return
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call = self._book.call_of[channel.uniqueid]
        if variable == "MIXMONITOR_FILENAME":
            self._recordings.began(call, channel, value, at)
        elif variable == "QUEUESTATUS":
            call.queue_status = value
            if call.visits and call.visits[-1].uniqueid == channel.uniqueid:
                call.visits[-1].status = value
            self._book.note(call, sentences.QUEUE_SAID, at, status=value)
        elif variable == "DIALSTATUS":
            call.dial_status = value
            for dial in call.dials:
                if dial.caller == channel.uniqueid:
                    dial.verdict = dial.verdict or value
        elif value == "SUCCESS":
            call.voicemail = True
            self._book.note(call, sentences.VOICEMAIL, at)

    # -- dials and ends

    def _dial_begin(self, message: Message, at: float) -> None:
        caller = self._book.channel(message, at=at)
        target = self._book.channel(message, "Dest", at=at)
        if target is None:
            return
        target.dialled = True
        target.dialled_number = number_in(message.get("DialString"))
        if caller is None and not message.get("Uniqueid"):
            target.originated = True
        if (
            caller is not None
            and caller.is_local
            and (one := self._book.board.other_end(caller.uniqueid)) is not None
            and one.member_interface
        ):
            target.member_interface, target.member_name = one.member_interface, one.member_name
        call = self._book.call_of[target.uniqueid]
        if any(dial.target == target.uniqueid for dial in call.dials):
            return  # told twice, or after its end
        call.dials.append(Dial(caller=caller.uniqueid if caller else None, target=target.uniqueid, begun_at=at))
        if target.is_real:
            if self._book.numbering.is_inside(target):
                self._book.agents.ring(target, call.linked_id, at)
            self._book.note(call, sentences.RINGS, at, agent=target.interface)

    def _dial_end(self, message: Message, at: float) -> None:
        self._book.channel(message, at=at)
        target = message.get("DestUniqueid")
        call = self._book.call_of.get(target)
        if call is None:
            return
        for dial in reversed(call.dials):
            if dial.target == target and dial.ended_at is None:
                dial.ended_at, dial.status = max(at, dial.begun_at), message.get("DialStatus")
                channel = call.channels[target]
                self._book.agents.ring_over(channel, at)
                if channel.is_real:
                    self._book.note(call, sentences.RANG, at, agent=channel.interface, status=dial.status)
                return
        late = next((dial for dial in reversed(call.dials) if dial.target == target and not dial.status), None)
        if late is not None:
            late.status = message.get("DialStatus")  # the phone was seen to be gone before
            return
        channel = call.channels[target]
        if channel.is_real and channel.dialled and not any(dial.target == target for dial in call.dials):
            # its beginning was missed; who picks another phone's call up was not called
            begun_at = channel.created_at
            call.dials.append(
                Dial(
                    caller=message.get("Uniqueid") or None,
                    target=target,
                    begun_at=begun_at,
                    ended_at=max(at, begun_at),
                    status=message.get("DialStatus"),
                )
            )
            self._book.gap(call, begun_at, max(at, begun_at))
            if self._book.numbering.is_inside(channel):
                self._book.agents.did_unseen(ActivityState.RINGING, channel, call.linked_id, begun_at, at)

    def _hangup_request(self, message: Message, at: float) -> None:
        if (channel := self._book.channel(message, at=at)) is not None:
            call = self._book.call_of[channel.uniqueid]
            call.hangup_requests.append(HangupNote(uniqueid=channel.uniqueid, at=at))
            if channel.is_real:
                self._book.note(call, sentences.ASKED_TO_HANG_UP, at, party=channel.interface)

    def _soft_hangup(self, message: Message, at: float) -> None:
        """The PBX takes a channel down: after a person hung up on the other one, or by an order."""
        if (channel := self._book.channel(message, at=at)) is not None:
            call = self._book.call_of[channel.uniqueid]
            call.pbx_hangups.append(HangupNote(uniqueid=channel.uniqueid, at=at))

    def _originated(self, message: Message, at: float) -> None:
        """Click to call: the number that was to be dialled, also where the agent did not pick up and the call is over."""
        exten, interface = message.get("Exten"), peer(message.get("Channel"))
        call = self._book.call_of.get(message.get("Uniqueid")) or self._book.originated(interface)
        if call is None or call.called:
            return
        if at - call.last_seen_at < _ORIGINATED_S or call.linked_id in self._book.open:
            call.originated = True
            call.called = exten if exten not in ("s", "<none>") else ""
            self._book.touched[call.linked_id] = None
            if call.linked_id not in self._book.open:
                self._book.touched.pop(call.linked_id)
                self._book.just_ended[call.linked_id] = call

    def _hangup(self, message: Message, at: float) -> None:
        uniqueid = message.get("Uniqueid")
        if uniqueid in self._book.board.channels and (channel := self._book.channel(message, at=at)) is not None:
            call = self._book.call_of[uniqueid]
            call.closed_unseen = False
            self._book.note(call, sentences.CHANNEL_ENDED, at, channel=channel.name)
            redirects.left_behind(self._book, channel, at)
            self._book.end_channel(channel, at)


def _held_at(book: CallBook, interface: str) -> CallHistory | None:
    """The call whose customer is on hold at this phone; None where there is none, or more than one."""
    found = [
        call
        for call in book.open.values()
        if call.holds
        and any(hold.ended_at is None and hold.channel.interface == interface for hold in call.holds)
        and (not call.open_spans or any(span.channel.interface == interface for span in call.open_spans))
    ]
    return found[0] if len(found) == 1 else None
