"""Calls to measure with, cut and joined from the sample calls, so that people really speak in them."""

from __future__ import annotations

import csv
import datetime
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avasanj.errors import InputError

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
RATE_HZ = 8_000
_START = datetime.datetime(2026, 11, 21, 9, 0, tzinfo=datetime.UTC)
_COLUMNS = [
    "agent_file",
    "customer_file",
    "started_at",
    "direction",
    "caller",
    "called",
    "agent",
    "queue",
    "transcript",
]
Sound = npt.NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Talk:
    """Both legs of a conversation: 16-bit samples at 8 kHz, equally long."""

    agent: Sound
    customer: Sound

    def part(self, from_s: float, to_s: float) -> Talk:
        cut = slice(int(from_s * RATE_HZ), int(to_s * RATE_HZ))
        return Talk(agent=self.agent[cut], customer=self.customer[cut])

    def __add__(self, other: Talk) -> Talk:
        return Talk(
            agent=np.concatenate([self.agent, other.agent]), customer=np.concatenate([self.customer, other.customer])
        )

    @property
    def length_s(self) -> float:
        return self.agent.size / RATE_HZ


def english_talks() -> list[Talk]:
    """The English sample calls. Raises InputError outside of a checkout, where there are none."""
    names = sorted(path.name.removesuffix("-agent.ogg") for path in (SAMPLES / "calls").glob("en-*-agent.ogg"))
    if not names:
        raise InputError(f"There are no sample calls in {SAMPLES}. Benches run from a checkout of the source.")
    return [_talk(name) for name in names]


def two_minutes(take: int) -> Talk:
    """A call of exactly two minutes; another `take`, another conversation."""
    talks = english_talks()
    joined = talks[take % len(talks)]
    while joined.length_s < 120:
        take += 1
        joined += talks[take % len(talks)]
    return joined.part(0, 120)


def short_call(number: int) -> Talk:
    """20 to 40 s out of a sample call, different for each number up to some hundreds."""
    talks = english_talks()
    talk = talks[number % len(talks)]
    from_s = 1.5 * (number // len(talks)) % 20
    return talk.part(from_s, from_s + 20 + 7 * (number % 4))


def write_archive(folder: Path, talks: Sequence[Talk], *, first: int = 0) -> Path:
    """WAV legs and a calls.csv in a new folder, ready to be imported. Calls are numbered from `first`."""
    import soundfile

    folder.mkdir(parents=True)
    with (folder / "calls.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for number, talk in enumerate(talks, start=first):
            files = f"{number:04d}-agent.wav", f"{number:04d}-customer.wav"
            for name, sound in zip(files, (talk.agent, talk.customer), strict=True):
                soundfile.write(folder / name, sound, RATE_HZ, subtype="PCM_16")
            started = _START + datetime.timedelta(minutes=3 * number)
            caller = f"0912000{number % 50:04d}"
            writer.writerow([*files, started.isoformat(), "inbound", caller, "02100000100", "Sara", "support", ""])
    return folder


@functools.cache
def _talk(name: str) -> Talk:
    agent, customer = (_sound(SAMPLES / "calls" / f"{name}-{party}.ogg") for party in ("agent", "customer"))
    size = max(agent.size, customer.size)
    return Talk(agent=np.pad(agent, (0, size - agent.size)), customer=np.pad(customer, (0, size - customer.size)))


def _sound(path: Path) -> Sound:
    """A mono file's samples at 8 kHz."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    with av.open(str(path)) as file:
        frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames]).astype(np.int16)
