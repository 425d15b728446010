"""A plain reader of the manager connection that keeps every byte, independent of the product's own client."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.peers.asterisk import Asterisk

Message = dict[str, str]  #: header to value; of a repeated header the last one


class AmiTap:
    """`with AmiTap(pbx) as tap:` logs in; `tap.raw` is what Asterisk sent since, and `tap.messages` the same in parts."""

    def __init__(self, pbx: Asterisk, *, user: str | None = None, secret: str | None = None) -> None:
        self._login = f"Action: Login\r\nUsername: {user or pbx.ami_user}\r\nSecret: {secret or pbx.ami_secret}\r\n\r\n"
        self._address = (pbx.ami_host, pbx.ami_port)
        self._changed = threading.Condition()
        self._data = bytearray()
        self._parsed = 0
        self._actions = 0
        self.messages: list[Message] = []

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(self._address, timeout=10)
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._read, name="ami-tap", daemon=True)
        self._thread.start()
        self._socket.sendall(self._login.encode())
        self.wait_for(lambda message: "Response" in message, limit_s=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    @property
    def raw(self) -> bytes:
        """All bytes so far, banner and log-in answer included."""
        with self._changed:
            return bytes(self._data)

    def wait_for(self, wanted: Callable[[Message], bool], *, limit_s: float = 30.0) -> Message:
        """The first message, from the log-in on, that is wanted; RuntimeError after `limit_s`."""
        deadline = time.monotonic() + limit_s
        seen = 0
        with self._changed:
            while True:
                for message in self.messages[seen:]:
                    if wanted(message):
                        return message
                seen = len(self.messages)
                if not self._changed.wait(deadline - time.monotonic()):
                    names = [message.get("Event", "Response") for message in self.messages]
                    raise RuntimeError(
                        f"The wanted message did not come within {limit_s} s; the last ones: {names[-20:]}"
                    )

    def event(self, name: str, *, limit_s: float = 30.0, **headers: str) -> Message:
        """The first event of this name whose headers have these values."""
        wanted = {"Event": name, **headers}
        return self.wait_for(lambda message: wanted.items() <= message.items(), limit_s=limit_s)

    def action(self, name: str, *, limit_s: float = 10.0, **headers: str) -> Message:
        """Send an action and wait for its response."""
        self._actions += 1
        action_id = f"tap-{self._actions}"
        lines = [f"Action: {name}", f"ActionID: {action_id}", *(f"{key}: {value}" for key, value in headers.items())]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self.wait_for(
            lambda message: "Response" in message and message.get("ActionID") == action_id, limit_s=limit_s
        )

    def wait_quiet(self, *, quiet_s: float = 1.5, limit_s: float = 60.0) -> None:
        """Wait until no channel is left and no byte has come for `quiet_s`."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            size = len(self.raw)
            time.sleep(quiet_s)
            if len(self.raw) == size and self._channels() == 0:
                return
        raise RuntimeError(f"Calls were not over within {limit_s} s; {self._channels()} channels are left.")

    def _channels(self) -> int:
        with self._changed:
            names = [message.get("Event") for message in self.messages]
        return names.count("Newchannel") - names.count("Hangup")

    def _read(self) -> None:
        while True:
            try:
                chunk = self._socket.recv(65536)
            except OSError:
                return
            if not chunk:
                return
            with self._changed:
                self._data += chunk
                while (end := self._data.find(b"\r\n\r\n", self._parsed)) >= 0:
                    text = self._data[self._parsed : end].decode("utf-8", "replace")
                    self.messages.append(dict(_header(line) for line in text.split("\r\n")))
                    self._parsed = end + 4
                self._changed.notify_all()


def _header(line: str) -> tuple[str, str]:
    key, _, value = line.partition(":")
    return key, value.removeprefix(" ")
