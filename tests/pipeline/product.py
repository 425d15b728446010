"""The product as its users start it: real processes over a data folder of their own."""

from __future__ import annotations

import csv
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from avasanj.postgres import EmbeddedPostgres
from tests.peers.receiver import SECRET

_LEAVE_S = 40
COLUMNS = ("agent_file", "customer_file", "started_at", "direction", "caller", "called", "agent", "queue", "transcript")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], Any], limit_s: float, what: str, every_s: float = 0.2) -> Any:
    """The condition's first true value. Fails the test after `limit_s`, saying what did not happen."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(every_s)
    raise AssertionError(f"not within {limit_s:.0f} s: {what}")


class Product:
    """Settings and processes of one Avasanj under test. Everything started is ended, by process id."""

    def __init__(self, models_dir: Path, **settings: object) -> None:
        # Short: a Unix socket's path has room for 107 characters. Outside /root: PostgreSQL's own user must reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="av-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.data = self.folder / "data"
        self.data.mkdir()
        self.data.chmod(0o711)
        (self.data / "models").symlink_to(models_dir)
        self.port = free_port()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AVASANJ_", "PROMETHEUS"))
        }
        self.set(data_dir=self.data, web_port=self.port, webhook_secret=SECRET, **settings)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.postgres = EmbeddedPostgres(self.data / "postgres")
        self.log = self.folder / "log"

    def set(self, **settings: object) -> None:
        self.environment |= {f"AVASANJ_{name.upper()}": str(value) for name, value in settings.items()}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """`avasanj …` in the background; what it says goes to the log."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "avasanj", *arguments],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def run(self, *arguments: str, limit_s: float = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "avasanj", *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def health(self) -> dict[str, Any] | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
                return dict(json.load(answer))
        except (OSError, urllib.error.URLError):
            return None

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()
        self.postgres.stop()
        if kind is not None:
            print(self.said()[-6000:])
        shutil.rmtree(self.folder, ignore_errors=True)


def make_archive(folder: Path, *, customers: int, calls_each: int, length_s: float = 6.0) -> None:
    """Calls with transcripts made elsewhere: every customer's calls some minutes apart, the rows not in that order."""
    folder.mkdir(parents=True)
    start = datetime.datetime(2026, 11, 20, 9, 0, tzinfo=datetime.UTC)
    rows = []
    for number in range(customers * calls_each):
        customer, turn = number % customers, number // customers
        name = f"c{customer:02d}-{turn}"
        for party, pitch_hz in (("agent", 300), ("customer", 500)):
            _tone(folder / f"{name}-{party}.wav", pitch_hz + number, length_s)
        turns = [
            {
                "party": "agent",
                "start_s": 0.2,
                "end_s": 2.0,
                "text": f"Support, Sara speaking, call {number}. How can I help?",
            },
            {
                "party": "customer",
                "start_s": 2.2,
                "end_s": 5.0,
                "text": "I have been waiting for three weeks and nobody ever calls me back.",
            },
        ]
        (folder / f"{name}.json").write_text(json.dumps({"language": "en", "source": "test", "turns": turns}))
        started = start + datetime.timedelta(minutes=10 * turn, seconds=customer)
        rows.append(
            [
                f"{name}-agent.wav",
                f"{name}-customer.wav",
                started.isoformat(),
                "inbound",
                f"0912000{customer:04d}",
                "02191000000",
                "Sara",
                "support",
                f"{name}.json",
            ]
        )
    with (folder / "calls.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows[1::2] + rows[0::2])


def _tone(path: Path, pitch_hz: float, length_s: float) -> None:
    at_s = np.arange(int(8000 * length_s)) / 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes((3000 * np.sin(2 * np.pi * pitch_hz * at_s)).astype("<i2").tobytes())
