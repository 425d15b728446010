"""How many manager events a second are understood: ours into the whole ledger, the peers' into their bare messages."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any

from avasanj.settings import Settings
from telephony.assembler import Assembler
from telephony.frames import Framer, Sieve
from telephony.listener import numbering_of

#: As much as one read of a socket brings under load: our own wire's, and asyncio's, on which panoramisk stands.
_CHUNK_BYTES = 1 << 18


def assemble(chunks: Sequence[bytes], settings: Settings) -> int:
    """Parse and assemble, as the listener does; how many calls came out."""
    assembler = Assembler(pbx="bench", numbering=numbering_of(settings))
    framer = Framer(sieve=Sieve(assembler.looks()))
    ended = 0
    for chunk in chunks:
        assembler.feed_all(framer.feed(chunk)[1])
        ended += sum(call.ended_at is not None for call in assembler.changed())
        assembler.activities_changed()
    assembler.pass_over(framer.passed_over)
    return ended


def asterisk_ami(chunks: Sequence[bytes], settings: Settings) -> int:
    """The client library that we use, with its own parser; how many events came out."""
    from asterisk.ami import Event

    del settings
    rest, count = "", 0
    for chunk in chunks:
        *packs, rest = (rest + chunk.decode("utf-8", "replace")).split("\r\n\r\n")
        for pack in packs:
            if Event.match(pack):
                Event.read(pack)
                count += 1
    return count


def panoramisk(chunks: Sequence[bytes], settings: Settings) -> int:
    """Panoramisk's protocol with nobody behind it; how many events came out. Raises ImportError where it is not there."""
    from panoramisk.ami_protocol import AMIProtocol

    del settings

    class Counting:
        count = 0

        def dispatch(self, _message: object) -> None:
            self.count += 1

    protocol: Any = AMIProtocol()
    protocol.connection_made(None)
    protocol.factory = Counting()
    protocol.encoding = "utf-8"
    for chunk in chunks:
        protocol.data_received(chunk)
    return int(protocol.factory.count)


def per_second(
    parse: Callable[[Sequence[bytes], Settings], int], events: Sequence[bytes], settings: Settings, *, takes: int = 7
) -> float:
    """Events a second of processor time, the best of some takes: others use this machine as well, and its caches, which
    slow whoever does more with each byte down more.
    """  # fmt: skip
    whole = b"".join(events)
    chunks = [whole[start : start + _CHUNK_BYTES] for start in range(0, len(whole), _CHUNK_BYTES)]
    best = float("inf")
    gc.collect()
    gc.freeze()  # as the listener does: the bench's own modules are no part of any parser
    for _ in range(takes):
        started = time.process_time()
        parse(chunks, settings)
        best = min(best, time.process_time() - started)
    return len(events) / best
