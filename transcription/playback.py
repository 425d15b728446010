"""The one file in which a browser plays a call: stereo Opus, left the customer, right the agent, and its peaks."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import InputError, PassingError
from telephony.tables import Party
from transcription.audio import Recording, Samples
from transcription.clock import sound_of
from transcription.legs import Leg

#: WebM, because its index and length stand at the start: browsers seek in it with one Range request.
SUFFIX, MEDIA_TYPE = ".webm", "audio/webm"
_RATE_HZ = 16_000
_BIT_RATE = 32_000
#: frames of 60 ms let nothing of one side be heard on the other when someone begins to speak; those of 20 ms do
_OPUS = {"application": "voip", "frame_duration": "60"}
_PEAKS = 1000
#: samples of a step in which peaks are gathered while the length is not known; steps are joined by twos as it grows
_STEP, _MOST_STEPS = _RATE_HZ // 50, 8 * _PEAKS


@dataclass(frozen=True, kw_only=True)
class Made:
    """What making a playback file gave."""

    duration_s: float
    #: loudest sample 0 to 1, in equal steps over the call; one list per party that the file holds
    peaks: dict[str, list[float]]
    mono: bool
    problems: dict[int, str]  #: recording id -> why it could not be used
    cut_off: dict[Party, float]  #: parties of whom a recording broke off, and the second up to which it could be heard
    damaged: frozenset[Party]  #: parties of whom something in the middle can't be heard


class _Source:
    """One leg as blocks of one second on the call's clock, silence before its start; a broken one is silent."""

    def __init__(self, leg: Leg) -> None:
        self.leg, self.problem = leg, ""
        self.recording = Recording(leg.path, channel=leg.channel)
        self._lead = round(max(leg.start_s, 0.0) * _RATE_HZ)
        self.end_s = 0.0  #: where its sound ends, on the call's clock

    def blocks(self) -> Iterator[Samples]:
        total = self._lead
        for _ in range(self._lead // _RATE_HZ):
            yield np.zeros(_RATE_HZ, np.float32)
        carried = np.zeros(self._lead % _RATE_HZ, np.float32)
        try:
            for block in sound_of(self.leg, self.recording):
                total += len(block)
                carried = np.concatenate([carried, block])
                while len(carried) >= _RATE_HZ:
                    yield carried[:_RATE_HZ]
                    carried = carried[_RATE_HZ:]
        except InputError as error:
            self.problem = str(error)
            return
        self.end_s = total / _RATE_HZ
        if len(carried):
            yield carried


def media_path(call_id: uuid.UUID) -> str:
    """The playback file's path, relative to the media folder."""
    return f"{str(call_id)[:2]}/{call_id}{SUFFIX}"


def make(legs: Sequence[Leg], target: Path) -> Made | None:
    """Write the playback file of these legs to `target`, whole or not at all; None when no leg could be heard.

    Raises PassingError when the disk is full or the folder can't be written.
    """
    sources = [_Source(leg) for leg in legs]
    mono = any(leg.party == Party.MIXED for leg in legs)
    try:
        target.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".making-", suffix=SUFFIX)
        os.close(handle)
        try:
            samples, peaks = _encode(_mixed(sources, mono=mono), Path(name))
            if any(not source.problem for source in sources):
                Path(name).replace(target)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise PassingError(
            f"The playback file {target} can't be written: {error.strerror or error}. Make room on the disk or mend the "
            "folder's owner; the call goes on by itself for two minutes, after that from the health page."
        ) from error
    if all(source.problem for source in sources):
        return None
    left, right = peaks.sides()
    return Made(
        duration_s=samples / _RATE_HZ,
        peaks={Party.MIXED.value: left} if mono else {Party.CUSTOMER.value: left, Party.AGENT.value: right},
        mono=mono,
        problems={source.leg.recording_id: source.problem for source in sources if source.problem},
        cut_off=_ends([source for source in sources if source.recording.cut_off]),
        damaged=frozenset(source.leg.party for source in sources if source.recording.damaged),
    )


def problems_of(legs: Sequence[Leg]) -> dict[int, str]:
    """Why each leg that can't be heard at all can't, by recording id."""
    problems = {}
    for leg in legs:
        try:
            next(Recording(leg.path, channel=leg.channel).blocks(_RATE_HZ), None)
        except InputError as error:
            problems[leg.recording_id] = str(error)
    return problems


def _ends(sources: Sequence[_Source]) -> dict[Party, float]:
    """The last second of each party's sources."""
    ends: dict[Party, float] = {}
    for source in sources:
        ends[source.leg.party] = round(max(source.end_s, ends.get(source.leg.party, 0.0)), 3)
    return ends


def _mixed(sources: Sequence[_Source], *, mono: bool) -> Iterator[Samples]:
    """Blocks of shape (2, n), n one second and less only at the end; legs of one party are added up."""
    streams = [(source.leg.party, source.blocks()) for source in sources]
    while True:
        parts = [(party, block) for party, stream in streams if (block := next(stream, None)) is not None]
        if not parts:
            return
        out = np.zeros((2, max(len(block) for _, block in parts)), np.float32)
        for party, block in parts:
            if mono:
                out[:, : len(block)] += block
            else:
                out[0 if party == Party.CUSTOMER else 1, : len(block)] += block
        yield np.clip(out, -1.0, 1.0)


def _encode(blocks: Iterator[Samples], path: Path) -> tuple[int, _Peaks]:
    """Write the blocks as Opus in WebM. Gives the number of samples, and the peaks."""
    import av

    samples = 0
    peaks = _Peaks()
    with av.open(str(path), "w", format="webm", options={"cues_to_front": "1"}) as container:
        stream: Any = container.add_stream("libopus", rate=_RATE_HZ, layout="stereo", options=_OPUS)
        stream.bit_rate = _BIT_RATE
        for block in blocks:
            packed = np.ascontiguousarray(block.T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.pts = _RATE_HZ, samples
            container.mux(stream.encode(frame))
            samples += block.shape[1]
            peaks.add(block)
        container.mux(stream.encode(None))
    return samples, peaks


class _Peaks:
    """The loudest sample of each side in equal steps, in memory that does not grow with the recording."""

    def __init__(self) -> None:
        self._step = _STEP
        self._held = np.zeros((2, 0), np.float32)  #: sound that fills no step yet
        self._loudest = np.zeros((2, _MOST_STEPS), np.float32)
        self._count = 0

    def add(self, block: Samples) -> None:
        """Take in the next samples, shape (2, n)."""
        sound = np.concatenate([self._held, np.abs(block)], axis=1)
        while sound.shape[1] >= self._step:
            whole = min(sound.shape[1] // self._step, _MOST_STEPS - self._count)
            steps = sound[:, : whole * self._step].reshape(2, whole, self._step)
            self._loudest[:, self._count : self._count + whole] = steps.max(axis=2)
            sound, self._count = sound[:, whole * self._step :], self._count + whole
            if self._count == _MOST_STEPS:
                pairs = self._loudest.reshape(2, -1, 2).max(axis=2)
                self._count, self._step = pairs.shape[1], 2 * self._step
                self._loudest[:, : self._count] = pairs
        self._held = sound

    def sides(self) -> tuple[list[float], list[float]]:
        """Left and right, as `_thin` gives them."""
        last = self._held.max(axis=1, keepdims=True) if self._held.shape[1] else self._held
        loudest = np.concatenate([self._loudest[:, : self._count], last], axis=1)
        return _thin(loudest[0]), _thin(loudest[1])


def _thin(peaks: NDArray[np.float32]) -> list[float]:
    """At most 1000 values in equal steps, each the loudest of its step, to three digits."""
    if not len(peaks):
        return []
    count = min(_PEAKS, len(peaks))
    starts = np.arange(count) * len(peaks) // count
    return [round(float(value), 3) for value in np.maximum.reduceat(peaks, starts)]
