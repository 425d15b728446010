"""Any recording that a PBX writes, as a stream of samples: mono float32, -1 to 1, at a rate of one's choice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import InputError
from telephony import headerless, wav_header
from transcription.endings import breaks_off
from transcription.plain_sound import plain_sound

Samples = NDArray[np.float32]

#: a WAV header without sound is 44 bytes long
_HEADER_BYTES = 44
#: containers that are opened; others (playlists above all, which could name other files) are refused
_CONTAINERS = "wav,w64,mp3,ogg,flac,matroska,webm,mov,mp4,aac,au,aiff,amr,caf,gsm"
_DEMUXERS = {"pcm_s16le": "s16le", "pcm_alaw": "alaw", "pcm_mulaw": "mulaw"}
#: files without a header, by ending: demuxer and rate in Hz
RAW_FORMATS: dict[str, tuple[str, int]] = {
    ".raw": ("s16le", 8000),
    **{ending: (_DEMUXERS.get(raw.codec, raw.codec), raw.rate_hz) for ending, raw in headerless.FORMATS.items()},
}
#: a hole in a recording's own time is filled with silence from this length on, and up to this one where no header tells
_HOLE_S, _LONGEST_HOLE_S = 0.05, 600.0
#: faults after which a file is given up: what decodes to nothing else would be tried for ever
_MOST_FAULTS = 10_000


class Recording:
    """One recording, read block by block, so that its length doesn't matter to memory.

    `channel` picks one channel of a stereo file; None mixes all of them. After `blocks` has run to its end,
    `duration_s` is what could be heard, `cut_off` says whether the file broke off before its own end, and `damaged`
    whether something in its middle can't be heard: that is silence of the same length.
    """

    def __init__(self, path: Path, *, channel: int | None = None) -> None:
        self.path = path
        self.channel = channel
        self.duration_s = 0.0
        self.cut_off = self.damaged = False
        self._failing = False  #: nothing could be decoded since the last fault

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
        """Decoded and resampled samples as they come, at their own times."""
        import av

        self._require_sound()
        heard_s = 0.0
        kind: tuple[str, str, int] | None = None
        resampler: Any = None
        try:
            for frame, hole_s in self._frames():
                for start in range(0, round(hole_s * rate_hz), rate_hz):
                    yield np.zeros(min(rate_hz, round(hole_s * rate_hz) - start), np.float32)
                if kind != (kind := (frame.format.name, frame.layout.name, frame.sample_rate)):
                    resampler = _resampler(frame, rate_hz, mix=self.channel is None)
                for piece in resampler.resample(frame):
                    yield self._pick(piece)
                heard_s += hole_s + frame.samples / frame.sample_rate
            for piece in resampler.resample(None) if resampler else ():
                yield self._pick(piece)
        except (av.error.FFmpegError, IndexError, EOFError) as error:
            self._failing = True
            if not heard_s:
                raise InputError(
                    f"{self.path} is not audio that can be read ({_reason(error)}). "
                    "Play it by hand; if it is damaged, restore it from the PBX and import the call again."
                ) from error
        own_hz = kind[2] if kind else rate_hz
        self.cut_off = breaks_off(self.path, heard_s, rate_hz=own_hz, failing=self._failing)

    def _frames(self) -> Iterator[tuple[Any, float]]:
        """Each frame, and how many seconds of sound are missing before it."""
        if plain := plain_sound(self.path):
            self._require_channel(plain.channels)
            for frame in plain.frames(self.path):
                yield frame, 0.0
            return
        with self.path.open("rb") as file, _open(file, self.path) as container:
            stream = _sound_of(container)
            self._require_channel(int(stream.codec_context.channels))
            yield from self._demuxed(container, stream)

    def _demuxed(self, container: Any, stream: Any) -> Iterator[tuple[Any, float]]:
        """As `_frames`; what can't be decoded is passed over."""
        import av

        told_s = container.duration / 1e6 if container.duration else None
        first_s: float | None = None
        at_s, faults = 0.0, 0
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                faults, self._failing = faults + 1, True
                if faults > _MOST_FAULTS:
                    return
                continue
            for frame in frames:
                hole_s = 0.0
                if frame.time is not None:
                    first_s = frame.time if first_s is None else first_s
                    hole_s = frame.time - first_s - at_s
                    most_s = _LONGEST_HOLE_S if told_s is None else told_s + 1.0 - at_s
                    hole_s = hole_s if _HOLE_S < hole_s <= most_s else 0.0
                self.damaged = self.damaged or hole_s > 0 or self._failing
                self._failing = False
                at_s += hole_s + frame.samples / frame.sample_rate
                yield frame, hole_s

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
    with path.open("rb") as start:
        head = start.read(12)
        if wav_header.is_wav(head):
            header = wav_header.read(start, path.stat().st_size)
            if header is None:
                raise InputError(f"{path} is a WAV file without sound: its header is damaged. Restore it from the PBX.")
            if header.more:
                options["ignore_length"] = "1"
    raw = RAW_FORMATS.get(path.suffix.lower())
    if raw is None or headerless.has_header(head):
        return av.open(file, options=options)
    name, rate_hz = raw
    rate = {"sample_rate": str(rate_hz)} if name in _DEMUXERS.values() else {}
    return av.open(file, format=name, options={**options, **rate, "format_whitelist": name})


def _sound_of(container: Any) -> Any:
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise EOFError("its codec is not known")
    return stream


def _resampler(frame: Any, rate_hz: int, *, mix: bool) -> Any:
    import av

    layout = "mono" if mix else frame.layout.name
    return av.AudioResampler(format="fltp", layout=layout, rate=rate_hz)


def _reason(error: Exception) -> str:
    if isinstance(error, IndexError):
        return "no audio track"
    return str(getattr(error, "strerror", None) or error)
