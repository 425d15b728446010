"""Sound files whose samples stand one by one, read a second at a time: the demuxer's packets are a tenth of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telephony import headerless, wav_header

#: WAV's format tag and bits a sample -> the decoder's name
WAV_DECODERS = {(1, 16): "pcm_s16le", (1, 8): "pcm_u8", (6, 8): "pcm_alaw", (7, 8): "pcm_mulaw"}
_BYTES = {"pcm_s16le": 2, "pcm_u8": 1, "pcm_alaw": 1, "pcm_mulaw": 1}
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, kw_only=True)
class PlainSound:
    """Where a file's samples lie and what they are."""

    decoder: str  #: as libav calls it
    rate_hz: int
    channels: int  #: 1 or 2
    first: int  #: byte
    size: int  #: bytes, whole samples of all channels

    def frames(self, path: Path) -> Iterator[Any]:
        """Decoded, a second at a time. Raises OSError where the file can't be read."""
        import av

        decoder: Any = av.CodecContext.create(self.decoder, "r")
        decoder.sample_rate, decoder.layout = self.rate_hz, _LAYOUTS[self.channels]
        second, left = self.rate_hz * self.channels * _BYTES[self.decoder], self.size
        with path.open("rb") as file:
            file.seek(self.first)
            while left > 0 and (data := file.read(min(second, left))):
                left -= len(data)
                yield from decoder.decode(av.Packet(data))


def plain_sound(path: Path) -> PlainSound | None:
    """None where the samples are packed, or a header and its file don't agree: then a demuxer finds out what there is.

    Raises OSError where the file can't be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if not wav_header.is_wav(head):
            raw = headerless.format_of(path.suffix, head)
            if raw is None or raw.codec not in _BYTES:
                return None
            return _whole(raw.codec, rate_hz=raw.rate_hz, channels=1, first=0, size=size)
        header = wav_header.read(file, size)
    if header is None or not header.right or header.channels not in _LAYOUTS or header.rate_hz <= 0:
        return None
    decoder = WAV_DECODERS.get((header.tag, header.bits))
    if decoder is None:
        return None
    return _whole(
        decoder,
        rate_hz=header.rate_hz,
        channels=header.channels,
        first=size - header.held,
        size=min(header.told, header.held),
    )


def _whole(decoder: str, *, rate_hz: int, channels: int, first: int, size: int) -> PlainSound | None:
    size -= size % (channels * _BYTES[decoder])
    return PlainSound(decoder=decoder, rate_hz=rate_hz, channels=channels, first=first, size=size) if size else None
