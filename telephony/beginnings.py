"""How a channel came to be, by its Newchannel: who called whom, and what was dialled."""

from __future__ import annotations

from telephony.channels import NO_NUMBER, Channel
from telephony.frames import Message
from telephony.history import CallHistory


def born(channel: Channel, message: Message) -> None:
    """Whether it called the PBX or the PBX called it: what calls is ringing at once, what is called is down."""
    if message.get("ChannelStateDesc") != "Down":
        return
    by_another = message.get("Linkedid") not in ("", channel.uniqueid)
    channel.originated = not by_another and (channel.is_local or message.get("Exten") in ("", "s"))
    channel.dialled = channel.dialled or by_another or channel.originated


def announced(call: CallHistory, channel: Channel, message: Message) -> None:
    """Its Newchannel came after the next events of the same channel: nothing was missed, and how it began is told now."""
    found_at, channel.found_at = channel.found_at, None
    channel.context, channel.exten = message.get("Context"), message.get("Exten")
    if channel.caller_number in NO_NUMBER:
        channel.caller_number = message.get("CallerIDNum")
    born(channel, message)
    if call.first is channel:
        begin_with(call, channel)
    others = [one.found_at for one in call.channels.values() if one.found_at is not None]
    call.forget_gap(max([found_at or 0.0, *others]), max(others, default=None))


def begin_with(call: CallHistory, channel: Channel) -> None:
    """The number called is what the first channel dialled, if it dialled anything."""
    if channel.originated:
        call.called = ""
    elif channel.exten not in ("", "s"):
        call.called = channel.exten
