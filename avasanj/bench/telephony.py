"""The call ledger's figures: parsers beside their peers, a flood at the socket, how soon the wall shows it, a hundred real calls."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from avasanj.bench import parsers
from avasanj.bench.ami_streams import STREAMS, RecordedEvents
from avasanj.bench.flood import Flood
from avasanj.bench.wall import wall_update_delays
from avasanj.database import Database
from avasanj.errors import LastingError
from avasanj.migrate import upgrade
from avasanj.notify import listen
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings
from telephony import journal
from telephony.frames import Kind
from telephony.ids import call_id

Say = Callable[[str], None]
_EVENTS = 60_000
_FLOOD_PER_S, _FLOOD_S = 10_000.0, 60.0
_SETTLED_S = 15.0  #: from when on the flood's memory is compared
_WALL_PER_S, _WALL_S = 800.0, 30.0
_START_S = 30.0
_BEGINS = re.compile(rb"Event: Newchannel\r\n.*?Uniqueid: (\S+)\r\nLinkedid: (\S+)\r\n", re.DOTALL)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Measure:
    """One figure, its unit in its name; None where it could not be taken, and `note` says what is missing."""

    name: str
    value: float | None
    at_least: float | None = None
    at_most: float | None = None
    note: str | None = None
    failed: bool = False  #: it could have been taken here, and the taking broke

    @property
    def met(self) -> bool:
        if self.value is None:
            return not self.failed
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )


def measure(settings: Settings, say: Say, *, flood_s: float = _FLOOD_S) -> list[Measure]:
    """Everything, one after the other. Takes about five minutes. A part that breaks is noted and costs no other part."""
    try:
        recorded = RecordedEvents()
    except FileNotFoundError:
        note = f"the recorded streams are not in {STREAMS}: run it from a checkout"
        streams = [Measure(name="assemble_events_per_s", value=None, note=note)]
        return [*streams, *taken(("wall_update_p99_s",), lambda: shown_in_time(say))]
    from avasanj.bench import sip_load

    sip = ("sip_calls", "sip_recordings_complete", "listener_core_percent")
    return [
        *taken(("assemble_events_per_s", "ratio"), lambda: parsing(recorded, settings, say)),
        *taken(
            ("socket_events_per_s", "socket_lost_events"), lambda: flooded(recorded, settings, say, lasting_s=flood_s)
        ),
        *taken(("notice_p99_s",), lambda: told_in_time(recorded, settings, say)),
        *taken(("wall_update_p99_s",), lambda: shown_in_time(say)),
        *taken(sip, lambda: sip_load.hundred_calls(settings, say, sip)),
    ]


def taken(names: Sequence[str], take: Callable[[], list[Measure]]) -> list[Measure]:
    """What `take` measures; where it breaks, `names` without a value, with the reason and as missed."""
    try:
        return take()
    except Exception as fault:  # noqa: BLE001 - whatever it is, the figures taken before and after it are still told
        note = f"{type(fault).__name__}: {fault}"
        return [Measure(name=name, value=None, note=note, failed=True) for name in names]


def parsing(recorded: RecordedEvents, settings: Settings, say: Say) -> list[Measure]:
    say(f"{_EVENTS} recorded events through each parser …")
    events = list(recorded.events(_EVENTS))
    ours = parsers.per_second(parsers.assemble, events, settings)
    library = parsers.per_second(parsers.asterisk_ami, events, settings)
    try:
        peer: float | None = parsers.per_second(parsers.panoramisk, events, settings)
    except ImportError:
        peer = None
    missing = None if peer else "panoramisk is not installed: pip install panoramisk"
    return [
        Measure(name="assemble_events_per_s", value=ours),
        Measure(name="asterisk_ami_events_per_s", value=library),
        Measure(name="panoramisk_events_per_s", value=peer, note=missing),
        Measure(name="ratio", value=ours / peer if peer else None, at_least=3.0, note=missing),
    ]


def flooded(recorded: RecordedEvents, settings: Settings, say: Say, *, lasting_s: float) -> list[Measure]:
    say(f"{_FLOOD_PER_S:.0f} events a second at the socket for {lasting_s:.0f} s …")
    with Flood() as pbx, ledger(settings, port=pbx.port) as running:
        running.wait_until_connected(pbx)
        samples: list[tuple[float, float]] = []
        stop = threading.Event()
        watch = threading.Thread(target=_sample, args=(running.process.pid, samples, stop), daemon=True)
        watch.start()
        events = itertools.chain.from_iterable(recorded.again(time) for time in itertools.count())
        sent, took_s = pbx.send(iter(events), per_second=_FLOOD_PER_S, lasting_s=lasting_s)
        stop.set()
        watch.join(2)
        kept = running.events_in_journal(at_least=sent + pbx.answers) - pbx.answers
        reconnected = pbx.connections - 1
    warm = [memory for at, memory in samples if at >= min(_SETTLED_S, lasting_s / 4)]
    third = max(1, len(warm) // 3)
    growth = statistics.median(warm[-third:]) - statistics.median(warm[:third])
    return [
        Measure(name="socket_events_per_s", value=sent / took_s, at_least=_FLOOD_PER_S * 0.99),
        Measure(name="socket_lost_events", value=float(sent - kept), at_most=0),
        Measure(name="socket_reconnects", value=float(reconnected), at_most=0),
        Measure(name="socket_memory_growth_mb", value=growth, at_most=20.0),
        Measure(name="socket_memory_mb", value=max(memory for _, memory in samples)),
    ]


def told_in_time(recorded: RecordedEvents, settings: Settings, say: Say) -> list[Measure]:
    """From a call's first event at the socket until a second connection to the database hears that its row is there."""
    say(f"calls' beginnings among {_WALL_PER_S:.0f} events a second for {_WALL_S:.0f} s …")
    begun: dict[str, float] = {}
    heard: dict[str, float] = {}
    with Flood() as pbx, ledger(settings, port=pbx.port) as running:
        running.wait_until_connected(pbx)
        stop = threading.Event()
        watcher = threading.Thread(target=_hear, args=(running.url, heard, stop), daemon=True)
        watcher.start()
        time.sleep(1.0)

        def noting() -> Iterator[bytes]:
            for number in itertools.count(1000):
                for event in recorded.again(number):
                    begins = _BEGINS.match(event)
                    if begins is not None and begins[1] == begins[2]:
                        begun[str(call_id("bench", begins[1].decode()))] = time.monotonic()
                    yield event

        pbx.send(noting(), per_second=_WALL_PER_S, lasting_s=_WALL_S)
        time.sleep(3.0)
        stop.set()
        watcher.join(3)
    late = sorted(heard[one] - at for one, at in begun.items() if one in heard)
    if len(late) < 50:
        raise LastingError(f"Only {len(late)} calls were heard of; the listener may have ended.")
    return [
        Measure(name="notice_p50_s", value=late[len(late) // 2]),
        Measure(name="notice_p99_s", value=late[int(len(late) * 0.99)], at_most=1.0),
    ]


def shown_in_time(say: Say, *, seconds: float = _WALL_S) -> list[Measure]:
    """From an event's writing until a browser has the wall that shows it, with a hundred calls and three walls open."""
    say(f"pauses of fifty agents until three open walls show them, beside a hundred calls, for {seconds:.0f} s …")
    delays = wall_update_delays(seconds=seconds)
    if not delays:
        raise LastingError("No event was shown on a wall.")
    return [
        Measure(name="wall_update_p50_s", value=delays[len(delays) // 2]),
        Measure(name="wall_update_p99_s", value=delays[int(len(delays) * 0.99)], at_most=1.0),
    ]


@dataclasses.dataclass(kw_only=True)
class Running:
    """A listener in a process of its own, with a database of its own."""

    process: subprocess.Popen[bytes]
    url: str
    journal_dir: Path
    log: Path

    def wait_until_connected(self, pbx: Flood) -> None:
        if not pbx.wait_for_listener(_START_S):
            raise LastingError(f"The listener did not log in. The last it said:\n{self.log.read_text()[-1500:]}")

    def events_in_journal(self, *, at_least: int, limit_s: float = 60.0) -> int:
        """Events that were kept, after waiting until all are there or no more come."""
        deadline = time.monotonic() + limit_s
        count, before = 0, -1
        while count < at_least and count != before and time.monotonic() < deadline:
            time.sleep(2.0)
            before = count
            count = sum(message.kind is Kind.EVENT for _, message in journal.messages(self.journal_dir))
        return count


@contextlib.contextmanager
def ledger(settings: Settings, *, port: int, **more: str) -> Iterator[Running]:
    """`avasanj listen` over a folder and a database that are made for it and thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="av-bench-"))
    folder.chmod(0o711)
    (folder / "data").mkdir(mode=0o711)
    server = EmbeddedPostgres(folder / "pg")
    try:
        server.start()
        url = server.url("postgres")
        upgrade(url)
        Database(url).close()
        own: dict[str, Any] = {
            "DATA_DIR": folder / "data", "DATABASE_URL": url.replace("postgresql+psycopg", "postgresql"),
            "AMI_HOST": "127.0.0.1", "AMI_PORT": port, "AMI_SECRET": "bench", "PBX_NAME": "bench",
            "RECORDINGS_DIR": folder, "RECORDING_WAIT_S": 1, "PHONE_REGION": settings.phone_region, **more,
        }  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AVASANJ_")}
        environment = kept | {f"AVASANJ_{name}": str(value) for name, value in own.items()}
        log = folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "avasanj", "listen"], env=environment, cwd=folder, stdout=out, stderr=out
            )
        try:
            name = re.sub(r"[^\w.-]", "_", str(own["PBX_NAME"]))
            yield Running(process=process, url=url, journal_dir=folder / "data" / "journal" / name, log=log)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _sample(pid: int, samples: list[tuple[float, float]], stop: threading.Event) -> None:
    """The process's memory in MB, with seconds from the beginning."""
    started = time.monotonic()
    while not stop.wait(0.5):
        with contextlib.suppress(psutil.NoSuchProcess):
            samples.append((time.monotonic() - started, psutil.Process(pid).memory_info().rss / 1e6))


def _hear(url: str, heard: dict[str, float], stop: threading.Event) -> None:
    for notice in listen(url, stop):
        if notice.kind == "call":
            heard.setdefault(notice.id, time.monotonic())
