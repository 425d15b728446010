"""The PBX's channels and bridges as its events show them: who is connected with whom right now."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator

from telephony.mixmonitor import MixMonitorRequest

#: Channels that no phone and no trunk stands behind.
_INTERNAL = (
    "Message/",
    "CBAnn/",
    "CBRec/",
    "Announcer/",
    "Recorder/",
    "Surrogate/",
    "Snoop/",
    "MulticastRTP/",
    "UnicastRTP/",
    "Parked/",
)
_INSTANCE = re.compile(r"-[0-9a-f]{8,}(;[12])?$")
NO_NUMBER = frozenset({"", "<unknown>", "unknown", "<none>"})
#: In such a bridge everybody hears music, nobody hears anybody: parking lots, waiting rooms.
_SILENT_BRIDGE = "holding_bridge"
_NOBODY: frozenset[str] = frozenset()


def peer(channel_name: str) -> str:
    """The interface that a channel belongs to: `PJSIP/1001-0000000f` is a channel of `PJSIP/1001`."""
    return _INSTANCE.sub("", channel_name)


@dataclasses.dataclass(kw_only=True, slots=True)
class Channel:
    """One channel. Times in seconds since 1970."""

    uniqueid: str
    linkedid: str
    name: str
    created_at: float
    context: str = ""
    exten: str = ""
    caller_number: str = ""
    caller_name: str = ""
    bridge: str | None = None
    ended_at: float | None = None
    #: the queue member that this channel was dialled as
    member_interface: str | None = None
    member_name: str | None = None
    dialled: bool = False  #: the PBX called it; False: it called the PBX
    originated: bool = False  #: the PBX called it of itself, for nobody who was there: click to call, a callback
    dialled_number: str = ""  #: which number outside the PBX dialled for it, by its dial string
    #: when it was in a bridge: [from, to], the last one's `to` None while it is in one
    bridged: list[list[float | None]] = dataclasses.field(default_factory=list)
    found_at: float | None = None  #: when it was first seen, if not by its Newchannel
    recording_request: MixMonitorRequest | None = None  #: the dialplan's MixMonitor line, until it starts
    moved_at: float | None = None  #: when it last entered or left a bridge
    left_unseen: bool = False  #: it left a bridge that it was not seen to enter
    queue_at: float | None = None  #: when the dialplan last went to a queue with it
    sent_to: str = ""  #: the extension to which it was sent out of a bridge, by the manager or a transfer
    sent_at: float | None = None
    handed_over: bool = False  #: its party transferred the call away and is only still on the line

    #: what follows from the name, which is asked far more often than it changes
    interface: str = dataclasses.field(init=False, default="")  #: `PJSIP/1001` of `PJSIP/1001-0000000f`
    station: str = dataclasses.field(init=False, default="")  #: `1001` of it
    is_local: bool = dataclasses.field(init=False, default=False)
    is_real: bool = dataclasses.field(init=False, default=True)  #: a phone or a trunk: neither Local nor the PBX's own

    def __post_init__(self) -> None:
        self._take_name(self.name)

    def _take_name(self, name: str) -> None:
        self.name = name
        self.interface = peer(name)
        self.station = self.interface.partition("/")[2].partition("@")[0]
        self.is_local = name.startswith("Local/")
        self.is_real = not self.is_local and not name.startswith(_INTERNAL)

    @property
    def bridged_at(self) -> float | None:
        """When it was first in a bridge."""
        return self.bridged[0][0] if self.bridged else None

    @property
    def live(self) -> bool:
        return self.ended_at is None

    def rename(self, name: str) -> None:
        """Another phone took this channel over (a pickup), and with it the queue member's place."""
        if name.endswith(">"):  # <MASQ> and <ZOMBIE>: on its way out
            return
        if peer(name) != self.interface and self.member_interface is not None:
            self.member_interface = self.member_name = None
        self._take_name(name)


def number_in(dial_string: str) -> str:
    """The number that a dial string names beside the endpoint: trunk/sip:NUMBER@host, NUMBER@trunk, trunk/NUMBER; "" for none."""
    endpoint, slash, rest = dial_string.partition("/")
    user = (rest if slash else endpoint).partition("@")[0].rpartition(":")[2].removeprefix("+")
    return user if user.isdigit() else ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Numbering:
    """How to tell the center's own phones from the world outside."""

    extension_digits: int = 5  #: a number of at most this many digits is an extension
    inbound_contexts: tuple[str, ...] = (
        "from-trunk",
        "from-pstn",
        "from-did-direct",
    )  #: also as the start of a longer name

    def is_extension(self, number: str) -> bool:
        return number.isdigit() and len(number) <= self.extension_digits

    def is_inside(self, channel: Channel) -> bool:
        """A phone of the center's own: dialled as a queue's member, named by an extension, or calling as one."""
        if channel.member_interface is not None:
            return True
        if not channel.dialled and self.is_inbound(channel.context):
            return False
        station = channel.station
        return self.is_extension(station if station.isdigit() else channel.dialled_number or channel.caller_number)

    def is_outsider(self, channel: Channel) -> bool:
        """Somebody at a number that is none of ours; one that shows no number may be a phone of ours."""
        number = channel.dialled_number or channel.caller_number.removeprefix("+")
        outside = number.isdigit() and not self.is_extension(number)
        return outside and not self.is_inside(channel)

    def reached(self, channel: Channel) -> str:
        """The number at which the PBX called of itself: the phone's, the one outside, or the one in a Local channel's name."""
        return channel.dialled_number or channel.station

    def is_inbound(self, context: str) -> bool:
        return context in self.inbound_contexts or context.startswith(self._inbound_starts)

    @functools.cached_property
    def _inbound_starts(self) -> tuple[str, ...]:
        return tuple(f"{known}-" for known in self.inbound_contexts)

    def extension(self, channel: Channel) -> str:
        """The extension of one of our phones: its name where that is a number, else the number it calls with."""
        return channel.station if self.is_extension(channel.station) else channel.caller_number


class Switchboard:
    """Every channel that lives, the bridges they are in, and the two ends of each Local channel."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self._bridges: dict[str, set[str]] = {}
        self._silent: set[str] = set()
        self._other_end: dict[str, str] = {}
        self._half: dict[str, str] = {}  #: a Local channel's name less ;1 or ;2 -> the end that was seen first

    def add(self, channel: Channel) -> None:
        self.channels[channel.uniqueid] = channel
        if channel.is_local:
            first = self._half.setdefault(channel.name[:-2], channel.uniqueid)
            if first != channel.uniqueid:
                self.pair(first, channel.uniqueid)

    def describe(self, bridge: str, technology: str) -> None:
        """What kind of bridge it is, learnt after who is in it."""
        if technology == _SILENT_BRIDGE and bridge in self._bridges:
            self._silent.add(bridge)

    def enter(self, channel: Channel, bridge: str, at: float, *, technology: str = "") -> None:
        if channel.bridge == bridge:
            return
        self.leave(channel, at)
        channel.bridge, channel.moved_at = bridge, at
        if channel.bridged and (last := channel.bridged[-1][1]) is not None and last >= at:
            channel.bridged[-1][1] = None
        else:
            channel.bridged.append([at, None])
        self._bridges.setdefault(bridge, set()).add(channel.uniqueid)
        if technology == _SILENT_BRIDGE:
            self._silent.add(bridge)

    def leave(self, channel: Channel, at: float) -> None:
        if channel.bridge is None:
            return
        if channel.bridged and channel.bridged[-1][1] is None:
            channel.bridged[-1][1] = max(at, channel.bridged[-1][0] or at)
        members = self._bridges.get(channel.bridge, set())
        members.discard(channel.uniqueid)
        if not members:
            self._bridges.pop(channel.bridge, None)
            self._silent.discard(channel.bridge)
        channel.bridge, channel.moved_at = None, at

    def members(self, bridge: str) -> list[Channel]:
        """The channels in one bridge, whoever's call they are part of."""
        return [self.channels[one] for one in sorted(self._bridges.get(bridge, ())) if one in self.channels]

    def in_company(self, channels: Iterable[Channel]) -> bool:
        """Whether any of them shares its bridge with another channel: else nobody hears anybody."""
        for channel in channels:  # a loop, not any(): every event of a bridge and every hang-up asks  # noqa: SIM110
            if channel.bridge is not None and len(self._bridges.get(channel.bridge, _NOBODY)) > 1:
                return True
        return False

    def bridges(self) -> list[str]:
        return list(self._bridges)

    def forget_bridge(self, bridge: str, at: float) -> None:
        """The PBX no longer knows it: nobody is in it any more."""
        for channel in self.members(bridge):
            self.leave(channel, at)

    def pair(self, one: str, two: str) -> None:
        """The two ends of a Local channel: what goes into one comes out of the other."""
        self._other_end[one] = two
        self._other_end[two] = one

    def other_end(self, uniqueid: str) -> Channel | None:
        return self.channels.get(self._other_end.get(uniqueid, ""))

    def remove(self, channel: Channel, at: float) -> None:
        self.leave(channel, at)
        self.channels.pop(channel.uniqueid, None)
        self._half.pop(channel.name[:-2], None)
        other = self._other_end.pop(channel.uniqueid, None)
        if other is not None:
            self._other_end.pop(other, None)

    def hears_somebody(self, channel: Channel) -> bool:
        """Whether `connected_with` has anybody."""
        return next(self.connected_with(channel), None) is not None

    def connected_with(self, channel: Channel) -> Iterator[Channel]:
        """Every real channel that hears this one now, through Local channels too; itself left out."""
        seen = {channel.uniqueid}
        waiting = [channel]
        while waiting:
            here = waiting.pop()
            near: set[str] | frozenset[str] = _NOBODY
            if here.bridge is not None and here.bridge not in self._silent:
                near = self._bridges.get(here.bridge, _NOBODY)
            if here.is_local and (other := self._other_end.get(here.uniqueid)) is not None:
                near = near | {other}
            near = near - seen
            for uniqueid in sorted(near) if len(near) > 1 else near:
                seen.add(uniqueid)
                neighbour = self.channels.get(uniqueid)
                if neighbour is None:
                    continue
                waiting.append(neighbour)
                if neighbour.is_real:
                    yield neighbour
