"""A product of its own for a measurement: `avasanj up` over a folder that is made for it and thrown away."""

from __future__ import annotations

import contextlib
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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from avasanj.database import Database
from avasanj.errors import InputError, LastingError
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings

_START_S, _LEAVE_S, _LOOK_S = 90.0, 40.0, 0.1
#: What is measured is the machine's own choice of models and threads; all else is the product's default.
_KEPT = ("speech_model", "speech_compute_type", "speech_device", "threads", "phone_region")


class Sandbox:
    """Settings, processes and database of one measurement. `up` starts it; leaving `sandbox()` ends and removes it all."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "log"
        self.port = free_port()
        kept = {name: getattr(settings, name) for name in _KEPT}
        own = {"data_dir": self.data, "web_port": self.port, "language": "en", "log_level": "info"}
        self.settings = settings.model_copy(update={**own, "database_url": None})
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("AVASANJ_", "PROMETHEUS"))
        } | {f"AVASANJ_{name.upper()}": str(value) for name, value in (kept | own).items()}
        self._postgres = EmbeddedPostgres(self.settings.postgres_dir)
        self._up: subprocess.Popen[bytes] | None = None
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        if self._database is None:
            self._database = Database(self._postgres.url(), pool_size=1)
        return self._database

    @property
    def up_pid(self) -> int:
        assert self._up is not None, "up() comes first"
        return self._up.pid

    def up(self, *arguments: str, **settings: object) -> None:
        """Start `avasanj up` and wait until the dashboard answers. Raises LastingError with its last words."""
        more = {f"AVASANJ_{name.upper()}": str(value) for name, value in settings.items()}
        with self.log.open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-m", "avasanj", "up", *arguments],
                env=self._environment | more,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait(lambda: self.health() is not None, _START_S, "the dashboard answers")

    def health(self) -> dict[str, Any] | None:
        """What /health says, None while nothing answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=10) as answer:
                return dict(json.load(answer))
        except (OSError, urllib.error.URLError):
            return None

    def calls_done(self) -> int:
        """Calls that the dashboard shows as scored, or as failed."""
        found = self.health()
        return int(found["calls"]["scored"] + found["calls"]["failed"]) if found else 0

    def wait(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """Wait for a condition. Raises LastingError after `limit_s` or when `avasanj up` has ended."""
        deadline = time.monotonic() + limit_s
        while not condition():
            ended = self._up is not None and self._up.poll() is not None
            if ended or time.monotonic() > deadline:
                said = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
                reason = "`avasanj up` ended" if ended else f"not within {limit_s:.0f} s"
                raise LastingError(f"The measurement broke off, {reason}: {what}. The last it said:\n{said}")
            time.sleep(_LOOK_S)

    def parts(self) -> dict[str, list[int]]:
        """Process ids by part: `up`, each of its children with all below it, and `postgres`."""
        import psutil

        up = psutil.Process(self.up_pid)
        found = {"up": [up.pid]}
        for child in up.children():
            name = " ".join(child.cmdline()[3:]) or child.name()
            name = f"worker {child.cmdline()[5]}" if name.startswith("work --name") else name
            found[name] = [child.pid, *(below.pid for below in child.children(recursive=True))]
        postmaster = int((self.settings.postgres_dir / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
        found["postgres"] = [postmaster, *(one.pid for one in psutil.Process(postmaster).children(recursive=True))]
        return found

    def end(self) -> None:
        if self._database is not None:
            self._database.close()
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGTERM)
            try:
                self._up.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                self._up.kill()
                self._up.wait(_LEAVE_S)
        self._postgres.stop()


@contextlib.contextmanager
def sandbox(settings: Settings) -> Iterator[Sandbox]:
    """A folder with the models linked in and nothing else, removed with its database at the end."""
    if not settings.models_dir.is_dir():
        raise InputError(f"The models are not in {settings.models_dir}. Fetch them: avasanj models fetch")
    # Short, since a socket's path has room for 107 characters; open to pass through, since PostgreSQL has a user of its own.
    folder = Path(tempfile.mkdtemp(prefix="av-bench-"))
    try:
        folder.chmod(0o711)
        (folder / "data").mkdir(mode=0o711)
        (folder / "data" / "models").symlink_to(settings.models_dir.resolve())
        product = Sandbox(folder, settings)
        try:
            yield product
        finally:
            product.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
