"""Which channel an event is about: the three headers that nearly every event of a call is asked for, read in one go."""

from __future__ import annotations

import functools

from telephony.frames import Message


def channel_named(message: Message, prefix: str = "") -> tuple[str, str, str]:
    """The channel's name, Uniqueid and Linkedid under `prefix`; empty what is not there.

    Asterisk writes a channel's headers in one order, Channel … Uniqueid, Linkedid: each is looked for from where the
    one before it ended. Where they come otherwise they are found as any other header is.
    """
    text = message.text
    channel, uniqueid, linkedid = _lines(prefix)
    found = text.find(channel)
    start = text.find(uniqueid, found)
    if found < 0 or start < 0:
        return message.get(f"{prefix}Channel"), message.get(f"{prefix}Uniqueid"), message.get(f"{prefix}Linkedid")
    found += len(channel)
    name = text[found : text.find("\r\n", found)]
    start += len(uniqueid)
    end = text.find("\r\n", start)
    if end < 0 or not text.startswith(linkedid, end):
        return name, message.get(f"{prefix}Uniqueid"), message.get(f"{prefix}Linkedid")
    own, start = text[start:end], end + len(linkedid)
    end = text.find("\r\n", start)
    return name, own, text[start:] if end < 0 else text[start:end]


@functools.cache
def _lines(prefix: str) -> tuple[str, str, str]:
    """How the lines begin."""
    return f"\r\n{prefix}Channel: ", f"\r\n{prefix}Uniqueid: ", f"\r\n{prefix}Linkedid: "
