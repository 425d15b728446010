"""Sound files without a header, as Asterisk writes them: their ending alone tells what is in them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Headerless:
    """What the bytes of such a file are."""

    codec: str  #: as libav calls it
    rate_hz: int
    bytes_per_s: float


def _pcm(rate_hz: int) -> Headerless:
    return Headerless(codec="pcm_s16le", rate_hz=rate_hz, bytes_per_s=2.0 * rate_hz)


_ALAW = Headerless(codec="pcm_alaw", rate_hz=8000, bytes_per_s=8000.0)
_ULAW = Headerless(codec="pcm_mulaw", rate_hz=8000, bytes_per_s=8000.0)

#: by ending
FORMATS: dict[str, Headerless] = {
    **{f".sln{khz}": _pcm(khz * 1000) for khz in (8, 12, 16, 24, 32, 48, 96, 192)},
    ".sln": _pcm(8000), ".slin": _pcm(8000), ".sln44": _pcm(44_100),
    ".alaw": _ALAW, ".al": _ALAW, ".alw": _ALAW,
    ".ulaw": _ULAW, ".ul": _ULAW, ".ulw": _ULAW, ".mu": _ULAW, ".pcm": _ULAW,
    ".g722": Headerless(codec="g722", rate_hz=16_000, bytes_per_s=8000.0),
    ".gsm": Headerless(codec="gsm", rate_hz=8000, bytes_per_s=1650.0),
}  # fmt: skip

#: beginnings of files that do have a header, whatever their ending says
_HEADS = (b"RIFF", b"OggS", b"fLaC", b"ID3\x02", b"ID3\x03", b"ID3\x04", b"\x1aE\xdf\xa3")


def has_header(head: bytes) -> bool:
    """Whether a file that begins with these bytes tells itself what it is."""
    return head[:4] in _HEADS


def format_of(suffix: str, head: bytes) -> Headerless | None:
    """What a file with this ending and this beginning is, None where its own header tells."""
    return None if has_header(head) else FORMATS.get(suffix.lower())
