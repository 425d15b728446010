"""A recording that the PBX is still writing, read as far as it goes."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.errors import InputError
from transcription.audio import RAW_FORMATS, Samples
from transcription.windows import RATE_HZ

#: WAV's format tag and bits a sample -> the decoder's name
_WAV = {(1, 16): "pcm_s16le", (1, 8): "pcm_u8", (6, 8): "pcm_alaw", (7, 8): "pcm_mulaw"}
_RAW = {"s16le": "pcm_s16le", "alaw": "pcm_alaw", "mulaw": "pcm_mulaw"}
#: as far as a header is looked for; the PBX's own is 44 bytes long
_LONGEST_HEADER = 4096
#: read at once: what has gathered before anyone followed the call comes in pieces
_MOST_BYTES = 1 << 18


class WrittenAnewError(InputError):
    """The PBX has begun the file again: what was read of it is there no more."""


class GrowingSound:
    """Reads what was added since it was read last. Only formats whose samples stand one by one can be followed."""

    def __init__(self, path: Path, *, channel: int | None = None) -> None:
        self.path, self.channel = path, channel
        self._at = 0  #: bytes read so far; 0 while there is no header yet
        self._frame = 0  #: bytes of one sample of all channels
        self._decoder: Any = None
        self._resampler: Any = None

    def more(self) -> Samples:
        """What was added, at 16 kHz; a quarter of a megabyte of the file at most, so ask until it is empty.

        Raises InputError for a format that can't be followed, OSError where the file can't be read.
        """
        with self.path.open("rb") as file:
            if self._decoder is None and not self._open(file):
                return np.zeros(0, np.float32)
            if os.fstat(file.fileno()).st_size < self._at:
                raise WrittenAnewError(
                    f"{self.path} was written anew while it was followed; it is heard when the call is over. "
                    "Let MixMonitor append to it (option a), or give each recording a name of its own."
                )
            file.seek(self._at)
            data = file.read(_MOST_BYTES)
        data = data[: len(data) - len(data) % self._frame]
        self._at += len(data)
        return self._decoded(data) if data else np.zeros(0, np.float32)

    def _decoded(self, data: bytes) -> Samples:
        import av

        pieces = [
            np.ascontiguousarray(out.to_ndarray()[self.channel or 0], dtype=np.float32)
            for frame in self._decoder.decode(av.Packet(data))
            for out in self._resampler.resample(frame)
        ]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def _open(self, file: Any) -> bool:
        """Find out the format; False while the header isn't whole."""
        head = file.read(_LONGEST_HEADER)
        raw = RAW_FORMATS.get(self.path.suffix.lower())
        if raw is not None and head[:4] != b"RIFF":
            if raw[0] not in _RAW:
                raise self._unfollowable(raw[0])
            self._start(_RAW[raw[0]], rate_hz=raw[1], channels=1, bytes_a_sample=2 if raw[0] == "s16le" else 1, at=0)
            return True
        if head and head[:4] != b"RIFF"[: len(head)]:
            raise self._unfollowable(self.path.suffix or "no ending")
        return self._open_wav(head)

    def _open_wav(self, head: bytes) -> bool:
        at, kind = 12, None
        while at + 8 <= len(head):
            name, length = head[at : at + 4], struct.unpack("<I", head[at + 4 : at + 8])[0]
            if name == b"fmt " and at + 24 <= len(head):
                tag, channels, rate_hz, _, _, bits = struct.unpack("<HHIIHH", head[at + 8 : at + 24])
                kind = (_WAV.get((tag, bits)), rate_hz, channels, bits // 8)
                if kind[0] is None:
                    raise self._unfollowable(f"WAV of format {tag} with {bits} bits")
            if name == b"data" and kind is not None and kind[0] is not None:
                self._start(kind[0], rate_hz=kind[1], channels=kind[2], bytes_a_sample=kind[3], at=at + 8)
                return True
            at += 8 + length + length % 2
        return False

    def _start(self, decoder: str, *, rate_hz: int, channels: int, bytes_a_sample: int, at: int) -> None:
        import av

        if channels not in (1, 2):
            raise self._unfollowable(f"{channels} channels")
        if self.channel is not None and self.channel >= channels:
            raise InputError(f"{self.path} has {channels} channel(s); channel {self.channel} (from 0) was asked for.")
        self._decoder = av.CodecContext.create(decoder, "r")
        self._decoder.sample_rate = rate_hz
        self._decoder.layout = "stereo" if channels == 2 else "mono"
        layout = "mono" if self.channel is None else self._decoder.layout.name
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ)
        self._at, self._frame = at, bytes_a_sample * channels

    def _unfollowable(self, what: str) -> InputError:
        return InputError(
            f"{self.path} can't be followed while it is written ({what}); it is heard when the call is over. "
            "Record as wav, sln, alaw or ulaw to have it heard meanwhile."
        )
