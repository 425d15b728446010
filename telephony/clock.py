"""What time the PBX has, from its own time stamps and from when its messages arrived here."""

from __future__ import annotations

import math

from telephony.arrival import Lead
from telephony.frames import Message
from telephony.ledger import seconds_since_1970

#: Events are out of the order of their time stamps by milliseconds, and count as of the moment of the one before; a time
#: stamp this much earlier says that the PBX's clock was set back.
_SET_BACK_S = 0.5
#: Events arrive late, never early: time stamps this much further ahead of their arrival than ever say that it was set forward.
#: Where nothing tells yet how far ahead they are at most, a minute, so that a stream which is played to us faster than it
#: happened is still told by its own times.
_SET_FORWARD_S = 2.0
_SURELY_SET_FORWARD_S = 60.0
#: Where nothing tells when events arrived, nobody knows whether so long a silence was one, or the clock was set.
_SILENCE_S = 3600.0
_LINE_END = b"\r\n"
_TIMESTAMP = b"\r\nTimestamp: "


class PbxClock:
    """Seconds since 1970 as the PBX has them. `step_s` after each reading: by how much its clock was set since the one before."""

    def __init__(self) -> None:
        self.now = 0.0
        self.step_s = 0.0
        self.silent_since: float | None = None  #: after a reading: a silence ended that may have been none
        self.surprised = False  #: after a reading: one of the two is told
        self._last_ahead: float | None = None
        self._stamp: float | None = None
        self._text = b""
        self._arrived: float | None = None
        self._lead = Lead()
        self._ahead: float | None = None  #: the most by which time stamps were ahead of their arrival

    def start(self, at: float) -> None:
        """A time to begin with, for what comes before the first event that names its own."""
        if self._stamp is None:
            self.now = at

    @property
    def heard_at(self) -> float:
        """When the PBX was last heard; 0 where it never was."""
        return 0.0 if self._stamp is None and self._arrived is None else self.now

    def arrived(self, at: float) -> None:
        """What follows arrived at `at`, by our own clock."""
        if self._stamp is not None and self._arrived is not None and at < self._arrived - _SET_BACK_S:
            self._ahead = self._last_ahead = None  # our own clock was set
            self._lead = Lead()
        self._arrived = at
        if self._stamp is None:
            self.now = at
        else:
            self.now = max(self.now, at + (self._ahead or 0.0))

    def connected(self) -> None:
        """What follows comes by a new connection, which has delays and an arrival clock of its own."""
        self._lead = Lead()

    def read(self, message: Message) -> float:
        """The time of a message: its own stamp, else the time of what came before it."""
        if self.surprised:
            self.step_s, self.silent_since, self.surprised = 0.0, None, False
        text = message.raw.partition(_TIMESTAMP)[2].partition(_LINE_END)[0] or message.get("Timestamp").encode()
        if text == self._text or not text:  # many events of one moment
            return self.now
        try:
            stamp = seconds_since_1970(text)
        except ValueError:
            return self.now
        self._text = text
        before = self._stamp
        if before is not None and before - _SET_BACK_S <= stamp < before:
            stamp = before
        self._stamp = self.now = stamp
        if self._arrived is not None or (before is not None and not before <= stamp <= before + _SILENCE_S):
            self._compare(stamp, before)
        return stamp

    def _compare(self, stamp: float, before: float | None) -> None:
        """Hold a time stamp against the one before it and against when it arrived."""
        ahead = None if self._arrived is None else stamp - self._arrived
        if before is not None:
            if stamp < before - _SET_BACK_S:
                moved = 0.0 if ahead is None or self._last_ahead is None else ahead - self._last_ahead
                self.step_s = min(stamp - before, moved)
            elif ahead is None and stamp > before + _SILENCE_S:
                self.silent_since = before
            elif ahead is not None:
                self.step_s = self._set_forward_s(ahead)
        if ahead is not None:
            self._ahead = ahead if self.step_s else max(ahead, -math.inf if self._ahead is None else self._ahead)
            if self.step_s:
                self._lead = Lead()
            self._lead.take(ahead, self._arrived or 0.0)
        self._last_ahead = ahead
        self.surprised = bool(self.step_s) or self.silent_since is not None

    def _set_forward_s(self, ahead: float) -> float:
        """By how much the clock must have been set forward since the last time stamp; 0 for not at all."""
        excess_s = self._lead.excess_s(ahead, self._arrived or 0.0)
        if excess_s > _SET_FORWARD_S:
            return excess_s
        if self._ahead is not None and ahead > self._ahead + _SURELY_SET_FORWARD_S:
            return ahead - self._ahead
        return 0.0
