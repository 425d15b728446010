"""A connection's bytes, plain or encrypted, to be read by one thread and written by others."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from pathlib import Path

from avasanj.errors import PassingError
from telephony import problems

#: As much as asyncio reads at once, and as one block of the journal takes: in a flood each read has a price of its own.
_RECEIVE_BYTES = 1 << 18
#: What OpenSSL calls the ways in which a certificate can be wrong (X509_V_ERR_…).
_EXPIRED, _NOT_YET = 10, 9
_SELF_SIGNED = (18, 19, 20, 21)
_OTHER_NAME = (62, 64)


class ConnectionFault(PassingError):  # noqa: N818 - read at its raising
    """The connection can't be made, was lost, or does not answer. Make a new one.

    `problem` is a whole sentence for a person where more is known than that.
    """

    def __init__(self, why: str, *, problem: str | None = None) -> None:
        super().__init__(why)
        self.problem = problem


class Wire:
    """OpenSSL must not be used by two threads at once, so one lock holds every call, and none waits for the network in it."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._use = threading.Lock()
        self._sending = threading.Lock()

    def receive(self, wait_s: float) -> bytes | None:
        """What came, None if nothing did within `wait_s`, nothing (b"") at the end. Raises OSError."""
        came = self._receive()  # OpenSSL may hold some already, of which the socket knows nothing
        if came is None and self._ready(select.POLLIN, wait_s):
            came = self._receive()
        return came

    def _receive(self) -> bytes | None:
        with self._use:
            try:
                return self._socket.recv(_RECEIVE_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return None

    def send(self, data: bytes, *, within_s: float) -> None:
        """All of it. Raises OSError, TimeoutError where the other side takes nothing for that long."""
        rest = memoryview(data)
        deadline = time.monotonic() + within_s
        with self._sending:
            while rest:
                with self._use:
                    try:
                        rest = rest[self._socket.send(rest) :]
                        continue
                    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                        pass
                if not self._ready(select.POLLOUT, deadline - time.monotonic()):
                    raise TimeoutError("it takes nothing")

    def hang_up(self) -> None:
        """Have the reader see the end; the socket itself is closed by `close`."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def close(self) -> None:
        with self._use:
            self._socket.close()

    def _ready(self, what: int, wait_s: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, what)
        return wait_s > 0 and bool(poll.poll(wait_s * 1000))


def dial(
    host: str, port: int, *, within_s: float, tls: ssl.SSLContext | None = None, tls_name: str | None = None
) -> Wire:
    """Connect by IPv4 or IPv6. Raises ConnectionFault, with what to do where the certificate is the fault."""
    address = f"{host}:{port}"
    try:
        plain = socket.create_connection((host, port), timeout=within_s)
    except OSError as error:
        raise ConnectionFault(f"{address}: {error.strerror or error}") from error
    if tls is None:
        return Wire(plain)
    try:
        return Wire(tls.wrap_socket(plain, server_hostname=tls_name or host))
    except (OSError, ValueError) as error:
        plain.close()
        raise ConnectionFault(f"{address}: {error}", problem=_tls_problem(error, address, tls_name or host)) from error


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Checks certificate and name. Raises ConnectionFault where the file can't be used."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:  # ssl.SSLError too
        fault = error.strerror or str(error)
        raise ConnectionFault(fault, problem=problems.text(problems.CA_FILE, file=ca_file, fault=fault)) from error


def _tls_problem(error: Exception, address: str, name: str) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        fault = getattr(error, "reason", None) or error
        return problems.text(problems.NO_TLS, address=address, fault=fault)
    if error.verify_code in _SELF_SIGNED:
        return problems.text(problems.UNKNOWN_CERTIFICATE, address=address)
    if error.verify_code in (_EXPIRED, _NOT_YET):
        return problems.text(problems.CERTIFICATE_DATES, address=address, fault=error.verify_message)
    if error.verify_code in _OTHER_NAME:
        return problems.text(problems.CERTIFICATE_NAME, address=address, name=name)
    return problems.text(problems.BAD_CERTIFICATE, address=address, fault=error.verify_message)
