"""The phones of both sides: `SipCaller` and `SipCallee` are customers (sipp), `BaresipAgent` in `agent_phone` is an agent."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers import program, sounds
from tests.peers.agent_phone import BaresipAgent
from tests.peers.asterisk import Asterisk

__all__ = ["BaresipAgent", "SipCallee", "SipCaller"]

SCENARIOS = Path(__file__).with_name("sipp")


class _SippPhone:
    """One sipp process with one call. Leaving the `with` block ends it, whatever the call does."""

    def __init__(self, pbx: Asterisk, *, says: Path | None, speaks_after_s: float, limit_s: float) -> None:
        self._pbx = pbx
        self._says = says
        self._speaks_after_s = speaks_after_s
        self._limit_s = limit_s
        self._dir = Path(tempfile.mkdtemp(prefix="avasanj-sipp-"))
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

    def start(self) -> None:
        """Start the phone: it dials, or listens."""
        raise NotImplementedError

    def wait(self, limit_s: float | None = None) -> int:
        """Wait for the end of the call. 0 when it went as told; 1 when the other side did something else (hung up first, refused)."""
        if self._process is None:
            raise RuntimeError("The phone was not started; use it in a with block.")
        try:
            return self._process.wait(self._limit_s + 5 if limit_s is None else limit_s)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"The customer's phone is still busy; its log:\n{self.log()}") from None

    @property
    def is_busy(self) -> bool:
        """Whether the call still goes on or has yet to come."""
        return self._process is not None and self._process.poll() is None

    def log(self) -> str:
        """What sipp complained of."""
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(self._dir.glob("*.log")))[
            -4000:
        ]

    def close(self) -> None:
        """End the phone at once; a call that is up loses its audio, as with a lost network."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        shutil.rmtree(self._dir, ignore_errors=True)

    def _run(self, scenario: str, *arguments: str, sip_port: int, media_port: int) -> None:
        audio = self._dir / "says.al"
        if self._says is None:
            audio.write_bytes(b"\xd5" * sounds.RATE_HZ)  # a second of A-law silence
        else:
            sounds.as_a_law(self._says, audio, silence_before_s=self._speaks_after_s)
        (self._dir / "call.xml").write_text(scenario.replace("@AUDIO@", "says.al"), encoding="utf-8")
        options = (
            f"-sf call.xml -m 1 -nostdin -aa -i 127.0.0.1 -p {sip_port} -mi 127.0.0.1 -mp {media_port} -cp {media_port + 4}"
            f" -timeout {self._limit_s:.0f}s -timeout_error -trace_err -error_file errors.log"
        )
        with (self._dir / "sipp.log").open("wb") as log:
            self._process = subprocess.Popen(
                [program("sipp", package="sip-tester"), *options.split(), *arguments],
                cwd=self._dir,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "TERM": "dumb"},
            )


class SipCaller(_SippPhone):
    """A customer who calls.

    `number=None` calls without a caller number. `hang_up_after_s` counts from the answer (a queue of ours answers at once);
    None waits for the other side. `cancel_after_s` counts from the first ringing and gives up a call that was not answered.
    `says` is any sound file; it starts `speaks_after_s` after the answer, and after its end the customer is silent.
    """

    def __init__(
        self,
        pbx: Asterisk,
        dials: str,
        *,
        number: str | None = "09121234567",
        name: str | None = None,
        says: Path | None = None,
        speaks_after_s: float = 0.0,
        hang_up_after_s: float | None = None,
        cancel_after_s: float | None = None,
        limit_s: float = 120.0,
    ) -> None:
        super().__init__(pbx, says=says, speaks_after_s=speaks_after_s, limit_s=limit_s)
        self._dials = dials
        display = "" if name is None else f'"{name}" '
        self._from = f"{display}<sip:{number}@127.0.0.1>" if number else '"Anonymous" <sip:anonymous@anonymous.invalid>'
        self._after_s = cancel_after_s if cancel_after_s is not None else hang_up_after_s
        if cancel_after_s is not None:
            self._parts = ["cancel"]
        else:
            self._parts = ["talk", "wait_for_bye" if hang_up_after_s is None else "hang_up_first"]

    def start(self) -> None:
        """Dial."""
        after = "".join(_scenario(part) for part in self._parts)
        text = _scenario("dial").replace("@AFTER_INVITE@", after).replace("@FROM@", self._from)
        text = text.replace("@TALK_MS@", str(round((self._after_s or 0) * 1000)))
        port = self._pbx.ports.next_phone()
        target = f"127.0.0.1:{self._pbx.sip_port}"
        self._run(text, "-s", self._dials, target, sip_port=port, media_port=port + 4)


class SipCallee(_SippPhone):
    """A customer whom an agent calls: any number that an agent dials outside of 1XXX rings here. One per Asterisk at a time."""

    def __init__(
        self,
        pbx: Asterisk,
        *,
        says: Path | None = None,
        speaks_after_s: float = 0.0,
        ring_s: float = 1.0,
        hang_up_after_s: float | None = None,
        limit_s: float = 120.0,
    ) -> None:
        super().__init__(pbx, says=says, speaks_after_s=speaks_after_s, limit_s=limit_s)
        self._ring_s = ring_s
        self._after_s = hang_up_after_s

    def start(self) -> None:
        """Listen for the call."""
        ending = _scenario("wait_for_bye" if self._after_s is None else "hang_up_as_called")
        text = _scenario("answer").replace("@AFTER_ANSWER@", ending)
        text = text.replace("@RING_MS@", str(round(self._ring_s * 1000)))
        text = text.replace("@TALK_MS@", str(round((self._after_s or 0) * 1000)))
        media_port = self._pbx.customer_port + 4
        self._run(text, sip_port=self._pbx.customer_port, media_port=media_port)
        time.sleep(0.3)  # sipp says nothing when it listens


def _scenario(name: str) -> str:
    return (SCENARIOS / f"{name}.xml").read_text(encoding="utf-8")
