"""The one place that knows asterisk-ami: its client with the socket, the reader, the parser and the send replaced.

What the library does by itself and why it is not left to it: its reader dies after 3 s without a byte and nobody
notices; a value with CR LF becomes an action of its own; a letter split over two reads is lost; a timed-out action's
future is kept for ever. A connection of ours is used once: after any fault it is closed and another one made.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping

from asterisk.ami import Action, AMIClient, FutureResponse

from avasanj.errors import LastingError, PassingError
from telephony.frames import Framer, Kind, Message

CONNECT_TIMEOUT_S = 5.0
ACTION_TIMEOUT_S = 5.0
_RECEIVE_BYTES = 1 << 16
_WAKE_S = 0.5
_GREETING = b"Asterisk Call Manager/"
#: Chunks that wait to be used; beyond it we stop reading, and Asterisk ends the connection rather than losing events.
_WAITING_CHUNKS = 20_000


class ConnectionFault(PassingError):  # noqa: N818 - read at its raising
    """The connection can't be made, was lost, or does not answer. Make a new one."""


class ActionRefused(LastingError):  # noqa: N818 - read at its raising
    """The PBX refused an action; the text is the PBX's own."""


class UnsafeAction(LastingError):  # noqa: N818 - read at its raising
    """An action's value holds a line break, which would make it two actions."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Received:
    """What one read brought: whole messages and their bytes. `at` in seconds since 1970."""

    at: float
    raw: bytes
    messages: tuple[Message, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lost:
    """The connection ended; `why` in the operating system's words."""

    why: str


class _Reply(FutureResponse):  # type: ignore[misc]
    """The library's future for an answer, with the deadline as an error instead of None."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Event()
        self._message: Message | None = None

    def arrive(self, message: Message | None) -> None:
        self._message = message
        self._arrived.set()

    def wait(self, timeout_s: float) -> Message | None:
        self._arrived.wait(timeout_s)
        return self._message


class ManagerConnection(AMIClient):  # type: ignore[misc]
    """One connection to Asterisk's manager interface, from connect to its first fault.

    Everything received lands in `inbox`, in order, and nothing else happens on the reader's thread.
    """

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(address=host, port=port)
        self.inbox: queue.Queue[Received | Lost] = queue.Queue(maxsize=_WAITING_CHUNKS)
        self.received_at = time.monotonic()  #: monotonic time of the last byte
        self.skipped = 0  #: messages too long to keep
        self.spoke_otherwise = False  #: what answered did not greet as Asterisk does
        self._tls = tls
        self._send_lock = threading.Lock()
        self._replies: dict[str, _Reply] = {}
        self._stopped = threading.Event()

    def connect(self) -> None:
        """Dial (IPv4 or IPv6) and start reading. Raises ConnectionFault."""
        try:
            plain = socket.create_connection((self._address, self._port), timeout=CONNECT_TIMEOUT_S)
            self._socket = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self._address)
        except (OSError, ssl.SSLError) as error:
            raise ConnectionFault(f"{self._address}:{self._port}: {error.strerror or error}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(_WAKE_S)
        self.received_at = time.monotonic()
        self.finished = threading.Event()
        self._thread = threading.Thread(target=self.listen, name="ami-reader", daemon=True)
        self._thread.start()

    def listen(self) -> None:
        """The reader: bytes to messages to the inbox, until the connection ends."""
        framer = Framer()
        greeting = b""
        why = "closed by us"
        while not self._stopped.is_set():
            try:
                chunk = self._socket.recv(_RECEIVE_BYTES)
            except TimeoutError:
                continue
            except OSError as error:
                why = error.strerror or str(error)
                break
            if not chunk:
                why = "closed by Asterisk"
                break
            self.received_at = time.monotonic()
            if len(greeting) < len(_GREETING):
                greeting = (greeting + chunk)[: len(_GREETING)]
                self.spoke_otherwise = not _GREETING.startswith(greeting)
            raw, messages = framer.feed(chunk)
            self.skipped = framer.skipped
            for message in messages:
                if (
                    message.kind is Kind.RESPONSE
                    and (reply := self._replies.pop(message.get("ActionID"), None)) is not None
                ):
                    reply.arrive(message)
            if raw:
                self._deliver(Received(at=time.time(), raw=raw, messages=tuple(messages)))
        self.finished.set()
        self._deliver(Lost(why=why))
        for reply in list(self._replies.values()):
            reply.arrive(None)

    def _deliver(self, item: Received | Lost) -> None:
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self.inbox.put(item, timeout=_WAKE_S)
                return

    def request(
        self, name: str, fields: Mapping[str, str] | None = None, *, timeout_s: float = ACTION_TIMEOUT_S
    ) -> Message:
        """Send an action and wait for its response.

        Raises ActionRefused with Asterisk's own words, ConnectionFault where no answer comes in time.
        """
        reply = _Reply()
        action_id = self._next_id(name)
        self._replies[action_id] = reply
        try:
            self._post(name, fields or {}, action_id)
            message = reply.wait(timeout_s)
        finally:
            self._replies.pop(action_id, None)
        if message is None:
            raise ConnectionFault(f"Asterisk did not answer the action {name} within {timeout_s:g} s")
        if message.name.lower() == "error":
            raise ActionRefused(message.get("Message") or "refused without a reason")
        return message

    def post(self, name: str, fields: Mapping[str, str] | None = None, *, action_id: str | None = None) -> str:
        """Send an action whose answer, like every message, comes through the inbox; return its ActionID."""
        action_id = action_id or self._next_id(name)
        self._post(name, fields or {}, action_id)
        return action_id

    def send(self, pack: Action) -> None:
        """Every action leaves through here. Raises UnsafeAction, before a byte is sent, where a value holds CR or LF."""
        values = [pack.name, *pack.keys, *pack.keys.values(), *pack.variables, *pack.variables.values()]
        if any("\r" in str(value) or "\n" in str(value) for value in values):
            raise UnsafeAction(
                f"The action {str(pack.name)[:30]!r} was not sent: a value in it holds a line break. Remove it."
            )
        try:
            with self._send_lock:
                self._socket.sendall(f"{pack}\r\n".encode())
        except OSError as error:
            raise ConnectionFault(f"sending failed: {error.strerror or error}") from error

    def silence_s(self) -> float:
        """Seconds since the last byte came."""
        return time.monotonic() - self.received_at

    def disconnect(self) -> None:
        """End it, and wait shortly for the reader."""
        self._stopped.set()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_WAKE_S * 4)

    def _next_id(self, name: str) -> str:
        return f"avasanj-{name.lower()}-{self.next_action_id()}"

    def _post(self, name: str, fields: Mapping[str, str], action_id: str) -> None:
        self.send(Action(name, {**fields, "ActionID": action_id}))
