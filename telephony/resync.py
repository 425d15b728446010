"""After each connect: what the PBX says is going on, held against what we believed was going on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from telephony.frames import Message
from telephony.history import QueueVisit

if TYPE_CHECKING:
    from telephony.assembler import Assembler

#: Listings asked for only to look whether events are missing carry this; they change no call.
WATCH_PREFIX = "avasanj-watch"


class Resync:
    """Takes the answers to CoreShowChannels, Status and QueueStatus.

    A call that was open before a gap is marked incomplete. If the PBX no longer lists any of its channels, it ended
    while nobody listened, and is closed at the last moment at which it was seen alive.
    """

    def __init__(self, assembler: Assembler) -> None:
        self._assembler = assembler
        self._before_gap: set[str] = set()
        self._listed: set[str] = set()

    def handlers(self) -> dict[str, Callable[[Message, float], None]]:
        return {
            "CoreShowChannel": self._core_show_channel,
            "CoreShowChannelsComplete": self._listing_complete,
            "Status": self._status,
            "StatusComplete": self._status_complete,
            "QueueEntry": self._queue_entry,
            "QueueMember": self._queue_member,
        }

    def begin(self) -> None:
        """A connection was made: whatever was open may have changed unseen."""
        self._before_gap = set(self._assembler.board.channels)
        self._listed = set()
        for call in self._assembler.calls.values():
            call.complete = False

    def _core_show_channel(self, message: Message, at: float) -> None:
        if message.get("ActionID").startswith(WATCH_PREFIX):
            return
        known = message.get("Uniqueid") in self._assembler.board.channels
        channel = self._assembler.channel(message, at=at)
        if channel is None:
            return
        self._listed.add(channel.uniqueid)
        call = self._assembler.call_of(channel.uniqueid)
        if not known and call is not None:
            channel.created_at = at - clock_s(message.get("Duration"))
            call.started_at = min(call.started_at, channel.created_at)
            if (bridge := message.get("BridgeId")) and channel.bridge is None:
                self._assembler.board.enter(channel, bridge, at)

    def _listing_complete(self, message: Message, at: float) -> None:
        if message.get("ActionID").startswith(WATCH_PREFIX):
            return
        for uniqueid in sorted(self._before_gap - self._listed):
            channel = self._assembler.board.channels.get(uniqueid)
            call = self._assembler.call_of(uniqueid)
            if channel is not None and call is not None:
                call.complete = False
                self._assembler.end_channel(channel, min(at, call.last_seen_at))
        self._before_gap = set()

    def _status(self, message: Message, at: float) -> None:
        channel = self._assembler.channel(message, at=at)
        if channel is None:
            return
        bridge = message.get("BridgeID")
        if bridge and channel.bridge != bridge:
            self._assembler.board.enter(channel, bridge, at)
        elif not bridge:
            self._assembler.board.leave(channel)
        call = self._assembler.call_of(channel.uniqueid)
        if call is not None and message.get("Application") == "Queue":
            call.last_queue = message.get("Data").partition(",")[0]

    def _status_complete(self, message: Message, at: float) -> None:
        del message
        self._assembler.connect_all(at)

    def _queue_entry(self, message: Message, at: float) -> None:
        """A caller who waits in a queue that we did not see them enter."""
        call = self._assembler.call_of(message.get("Uniqueid"))
        if call is not None and not any(visit.left_at is None for visit in call.visits):
            wait = message.get("Wait")
            call.visits.append(
                QueueVisit(queue=message.get("Queue"), joined_at=at - (float(wait) if wait.isdigit() else 0.0))
            )

    def _queue_member(self, message: Message, at: float) -> None:
        del at
        if (interface := message.get("Location")) and (name := message.get("Name")):
            self._assembler.members[interface] = name


def clock_s(text: str) -> float:
    """Seconds of "HH:MM:SS"; 0 for anything else."""
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return 0.0
    hours, minutes, seconds = (int(part) for part in parts)
    return float(hours * 3600 + minutes * 60 + seconds)
