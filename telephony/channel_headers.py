"""Which channel an event is about: the three headers that nearly every event of a call is asked for, read in one go."""

from __future__ import annotations

import functools

from telephony.frames import Message

_LINE_END = b"\r\n"


def channel_named(message: Message, prefix: str, found: tuple[bytes, bytes, bytes] | None) -> tuple[str, str, str]:
    """The channel's name, Uniqueid and Linkedid under `prefix`, of which `found` is what `channel_bytes` gave; empty what is
    not there.
    """  # fmt: skip
    if found is None:
        return message.get(f"{prefix}Channel"), message.get(f"{prefix}Uniqueid"), message.get(f"{prefix}Linkedid")
    name, own, call = found
    own_id = own.decode("utf-8", "replace")
    # of a call's first channel the two are one
    return name.decode("utf-8", "replace"), own_id, own_id if call == own else call.decode("utf-8", "replace")


def channel_bytes(raw: bytes, prefix: str = "") -> tuple[bytes, bytes, bytes] | None:
    """The same three as they came, or None where they don't come as Asterisk writes them: Channel … Uniqueid, Linkedid.

    Each is looked for from where the one before it ended.
    """
    channel, uniqueid, linkedid = _lines(prefix)
    named, _, ids = raw.partition(channel)[2].partition(uniqueid)
    own, adjacent, call = ids.partition(linkedid)
    if not adjacent or _LINE_END in own:
        return None
    return named.partition(_LINE_END)[0], own, call.partition(_LINE_END)[0]


@functools.cache
def _lines(prefix: str) -> tuple[bytes, bytes, bytes]:
    """How the lines begin."""
    start = f"\r\n{prefix}".encode()
    return start + b"Channel: ", start + b"Uniqueid: ", start + b"Linkedid: "
