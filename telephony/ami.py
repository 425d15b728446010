"""The one place that knows asterisk-ami: its client with the socket, the reader, the parser and the send replaced.

What the library does by itself and why it is not left to it: its reader dies after 3 s without a byte and nobody
notices; a value with CR LF becomes an action of its own; a letter split over two reads is lost; a timed-out action's
future is kept for ever. A connection of ours is used once: after any fault it is closed and another one made.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from asterisk.ami import Action, AMIClient, FutureResponse

from avasanj.errors import LastingError
from avasanj.settings import Settings
from telephony.arrival import ArrivalClock
from telephony.frames import Framer, Kind, Message, Sieve
from telephony.inbox import Inbox, Lost, Received
from telephony.wire import ConnectionFault, Wire, dial, tls_context

__all__ = ["ActionRefused", "ConnectionFault", "Lost", "ManagerConnection", "Received", "UnsafeAction"]

CONNECT_TIMEOUT_S = 5.0
ACTION_TIMEOUT_S = 5.0
_WAKE_S = 0.5
#: After a read that brought little, more is let come together: waking up for each event costs more than the event does.
_GATHER_S, _LITTLE_BYTES = 0.02, 1 << 14
_GREETING = b"Asterisk Call Manager/"
_CONNECTIONS = itertools.count(1)


class ActionRefused(LastingError):  # noqa: N818 - read at its raising
    """The PBX refused an action; the text is the PBX's own."""


class UnsafeAction(LastingError):  # noqa: N818 - read at its raising
    """An action's value holds a line break, which would make it two actions."""


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

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: bool = False,
        ca_file: Path | None = None,
        tls_name: str | None = None,
        inbox: Inbox | None = None,
        sieve: Sieve | None = None,
    ) -> None:
        """`sieve`: which events come as messages; all of them without one."""
        super().__init__(address=host, port=port)
        self.inbox = inbox or Inbox()
        self._framer = Framer() if sieve is None else Framer(sieve=sieve)
        self.spoke_otherwise = False  #: what answered did not greet as Asterisk does
        self._tls, self._ca_file, self._tls_name = tls, ca_file, tls_name
        self._wire: Wire | None = None
        self._received_at = time.monotonic()
        self._replies: dict[str, _Reply] = {}
        self._stopped = threading.Event()
        self._serial = next(_CONNECTIONS)  # so that an answer in the journal is known to be of this connection

    @classmethod
    def to(cls, settings: Settings, *, sieve: Sieve | None = None) -> Self:
        """A connection, not made yet, to the PBX that these settings name."""
        assert settings.ami_host is not None
        return cls(
            settings.ami_host,
            settings.ami_port,
            tls=settings.ami_tls,
            ca_file=settings.ami_ca_file,
            tls_name=settings.ami_tls_name,
            sieve=sieve,
        )

    @property
    def skipped(self) -> int:
        """Messages too long to keep, so far."""
        return self._framer.skipped

    def connect(self) -> None:
        """Dial (IPv4 or IPv6) and start reading. Raises ConnectionFault."""
        context = tls_context(self._ca_file) if self._tls else None
        self._wire = dial(self._address, self._port, within_s=CONNECT_TIMEOUT_S, tls=context, tls_name=self._tls_name)
        self._received_at = time.monotonic()
        self.finished = threading.Event()
        self._thread = threading.Thread(target=self.listen, name="ami-reader", daemon=True)
        self._thread.start()

    def listen(self) -> None:
        """The reader: bytes to messages to the inbox, until the connection ends."""
        assert self._wire is not None
        framer, clock = self._framer, ArrivalClock()
        greeting = b""
        why = "closed by us"
        while not self._stopped.is_set():
            try:
                chunk = self._wire.receive(_WAKE_S)
            except OSError as error:
                why = error.strerror or str(error)
                break
            if chunk is None:
                continue
            if not chunk:
                why = "closed by Asterisk"
                break
            self._received_at = time.monotonic()
            if len(greeting) < len(_GREETING):
                greeting = (greeting + chunk)[: len(_GREETING)]
                self.spoke_otherwise = not _GREETING.startswith(greeting)
            before = framer.passed_over
            raw, messages = framer.feed(chunk)
            self._answer_requests(messages)
            if raw:
                passed_over = framer.passed_over - before
                self.inbox.put(Received(at=clock.now(), raw=raw, messages=tuple(messages), passed_over=passed_over))
            if len(chunk) < _LITTLE_BYTES:
                time.sleep(_GATHER_S)
        self.finished.set()
        self.inbox.put(Lost(why=why))
        for reply in list(self._replies.values()):
            reply.arrive(None)

    def _answer_requests(self, messages: list[Message]) -> None:
        if not self._replies:
            return
        for message in messages:
            if message.kind is Kind.RESPONSE:
                reply = self._replies.pop(message.get("ActionID"), None)
                if reply is not None:
                    reply.arrive(message)

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
        if self._wire is None:
            raise ConnectionFault("not connected")
        try:
            self._wire.send(f"{pack}\r\n".encode(), within_s=ACTION_TIMEOUT_S)
        except OSError as error:
            raise ConnectionFault(f"sending failed: {error.strerror or error}") from error

    def silence_s(self) -> float:
        """Seconds for which the PBX has said nothing; 0 while it is us who don't listen."""
        return 0.0 if self.inbox.full else time.monotonic() - self._received_at

    def disconnect(self) -> None:
        """End it, and wait shortly for the reader."""
        self._stopped.set()
        self.inbox.close()
        if self._wire is not None:
            self._wire.hang_up()
            if self._thread is not None and self._thread is not threading.current_thread():
                self._thread.join(_WAKE_S * 4)
            self._wire.close()

    def _next_id(self, name: str) -> str:
        return f"avasanj-{name.lower()}-{self._serial}-{self.next_action_id()}"

    def _post(self, name: str, fields: Mapping[str, str], action_id: str) -> None:
        self.send(Action(name, {**fields, "ActionID": action_id}))
