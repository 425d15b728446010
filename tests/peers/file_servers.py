"""Servers of files on the loopback interface: OpenSSH's sshd for SFTP, and s3rver for S3.

s3rver is a server of its own that checks signatures, made for tests; Debian has no S3 server that can be unpacked and run (its
rclone is built without one).
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.peers import PeerMissing, program
from tests.peers.chroot import _locked, cache_dir

_START_LIMIT_S = 15.0
_SSHD_CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/user_key.pub
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
LogLevel ERROR
"""
_S3RVER = "s3rver@3.7.1"


class _Server:
    """A server process of a test's own. `stop` and `start` again: the same port, keys and files."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._dir = Path(tempfile.mkdtemp(prefix="avasanj-files-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start, and wait until connections are taken."""
        with (self._dir / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"The server did not start.\n{(self._dir / 'log').read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """End it at once, connections that are open included."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):  # sshd has one for each connection
                child.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(10)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._dir, ignore_errors=True)


class SftpServer(_Server):
    """sshd with a key for this user; what it serves is this machine's own files."""

    def __init__(self) -> None:
        sshd = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if sshd is None:
            raise PeerMissing(
                "sshd is not installed; run tests/peers/install.sh as root, or: apt-get install openssh-server"
            )
        super().__init__()
        self._sshd = sshd
        self.key_file = self._dir / "user_key"
        self.known_hosts = self._dir / "known_hosts"
        for name in ("host_key", "user_key"):
            self._make_key(name)
        self.trust()
        (self._dir / "sshd_config").write_text(_SSHD_CONFIG.format(port=self.port, folder=self._dir))
        with contextlib.suppress(OSError):
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)

    def url(self, folder: Path) -> str:
        return f"sftp://{getpass.getuser()}@127.0.0.1:{self.port}{folder}"

    def trust(self, other: str | None = None) -> None:
        """Write the server's key, or another's, among the known hosts."""
        key = (self._dir / f"{other or 'host_key'}.pub").read_text().split()[:2]
        self.known_hosts.write_text(f"[127.0.0.1]:{self.port} {' '.join(key)}\n")

    def _make_key(self, name: str) -> None:
        keygen = program("ssh-keygen", package="openssh-client")
        subprocess.run([keygen, "-q", "-t", "ed25519", "-N", "", "-f", str(self._dir / name)], check=True)

    def _command(self) -> list[str]:
        return [self._sshd, "-D", "-e", "-f", str(self._dir / "sshd_config")]


class S3Server(_Server):
    """One bucket, kept over a `stop`. Its key is s3rver's only one."""

    access_key = secret_key = "S3RVER"

    def __init__(self, bucket: str) -> None:
        self._program = s3rver()
        super().__init__()
        self._bucket = bucket

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def put(self, key: str, content: bytes) -> None:
        """Lay an object into the bucket, by the protocol."""
        from s3fs import S3FileSystem

        client = S3FileSystem(
            key=self.access_key, secret=self.secret_key, endpoint_url=self.endpoint, skip_instance_cache=True
        )
        client.pipe_file(f"{self._bucket}/{key}", content)

    def _command(self) -> list[str]:
        node = _node("node")
        return [
            node, "--openssl-legacy-provider",  # its paging tokens are enciphered by an old method
            str(self._program), "--directory", str(self._dir / "objects"), "--address", "127.0.0.1",
            "--port", str(self.port), "--configure-bucket", self._bucket,
        ]  # fmt: skip


def s3rver() -> Path:
    """s3rver's program, fetched once. Raises PeerMissing where that can't be done."""
    home = cache_dir() / _S3RVER.replace("@", "-")
    started = home / "node_modules/s3rver/bin/s3rver.js"
    with _locked(cache_dir() / "s3rver.lock"):
        if not started.is_file():
            npm = _node("npm")
            command = [npm, "install", "--prefix", str(home), "--no-audit", "--no-fund", "--ignore-scripts", _S3RVER]
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
            if done.returncode != 0 or not started.is_file():
                last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                raise PeerMissing(f"{_S3RVER} can't be fetched: {last}")
    return started


def _node(name: str) -> str:
    """Of the build dependencies' Node where it is installed, else the machine's."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", "")]))
    if found is None:
        raise PeerMissing(f"{name} is missing; install the development dependencies: pip install -e '.[dev]'")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
