"""An agent's phone: baresip without a sound card, driven through its control port."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.peers import program, sounds
from tests.peers.asterisk import Asterisk

CONFIG = """\
poll_method epoll
sip_listen 127.0.0.1:{sip_port}
call_local_timeout 300
call_max_calls 4
audio_source aufile,{says}
audio_player aubridge,nobody
audio_alert aubridge,nobody
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {media_port}-{media_port_end}
jitter_buffer_delay 5-10
net_interface 127.0.0.1
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
statmode_default off
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
"""
COMMAND_LIMIT_S = 5.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhoneEvent:
    """What the phone noticed, in baresip's words: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, REGISTER_OK, …"""

    kind: str
    detail: str
    at_s: float  #: time.monotonic()


class BaresipAgent:
    """An agent's phone that registers as one of the Asterisk's agents.

    `answer_after_s` counts from the first ring, None lets it ring; `reject` refuses instead. `hang_up_after_s` counts from the answer, None
    waits for the other side. All three may be changed between calls. `says` is any sound file, spoken from its start in every call.
    """

    def __init__(
        self,
        pbx: Asterisk,
        number: str = "1001",
        *,
        says: Path | None = None,
        answer_after_s: float | None = 1.0,
        reject: bool = False,
        hang_up_after_s: float | None = None,
        silence_after_s: float = 300.0,
    ) -> None:
        """`silence_after_s` follows what is said; the phone hangs up when it is over."""
        self._pbx = pbx
        self.number = number
        self.answer_after_s = answer_after_s
        self.reject_calls = reject
        self.hang_up_after_s = hang_up_after_s
        self._says = says
        self._silence_after_s = silence_after_s
        self.events: list[PhoneEvent] = []
        self._changed = threading.Condition()
        self._answers: dict[str, dict[str, Any]] = {}
        self._next_token = 0
        self._timers: list[threading.Timer] = []
        self._dir = Path(tempfile.mkdtemp(prefix="avasanj-baresip-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._closing = False

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
        """Start the phone and wait until Asterisk can ring it."""
        baresip = program("baresip", package="baresip-core")
        port = self._pbx.ports.next_phone()
        control_port = port + 8
        self._write_config(port, control_port)
        with (self._dir / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [baresip, "-f", str(self._dir)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._control = self._connect(control_port)
        threading.Thread(target=self._listen, args=(self._control,), name=f"phone-{self.number}", daemon=True).start()
        self._pbx.wait_until_registered(self.number)

    def answer(self) -> None:
        """Take the call that rings."""
        self._command("accept")

    def reject(self) -> None:
        """Refuse the call that rings (486)."""
        self._command("hangup")

    def hang_up(self) -> None:
        """End the current call."""
        self._command("hangup")

    def hold(self) -> None:
        """Put the other side on hold."""
        self._command("hold")

    def resume(self) -> None:
        """Take the other side back from hold."""
        self._command("resume")

    def transfer(self, number: str) -> None:
        """Blind transfer by REFER."""
        self._command("transfer", f"sip:{number}@127.0.0.1:{self._pbx.sip_port}")

    def dial(self, number: str) -> None:
        """Call an agent (1XXX) or a customer (any other number; needs a `SipCallee` to be answered)."""
        self._command("dial", f"sip:{number}@127.0.0.1:{self._pbx.sip_port}")

    def wait_for(self, kind: str, *, count: int = 1, limit_s: float = 30.0) -> PhoneEvent:
        """Wait until the phone has noticed `kind` at least `count` times since it was started; RuntimeError after `limit_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._seen(kind) >= count, limit_s):
                kinds = [event.kind for event in self.events]
                raise RuntimeError(
                    f"Phone {self.number} saw no {kind} ({count}) within {limit_s} s, only {kinds}.\n{self.log()}"
                )
            return [event for event in self.events if event.kind == kind][count - 1]

    def log(self) -> str:
        """What baresip printed."""
        path = self._dir / "log"
        return path.read_text(encoding="utf-8", errors="replace")[-4000:] if path.exists() else ""

    def close(self) -> None:
        """End the phone; a call that is up is hung up."""
        self._closing = True
        for timer in self._timers:
            timer.cancel()
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(5)
        if self._control is not None:
            self._control.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _write_config(self, port: int, control_port: int) -> None:
        says = self._dir / "says.wav"
        source = self._says
        if source is None:
            source = sounds.silence(self._dir / "silence.wav", length_s=1.0)
        sounds.as_telephone_wav(source, says, silence_after_s=self._silence_after_s)
        config = CONFIG.format(
            sip_port=port,
            media_port=port + 4,
            media_port_end=port + 7,
            control_port=control_port,
            says=says,
            modules=_module_folder(),
        )
        (self._dir / "config").write_text(config, encoding="utf-8")
        account = f"<sip:{self.number}@127.0.0.1:{self._pbx.sip_port}>;regint=60;answermode=manual;audio_codecs=pcma;auth_pass=none\n"
        (self._dir / "accounts").write_text(account, encoding="utf-8")

    def _connect(self, control_port: int) -> socket.socket:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                return socket.create_connection(("127.0.0.1", control_port), timeout=2)
            time.sleep(0.1)
        raise RuntimeError(f"Phone {self.number} did not open its control port {control_port}.\n{self.log()}")

    def _listen(self, control: socket.socket) -> None:
        """Read netstrings (`12:{"event":…},`) until the phone is gone."""
        control.settimeout(None)
        data = b""
        while True:
            try:
                chunk = control.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            data += chunk
            while (message := _first_netstring(data)) is not None:
                payload, data = message
                self._take(json.loads(payload))

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if message.get("response"):
                self._answers[str(message.get("token"))] = message
            else:
                event = PhoneEvent(kind=str(message.get("type")), detail=json.dumps(message), at_s=time.monotonic())
                self.events.append(event)
            self._changed.notify_all()
        if message.get("type") == "CALL_INCOMING":
            if self.reject_calls:
                self._later(self.answer_after_s or 0.5, self.reject)
            elif self.answer_after_s is not None:
                self._later(self.answer_after_s, self.answer)
        elif message.get("type") == "CALL_ESTABLISHED" and self.hang_up_after_s is not None:
            self._later(self.hang_up_after_s, self.hang_up)

    def _later(self, after_s: float, action: Any) -> None:
        def act() -> None:
            if not self._closing:
                with contextlib.suppress(OSError, RuntimeError):  # the call or the phone is gone by now
                    action()

        timer = threading.Timer(after_s, act)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _command(self, name: str, parameter: str = "") -> None:
        if self._control is None:
            raise RuntimeError(f"Phone {self.number} was not started; use it in a with block.")
        with self._changed:
            self._next_token += 1
            token = str(self._next_token)
            payload = json.dumps({"command": name, "params": parameter, "token": token}).encode()
            self._control.sendall(b"%d:%s," % (len(payload), payload))
            if not self._changed.wait_for(lambda: token in self._answers, COMMAND_LIMIT_S):
                raise RuntimeError(
                    f"Phone {self.number} did not answer to {name} within {COMMAND_LIMIT_S} s.\n{self.log()}"
                )
            answer = self._answers.pop(token)
        if not answer.get("ok"):
            raise RuntimeError(f"Phone {self.number} refused {name} {parameter}: {answer.get('data')}")

    def _seen(self, kind: str) -> int:
        return sum(event.kind == kind for event in self.events)


def _first_netstring(data: bytes) -> tuple[bytes, bytes] | None:
    """The first whole message and what follows it, or None while it is not complete."""
    length, colon, rest = data.partition(b":")
    if not colon or len(rest) <= int(length):
        return None
    return rest[: int(length)], rest[int(length) + 1 :]


def _module_folder() -> Path:
    for folder in (Path("/usr/lib/baresip/modules"), *Path("/usr/lib").glob("*/baresip/modules")):
        if folder.is_dir():
            return folder
    raise RuntimeError("baresip's modules are not where Debian puts them (/usr/lib/baresip/modules).")
