"""One machine, one process tree: the parts of Avasanj as children of `avasanj up`, started, watched, and ended together."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from avasanj.errors import LastingError, SettingsError
from avasanj.log import get_logger

_log = get_logger(__name__)
_PR_SET_PDEATHSIG = 1
_LEAVE_S = 20.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
#: A child that lived this long had started well: its next start waits for nothing.
_STEADY_S = 60.0


@dataclass(kw_only=True)
class Child:
    """One part of the product, kept running."""

    name: str
    arguments: Sequence[str]
    log: Path | None = None  #: where what it says goes; None: where ours goes
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    pause_s: float = _FIRST_PAUSE_S
    next_start_s: float = 0.0
    restarts: int = 0

    def start(self) -> None:
        log = self.log.open("ab") if self.log else None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "avasanj", *self.arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C goes to `up` alone, which ends its children in order
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - nothing else is threaded yet, and it makes one system call
        )
        if log:
            log.close()
        self.started_s = time.monotonic()

    def watch(self) -> None:
        """Start it again when it has ended, after a pause that grows while it keeps failing."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            if now - self.started_s > _STEADY_S:
                self.pause_s = _FIRST_PAUSE_S
            self.restarts += 1
            _log.warning("part_ended", part=self.name, code=self.process.returncode, again_in_s=self.pause_s)
            self.process, self.next_start_s = None, now + self.pause_s
            self.pause_s = min(_LONGEST_PAUSE_S, self.pause_s * 2)
        if self.process is None and now >= self.next_start_s:
            self.start()


@dataclass(kw_only=True)
class Family:
    """The children, ended by process id in the reverse of the order in which they were started."""

    children: list[Child] = field(default_factory=list)

    def start(self) -> None:
        for child in self.children:
            child.start()

    def watch(self) -> None:
        for child in self.children:
            child.watch()

    def end(self) -> None:
        """Ask each to leave, and make those leave that have not within 20 s."""
        running = [child.process for child in reversed(self.children) if child.process and child.process.poll() is None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + _LEAVE_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the data folder; raises LastingError when another `avasanj up` has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "up.lock").open("a+")
    except OSError as error:
        raise SettingsError(
            f"The data folder {folder} can't be written: {error.strerror}. Set AVASANJ_DATA_DIR to a folder of your own."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LastingError(
                f"Avasanj is already running over {folder}. Use it, stop it with Ctrl-C, or set AVASANJ_DATA_DIR to another folder."
            ) from None
        yield


@contextlib.contextmanager
def only_worker(folder: Path, name: str) -> Iterator[None]:
    """Hold a worker's name on this machine; raises LastingError when a living one has it: each would redo the other's work."""
    file_name = "".join(letter if letter.isalnum() else "_" for letter in name)
    with (folder / f"worker-{file_name}.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LastingError(
                f"A worker named {name} runs on this machine already. Give this one another name: avasanj work --name {name}2."
            ) from None
        yield


def is_held(folder: Path) -> bool:
    """Whether an `avasanj up` holds the data folder."""
    try:
        with (folder / "up.lock").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def check_port(host: str, port: int) -> None:
    """Raise LastingError when something else listens where the dashboard should."""
    with contextlib.closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise LastingError(
                f"The dashboard can't listen on {host}:{port}: {error.strerror}. Stop what uses it, or set AVASANJ_WEB_PORT."
            ) from error


def _die_with_parent() -> None:
    """In the child, before it starts: be told to end when `up` itself is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    os.umask(0o077)
