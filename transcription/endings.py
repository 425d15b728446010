"""Whether a recording ends where its writer ended it, or breaks off: the PBX died, the disk was full, a copy was cut."""

from __future__ import annotations

from pathlib import Path

from telephony import wav_header

#: what may be missing at the end of a whole file: a frame, the decoder's delay
_SLACK_S = 0.3
_OGG_END, _LONGEST_OGG_PAGE, _OGG_HEAD = 0x04, 65_307, 64
#: Opus counts in this rate, whatever it was made from
_OPUS_HZ = 48_000
_MP3_HEAD = 1 << 16
#: a frame of MP3 holds twice as many samples from this rate on
_MPEG_1_HZ = 32_000


def breaks_off(path: Path, heard_s: float, *, rate_hz: int, failing: bool) -> bool:
    """Whether there should be more than the `heard_s` seconds that were decoded, at the file's own rate.

    `failing` says whether the last that was tried could not be decoded. Formats whose header or last page tells the end
    are believed; of the others only a fault at the end tells.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        if wav_header.is_wav(head):
            header = wav_header.read(file, size)
            return header is not None and header.cut_off
        if head[:4] == b"OggS":
            begin = head + file.read(_OGG_HEAD)
            file.seek(max(0, size - 2 * _LONGEST_OGG_PAGE))
            return _ogg_breaks_off(file.read(), heard_s, _OPUS_HZ if b"OpusHead" in begin else rate_hz)
        told_s = _told_s(head + file.read(_MP3_HEAD), rate_hz)
    return failing if told_s is None else heard_s < told_s - _SLACK_S


def _ogg_breaks_off(tail: bytes, heard_s: float, rate_hz: int) -> bool:
    """Whether the last page is not marked as the last, or lies later than what was heard."""
    page = tail[tail.rfind(b"OggS") :][:14]
    if len(page) < 14 or not page[5] & _OGG_END:
        return True
    samples = int.from_bytes(page[6:14], "little", signed=True)
    return heard_s < samples / rate_hz - _SLACK_S


def _told_s(head: bytes, rate_hz: int) -> float | None:
    """The length that a FLAC's or an MP3's beginning tells, None where it tells none."""
    if head[:4] == b"fLaC":
        samples = int.from_bytes(head[21:26], "big") & 0xFFFFFFFFF
        return samples / rate_hz if samples else None
    for mark in (b"Xing", b"Info"):
        at = head.find(mark)
        if at > 0 and head[at + 7 : at + 8] and head[at + 7] & 1:
            frames = int.from_bytes(head[at + 8 : at + 12], "big")
            return frames * (1152 if rate_hz >= _MPEG_1_HZ else 576) / rate_hz
    return None
