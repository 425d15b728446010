"""A TCP server that speaks as much of the manager protocol as the listener asks for, and can misbehave at will.

For what a real Asterisk can't be made to do on command: fall silent, say rubbish, send a recorded stream again.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from types import TracebackType
from typing import Self

ALL_ACTIONS = ("Ping", "ListCommands", "CoreShowChannels", "Status", "QueueStatus", "MixMonitor", "Login")


class SmallPbx:
    """`with SmallPbx() as pbx`: listens on a loopback port until the block ends. `port` may be given to come back on it."""

    def __init__(
        self,
        *,
        secret: str = "right",
        allowed: tuple[str, ...] = ALL_ACTIONS,
        greeting: bytes = b"Asterisk Call Manager/11.0.0\r\n",
        port: int = 0,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.secret, self.allowed, self.greeting = secret, allowed, greeting
        self.actions: list[dict[str, str]] = []
        self.channels: list[str] = []  #: bodies of CoreShowChannel events
        self.silent = threading.Event()  #: set: connections stay open and nothing is answered
        self.refuse = threading.Event()  #: set: who connects is sent away
        self.logged_in = threading.Event()
        self.events = ""  #: the event mask that was asked for at the last log-in
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        pbx = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                pbx._serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def get_request(self) -> tuple[socket.socket, object]:
                connection, address = super().get_request()
                if tls is not None:
                    connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                return connection, address

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that does not like our certificate hangs up."""

        self._server = Server((host, port), Handler)
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def say(self, stream: bytes) -> None:
        """Send these bytes to everybody who is logged in, in one piece."""
        assert self.logged_in.wait(10), "nobody is logged in"
        with self._lock:
            for connection in self._sockets:
                connection.sendall(stream)

    def drop(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._sockets.clear()
        self.logged_in.clear()

    def _serve(self, connection: socket.socket) -> None:
        if self.refuse.is_set():
            return
        connection.sendall(self.greeting)
        data = b""
        with contextlib.suppress(OSError):
            while chunk := connection.recv(65536):
                data += chunk
                while b"\r\n\r\n" in data:
                    frame, _, data = data.partition(b"\r\n\r\n")
                    action = dict(line.split(": ", 1) for line in frame.decode().split("\r\n"))
                    self.actions.append(action)
                    if not self.silent.is_set():
                        self._answer(connection, action)

    def _answer(self, connection: socket.socket, action: dict[str, str]) -> None:
        name, id_ = action["Action"], f"ActionID: {action.get('ActionID', '')}\r\n"
        if name == "Login":
            if action.get("Secret") != self.secret:
                connection.sendall(f"Response: Error\r\n{id_}Message: Authentication failed\r\n\r\n".encode())
                return
            with self._lock:
                connection.sendall(f"Response: Success\r\n{id_}Message: Authentication accepted\r\n\r\n".encode())
                self._sockets.append(connection)
            self.logged_in.set()
        elif name == "ListCommands":
            lines = "".join(f"{command}: what it does\r\n" for command in self.allowed)
            connection.sendall(f"Response: Success\r\n{id_}{lines}\r\n".encode())
        elif name == "CoreShowChannels":
            listed = "".join(f"Event: CoreShowChannel\r\n{id_}{body}\r\n\r\n" for body in self.channels)
            end = f"Event: CoreShowChannelsComplete\r\n{id_}EventList: Complete\r\n\r\n"
            connection.sendall(f"Response: Success\r\n{id_}EventList: start\r\n\r\n{listed}{end}".encode())
        elif name == "Status":
            connection.sendall(f"Response: Success\r\n{id_}\r\nEvent: StatusComplete\r\n{id_}\r\n".encode())
        else:
            connection.sendall(f"Response: Success\r\n{id_}Ping: Pong\r\n\r\n".encode())
