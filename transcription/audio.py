"""Any recording that a PBX writes, as a stream of samples: mono float32, -1 to 1, at a rate of one's choice."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import InputError

Samples = NDArray[np.float32]

#: a WAV header without sound is 44 bytes long
_HEADER_BYTES = 44
#: containers that are opened; others (playlists above all, which could name other files) are refused
_CONTAINERS = "wav,w64,mp3,ogg,flac,matroska,webm,mov,mp4,aac,au,aiff,amr,caf,gsm"
#: files without a header, by ending: demuxer and rate in Hz
RAW_FORMATS: dict[str, tuple[str, int]] = {
    ".sln": ("s16le", 8000), ".sln8": ("s16le", 8000), ".raw": ("s16le", 8000), ".sln12": ("s16le", 12000),
    ".sln16": ("s16le", 16000), ".sln24": ("s16le", 24000), ".sln32": ("s16le", 32000), ".sln44": ("s16le", 44100),
    ".sln48": ("s16le", 48000), ".alaw": ("alaw", 8000), ".al": ("alaw", 8000), ".ulaw": ("mulaw", 8000),
    ".ul": ("mulaw", 8000), ".pcm": ("mulaw", 8000), ".mu": ("mulaw", 8000), ".g722": ("g722", 16000),
    ".gsm": ("gsm", 8000),
}  # fmt: skip


class Recording:
    """One recording, read block by block, so that its length doesn't matter to memory.

    `channel` picks one channel of a stereo file; None mixes all of them. After `blocks` has run to its end,
    `duration_s` is what could be heard and `cut_off` says whether the file broke off before its own end.
    """

    def __init__(self, path: Path, *, channel: int | None = None) -> None:
        self.path = path
        self.channel = channel
        self.duration_s = 0.0
        self.cut_off = False

    def blocks(self, rate_hz: int, block_s: float = 1.0) -> Iterator[Samples]:
        """Consecutive blocks of exactly `block_s` seconds, the last one shorter.

        Raises InputError when there is nothing to hear: missing, empty, not audio, no such channel.
        """
        size = round(rate_hz * block_s)
        held: list[Samples] = []
        have = total = 0
        for piece in self._pieces(rate_hz):
            held.append(piece)
            have += len(piece)
            total += len(piece)
            while have >= size:
                joined = np.concatenate(held)
                yield joined[:size]
                held, have = [joined[size:]], have - size
        self.duration_s = total / rate_hz
        if not total:
            raise InputError(f"{self.path} has no sound in it. Check that the PBX records this channel.")
        if have:
            yield np.concatenate(held)

    def _pieces(self, rate_hz: int) -> Iterator[Samples]:
        """Decoded and resampled samples as they come; a fault in the middle ends them and sets `cut_off`."""
        import av

        self._require_sound()
        resampler = None
        heard = False
        try:
            with self.path.open("rb") as file, _open(file, self.path) as container:
                stream = container.streams.audio[0]
                self._require_channel(int(stream.codec_context.channels))
                for frame in container.decode(stream):
                    resampler = resampler or _resampler(frame, rate_hz, mix=self.channel is None)
                    for piece in resampler.resample(frame):
                        heard = True
                        yield self._pick(piece)
                for piece in resampler.resample(None) if resampler else ():
                    yield self._pick(piece)
        except (av.error.FFmpegError, IndexError, EOFError) as error:
            if not heard:
                raise InputError(
                    f"{self.path} is not audio that can be read ({_reason(error)}). "
                    "Play it by hand; if it is damaged, restore it from the PBX and import the call again."
                ) from error
            self.cut_off = True
        self.cut_off = self.cut_off or _promises_more(self.path)

    def _require_sound(self) -> None:
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            raise InputError(
                f"The recording is not at {self.path}. Check MixMonitor's folder, AVASANJ_RECORDINGS_DIR and whether "
                "something tidies the folder up too early."
            ) from None
        except OSError as error:
            raise InputError(f"{self.path} can't be read: {error.strerror}. Check its owner and mode.") from error
        if not self.path.is_file():
            raise InputError(f"{self.path} is not a file.")
        if size <= _HEADER_BYTES:
            raise InputError(
                f"{self.path} is empty ({size} bytes, at most a header). The PBX opened the recording but no sound came: "
                "check the disk's space and the trunk's media."
            )

    def _require_channel(self, channels: int) -> None:
        if self.channel is not None and self.channel >= channels:
            raise InputError(
                f"{self.path} has {channels} channel(s), and channel {self.channel} (counted from 0) was asked for."
            )

    def _pick(self, frame: Any) -> Samples:
        planes = frame.to_ndarray()
        return np.ascontiguousarray(planes[self.channel or 0], dtype=np.float32)


def _open(file: Any, path: Path) -> Any:
    """Open from a file object: the demuxer reads these bytes and nothing else on the machine or the network."""
    import av

    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": ""}
    raw = RAW_FORMATS.get(path.suffix.lower())
    with path.open("rb") as start:
        headed = start.read(4) in (b"RIFF", b"OggS", b"fLaC")
    if raw is None or headed:
        return av.open(file, options=options)
    name, rate_hz = raw
    rate = {"sample_rate": str(rate_hz)} if name in ("s16le", "alaw", "mulaw") else {}
    return av.open(file, format=name, options={**options, **rate, "format_whitelist": name})


def _resampler(frame: Any, rate_hz: int, *, mix: bool) -> Any:
    import av

    layout = "mono" if mix else frame.layout.name
    return av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)


def _reason(error: Exception) -> str:
    if isinstance(error, IndexError):
        return "no audio track"
    return str(getattr(error, "strerror", None) or error)


def _promises_more(path: Path) -> bool:
    """Whether a WAV file's header promises more sound than the file holds, as when the PBX died or the disk was full."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(4) != b"RIFF":
            return False
        file.seek(12)
        while len(head := file.read(8)) == 8:
            name, length = head[:4], struct.unpack("<I", head[4:])[0]
            if name == b"data":
                held = size - file.tell()
                # what is written to a pipe is whole and has the largest size there is; nought is a PBX that was killed
                return held > 0 if length == 0 else length != 0xFFFFFFFF and length > held + 1
            file.seek(length + length % 2, 1)
    return False
