"""When messages arrived here, and by how much the PBX's time stamps are ahead of that."""

from __future__ import annotations

import time

#: A lead that has not grown by this much while so many time stamps were read over so many seconds is known.
_GROWTH_S = 0.25
_ENOUGH = 50
_LONG_S = 60.0
#: Two clocks drift apart by less than this part of the time.
_DRIFT = 0.001


class ArrivalClock:
    """Seconds since 1970 by this machine's clock as it was when this was made: setting it later changes nothing here."""

    def __init__(self) -> None:
        self._since = time.time() - _elapsed_s()

    def now(self) -> float:
        return self._since + _elapsed_s()


def _elapsed_s() -> float:
    """Of any beginning; goes on while the machine sleeps, where the system can tell."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Lead:
    """The most by which time stamps were ahead of their arrival on one connection. Seconds; negative where they are late.

    Messages come late by all sorts of delays, but never early: once the lead is known, only a clock that was set makes
    it grow at once. While a backlog is read, or a stream that is played to us faster than it happened, it grows all the
    time and is not known.
    """

    def __init__(self) -> None:
        self._most: float | None = None
        self._grown_at = self._read_at = 0.0
        self._readings = 0

    def excess_s(self, ahead: float, at: float) -> float:
        """By how much `ahead`, read at `at`, is more than the lead; 0 while that is not known."""
        if self._most is None or self._readings < _ENOUGH or at - self._grown_at < _LONG_S:
            return 0.0
        return max(0.0, ahead - self._most - _DRIFT * (at - self._read_at))

    def take(self, ahead: float, at: float) -> None:
        """One reading, at `at`."""
        if self._most is None or ahead > self._most + _GROWTH_S:
            self._most, self._grown_at, self._readings = ahead, at, 0
        else:
            self._most = max(self._most, ahead)
            self._readings += 1
        self._read_at = at
