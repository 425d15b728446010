"""A real Asterisk 22 or 16 for tests and benches: `with Asterisk() as pbx: …`, `with Asterisk(version=16) as pbx: …`.

What its dialplan offers is written in `asterisk_conf/extensions.conf` and `asterisk_conf/every_call.conf`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers import certificates, program
from tests.peers.chroot import asterisk_root, cache_dir
from tests.peers.ports import PortBlock

TEMPLATES = Path(__file__).with_name("asterisk_conf")
BOOT_LIMIT_S = 60.0

QUEUE_SUPPORT = "800"  #: queue `support`, recorded while bridged
QUEUE_SHORT = "801"  #: queue `shortq`, given up after 6 s
QUEUE_RECORDED_WHOLE = "802"  #: queue `support`, recorded from the answer on, waiting included
QUEUE_EMPTY = "803"  #: a queue that takes nobody in
QUEUE_MIXED = "811"  #: queue `support`, recorded into one file with both voices
QUEUE_MIXED_TWICE = "812"  #: the same by two recordings on the one channel
QUEUE_UNRECORDED = "810"  #: queue `support`, for recordings started through the manager connection


@dataclasses.dataclass(frozen=True, kw_only=True)
class AgentLine:
    """An agent's endpoint. `contact_port` is for phones that don't register; None means that the phone registers."""

    number: str  #: four digits, first one 1
    name: str
    in_support: bool = True
    contact_port: int | None = None
    context: str = "from-agent"  #: where its calls begin and its transfers land
    group: str = "1"  #: phones of one group may pick up each other's calls with *8


SARA = AgentLine(number="1001", name="Sara")
REZA = AgentLine(number="1002", name="Reza", in_support=False)


class Asterisk:
    """One Asterisk with its own ports and folders, as root, on the loopback interface only.

    `recordings_dir` reads the same inside and outside of the chroot: what Asterisk says in MIXMONITOR_FILENAME is a path of this machine.
    """

    ami_host = "127.0.0.1"
    ami_user = "avasanj"
    weak_user = "weak"  #: may log in, and see nothing of calls

    def __init__(
        self,
        *,
        version: int = 22,
        agents: Sequence[AgentLine] = (SARA, REZA),
        ring_s: int = 15,
        direct_ring_s: int = 20,
        queues: str = "",
        tls: bool = False,
    ) -> None:
        """`ring_s` is how long a queue rings an agent before it tries again; `direct_ring_s` how long a direct call rings.

        `queues` is added to queues.conf. With `tls` the manager also listens encrypted on `ami_tls_port`, as `localhost` and 127.0.0.1,
        with a certificate of the authority in `ami_ca_path`.
        """
        self.version = version
        self._root = asterisk_root(version)
        _sweep(self._root / "runs")
        self.agents = tuple(agents)
        self._ring_s = ring_s
        self._direct_ring_s = direct_ring_s
        self._queues = queues
        self._tls = tls
        if tls:
            program("openssl", package="openssl")
        self.ami_secret = secrets.token_urlsafe(18)
        self.weak_secret = secrets.token_urlsafe(18)
        self.ports = PortBlock(cache_dir() / "ports")
        self.ami_port = self.ports.ami
        self.ami_tls_port = self.ports.ami_tls
        self.trunk_port = (
            self.ports.trunk
        )  #: on 127.0.0.2: where the phones behind the trunk listen (see `tests.peers.sip`)
        self.sip_port = self.ports.sip
        self.customer_port = self.ports.customer  #: where a called customer's phone listens
        self._name = f"{os.getpid()}-{self.ami_port}"
        self.run_dir = self._root / "runs" / self._name
        self.recordings_dir = self.run_dir / "spool" / "monitor"
        self.cdr_csv_path = self.run_dir / "log" / "cdr-csv" / "Master.csv"  #: comes with the first call's end
        self.ami_ca_path = self.run_dir / "tls" / "ca.pem"
        self._process: subprocess.Popen[bytes] | None = None
        self._config = f"/runs/{self._name}/etc/asterisk.conf"

    def __enter__(self) -> Self:
        try:
            self._write_config()
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the running Asterisk."""
        if self._process is None:
            raise RuntimeError("Asterisk is not running; call start() first.")
        return self._process.pid

    def start(self) -> None:
        """Start and wait until fully booted. Again after `stop` or `kill`: same ports, secrets, registrations and recordings."""
        if self._process is not None:
            raise RuntimeError("Asterisk runs already; stop() or kill() it first.")
        (self.run_dir / "run" / "asterisk.ctl").unlink(missing_ok=True)
        with (self.run_dir / "log" / "console").open("ab") as console:
            self._process = subprocess.Popen(
                [*self._chroot(), "-f", "-C", self._config],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                cwd="/",
            )
        self._wait_booted()

    def stop(self) -> None:
        """End it the way a service would (SIGTERM); channels that are up are hung up."""
        self._end(signal.SIGTERM, wait_s=10)

    def kill(self) -> None:
        """End it with kill -9, in the middle of whatever it does. Registrations of the last second are lost with it."""
        self._end(signal.SIGKILL, wait_s=10)

    def freeze(self) -> None:
        """Stop its threads (SIGSTOP) and wait until all stand still: sockets stay open and nothing answers."""
        os.killpg(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 10
        while any(_state(thread) not in "TtZX" for thread in Path(f"/proc/{self.pid}/task").iterdir()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"Asterisk (process {self.pid}) was not stopped within 10 s.")
            time.sleep(0.005)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        os.killpg(self.pid, signal.SIGCONT)

    def cli(self, command: str) -> str:
        """What Asterisk's console prints for a command, such as `queue show support`."""
        done = subprocess.run(
            [*self._chroot(), "-C", self._config, "-rx", command],
            capture_output=True,
            timeout=30,
            check=False,
            cwd="/",
        )
        return done.stdout.decode("utf-8", "replace")

    def wait_until_registered(self, number: str, *, limit_s: float = 10.0) -> None:
        """Wait until an agent's phone can be rung; RuntimeError after `limit_s`."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            if f"Contact:  {number}/" in self.cli(f"pjsip show aor {number}"):
                return
            time.sleep(0.2)
        raise RuntimeError(f"Phone {number} did not register within {limit_s} s.\n{self.log_tail()}")

    def log_tail(self, lines: int = 30) -> str:
        """The end of Asterisk's own log, for error texts."""
        log = self.run_dir / "log" / "full"
        if not log.exists():
            log = self.run_dir / "log" / "console"
        if not log.exists():
            return "(no log)"
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def close(self) -> None:
        """Stop, give the ports back and remove everything that this Asterisk wrote, recordings included."""
        with contextlib.suppress(ProcessLookupError):
            if self._process is not None:
                self.thaw()
        self.stop()
        self.ports.close()
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def _chroot(self) -> list[str]:
        return [program("chroot", package="coreutils"), str(self._root), "/usr/sbin/asterisk"]

    def _modules(self) -> str:
        """Where this Debian architecture keeps Asterisk's modules, as seen inside the root."""
        lib = self._root / "usr/lib"
        folder = next(
            folder for folder in (*lib.glob("*/asterisk/modules"), lib / "asterisk/modules") if folder.is_dir()
        )
        return f"/{folder.relative_to(self._root)}"

    def _end(self, how: signal.Signals, *, wait_s: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(wait_s)

    def _wait_booted(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + BOOT_LIMIT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"Asterisk ended with {self._process.returncode} while starting.\n{self.log_tail()}")
            if "fully booted" in self.cli("core waitfullybooted") and self._listens():
                return
            time.sleep(0.2)
        raise RuntimeError(f"Asterisk was not up within {BOOT_LIMIT_S} s.\n{self.log_tail()}")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.ami_host, self.ami_port)) == 0

    def _write_config(self) -> None:
        for folder in ("etc", "lib", "run", "log/cdr-csv", "log/cel-custom", "spool/monitor", "tls"):
            (self.run_dir / folder).mkdir(parents=True)
        if self._tls:
            certificates.make(self.run_dir / "tls", self.ami_ca_path)
        members = [f"member => PJSIP/{agent.number},0,{agent.name}" for agent in self.agents if agent.in_support]
        values = {
            "RUN": str(self.run_dir),
            "SHORT_RUN": f"/runs/{self._name}",  # the control socket's path must stay below 108 bytes
            "MODULES": self._modules(),
            "AMI_PORT": str(self.ami_port),
            "TLS_ENABLED": "yes" if self._tls else "no",
            "TLS_PORT": str(self.ami_tls_port),
            "HAS_MACRO": "1" if self.version < 21 else "0",
            "TRUNK_PORT": str(self.trunk_port),
            "QUEUES": self._queues,
            "MAILBOXES": "\n".join(f"{agent.number} => 1234,{agent.name}" for agent in self.agents),
            "AMI_USER": self.ami_user,
            "AMI_SECRET": self.ami_secret,
            "WEAK_USER": self.weak_user,
            "WEAK_SECRET": self.weak_secret,
            "SIP_PORT": str(self.sip_port),
            "CUSTOMER_PORT": str(self.customer_port),
            "RTP_START": str(self.ports.rtp_start),
            "RTP_END": str(self.ports.rtp_end),
            "RING_S": str(self._ring_s),
            "DIRECT_RING_S": str(self._direct_ring_s),
            "SUPPORT_MEMBERS": "\n".join(members),
            "AGENTS": "\n".join(_endpoint(agent) for agent in self.agents),
        }
        for template in TEMPLATES.glob("*.conf"):
            text = _filled(template.read_text(encoding="utf-8"), values)
            (self.run_dir / "etc" / template.name).write_text(text, encoding="utf-8")


def _endpoint(agent: AgentLine) -> str:
    contact = "" if agent.contact_port is None else f"contact = sip:{agent.number}@127.0.0.1:{agent.contact_port}"
    template = (TEMPLATES / "phone.template").read_text(encoding="utf-8")
    values = {
        "NUMBER": agent.number,
        "NAME": agent.name,
        "CONTACT": contact,
        "CONTEXT": agent.context,
        "GROUP": agent.group,
    }
    return _filled(template, values)


def _state(thread: Path) -> str:
    """The letter in which /proc tells whether a thread runs (R, S, D), is stopped (T) or is gone (X)."""
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _filled(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template


def _sweep(runs: Path) -> None:
    """Remove what test processes that died left behind: their folders, and an Asterisk that still runs in one."""
    for folder in runs.iterdir():
        owner = int(folder.name.split("-")[0])
        if Path(f"/proc/{owner}").exists():
            continue
        for process in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if f"/runs/{folder.name}/etc/asterisk.conf".encode() in process.read_bytes().split(b"\0"):
                    os.kill(int(process.parent.name), signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)
