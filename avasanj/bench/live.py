"""How soon the words of a running call are there: calls written to disk as Asterisk writes them, heard by a real worker."""

from __future__ import annotations

import json
import statistics
import threading
import time
import uuid
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from avasanj.bench.figures import Figure
from avasanj.bench.measure import Say
from avasanj.bench.sandbox import Sandbox, sandbox
from avasanj.database import Database, utc_now
from avasanj.errors import LastingError
from avasanj.notify import listen
from avasanj.samples import FOLDER
from avasanj.settings import Settings
from telephony.tables import Call, CallState, Direction, Party, Source
from transcription.audio import Recording
from transcription.tables import LiveTurn

_RATE_HZ = 8000
#: Asterisk gathers this much of a file before it writes: 2 s of telephone sound
_GATHERED_BYTES = 32_768
#: a turn of the reference counts as shown when what is shown reaches this close to its end
_NEAR_S = 0.7
_LONGEST_S, _AFTER_S = 75.0, 15.0
_MEDIAN_S = 4.0


@dataclass(frozen=True, kw_only=True)
class _Leg:
    path: Path
    pcm: bytes
    ends_s: list[float]  #: of its turns


@dataclass(frozen=True, kw_only=True)
class _Running:
    id: uuid.UUID
    began_s: float  #: monotonic
    legs: dict[Party, _Leg]


def live(settings: Settings, say: Say, *, calls: int) -> list[Figure]:
    """`calls` of the English samples at once, in real time; from the end of each turn to the notice that its words are there.

    Raises LastingError where fewer than nine turns in ten are ever shown.
    """
    with sandbox(settings) as product:
        monitor = product.folder / "monitor"
        monitor.mkdir()
        product.up(recordings_dir=monitor, live_calls=calls)
        say("Loading the speech model …")
        _run(product, monitor, calls=1, longest_s=15.0)
        say(f"{calls} calls are running …")
        delays, turns = _run(product, monitor, calls=calls, longest_s=_LONGEST_S)
    if len(delays) < 0.9 * turns:
        raise LastingError(f"Of {turns} turns only {len(delays)} were shown within {_AFTER_S:g} s of their call's end.")
    ordered = sorted(delays)
    return [
        Figure(name="turn shown after its end, median", value=statistics.median(delays), unit="s", below=_MEDIAN_S),
        Figure(name="turn shown after its end, 9 in 10 within", value=ordered[int(0.9 * len(ordered))], unit="s"),
        Figure(name="turns shown", value=len(delays) / turns, unit="of all"),
        Figure(name="calls at once", value=calls, unit=""),
    ]


def _run(product: Sandbox, monitor: Path, *, calls: int, longest_s: float) -> tuple[list[float], int]:
    """Delays of the turns that were shown, and how many there were."""
    names = sorted(path.stem for path in (FOLDER / "references").glob("en-*.json"))
    running = [_begin(product.database, monitor, names[n % len(names)], longest_s) for n in range(calls)]
    shown: dict[tuple[uuid.UUID, Party], list[tuple[float, float]]] = {}
    stop = threading.Event()
    watching = threading.Thread(target=_watch, args=(product.database, shown, stop))
    watching.start()
    writers = [threading.Thread(target=_write, args=(one, leg)) for one in running for leg in one.legs.values()]
    try:
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        time.sleep(_AFTER_S)
    finally:
        stop.set()
        watching.join()
        _end(product.database, [one.id for one in running])
    delays, turns = [], 0
    for one in running:
        for party, leg in one.legs.items():
            for end_s in leg.ends_s:
                turns += 1
                seen = [at for reach_s, at in shown.get((one.id, party), []) if reach_s >= end_s - _NEAR_S]
                delays += [min(seen) - one.began_s - end_s] if seen else []
    return delays, turns


def _begin(database: Database, monitor: Path, name: str, longest_s: float) -> _Running:
    call_id = uuid.uuid4()
    reference = json.loads((FOLDER / "references" / f"{name}.json").read_text())["turns"]
    legs = {}
    for party in (Party.CUSTOMER, Party.AGENT):
        blocks = Recording(FOLDER / "calls" / f"{name}-{party.value}.ogg").blocks(_RATE_HZ)
        sound = np.concatenate([*blocks, np.zeros(2 * _RATE_HZ, np.float32)])[: round((longest_s + 2) * _RATE_HZ)]
        path = monitor / f"{call_id}-{party.value[0]}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(_RATE_HZ)
        ends = [turn["end_s"] for turn in reference if turn["party"] == party.value and turn["end_s"] < longest_s]
        legs[party] = _Leg(path=path, pcm=(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes(), ends_s=ends)
    now = utc_now()
    files: list[dict[str, object]] = [
        {"party": party.value, "path": str(leg.path), "offset_s": 0.0, "cuts": [], "counts": None}
        for party, leg in legs.items()
    ]
    with database.transaction() as session:
        session.add(
            Call(
                id=call_id,
                pbx="bench",
                linked_id=str(call_id),
                source=Source.LIVE,
                direction=Direction.INBOUND,
                state=CallState.TALKING,
                started_at=now,
                answered_at=now,
                language="en",
                running=files,
            )
        )
    return _Running(id=call_id, began_s=time.monotonic(), legs=legs)


def _write(call: _Running, leg: _Leg) -> None:
    """In pieces of the size that Asterisk's files grow by, each when its last sound was said."""
    for at in range(0, len(leg.pcm), _GATHERED_BYTES):
        piece = leg.pcm[at : at + _GATHERED_BYTES]
        said_s = (at + len(piece)) / (2 * _RATE_HZ)
        time.sleep(max(0.0, call.began_s + said_s - time.monotonic()))
        with leg.path.open("ab") as file:
            file.write(piece)


def _watch(
    database: Database, shown: dict[tuple[uuid.UUID, Party], list[tuple[float, float]]], stop: threading.Event
) -> None:
    """As an open page does: a notice, then a look; how far the words of each party reach, and since when."""
    known: set[int] = set()
    for notice in listen(database.url, stop):
        if notice.kind != "call":
            continue
        with database.read() as session:
            turns = session.scalars(select(LiveTurn).where(LiveTurn.call_id == uuid.UUID(notice.id))).all()
        for turn in turns:
            if turn.id not in known:
                known.add(turn.id)
                shown.setdefault((turn.call_id, Party(turn.party)), []).append((turn.end_s, time.monotonic()))


def _end(database: Database, ids: list[uuid.UUID]) -> None:
    with database.transaction() as session:
        for row in session.scalars(select(Call).where(Call.id.in_(ids))):
            row.state, row.running, row.ended_at = CallState.ENDED, None, utc_now()
