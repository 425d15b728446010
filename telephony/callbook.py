"""Which channels make up which call: by Linkedid, and by what joined them where Linkedid does not say it."""

from __future__ import annotations

import collections
from collections.abc import Iterable

from telephony import beginnings, hearing, missed_events, sentences
from telephony.agents import AgentsAtWork
from telephony.channel_headers import channel_bytes, channel_named
from telephony.channels import Channel, Numbering, Switchboard
from telephony.ended_calls import EndedCalls
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.ledger import Position
from telephony.parts import Note, OpenSpan

#: Channels whose end is remembered, so that a late event does not bring them back.
_REMEMBERED = 10_000
#: What events said of channels, as they came: forgotten all at once when there is more.
_MOST_KNOWN = 4096
#: Channels of one call that only rang are forgotten beyond so many.
_RUNG = 100
_MOST_OPEN = 20_000
#: Entries of listings: what they tell was so before.
_LISTED = frozenset({"CoreShowChannel", "Status"})


class CallBook:
    """Every open call of one PBX with its channels, and the ended ones of which more may be learnt. Times in seconds since 1970."""

    def __init__(self, *, numbering: Numbering, agents: AgentsAtWork) -> None:
        self.numbering = numbering
        self.agents = agents
        self.board = Switchboard()
        self.open: dict[str, CallHistory] = {}
        self.touched: dict[str, None] = {}
        self.just_ended: dict[str, CallHistory] = {}
        self.ended = EndedCalls()
        self.missed: set[str] = set()  #: linked ids of the calls, open or kept, of which events were missed
        self.position: Position | None = None
        self.message = Message("")  #: what is being looked at
        self.call_of: dict[str, CallHistory] = {}
        self.part_of: dict[str, str] = {}  #: linked id of a call that joined another -> of that other
        #: what events said of a channel, as they came -> the channel, with the name and linked id that it had then
        self._known: dict[tuple[bytes, bytes, bytes], tuple[Channel, str, str]] = {}
        self._gone: collections.OrderedDict[str, None] = collections.OrderedDict()

    def gap(self, call: CallHistory, started_at: float | None, ended_at: float | None) -> None:
        """Events of the call between the two may have been missed."""
        self.missed.add(call.linked_id)
        call.gap(started_at, ended_at)

    # -- notes

    def note(self, call: CallHistory, text: str, at: float, **values: str) -> None:
        """Keep why we believe something of the call, and have it looked at."""
        self.touched[call.linked_id] = None
        call.note(
            # by place: a tuple's fields by name cost as much again
            Note(text, tuple(values.items()), self.message.name, at, self.message.offset, self.position)
        )

    # -- channels

    def channel(self, message: Message, prefix: str = "", *, at: float) -> Channel | None:
        """The channel that the message describes under `prefix`, made if it is new to us; None when it is over or not named."""
        told = channel_bytes(message.raw, prefix)
        known = None if told is None else self._known.get(told)
        if known is not None and message.name != "Newchannel":  # nearly always: nothing is decoded
            channel, name, linkedid = known
            same = channel.name == name and channel.linkedid == linkedid
            if same and channel.ended_at is None and channel.caller_number:
                call = self.call_of[channel.uniqueid]
                if at > call.last_seen_at:  # noqa: PLR1730 - a third of max(), and every event comes here
                    call.last_seen_at = at
                return channel
        found = self._looked_up(message, prefix, told, at=at)
        if told is not None and found is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[told] = found, told[0].decode("utf-8", "replace"), found.linkedid
        return found

    def _looked_up(
        self, message: Message, prefix: str, told: tuple[bytes, bytes, bytes] | None, *, at: float
    ) -> Channel | None:
        name, uniqueid, linkedid = channel_named(message, prefix, told)
        if not uniqueid or not name or uniqueid in self._gone or uniqueid == "none":
            return None
        linkedid = linkedid or uniqueid
        linkedid = self.part_of.get(linkedid, linkedid)
        channel = self.board.channels.get(uniqueid)
        if channel is None:
            channel = self._make(message, prefix, uniqueid=uniqueid, linkedid=linkedid, name=name, at=at)
        elif message.name == "Newchannel" and channel.found_at is not None:
            beginnings.announced(self.call_of[uniqueid], channel, message)
            if not self.call_of[uniqueid].gaps:
                self.missed.discard(self.call_of[uniqueid].linked_id)
        else:
            if channel.linkedid != linkedid and linkedid in self.open:  # elsewhere it is damaged, or of a call unseen
                self._come_over(channel, linkedid, at)
            if channel.name != name:
                channel.rename(name)
            if not channel.caller_number:  # never empty: the message that told it was damaged
                channel.caller_number = message.get(f"{prefix}CallerIDNum")
        call = self.call_of[uniqueid]
        call.last_seen_at = max(call.last_seen_at, at)
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
        self.board.add(channel)
        known = linkedid in self.open
        call = self.find_or_open(linkedid, at)
        if message.name == "Newchannel":
            beginnings.born(channel, message)
        else:
            channel.found_at = at
            self.gap(call, None, at)  # its beginning was missed
            self.note(call, sentences.FOUND, at, channel=name)
        if message.name == "Newchannel" and not known:
            self.note(call, sentences.STARTED, at, channel=name, called=channel.exten, context=channel.context)
        self._add(call, channel)
        return channel

    def find_or_open(self, linkedid: str, at: float) -> CallHistory:
        call = self.open.get(linkedid)
        if call is None:
            call = CallHistory(linked_id=linkedid, started_at=at, last_seen_at=at, since=self.position)
            self.open[linkedid] = call
            if len(self.open) > _MOST_OPEN:
                self._give_up(next(iter(self.open.values())))
            self.ended.forget(linkedid)
            self.missed.discard(linkedid)
        return call

    def _give_up(self, call: CallHistory) -> None:
        """No PBX has so many calls at once: of the oldest the end was missed."""
        call.closed_unseen = True
        self.gap(call, call.last_seen_at, None)
        for channel in call.live_channels:
            self.end_channel(channel, call.last_seen_at)
        if call.linked_id in self.open:
            self.finish(call, call.last_seen_at)

    def _add(self, call: CallHistory, channel: Channel) -> None:
        call.channels[channel.uniqueid] = channel
        if channel.ended_at is None:
            call.live[channel.uniqueid] = channel
        self.call_of[channel.uniqueid] = call
        if channel.uniqueid == call.linked_id or (call.first is None and channel.is_real):
            call.first = channel
            beginnings.begin_with(call, channel)

    # -- calls that are one

    def join(self, part: CallHistory, whole: CallHistory, at: float, *, consulting: bool = False) -> None:
        """A second call turned out to belong to another, which its Linkedid never says."""
        if part is whole:
            return
        self._known.clear()
        self.part_of[part.linked_id] = whole.linked_id
        for linkedid, belongs_to in list(self.part_of.items()):
            if belongs_to == part.linked_id:
                self.part_of[linkedid] = whole.linked_id
        if consulting:
            whole.consulting |= part.channels.keys()
        for channel in list(part.channels.values()):
            if channel.ended_at is None:
                self.move(channel, whole.linked_id, at)
        if part.linked_id in self.open and not part.live:
            self.finish(part, at, merged_into=whole.linked_id)

    def move(self, channel: Channel, linkedid: str, at: float) -> None:
        """The channel's call turned out to be a part of another: a consultation, a pickup, a parked call fetched."""
        old = self.call_of[channel.uniqueid]
        new = self.find_or_open(linkedid, at)
        channel.linkedid = linkedid
        if old is new:
            return
        del old.channels[channel.uniqueid]
        old.live.pop(channel.uniqueid, None)
        self._add(new, channel)
        new.dials += [dial for dial in old.dials if dial.target == channel.uniqueid]
        old.dials = [dial for dial in old.dials if dial.target != channel.uniqueid]
        new.hangup_requests += [note for note in old.hangup_requests if note.uniqueid == channel.uniqueid]
        new.monitors += [monitor for monitor in old.monitors if monitor.uniqueid == channel.uniqueid]
        old.monitors = [monitor for monitor in old.monitors if monitor.uniqueid != channel.uniqueid]
        new.visits += [visit for visit in old.visits if visit.uniqueid == channel.uniqueid]
        old.visits = [visit for visit in old.visits if visit.uniqueid != channel.uniqueid]
        for gap in old.gaps:
            self.gap(new, gap.started_at, gap.ended_at)
        new.took_in(channel)
        self.note(new, sentences.MERGED, at, other=old.linked_id)
        if not old.live:
            self.finish(old, at, merged_into=new.linked_id)
        self.connect(new, at)

    def _come_over(self, channel: Channel, linkedid: str, at: float) -> None:
        """Its Linkedid says so; an event that tells why has come, or comes in a moment."""
        old, new = self.call_of[channel.uniqueid], self.open[linkedid]
        if old is not new and not channel.originated:  # that one the PBX itself called back
            since = channel.created_at if channel.bridged_at is None else channel.bridged_at
            old.unexplained[channel.uniqueid] = new.unexplained[channel.uniqueid] = min(since, at), at
        self.move(channel, linkedid, at)

    def explain(self, *uniqueids: str) -> None:
        """An event told why these channels are of one call."""
        for call in self.open.values():
            for uniqueid in uniqueids:
                call.unexplained.pop(uniqueid, None)

    def originated(self, interface: str) -> CallHistory | None:
        """The call that the PBX itself began at this phone and that has no number yet: open, else the last that ended."""
        for call in self.open.values():
            first = call.first
            if first is not None and first.dialled and first.interface == interface and not call.called:
                return call
        return self.ended.unnamed(interface)

    # -- who hears whom

    def connect(self, call: CallHistory, at: float, *, listed: bool = False) -> None:
        """Open and close agents' spans so that they say who hears the customer now; since when, a listing does not say."""
        open_now = call.open_spans
        if not open_now and not self.board.in_company(call.live.values()):
            self.agents.talk(call.linked_id, {}, at, listed=listed or self.message.name in _LISTED)
            return  # nobody hears anybody
        listed = listed or self.message.name in _LISTED
        now = hearing.look(call, open_now, self.board, self.numbering)
        for span in now.ended:
            self.close_span(call, span, at)
        if now.outside and call.outsider_at is None:
            call.outsider_at = at
        for channel in now.begun:
            call.open_span(channel, at, found=listed)
            self.note(call, sentences.PICKED_UP, at, agent=channel.interface)
        self.agents.talk(call.linked_id, hearing.talkers(call, self.board, self.numbering), at, listed=listed)

    def close_span(self, call: CallHistory, span: OpenSpan, at: float) -> None:
        call.close_span(span, at)
        self.note(call, sentences.PARTED, at, agent=span.channel.interface)
        if span.ended_at is not None and span.channel.member_interface is not None:
            self.agents.parted(call, span)

    def connect_all(self, at: float) -> None:
        """Look again who hears whom, after bridges were learnt from a listing."""
        for call in list(self.open.values()):
            self.connect(call, at, listed=True)
            self.touched[call.linked_id] = None

    # -- ends

    def end_channel(self, channel: Channel, at: float) -> None:
        """The channel is no more. With its last one the call is over."""
        call = self.call_of[channel.uniqueid]
        channel.ended_at = max(at, channel.created_at)
        call.live.pop(channel.uniqueid, None)
        self.board.remove(channel, at)
        self._remember_gone(channel.uniqueid)
        for dial in call.dials:
            if dial.target == channel.uniqueid and dial.ended_at is None:
                dial.ended_at = max(at, dial.begun_at)
        self.agents.ring_over(channel, at)
        self.connect(call, at)
        self.touched[call.linked_id] = None
        if not call.live:
            self.finish(call, at)
        elif len(call.channels) > _RUNG and channel.dialled and not channel.bridged and channel is not call.first:
            del call.channels[channel.uniqueid]  # of a queue that rings many phones for long
            self.call_of.pop(channel.uniqueid, None)

    def finish(self, call: CallHistory, at: float, merged_into: str | None = None) -> None:
        call.ended_at = max(call.started_at, call.parties_gone_at(self.numbering, at))
        for span in call.open_spans:
            self.close_span(call, span, call.ended_at)
        if merged_into is None:
            missed_events.mark(self, call)
        call.close(call.ended_at)
        call.merged_into = merged_into
        if merged_into is None:
            self.note(call, sentences.ENDED, at)
        self.agents.talk(call.linked_id, {}, at)
        if merged_into is None:
            self.agents.call_over(call, self.numbering)
        else:
            self.agents.joined(call.linked_id, merged_into)
        for uniqueid in call.channels:
            self.call_of.pop(uniqueid, None)
        self.open.pop(call.linked_id, None)
        self.touched.pop(call.linked_id, None)
        for part_id in [one for one, whole in self.part_of.items() if whole == call.linked_id]:
            del self.part_of[part_id]
            self._known.clear()
        self.just_ended[call.linked_id] = call
        if merged_into is None and not call.called and call.first is not None:
            self.ended.remember_unnamed(call.first.interface, call)
        if merged_into is not None:
            self.missed.discard(call.linked_id)
        if merged_into is None and (call.gaps or self.agents.wraps(call)):
            self.missed.difference_update(self.ended.keep(call))

    def touch_ended(self, calls: Iterable[CallHistory]) -> None:
        """More was learnt of calls that are over."""
        for call in calls:
            if call.linked_id in self.ended:
                self.just_ended[call.linked_id] = call

    def _remember_gone(self, uniqueid: str) -> None:
        self._gone[uniqueid] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)
