"""A PBX that sends what it is told, as fast as it is told: one manager connection on the loopback interface."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

_ALLOWED = ("Ping", "ListCommands", "CoreShowChannels", "Status", "QueueStatus", "Getvar")
_STEP_S = 0.01


class Flood:
    """`with Flood() as pbx`: takes whoever logs in, and answers as little as the listener needs."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.connections = 0
        self.answers = 0  #: events among the answers
        self._connection: socket.socket | None = None
        self._asked = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._connection, self._server):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._thread.join(2)

    def wait_for_listener(self, limit_s: float) -> bool:
        """Whether somebody logged in and asked for everything within the time."""
        return self._asked.wait(limit_s)

    def send(self, events: Iterator[bytes], *, per_second: float, lasting_s: float) -> tuple[int, float]:
        """Send evenly; return how many were sent and how long it took. The time is longer where the listener held it up."""
        assert self._connection is not None
        started = time.monotonic()
        sent = 0
        whole = round(per_second * lasting_s)
        while sent < whole:
            due = min(whole, round((time.monotonic() - started + _STEP_S) * per_second))
            batch = b"".join(next(events) for _ in range(due - sent))
            with self._lock:
                self._connection.sendall(batch)
            sent = max(sent, due)
            time.sleep(max(0.0, started + sent / per_second - time.monotonic()))
        return sent, time.monotonic() - started

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.connections += 1
                self._connection = connection
                connection.sendall(b"Asterisk Call Manager/11.0.0\r\n")
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
            while b"\r\n\r\n" in data:
                frame, _, data = data.partition(b"\r\n\r\n")
                action = dict(line.split(": ", 1) for line in frame.decode().split("\r\n"))
                id_ = f"ActionID: {action.get('ActionID', '')}\r\n"
                more = ""
                if action["Action"] == "ListCommands":
                    more = "".join(f"{name}: x\r\n" for name in _ALLOWED)
                end = (
                    f"Event: {action['Action']}Complete\r\n{id_}\r\n" if action["Action"] == "CoreShowChannels" else ""
                )
                self.answers += bool(end)
                with self._lock:
                    connection.sendall(f"Response: Success\r\n{id_}{more}\r\n{end}".encode())
                if action["Action"] == "BridgeList":
                    self._asked.set()
