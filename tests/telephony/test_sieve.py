"""Events that the sieve holds back are counted, and the ledger is the one that it would have been with them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Framer, Sieve

STREAMS = Path(__file__).resolve().parents[1] / "streams"
CHUNK_BYTES = 9_000


def followed(stream: bytes, *, sifted: bool) -> tuple[list[str], int, Assembler]:
    """Everything that was told of calls and agents, step by step, and how many events were held back."""
    assembler = Assembler(pbx="x", numbering=Numbering())
    framer = Framer(sieve=Sieve(assembler.looks() if sifted else {}))
    said: list[str] = []
    for start in range(0, len(stream), CHUNK_BYTES):
        assembler.feed_all(framer.feed(stream[start : start + CHUNK_BYTES])[1])
        said += [repr(one) for one in (*assembler.changed(), *assembler.activities_changed())]
    assembler.pass_over(framer.passed_over)
    said += [repr(call) for call in assembler.end_of_stream()]
    return said, framer.passed_over, assembler


@pytest.mark.parametrize("lost", [None, 7], ids=["whole", "every 7th event lost"])
@pytest.mark.parametrize("path", sorted(STREAMS.glob("*-a*.txt.gz")), ids=lambda path: path.name.partition(".")[0])
def test_ledger_is_the_same_with_what_tells_nothing_held_back(path: Path, lost: int | None) -> None:
    events = gzip.decompress(path.read_bytes()).split(b"\r\n\r\n")
    stream = b"\r\n\r\n".join(event for number, event in enumerate(events) if lost is None or number % lost)
    said, _, every = followed(stream, sifted=False)
    sifted, held_back, assembler = followed(stream, sifted=True)
    assert sifted == said
    assert held_back
    assert (assembler.events, assembler.unknown_events, assembler.malformed) == (
        every.events,
        every.unknown_events,
        every.malformed,
    )
