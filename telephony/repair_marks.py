"""What the PBX's own records (CDR and CEL) prove of calls whose events were missed. Nothing is made up from them.

Live `Event: Cdr` and `Event: CEL` count, and so do marks of the journal, which whoever reads a CDR or CEL file writes
before the assembler sees them, so that a replay sees them as well. Such a mark is

    Avasanj: cdr                     or  Avasanj: cel
    At: 1795303567.456115                when it was read, as in every mark
    ReadFrom: Master.csv                 where it was found, for people

and then the headers that Asterisk's Cdr or CEL event has, under its names. Of a `cdr` UniqueID, Linkedid (where known),
Channel, DestinationChannel, StartTime, AnswerTime, EndTime, Disposition and RecordingFile are read; of a `cel` EventName, EventTime,
UniqueID, LinkedID, Channel and Extra (JSON). Times are seconds since 1970, or "YYYY-MM-DD HH:MM:SS" in UTC: whoever
writes the mark turns the PBX's local time into one of them. Rows of one call come in the order of their times.
"""

from __future__ import annotations

import calendar
import collections
import contextlib
import json
import time
from collections.abc import Callable

from telephony import sentences
from telephony.callbook import CallBook
from telephony.channels import Channel, peer
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.ledger import seconds_since_1970
from telephony.parts import OpenSpan

#: A row's times are cut to whole seconds.
_ROW_S = 1.0
#: A PBX's clock shows local time; its zone is a multiple of this.
_ZONE_S = 900.0
_REMEMBERED = 500

#: bridge -> uniqueid -> (channel's name, entered at)
_Bridges = dict[str, dict[str, tuple[str, float]]]


class RepairMarks:
    """Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book
        self._bridges: collections.OrderedDict[str, _Bridges] = collections.OrderedDict()
        self.marks: dict[str, Callable[[Message, float], None]] = {"cdr": self._cdr, "cel": self._cel}

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {"Cdr": self._live_cdr, "CEL": self._live_cel}

    def wants(self, message: Message) -> bool:
        """Whether a live CEL event may be about a call of which events were missed."""
        missed, part_of = self._book.missed, self._book.part_of
        if not missed and not part_of:
            return False
        linkedid = message.last(b"\r\nLinkedID: ").decode("utf-8", "replace")
        return linkedid in missed or linkedid in part_of

    # -- which call

    def _call(self, message: Message) -> CallHistory | None:
        """The call that a row is about, if events of it were missed."""
        linkedid = message.get("LinkedID") or message.get("Linkedid")
        linkedid = self._book.part_of.get(linkedid, linkedid)
        call = self._book.open.get(linkedid) or self._book.ended.get(linkedid)
        if call is None and not linkedid:
            uniqueid = message.get("UniqueID") or message.get("Uniqueid")
            call = self._book.call_of.get(uniqueid) or self._book.ended.of(uniqueid)
        return call if call is not None and call.gaps else None

    def _proved(self, call: CallHistory, kind: str, what: str, at: float) -> None:
        self._book.note(call, sentences.PROVEN, at, kind=kind, what=what)
        if call.linked_id not in self._book.open:
            self._book.touched.pop(call.linked_id, None)
            self._book.touch_ended([call])

    # -- CDR

    def _live_cdr(self, message: Message, at: float) -> None:
        call = self._call(message)
        if call is not None:
            end = _as_utc(message.get("EndTime"))
            zone_s = 0.0 if end is None else round((end - at) / _ZONE_S) * _ZONE_S
            self._take_cdr(call, message, zone_s)

    def _cdr(self, message: Message, at: float) -> None:
        del at
        if (call := self._call(message) or self._unseen(message)) is not None:
            self._take_cdr(call, message, 0.0)

    def _unseen(self, message: Message) -> CallHistory | None:
        """A call of which no event came: its row is all that is known of it, and the whole of it is a gap."""
        uniqueid, linkedid = message.get("UniqueID"), message.get("Linkedid") or message.get("UniqueID")
        started, ended = _moment(message.get("StartTime"), 0.0), _moment(message.get("EndTime"), 0.0)
        known = {*self._book.open, *self._book.ended, *self._book.part_of, *self._book.call_of}
        if started is None or ended is None or known & {uniqueid, linkedid}:
            return None
        told = {
            "Channel": message.get("Channel"), "Uniqueid": uniqueid, "Linkedid": linkedid,
            "Context": message.get("DestinationContext"), "Exten": message.get("Destination"),
            "CallerIDNum": message.get("Source"),
        }  # fmt: skip
        lines = "".join(f"\r\n{key}: {value}" for key, value in told.items())
        channel = self._book.channel(Message(f"Event: Newchannel{lines}"), at=started)
        if channel is None:
            return None
        call = self._book.call_of[channel.uniqueid]
        self._book.gap(call, started, max(started, ended))
        if message.get("LastApplication") == "Queue":
            call.last_queue = message.get("LastData").partition(",")[0]
        call.closed_unseen = True
        self._book.end_channel(channel, max(started, ended))
        return call

    def _take_cdr(self, call: CallHistory, message: Message, zone_s: float) -> None:
        ended, answered = _moment(message.get("EndTime"), zone_s), _moment(message.get("AnswerTime"), zone_s)
        if ended is None:
            return
        call.recording_file = call.recording_file or message.get("RecordingFile")
        agent = message.get("DestinationChannel")
        outcome = message.get("Disposition").upper()
        consulted = message.get("UniqueID") in call.consulting
        if outcome == "ANSWERED" and agent and not agent.startswith("Local/") and not consulted:
            self._answered_by(call, agent, answered, ended)
        elif not call.proven_outcome:
            call.proven_outcome = outcome
        self._ended(call, ended, "CDR")
        for span in call.spans:
            if span.channel.name == agent and call.closed_unseen:
                span.ended_at = max(span.started_at, ended)
        self._proved(call, "CDR", f"{outcome} {peer(agent)}".strip(), ended)

    def _answered_by(self, call: CallHistory, agent: str, answered: float | None, ended: float) -> None:
        """The agent answered. When, the row tells only where the caller's channel was not answered before by the dialplan."""
        customer = call.customer(self._book.numbering)
        if customer is not None and customer.name == agent:
            return  # the called party of a call to the outside is no agent
        known = next((channel for channel in call.channels.values() if channel.name == agent), None)
        if known is not None and (known.uniqueid in call.consulting or self._book.numbering.is_outsider(known)):
            return
        call.proven_agent = call.proven_agent or peer(agent)
        if answered is None or any(span.channel.name == agent for span in call.spans) or not _in_gap(call, answered):
            return
        waited = [visit.joined_at for visit in call.visits]
        waited += [dial.begun_at for dial in call.dials]
        answered = _exactly(call, known, answered)
        if waited and answered > max(waited):
            self._span(call, agent, answered, ended)

    def _span(self, call: CallHistory, name: str, started: float, ended: float | None) -> None:
        known = next((channel for channel in call.channels.values() if channel.name == name), None)
        channel = known or Channel(
            uniqueid=name, linkedid=call.linked_id, name=name, created_at=started, dialled=True, ended_at=started
        )
        started, end = max(started, call.started_at), None
        if call.ended_at is not None:
            end = max(started, ended or call.ended_at)
            if not call.closed_unseen:  # rows count in whole seconds: a span stays within a call whose end was seen
                started, end = min(started, call.ended_at), min(end, call.ended_at)
        call.spans.append(OpenSpan(channel=channel, started_at=started, ended_at=end))
        call.spans.sort(key=lambda span: span.started_at)

    def _ended(self, call: CallHistory, at: float, kind: str) -> None:
        if call.closed_unseen and call.ended_at is not None and at > call.ended_at:
            call.ended_at = at
            self._proved(call, kind, "ended", at)

    # -- CEL

    def _live_cel(self, message: Message, at: float) -> None:
        if (call := self._call(message)) is not None:
            self._take_cel(call, message, at)

    def _cel(self, message: Message, at: float) -> None:
        del at
        told = _moment(message.get("EventTime"), 0.0)
        if told is not None and (call := self._call(message)) is not None:
            self._take_cel(call, message, told)

    def _take_cel(self, call: CallHistory, message: Message, at: float) -> None:
        if not call.closed_unseen:
            return
        name, extra = message.get("EventName"), _extra(message)
        if name in ("CHAN_END", "LINKEDID_END", "HANGUP"):
            if name == "HANGUP" and extra.get("hangupsource"):
                call.hangup_source = call.hangup_source or extra["hangupsource"]
            self._ended(call, at, "CEL")
        elif name == "BRIDGE_ENTER":
            self._entered(call, message, extra.get("bridge_id", ""), at)
        elif name == "BRIDGE_EXIT":
            self._left(call, message, at)

    def _entered(self, call: CallHistory, message: Message, bridge: str, at: float) -> None:
        bridges = self._bridges.setdefault(call.linked_id, {})
        while len(self._bridges) > _REMEMBERED:
            self._bridges.popitem(last=False)
        room = bridges.setdefault(bridge, {})
        room[message.get("UniqueID")] = message.get("Channel"), at
        customer = call.customer(self._book.numbering)
        if customer is None or customer.uniqueid not in room:
            return
        for uniqueid, (name, entered) in room.items():
            known = any(span.channel.name == name for span in call.spans)
            if (
                uniqueid != customer.uniqueid
                and not known
                and Channel(uniqueid=uniqueid, linkedid="", name=name, created_at=at).is_real
            ):
                self._span(call, name, max(entered, room[customer.uniqueid][1]), None)
                self._proved(call, "CEL", peer(name), at)

    def _left(self, call: CallHistory, message: Message, at: float) -> None:
        for room in self._bridges.get(call.linked_id, {}).values():
            room.pop(message.get("UniqueID"), None)
        customer = call.customer(self._book.numbering)
        for span in call.spans:
            is_customer = customer is not None and customer.uniqueid == message.get("UniqueID")
            last = span.ended_at is None or span.ended_at >= call.last_seen_at
            if last and (span.channel.name == message.get("Channel") or is_customer) and at >= span.started_at:
                span.ended_at = at
                self._ended(call, at, "CEL")
                self._proved(call, "CEL", "ended", at)


def _extra(message: Message) -> dict[str, str]:
    with contextlib.suppress(ValueError):
        read = json.loads(message.get("Extra") or "{}")
        if isinstance(read, dict):
            return {str(key): str(value) for key, value in read.items()}
    return {}


def _moment(text: str, zone_s: float) -> float | None:
    """Seconds since 1970 of a time as a row has it; None for none."""
    with contextlib.suppress(ValueError):
        return seconds_since_1970(text) or None
    told = _as_utc(text)
    return None if told is None else told - zone_s


def _as_utc(text: str) -> float | None:
    with contextlib.suppress(ValueError, OverflowError):
        return float(calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S")))
    return None


def _exactly(call: CallHistory, agent: Channel | None, answered: float) -> float:
    """When the phone was picked up in that second, where that was seen."""
    seen = [
        dial.ended_at
        for dial in call.dials
        if agent is not None and dial.target == agent.uniqueid and dial.status == "ANSWER" and dial.ended_at is not None
    ]
    return next((at for at in seen if 0 <= at - answered <= _ROW_S), answered)


def _in_gap(call: CallHistory, at: float) -> bool:
    """Whether it may have been missed: a row, which knows whole seconds, tells nothing more of what was seen."""
    return any(
        (gap.started_at is None or gap.started_at - _ROW_S <= at)
        and (gap.ended_at is None or at <= gap.ended_at + _ROW_S)
        for gap in call.gaps
    )
