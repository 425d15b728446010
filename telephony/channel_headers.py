"""Which channel an event is about: the three headers that nearly every event of a call is asked for, read in one go."""

from __future__ import annotations

import functools

from telephony.frames import Message


def channel_named(message: Message, prefix: str = "") -> tuple[str, str, str]:
    """The channel's name, Uniqueid and Linkedid under `prefix`; empty what is not there.

    Asterisk writes a channel's headers in one order, Channel … Uniqueid, Linkedid: each is looked for from where the
    one before it ended. Where they come otherwise they are found as any other header is.
    """
    raw = message.raw
    channel, uniqueid, linkedid = _lines(prefix)
    found = raw.find(channel)
    start = raw.find(uniqueid, found)
    if found < 0 or start < 0:
        return message.get(f"{prefix}Channel"), message.get(f"{prefix}Uniqueid"), message.get(f"{prefix}Linkedid")
    found += len(channel)
    name = raw[found : raw.find(b"\r\n", found)].decode("utf-8", "replace")
    start += len(uniqueid)
    end = raw.find(b"\r\n", start)
    if end < 0 or not raw.startswith(linkedid, end):
        return name, message.get(f"{prefix}Uniqueid"), message.get(f"{prefix}Linkedid")
    own, start = raw[start:end], end + len(linkedid)
    end = raw.find(b"\r\n", start)
    call = raw[start:] if end < 0 else raw[start:end]
    if call == own:  # of a call's first channel
        own_id = own.decode("utf-8", "replace")
        return name, own_id, own_id
    return name, own.decode("utf-8", "replace"), call.decode("utf-8", "replace")


@functools.cache
def _lines(prefix: str) -> tuple[bytes, bytes, bytes]:
    """How the lines begin."""
    start = f"\r\n{prefix}".encode()
    return start + b"Channel: ", start + b"Uniqueid: ", start + b"Linkedid: "
