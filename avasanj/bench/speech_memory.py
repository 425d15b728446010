"""`avasanj bench speech-memory`: whether the speech engine grows over hundreds of calls of mixed lengths, several at once."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import statistics
import tempfile
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from avasanj import memory
from avasanj.bench import processes
from avasanj.bench.archive import SAMPLES
from avasanj.bench.figures import Figure
from avasanj.errors import LastingError
from avasanj.settings import Settings

if TYPE_CHECKING:
    from transcription.legs import Leg

Say = Callable[[str], None]
#: how many calls until the memory counts as settled, and over how many measurements the middle one is taken
FIRST, _AROUND = 50, 5
MOST_GROWTH_PERCENT, MOST_PEAK_MB = 3.0, 1200.0
_SHORTEST_S, _USUAL_S, _LONGEST_S = 4.0, 14.0, 60.0
_RATE_HZ = 8000
_LIMIT_S = 3600.0


def measure(settings: Settings, say: Say, *, calls: int = 500) -> list[Figure]:
    """Memory after 50 calls and after the last, growth in percent, and the peak: of the engine in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_hear, args=(settings, calls, there))
    child.start()
    taken: list[float] = []
    try:
        while len(taken) < calls:
            if not here.poll(_LIMIT_S) or (found := here.recv()) is None:
                raise LastingError("The speech engine's process ended early. Its last words are above.")
            taken.append(found)
            if len(taken) % FIRST == 0:
                say(f"{len(taken)} of {calls} calls, {taken[-1]:.0f} MB …")
        peak = here.recv()
    except EOFError:
        raise LastingError("The speech engine's process ended early. Its last words are above.") from None
    finally:
        child.terminate()
        child.join()
    before = statistics.median(taken[FIRST - _AROUND : FIRST + _AROUND])
    after = statistics.median(taken[-2 * _AROUND :])
    return [
        Figure(name=f"memory after {FIRST} calls", value=before, unit="MB"),
        Figure(name=f"memory after {calls} calls", value=after, unit="MB"),
        Figure(name="growth", value=100 * (after - before) / before, unit="%", below=MOST_GROWTH_PERCENT),
        Figure(name="peak", value=peak, unit="MB", below=MOST_PEAK_MB),
    ]


def _hear(settings: Settings, calls: int, parent: Connection) -> None:
    """In the child: put the calls into words, as many at once as a worker does, and tell the memory after each."""
    from transcription.engines import calls_at_once, engine_of

    memory.hold_little()  # as every process of ours begins
    engine, at_once = engine_of(settings), calls_at_once(settings)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as pool:
        _write_samples(Path(folder))

        def hear(number: int) -> None:
            legs = _call(Path(folder), number)
            engine.transcribe(legs, "en")
            for leg in legs:
                leg.path.unlink()

        for _ in pool.map(hear, range(calls)):
            parent.send(processes.rss_mb([os.getpid()]))
    parent.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
    engine.leave()


def _write_samples(folder: Path) -> None:
    """The English sample calls' sound at 8 kHz, kept on the disk so that the bench itself takes no memory."""
    from transcription.audio import Recording

    for path in sorted((SAMPLES / "calls").glob("en-*.ogg")):
        with (folder / f"{path.stem}.raw").open("wb") as file:
            for block in Recording(path).blocks(_RATE_HZ):
                file.write((block * 32767).astype("<i2").tobytes())


def _call(folder: Path, number: int) -> list[Leg]:
    """A stretch of a sample call, 4 to 60 s long, most of them short; the same in every run."""
    from telephony.tables import Party
    from transcription.legs import Leg

    chance = random.Random(number)  # noqa: S311 - nothing secret
    name = chance.choice(sorted(path.stem.removesuffix("-agent") for path in folder.glob("*-agent.raw")))
    length = int(min(_LONGEST_S, _SHORTEST_S + chance.expovariate(1 / _USUAL_S)) * _RATE_HZ)
    share = chance.random()
    legs: list[Leg] = []
    for party in (Party.CUSTOMER, Party.AGENT):
        raw = folder / f"{name}-{party.value}.raw"
        begin = int(share * max(0, raw.stat().st_size // 2 - length))
        path = folder / f"{number}-{party.value}.wav"
        _write(path, raw.open("rb"), begin, length)
        legs.append(Leg(recording_id=len(legs), party=party, path=path, channel=None, start_s=0.0))
    return legs


def _write(path: Path, raw: BinaryIO, begin: int, length: int) -> None:
    with raw, wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE_HZ)
        raw.seek(2 * begin)
        file.writeframes(raw.read(2 * length))
