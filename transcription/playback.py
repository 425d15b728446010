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
#: steps in which peaks are gathered before the length is known
_STEP = _RATE_HZ // 50


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
    left, right = (_thin(side) for side in peaks)
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


def _encode(blocks: Iterator[Samples], path: Path) -> tuple[int, tuple[list[float], list[float]]]:
    """Write the blocks as Opus in WebM. Gives the number of samples and each side's loudest sample per 20 ms."""
    import av

    samples = 0
    peaks: tuple[list[float], list[float]] = ([], [])
    with av.open(str(path), "w", format="webm", options={"cues_to_front": "1"}) as container:
        stream: Any = container.add_stream("libopus", rate=_RATE_HZ, layout="stereo", options=_OPUS)
        stream.bit_rate = _BIT_RATE
        for block in blocks:
            packed = np.ascontiguousarray(block.T.reshape(1, -1))
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout="stereo")
            frame.sample_rate, frame.pts = _RATE_HZ, samples
            container.mux(stream.encode(frame))
            samples += block.shape[1]
            for side, values in zip(peaks, np.abs(block), strict=True):
                padded = np.pad(values, (0, -len(values) % _STEP))
                side.extend(padded.reshape(-1, _STEP).max(axis=1).tolist())
        container.mux(stream.encode(None))
    return samples, peaks


def _thin(peaks: list[float]) -> list[float]:
    """At most 1000 values in equal steps, each the loudest of its step, to three digits."""
    if not peaks:
        return []
    count = min(_PEAKS, len(peaks))
    starts = np.arange(count) * len(peaks) // count
    return [round(float(value), 3) for value in np.maximum.reduceat(np.asarray(peaks), starts)]
