"""What a sound file is: length, rate, codec; and what is wrong with it, in words."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import BinaryIO

from telephony import problems, wav_header
from telephony.headerless import format_of

_HASH_BYTES = 1 << 20
#: Names of WAV's format numbers, as libsndfile calls them.
_CODECS = {1: "pcm", 6: "alaw", 7: "ulaw", 0x31: "gsm610"}


class UnusableSound(Exception):  # noqa: N818 - it says what the file is, not that we failed
    """The file holds no sound that can be used. `problem` is one of telephony.problems."""

    def __init__(self, problem: str, **values: object) -> None:
        super().__init__(problem)
        self.problem = problem
        self.values = values


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoundFacts:
    """Measured from the file itself."""

    duration_s: float
    rate_hz: int
    codec: str
    channels: int
    sha256: str
    cut_off: bool = False  #: the PBX did not finish the file: it was killed, or its disk was full


def inspect(path: Path) -> SoundFacts:
    """Read the file's header and hash its bytes. A WAV that was cut off is measured by what it holds.

    Raises UnusableSound, and OSError where the file can't be read.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnusableSound(problems.EMPTY)
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(12)
        if (raw := format_of(suffix, head)) is not None:
            return SoundFacts(
                duration_s=round(size / raw.bytes_per_s, 3),
                rate_hz=raw.rate_hz,
                codec=raw.codec,
                channels=1,
                sha256=sha256_of(path),
            )
        if suffix == ".raw":
            raise UnusableSound(problems.HEADERLESS)
        if head[:4] == b"RIFF" and (unfinished := _unfinished(path, stream, head, size)) is not None:
            return unfinished
    return _measured(path)


def _measured(path: Path) -> SoundFacts:
    import soundfile

    try:
        with path.open("rb") as stream, soundfile.SoundFile(stream) as sound:
            frames, rate_hz, channels = sound.frames, sound.samplerate, sound.channels
            codec = f"{sound.format.lower()}/{sound.subtype.lower()}"
            if frames and sound.read(min(frames, rate_hz), dtype="int16").shape[0] == 0:
                raise UnusableSound(problems.CUT_OFF)
    except soundfile.LibsndfileError as error:
        raise UnusableSound(problems.NOT_AUDIO) from error
    if frames == 0:
        raise UnusableSound(problems.EMPTY)
    return SoundFacts(
        duration_s=round(frames / rate_hz, 3), rate_hz=rate_hz, codec=codec, channels=channels, sha256=sha256_of(path)
    )


def _unfinished(path: Path, stream: BinaryIO, head: bytes, size: int) -> SoundFacts | None:
    """A WAV whose header does not fit its size, as a PBX that was killed leaves it; None for one that fits.

    Raises UnusableSound where nothing is in it.
    """
    wav = wav_header.read(stream, size) if wav_header.is_wav(head) else None
    if wav is None:
        raise UnusableSound(problems.CUT_OFF)
    if wav.held == 0:
        raise UnusableSound(problems.EMPTY if wav.told == 0 else problems.CUT_OFF)
    if wav.right:
        return None
    if not (wav.rate_hz and wav.bytes_per_s and wav.channels):
        raise UnusableSound(problems.CUT_OFF)
    codec = f"wav/{_CODECS.get(wav.tag, str(wav.tag))}" + (f"_{wav.bits}" if wav.tag == 1 else "")
    return SoundFacts(
        duration_s=round(wav.held / wav.bytes_per_s, 3),
        rate_hz=wav.rate_hz,
        codec=codec,
        channels=wav.channels,
        sha256=sha256_of(path),
        cut_off=True,
    )


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()
