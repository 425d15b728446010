"""Audio of all the phones by one thread: A-law every 20 ms, key presses as telephone events, and what comes in is counted."""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import threading
import time
from collections.abc import Iterable

FRAME_S, FRAME = 0.02, 160
_DRAIN_EVERY = 5  #: frames between looks at what came in
_DIGITS = "0123456789*#ABCD"


def tone(pitch_hz: int, *, length_s: float = 1.0) -> bytes:
    """A-law of a steady tone; with a whole number of Hz and of seconds it can be said over and over without a seam."""
    samples = (math.sin(2 * math.pi * pitch_hz * index / 8000) for index in range(round(8000 * length_s)))
    return bytes(_a_law(round(8000 * sample)) for sample in samples)


def _a_law(sample: int) -> int:
    """ITU-T G.711: a 16-bit sample as an A-law byte."""
    sign, magnitude = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    magnitude >>= 4
    exponent = max(0, magnitude.bit_length() - 5)
    mantissa = (magnitude >> max(1, exponent) if exponent else magnitude >> 1) & 0x0F
    return (sign | exponent << 4 | mantissa) ^ 0x55


def a_law(samples: Iterable[float]) -> bytes:
    """Samples in -1..1 as A-law."""
    return bytes(_a_law(round(32_000 * sample)) for sample in samples)


class Stream:
    """One call's audio. `heard` counts packets that came."""

    def __init__(self, host: str, says: bytes) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.host, self.port = host, self.socket.getsockname()[1]
        self.remote: tuple[str, int] | None = None
        self.talks = False
        self.talked_at: float | None = None  #: when its first packet left, in seconds since 1970
        self.heard = 0
        self._says = says
        self._at = 0
        self._sequence = self._time = 0
        self._source = self.port
        self._keys: list[bytes | None] = []

    def press(self, digits: str) -> None:
        """Queue key presses of 100 ms with 80 ms between."""
        for digit in digits:
            code = _DIGITS.index(digit.upper())
            during = [struct.pack("!BBH", code, 10, FRAME * (count + 1)) for count in range(5)]
            self._keys += [*during, *[struct.pack("!BBH", code, 0x80 | 10, FRAME * 5)] * 3, *[None] * 4]

    def send_frame(self) -> None:
        if self.remote is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        key = self._keys.pop(0) if self._keys else None
        if key is not None:
            first = key[2:] == struct.pack("!H", FRAME)
            self._key_time = self._time if first else self._key_time
            head = struct.pack("!BBHII", 0x80, 0xE5 if first else 0x65, self._sequence, self._key_time, self._source)
            data = head + key
        elif self.talks:
            self.talked_at = self.talked_at or time.time()
            head = struct.pack("!BBHII", 0x80, 8, self._sequence, self._time, self._source)
            data = head + self._says[self._at : self._at + FRAME]
            self._at = (self._at + FRAME) % len(self._says)
        else:
            data = b""
        self._time = (self._time + FRAME) & 0xFFFFFFFF
        if data:
            with contextlib.suppress(OSError):
                self.socket.sendto(data, self.remote)

    def drain(self) -> None:
        with contextlib.suppress(OSError):
            while self.socket.recv(2048):
                self.heard += 1


class Mixer:
    """The thread that sends for every open stream."""

    def __init__(self) -> None:
        self.late_s = 0.0  #: by how much the latest packet was late
        self._streams: tuple[Stream, ...] = ()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="phones-audio", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def add(self, stream: Stream) -> None:
        with self._lock:
            self._streams = (*self._streams, stream)

    def remove(self, stream: Stream) -> None:
        with self._lock:
            self._streams = tuple(other for other in self._streams if other is not stream)
            stream.socket.close()

    def _run(self) -> None:
        due, count = time.monotonic(), 0
        while not self._stop.is_set():
            count += 1
            for stream in self._streams:
                stream.send_frame()
                if count % _DRAIN_EVERY == 0:
                    stream.drain()
            due += FRAME_S
            late = time.monotonic() - due
            self.late_s = max(self.late_s, late)
            if late < 0:
                time.sleep(-late)
            elif late > 1.0:
                due = time.monotonic()  # the machine slept: don't send all of it at once
