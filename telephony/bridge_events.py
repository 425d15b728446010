"""What the events of bridges mean: who hears whom, who holds whom, who is parked, who meets in a conference."""

from __future__ import annotations

from collections.abc import Callable

from telephony import redirects, rooms, sentences
from telephony.callbook import CallBook
from telephony.channels import Channel
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.parts import OpenHold
from telephony.tables import ActivityState

#: A phone that holds one line and dials on another does both within this time, in either order.
_TOGETHER_S = 1.0
#: Events that belong together may change places within this time.
_SWAPPED_S = 0.05


class BridgeEvents:
    """Handlers of bridges, holds, parking and conferences. Times in seconds since 1970."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {
            "LocalBridge": self._local_bridge,
            "BridgeEnter": self._enter,
            "BridgeLeave": self._leave,
            "Hold": self._hold,
            "Unhold": self._unhold,
            "ConfbridgeJoin": self._conference_join,
            "ParkedCall": self._parked,
            "UnParkedCall": self._fetched,
            "Pickup": self._picked_up,
        }

    def _local_bridge(self, message: Message, at: float) -> None:
        one, two = self._book.channel(message, "LocalOne", at=at), self._book.channel(message, "LocalTwo", at=at)
        if one is not None and two is not None:
            self._book.board.pair(one.uniqueid, two.uniqueid)
            self._book.connect(self._book.call_of[one.uniqueid], at)

    def _enter(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        bridge = message.get("BridgeUniqueid")
        replaced = self._book.board.channels.get(message.get("SwapUniqueid"))
        if replaced is not None and replaced.bridge == bridge:
            self._book.board.leave(replaced, at)  # its own BridgeLeave comes late, or never
        self._book.board.enter(channel, bridge, at, technology=message.get("BridgeTechnology"))
        call = self._book.call_of[channel.uniqueid]
        self._book.touched[call.linked_id] = None
        if message.get("BridgeCreator") == "ConfBridge":
            rooms.meet(self._book, channel, bridge, message.get("BridgeName"), at)
            call = self._book.call_of[channel.uniqueid]
        if call.is_holding(channel):
            self._book.connect(call, at)
            if any(span.channel is channel for span in call.open_spans) and self._hears_customer(call, channel):
                call.end_hold(channel, at)  # back from a consultation, for which no Unhold is sent
                self._book.note(call, sentences.RESUMED, at, party=channel.interface)
        self._book.connect(call, at)
        self._look_for_hold(call, channel, at)

    def _look_for_hold(self, call: CallHistory, channel: Channel, at: float) -> None:
        """An agent who goes to another bridge at once and leaves the customer in theirs, to consult somebody, holds them."""
        span = next((span for span in reversed(call.spans) if span.channel is channel), None)
        if span is None or span.ended_at is None or at - span.ended_at >= _SWAPPED_S or channel.handed_over:
            return
        customer = call.customer(self._book.numbering)
        alone = customer is not None and customer.live and customer.bridge not in (None, channel.bridge)
        if alone and call.conference == "":
            call.moved_away.append((span.started_at, at))

    def _hears_customer(self, call: CallHistory, channel: Channel) -> bool:
        customer = call.customer(self._book.numbering)
        return (
            customer is not None
            and customer.live
            and any(other is channel for other in self._book.board.connected_with(customer))
        )

    def _leave(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is not None:
            call = self._book.call_of[channel.uniqueid]
            if channel.bridge == message.get("BridgeUniqueid"):
                self._book.board.leave(channel, at)
            else:
                self._left_unseen(call, channel, at)
            self._book.touched[call.linked_id] = None
            self._book.connect(call, at)

    def _left_unseen(self, call: CallHistory, channel: Channel, at: float) -> None:
        """It leaves a bridge that it was not seen to enter: for how long it was there, and with whom, nobody knows."""
        since = channel.created_at if channel.moved_at is None else channel.moved_at
        for dial in call.dials:
            concerned = dial.status == "ANSWER" and channel.uniqueid in (dial.target, dial.caller)
            if concerned and dial.ended_at is not None and dial.ended_at < at:
                since = max(since, dial.ended_at)
        channel.left_unseen = channel.left_unseen or not channel.bridged
        if at - since >= _SWAPPED_S:
            self._book.gap(call, since, at)
            if channel.is_real and self._book.numbering.is_inside(channel):
                self._book.agents.did_unseen(ActivityState.TALKING, channel, call.linked_id, since, at)

    # -- holds

    def _hold(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        call = self._book.call_of[channel.uniqueid]
        if not self._takes_part(call, channel):
            return
        if call.is_holding(channel):
            self._unhold_unseen(call, channel, at)
            return
        call.holds.append(OpenHold(channel=channel, started_at=at))
        self._book.note(call, sentences.HELD, at, party=channel.interface)
        for other in list(self._book.open.values()):
            first = other.first
            if (
                other is not call
                and first is not None
                and first.interface == channel.interface
                and not first.dialled
                and 0 <= at - other.started_at < _TOGETHER_S
                and self._book.numbering.is_extension(first.exten)
                and channel is not call.customer(self._book.numbering)
            ):
                self._book.note(call, sentences.CONSULTED, at, agent=first.interface, called=other.called)
                self._book.join(other, call, at, consulting=True)

    def _takes_part(self, call: CallHistory, channel: Channel) -> bool:
        """Whether it is one of the parties that talk: by what was seen, or since it answered and no event told with whom."""
        customer = call.customer(self._book.numbering)
        if call.open_spans:
            return channel is customer or any(channel is span.channel for span in call.open_spans)
        there = customer is not None and customer.live and customer is not channel
        return there and any(dial.status == "ANSWER" and dial.target == channel.uniqueid for dial in call.dials)

    def _hold_unseen(self, call: CallHistory, channel: Channel, at: float) -> None:
        """It resumes what it was not seen to hold."""
        edges = [span.started_at for span in call.open_spans]
        edges += [hold.ended_at for hold in call.holds if hold.channel is channel and hold.ended_at is not None]
        since = max(edges, default=at)
        if at - since >= _SWAPPED_S:
            call.unseen_holds.append((since, at))

    def _unhold_unseen(self, call: CallHistory, channel: Channel, at: float) -> None:
        """It holds again what it was not seen to resume."""
        since = next((h.started_at for h in call.holds if h.ended_at is None and h.channel is channel), at)
        if at - since >= _SWAPPED_S and not call.is_in_gap(since, at):
            self._book.gap(call, since, at)

    def _unhold(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is not None:
            call = self._book.call_of[channel.uniqueid]
            if call.end_hold(channel, at) or call.end_unseen_hold(channel, at):
                self._book.note(call, sentences.RESUMED, at, party=channel.interface)
            elif self._takes_part(call, channel):
                self._hold_unseen(call, channel, at)
            self._book.connect(call, at)

    # -- conferences

    def _conference_join(self, message: Message, at: float) -> None:
        channel = self._book.channel(message, at=at)
        if channel is None:
            return
        bridge = message.get("BridgeUniqueid")
        self._book.board.enter(channel, bridge, at)
        rooms.meet(self._book, channel, bridge, message.get("Conference"), at)
        self._book.connect(self._book.call_of[channel.uniqueid], at)

    # -- parking and pickup

    def _parked(self, message: Message, at: float) -> None:
        call = self._book.call_of.get(message.get("ParkeeUniqueid"))
        if call is None:
            return
        space = message.get("ParkingSpace")
        self._book.note(call, sentences.PARKED, at, space=space)
        redirects.parked(self._book, call, message, at)

    def _fetched(self, message: Message, at: float) -> None:
        call = self._book.call_of.get(message.get("ParkeeUniqueid"))
        fetcher = self._book.call_of.get(message.get("RetrieverUniqueid"))
        if call is None or fetcher is None:
            return
        self._book.explain(message.get("RetrieverUniqueid"))
        self._book.note(call, sentences.FETCHED, at, party=message.get("RetrieverChannel"))
        self._book.join(fetcher, call, at)

    def _picked_up(self, message: Message, at: float) -> None:
        """Somebody took a ringing call from their own phone: their call is that one."""
        taken = self._book.call_of.get(message.get("TargetUniqueid"))
        own = self._book.call_of.get(message.get("Uniqueid"))
        if taken is None or own is None:
            return
        self._book.explain(message.get("Uniqueid"))
        for dial in taken.dials:
            dial.taken = dial.taken or dial.target == message.get("TargetUniqueid")
        self._book.join(own, taken, at)
