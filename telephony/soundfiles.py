"""What a sound file is: length, rate, codec; and what is wrong with it, in words."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from pathlib import Path

from telephony import problems

_HASH_BYTES = 1 << 20
#: Headerless formats that Asterisk writes: codec, rate in Hz, bytes a second.
_HEADERLESS = {
    ".alaw": ("pcm_alaw", 8000, 8000.0),
    ".al": ("pcm_alaw", 8000, 8000.0),
    ".ulaw": ("pcm_mulaw", 8000, 8000.0),
    ".ul": ("pcm_mulaw", 8000, 8000.0),
    ".pcm": ("pcm_mulaw", 8000, 8000.0),
    ".gsm": ("gsm", 8000, 1650.0),
    ".sln": ("pcm_s16le", 8000, 16000.0),
    ".sln16": ("pcm_s16le", 16000, 32000.0),
    ".g722": ("g722", 16000, 8000.0),
}
#: Names of WAV's format numbers, as libsndfile calls them.
_CODECS = {1: "pcm", 6: "alaw", 7: "ulaw", 0x31: "gsm610"}
#: Sizes that a WAV writer leaves in the header when it could not come back to fill them in.
_UNFINISHED = (0, 0xFFFFFFFF, 0x7FFFFFFF)


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
    if suffix in _HEADERLESS:
        codec, rate_hz, bytes_per_s = _HEADERLESS[suffix]
        return SoundFacts(
            duration_s=round(size / bytes_per_s, 3), rate_hz=rate_hz, codec=codec, channels=1, sha256=sha256_of(path)
        )
    if suffix == ".raw":
        raise UnusableSound(problems.HEADERLESS)
    wav = _read_wav(path, size)
    return _measured(path) if wav is None else wav


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


def _read_wav(path: Path, size: int) -> SoundFacts | None:
    """A WAV whose header does not fit its size, as a PBX that was killed leaves it; None for any other file.

    Raises UnusableSound where nothing is in it.
    """
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] != b"RIFF":
            return None
        if len(head) < 12 or head[8:12] != b"WAVE":
            raise UnusableSound(problems.CUT_OFF)
        form: tuple[int, ...] | None = None
        while len(chunk := stream.read(8)) == 8:
            name, length = chunk[:4], struct.unpack("<I", chunk[4:])[0]
            if name == b"fmt " and len(body := stream.read(min(length, 16))) == 16:
                form = struct.unpack("<HHIIHH", body)
                stream.seek(length - 16 + (length & 1), 1)
            elif name == b"data":
                left = size - stream.tell()
                if left == 0:
                    raise UnusableSound(problems.EMPTY if length == 0 else problems.CUT_OFF)
                whole = length not in _UNFINISHED and length <= left + 1
                return None if whole or form is None else _held(path, form, left)
            else:
                stream.seek(length + (length & 1), 1)
    raise UnusableSound(problems.CUT_OFF)


def _held(path: Path, form: tuple[int, ...], left: int) -> SoundFacts:
    """What an unfinished WAV holds, by its format and the bytes that came."""
    tag, channels, rate_hz, bytes_per_s, _, bits = form
    if not (rate_hz and bytes_per_s and channels):
        raise UnusableSound(problems.CUT_OFF)
    codec = f"wav/{_CODECS.get(tag, str(tag))}" + (f"_{bits}" if tag == 1 else "")
    return SoundFacts(
        duration_s=round(left / bytes_per_s, 3),
        rate_hz=rate_hz,
        codec=codec,
        channels=channels,
        sha256=sha256_of(path),
        cut_off=True,
    )


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BYTES):
            digest.update(block)
    return digest.hexdigest()
