"""Many calls at once, with RTP both ways and each party recorded: `with load.ready() as pbx: load.hundred_calls(pbx)`."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.peers import program, sounds
from tests.peers.asterisk import AgentLine, Asterisk

DIALLED, QUEUE = "8900", "load"
SCENARIOS = Path(__file__).with_name("sipp")
#: What the phones say, in Hz.
CUSTOMER_HZ, AGENT_HZ = 400, 700
RING_S = 1.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoadedCalls:
    """What must be in the ledger: these callers, each answered once in queue `load`, for `talk_s` (±1 s), ended by the customer;
    each of these agents took one of them; and two files a call, one a party, `talk_s` long."""

    callers: tuple[str, ...]
    agents: tuple[str, ...]  #: interfaces
    talk_s: float
    began_at: float  #: seconds since 1970
    all_up_at: float  #: from here on all were up at once, for `talk_s` less the time that it took to begin them
    ended_at: float

    @property
    def recordings(self) -> int:
        """Files of one party that must be there."""
        return 2 * len(self.callers)


@contextlib.contextmanager
def ready(*, count: int = 100, version: int = 22, tls: bool = False) -> Iterator[Asterisk]:
    """An Asterisk whose queue `load` has as many agents as there will be calls; `PeerMissing` where this machine can't."""
    program("sipp", package="sip-tester")
    port = _free_port()
    agents = [
        AgentLine(number=f"1{index:03}", name=f"Agent {index:03}", in_support=False, contact_port=port)
        for index in range(count)
    ]
    members = "\n".join(f"member => PJSIP/{agent.number},0,{agent.name}" for agent in agents)
    with Asterisk(
        version=version, agents=agents, queues=f"[{QUEUE}](ringing)\nstrategy = rrmemory\n{members}", tls=tls
    ) as pbx:
        yield pbx


def hundred_calls(pbx: Asterisk, *, count: int = 100, talk_s: float = 30.0, calls_per_s: float = 8.0) -> LoadedCalls:
    """Play `count` calls at once on a PBX from `ready`; returns when all have ended. RuntimeError if one did not go as told.

    All are up together if `talk_s` is longer than `count / calls_per_s`.
    """
    port = pbx.agents[0].contact_port
    if port is None or len(pbx.agents) < count:
        raise RuntimeError(f"This Asterisk has no {count} agents for a load; take one from tests.peers.load.ready.")
    callers = tuple(f"0215557{index:04}" for index in range(count))
    with tempfile.TemporaryDirectory(prefix="avasanj-load-") as name:
        folder = Path(name)
        _write(folder, callers, talk_s)
        media = pbx.ports.ami + 1500
        called = _sipp(folder, "called.xml", "127.0.0.1", port, media, count, talk_s)
        try:
            time.sleep(0.5)  # sipp says nothing when it listens
            began_at = time.time()
            calling = _sipp(
                *(folder, "calling.xml", "127.0.0.2", pbx.trunk_port, media, count, talk_s),
                *("-r", str(calls_per_s), "-inf", "callers.csv", "-s", DIALLED, f"127.0.0.1:{pbx.sip_port}"),
            )
            try:
                code = calling.wait(count / calls_per_s + talk_s + 60)
                ended_at = time.time()
            finally:
                _end(calling)
            code = code or called.wait(15)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"The {count} calls were not over in time.{_errors(folder)}") from None
        finally:
            _end(called)
        if code:
            raise RuntimeError(f"Not all of {count} calls went as told (sipp ended with {code}).{_errors(folder)}")
    return LoadedCalls(
        callers=callers,
        agents=tuple(f"PJSIP/{agent.number}" for agent in pbx.agents[:count]),
        talk_s=talk_s,
        began_at=began_at,
        all_up_at=began_at + count / calls_per_s + RING_S,
        ended_at=ended_at,
    )


def _write(folder: Path, callers: tuple[str, ...], talk_s: float) -> None:
    """The scenarios' files: what to say, who calls, what to do."""
    for name, pitch_hz in (("customer", CUSTOMER_HZ), ("agent", AGENT_HZ)):
        wav = sounds.tone(folder / f"{name}.wav", pitch_hz=pitch_hz, length_s=RING_S + talk_s)
        sounds.as_a_law(wav, folder / f"{name}.al")
    (folder / "callers.csv").write_text("SEQUENTIAL\n" + "".join(f"{caller};\n" for caller in callers))
    parts = [(SCENARIOS / f"{name}.xml").read_text(encoding="utf-8") for name in ("dial", "talk", "hang_up_first")]
    calling = parts[0].replace("@AFTER_INVITE@", "".join(parts[1:]))
    calling = calling.replace("@FROM@", "<sip:[field0]@127.0.0.1>").replace(
        "@TALK_MS@", str(round((RING_S + talk_s) * 1000))
    )
    (folder / "calling.xml").write_text(calling.replace("@AUDIO@", "customer.al"), encoding="utf-8")
    called = (SCENARIOS / "answer.xml").read_text(encoding="utf-8")
    called = called.replace("@AFTER_ANSWER@", (SCENARIOS / "wait_for_bye.xml").read_text(encoding="utf-8"))
    (folder / "called.xml").write_text(
        called.replace("@RING_MS@", str(round(RING_S * 1000))).replace("@AUDIO@", "agent.al"), "utf-8"
    )


def _sipp(
    folder: Path, scenario: str, host: str, port: int, media_port: int, count: int, talk_s: float, *more: str
) -> subprocess.Popen[bytes]:
    options = (
        f"-sf {scenario} -m {count} -l {count} -nostdin -aa -i {host} -p {port} -mi {host} -mp {media_port}"
        f" -cp {_free_port()} -timeout {talk_s + 90:.0f}s -timeout_error -trace_err -error_file {scenario}.log"
        " -rtp_threadtasks 50"
    )
    return subprocess.Popen(
        [program("sipp", package="sip-tester"), *options.split(), *more],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "TERM": "dumb"},
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _errors(folder: Path) -> str:
    return "".join(
        f"\n{path.name}: {path.read_text(encoding='utf-8', errors='replace')[-1500:]}"
        for path in sorted(folder.glob("*.xml.log"))
    )


def _free_port() -> int:
    """A port of the loopback that nothing uses now, for TCP and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
