"""After each connect: what the PBX says is going on, held against what we believed was going on."""

from __future__ import annotations

from collections.abc import Callable

from telephony import rooms, sentences
from telephony.agents import AgentsAtWork
from telephony.callbook import CallBook
from telephony.channels import Channel
from telephony.frames import Message
from telephony.history import CallHistory
from telephony.parts import Visit
from telephony.running_recordings import RunningRecordings

#: Listings asked for only to look whether events are missing carry this; they change no call.
WATCH_PREFIX = "avasanj-watch"
#: A PBX that started this long after an event of a call was seen has not kept that call.
_BOOT_S = 1.0


class Resync:
    """Takes the answers to CoreShowChannels, Status, QueueStatus and BridgeList, and notices a PBX that was started again.

    A call that was open before a gap is marked with it. If the PBX no longer lists any of its channels, it ended
    while nobody listened, and is closed at the last moment at which it was seen alive.
    """

    def __init__(self, book: CallBook, agents: AgentsAtWork, recordings: RunningRecordings) -> None:
        self._book = book
        self._agents = agents
        self._recordings = recordings
        self._before_gap: set[str] = set()
        self._listed: set[str] = set()
        self._bridges: set[str] | None = None
        self._queue_asked = ""
        self._last_at = 0.0  #: when the PBX was last heard before the connection was away: what was open then was alive
        self._is_marked = False  #: a mark told of the connection whose log-in comes next; a plain capture has none
        self.uptime_s: float | None = None  #: as told by the last log-in, until `boot_time` is told the time

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {
            "FullyBooted": self._booted,
            "Shutdown": self._shut_down,
            "CoreShowChannel": self._core_show_channel,
            "CoreShowChannelsComplete": self._listing_complete,
            "Status": self._status,
            "StatusComplete": self._status_complete,
            "QueueParams": self._queue_params,
            "QueueEntry": self._queue_entry,
            "QueueMember": self._queue_member,
            "QueueStatusComplete": self._queues_complete,
            "BridgeListItem": self._bridge,
            "BridgeListComplete": self._bridges_complete,
            "BridgeInfoChannel": self._bridged_channel,
        }

    def begin(self, last_at: float, at: float) -> None:
        """A connection was made: whatever was open may have changed unseen since `last_at`."""
        self._before_gap = set(self._book.board.channels)
        self._listed = set()
        self._bridges = None
        self._last_at = last_at or at
        self._is_marked = True
        self._recordings.begin()
        self._missed_of_calls(last_at, at)
        self._agents.missed(last_at, at, connected=True)

    def missed(self, from_at: float, at: float) -> None:
        """Events of that time may be missing: note it at every open call, and of every agent."""
        self._missed_of_calls(from_at, at)
        self._agents.missed(from_at, at)

    def _missed_of_calls(self, from_at: float, at: float) -> None:
        for call in self._book.open.values():
            self._book.gap(call, max(from_at or call.last_seen_at, call.started_at), max(at, call.started_at))
            clock = f"{max(from_at, call.started_at) - call.started_at:.3f} s"
            self._book.note(call, sentences.CONNECTION_AWAY, at, **{"from": clock})

    def silent(self, from_at: float, at: float) -> None:
        """Between two events of a plain capture lies more than any silence: events are missing, or the clock was set."""
        for call in self._book.open.values():
            self._book.gap(call, max(from_at, call.started_at), at)
            self._book.note(call, sentences.SILENCE, at)
        self._agents.missed(from_at, at)

    # -- a PBX that was started again

    def _booted(self, message: Message, at: float) -> None:
        """Sent after each log-in, with the PBX's age but without the time: the next time stamp gives it."""
        if not self._is_marked:
            self._last_at = at
        self._is_marked = False
        uptime = message.get("Uptime")
        self.uptime_s = float(uptime) if uptime.isdigit() else None
        if message.get("Timestamp"):
            self.boot_time(at)

    def boot_time(self, at: float) -> None:
        """What time it is is known again, and with it when the PBX was started."""
        uptime_s, self.uptime_s = self.uptime_s, None
        if uptime_s is not None:
            self._died(before=at - uptime_s, at=at)

    def _died(self, *, before: float, at: float) -> None:
        """The PBX started at about `before`: what was last seen earlier has not survived it, nor what went on beside that."""
        lost = [c for c in list(self._book.board.channels.values()) if c.uniqueid not in self._listed]
        if not any(self._seen_at(channel) < before - _BOOT_S for channel in lost):
            return
        for channel in lost:
            self._kill(channel, at)
        seen_at = max(self._seen_at(channel) for channel in lost)
        self._agents.pbx_died(seen_at, until=max(seen_at, before))

    def _alive_at(self, call: CallHistory) -> float:
        """Its last sign of life: that the PBX was heard without telling its end is one."""
        return max(call.last_seen_at, self._last_at)

    def _seen_at(self, channel: Channel) -> float:
        call = self._book.call_of.get(channel.uniqueid)
        return channel.created_at if call is None else call.last_seen_at

    def _kill(self, channel: Channel, at: float) -> None:
        call = self._book.call_of.get(channel.uniqueid)
        if call is None or channel.ended_at is not None:
            return
        alive_at = self._alive_at(call)
        if not call.pbx_died:
            call.pbx_died = True
            if not call.gaps or call.gaps[-1].ended_at is None or call.gaps[-1].ended_at < alive_at:
                self._book.gap(call, alive_at, max(at, alive_at))
            self._book.note(call, sentences.PBX_DIED, at)
        self._before_gap.discard(channel.uniqueid)
        self._book.end_channel(channel, alive_at)

    def _shut_down(self, message: Message, at: float) -> None:
        """The PBX is going down now, and says so: everything ends with it."""
        del message
        for channel in list(self._book.board.channels.values()):
            call = self._book.call_of.get(channel.uniqueid)
            if call is not None and channel.ended_at is None:
                call.pbx_died = True
                self._book.note(call, sentences.PBX_DIED, at)
                self._book.end_channel(channel, at)
        self._agents.pbx_died(at)

    # -- channels

    def _core_show_channel(self, message: Message, at: float) -> None:
        if message.get("ActionID").startswith(WATCH_PREFIX):
            return
        channel = self._listed_channel(message, at, age_s=clock_s(message.get("Duration")))
        if channel is not None:
            self._recordings.listed(channel.uniqueid)
        if channel is not None and (bridge := message.get("BridgeId")) and channel.bridge is None:
            self._enter(channel, bridge, at)
        self._note_application(channel, message.get("Application"), message.get("ApplicationData"), at)

    def _status(self, message: Message, at: float) -> None:
        seconds = message.get("Seconds")
        channel = self._listed_channel(message, at, age_s=float(seconds) if seconds.isdigit() else 0.0)
        if channel is None:
            return
        self._note_dialled(channel, message.get("DNID"))
        bridge = message.get("BridgeID")
        if bridge and channel.bridge != bridge:
            self._enter(channel, bridge, at)
        elif not bridge:
            self._book.board.leave(channel, at)
        self._note_application(channel, message.get("Application"), message.get("Data"), at)

    def _enter(self, channel: Channel, bridge: str, at: float) -> None:
        """Since when is not said: a call whose beginning was missed is taken to be in it from the first moment seen."""
        self._book.board.enter(channel, bridge, at)

    def _listed_channel(self, message: Message, at: float, *, age_s: float) -> Channel | None:
        known = message.get("Uniqueid") in self._book.board.channels
        channel = self._book.channel(message, at=at)
        if channel is None:
            return None
        self._listed.add(channel.uniqueid)
        if not known:
            call = self._book.call_of[channel.uniqueid]
            channel.created_at = max(0.0, at - age_s)
            channel.dialled = message.get("Application") in ("AppDial", "AppQueue")
            call.started_at = min(call.started_at, channel.created_at)
            for gap in call.gaps:
                gap.started_at = call.started_at if gap.started_at is None else min(gap.started_at, call.started_at)
            self._book.note(call, sentences.LISTED, at, channel=channel.name)
        return channel

    def _note_dialled(self, channel: Channel, number: str) -> None:
        """What a phone or trunk dialled when it called; its extension of now may be one to which the dialplan went on."""
        if not number or channel.found_at is None:
            return
        channel.exten = number
        call = self._book.call_of[channel.uniqueid]
        if call.first is channel:
            call.called = number

    def _note_application(self, channel: Channel | None, application: str, data: str, at: float) -> None:
        call = None if channel is None else self._book.call_of.get(channel.uniqueid)
        if call is None:
            return
        if application == "Queue":
            call.last_queue = data.partition(",")[0]
        if call.first is channel and channel is not None and not call.called and channel.exten not in ("", "s"):
            call.called = channel.exten
        if application == "ConfBridge" and channel is not None and channel.bridge is not None:
            rooms.meet(self._book, channel, channel.bridge, data.partition(",")[0], at)

    def _listing_complete(self, message: Message, at: float) -> None:
        if message.get("ActionID").startswith(WATCH_PREFIX):
            return
        self.boot_time(at)
        for uniqueid in sorted(self._before_gap - self._listed):
            channel = self._book.board.channels.get(uniqueid)
            call = self._book.call_of.get(uniqueid)
            if channel is not None and call is not None:
                if not call.gaps:
                    self._book.gap(call, call.last_seen_at, at)
                call.closed_unseen = True
                self._book.note(call, sentences.GONE_UNSEEN, at, channel=channel.name)
                self._book.end_channel(channel, min(at, self._alive_at(call)))
        self._before_gap = set()

    def _status_complete(self, message: Message, at: float) -> None:
        del message
        self._book.connect_all(at)

    # -- bridges

    def _bridge(self, message: Message, at: float) -> None:
        del at
        self._bridges = (self._bridges or set()) | {message.get("BridgeUniqueid")}
        self._book.board.describe(message.get("BridgeUniqueid"), message.get("BridgeTechnology"))

    def _bridges_complete(self, message: Message, at: float) -> None:
        """Bridges that are no longer listed are gone. Those that a listing of channels named already are true."""
        del message
        for bridge in self._book.board.bridges():
            stale = [c for c in self._book.board.members(bridge) if c.uniqueid not in self._listed]
            if self._bridges is not None and bridge not in self._bridges and stale:
                self._book.board.forget_bridge(bridge, at)
        self._bridges = None
        self._book.connect_all(at)

    def _bridged_channel(self, message: Message, at: float) -> None:
        channel = self._listed_channel(message, at, age_s=0.0)
        if channel is not None and (bridge := message.get("BridgeUniqueid")):
            self._book.board.enter(channel, bridge, at, technology=message.get("BridgeTechnology"))
            self._book.connect(self._book.call_of[channel.uniqueid], at, listed=True)

    # -- queues

    def _queue_params(self, message: Message, at: float) -> None:
        del at
        self._queue_asked = message.get("Queue")

    def _queue_entry(self, message: Message, at: float) -> None:
        """A caller who waits in a queue that we did not see them enter."""
        call: CallHistory | None = self._book.call_of.get(message.get("Uniqueid"))
        if call is None or any(visit.left_at is None for visit in call.visits):
            return
        wait = message.get("Wait")
        joined_at = at - (float(wait) if wait.isdigit() else 0.0)
        call.visits.append(
            Visit(
                uniqueid=message.get("Uniqueid"),
                queue=message.get("Queue"),
                joined_at=max(call.started_at, joined_at),
            )
        )
        self._book.note(call, sentences.JOINED_QUEUE, at, queue=message.get("Queue"))

    def _queue_member(self, message: Message, at: float) -> None:
        self._agents.member(message, at, listed=True)
        interface, name = message.get("Location"), message.get("Name")
        for channel in self._book.board.channels.values():
            if channel.member_interface is None and channel.interface == interface and channel.dialled:
                channel.member_interface, channel.member_name = interface, name

    def _queues_complete(self, message: Message, at: float) -> None:
        del message
        self._agents.end_listing(min(at, self._last_at or at))


def clock_s(text: str) -> float:
    """Seconds of "HH:MM:SS"; 0 for anything else."""
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return 0.0
    hours, minutes, seconds = (int(part) for part in parts)
    return float(hours * 3600 + minutes * 60 + seconds)
