"""A webhook receiver as a customer would write one: checks the signature, keeps what it got, and can misbehave."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#: What to do with a request, given how many came before: a status, or "hang", or "drop".
Behaviour = Callable[[int], int | str]


class Receiver:
    """`with Receiver() as receiver:` listens on loopback. `accepted` holds verified events in order of arrival."""

    def __init__(
        self, behaviour: Behaviour = lambda _n: 200, *, answer: bytes = b"ok", hang_s: float = 3.0, port: int = 0
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.accepted: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {key.lower(): value for key, value in self.headers.items()}
                Webhook(SECRET).verify(body, headers)
                event = {
                    "id": headers["webhook-id"],
                    "headers": headers,
                    "body": json.loads(body),
                    "at": time.monotonic(),
                }
                with receiver._lock:
                    does = behaviour(len(receiver.requests))
                    receiver.requests.append(event)
                    if does == 200:
                        receiver.accepted.append(event)
                if does == "hang":
                    time.sleep(hang_s)
                    return
                if does == "drop":
                    self.connection.close()
                    return
                self.send_response(int(does))
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def ids(self) -> list[str]:
        """Event ids accepted, in order."""
        with self._lock:
            return [event["id"] for event in self.accepted]
