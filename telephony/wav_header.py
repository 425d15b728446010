"""What a WAV file's header tells of its sound, and whether the file agrees: a PBX that dies leaves headers that lie."""

from __future__ import annotations

import dataclasses
import struct
from typing import BinaryIO

#: Sizes that a writer leaves when it could not come back to fill them in. The largest one also stands for "to the end",
#: in what is written to a pipe.
_UNFINISHED = (0, 0xFFFFFFFF, 0x7FFFFFFF)
_TO_THE_END = 0xFFFFFFFF
#: no writer has more before the sound; a file of zeros would have millions
_MOST_CHUNKS = 200
#: so much sound after the told end is sound that the header does not know of
_UNTOLD_S = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class WavHeader:
    """The format, the sound's place and length in bytes."""

    tag: int  #: 1 PCM, 6 A-law, 7 µ-law, 0x31 GSM
    channels: int
    rate_hz: int
    bytes_per_s: int
    bits: int
    told: int  #: bytes of sound by the header
    held: int  #: bytes after the beginning of the sound
    more: bool  #: whether what follows the told end is sound as well

    @property
    def right(self) -> bool:
        """Whether the told length is the sound's."""
        return self.told not in _UNFINISHED and self.told <= self.held + 1 and not self.more

    @property
    def cut_off(self) -> bool:
        """Whether the writer did not finish the file. One that was written to a pipe is whole."""
        return not self.right and not (self.told == _TO_THE_END and self.held > 0)


def is_wav(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WAVE"


def read(stream: BinaryIO, size: int) -> WavHeader | None:
    """The header of a WAV file of `size` bytes; None where it holds no sound, or no format before it."""
    stream.seek(12)
    form: tuple[int, ...] | None = None
    for _ in range(_MOST_CHUNKS):
        chunk = stream.read(8)
        if len(chunk) < 8:
            return None
        name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
        if name == b"data":
            return None if form is None else _header(form, stream, length, size)
        if name == b"fmt " and len(body := stream.read(min(length, 16))) == 16:
            form = struct.unpack("<HHIIHH", body)
            length -= 16
        stream.seek(length + (length & 1), 1)
    return None


def _header(form: tuple[int, ...], stream: BinaryIO, told: int, size: int) -> WavHeader:
    tag, channels, rate_hz, bytes_per_s, _, bits = form
    start = stream.tell()
    more = False
    if told > 0 and size - start - told > _UNTOLD_S * bytes_per_s:
        stream.seek(start + told + (told & 1))
        after = stream.read(8)
        printed = all(0x20 <= letter < 0x7F for letter in after[:4])
        more = not (printed and struct.unpack("<I", after[4:])[0] <= size - stream.tell())
    return WavHeader(
        tag=tag,
        channels=channels,
        rate_hz=rate_hz,
        bytes_per_s=bytes_per_s,
        bits=bits,
        told=told,
        held=size - start,
        more=more,
    )
