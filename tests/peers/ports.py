"""Blocks of loopback ports that no other test process on this machine uses at the same time."""

from __future__ import annotations

import fcntl
import socket
from pathlib import Path
from typing import IO

from tests.peers import PeerMissing

FIRST, SIZE, COUNT = 10_000, 2_000, 11  #: below 32768, where Linux gives ports to whoever asks for any


class PortBlock:
    """2,000 ports, held by a file lock until `close` or the death of the process. Ports: AMI, SIP, RTP (600), then the phones'."""

    def __init__(self, lock_dir: Path) -> None:
        """Take the first free block; `PeerMissing` when all are held."""
        lock_dir.mkdir(parents=True, exist_ok=True)
        for index in range(COUNT):
            file = (lock_dir / f"{index}.lock").open("w")
            base = FIRST + index * SIZE
            if _lock(file) and all(_is_free(port) for port in (base, base + 1, base + 10, base + 20, base + 30)):
                self._file = file
                break
            file.close()
        else:
            raise PeerMissing(
                f"all {COUNT} blocks of ports from {FIRST} on are in use; end other test runs or Asterisks"
            )
        self.ami = base
        self.ami_tls = base + 1
        self.sip = base + 10
        self.customer = base + 20
        self.trunk = base + 30
        self.rtp_start = base + 100
        self.rtp_end = base + 699
        self._first_phone = self._next_phone = base + 700
        self._end = base + SIZE

    def next_phone(self) -> int:
        """First of ten ports for a phone: SIP first (a phone also takes the next one for TLS), media from +4 on, control at +8."""
        while self._next_phone < self._end:
            port = self._next_phone
            self._next_phone += 10
            if all(_is_free(port + offset) for offset in (0, 1, 4, 5, 6, 7, 8)):
                return port
        # All given out once: phones come and go, so begin again with those that are free now.
        for port in range(self._first_phone, self._end, 10):
            if all(_is_free(port + offset) for offset in (0, 1, 4, 5, 6, 7, 8)):
                return port
        raise RuntimeError(
            "All 130 places for phones of this Asterisk are in use; stop some phones or start another Asterisk."
        )

    def close(self) -> None:
        """Give the block back."""
        self._file.close()


def _lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
