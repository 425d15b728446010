"""One party of a running call, heard as the PBX writes it: each stretch of speech as soon as a pause has ended it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from transcription.audio import Samples
from transcription.growing import GrowingSound
from transcription.windows import RATE_HZ, Detector, Utterance, grouped, silenced, speech_in

#: a pause of this length ends what is said; shorter ones are breath
_PAUSE_S = 0.6
#: sound before a stretch of speech that the detector needs to find its beginning
_LEAD_S = 1.0
#: the line's noise is judged by what is held: no less than this
_JUDGED_S = 5.0


class Following:
    """Takes a growing file and gives the utterances that are over. Seconds on the file's own clock."""

    def __init__(self, path: Path, *, channel: int | None, detect: Detector) -> None:
        self._sound = GrowingSound(path, channel=channel)
        self._detect = detect
        self._held: Samples = np.zeros(0, np.float32)
        self._first = 0  #: the file's sample at which `_held` begins
        self._told = 0  #: sample up to which utterances were given

    @property
    def read_s(self) -> float:
        """How far the file was read."""
        return (self._first + len(self._held)) / RATE_HZ

    def look(self, masked: Sequence[tuple[float, float]] = ()) -> list[Utterance]:
        """Utterances that came to their end since the last look; what is `masked` (music on hold) is not listened to.

        Raises InputError for a file that can't be followed, OSError where it can't be read.
        """
        found: list[Utterance] = []
        if len(self._held):  # the PBX tells of a mute or a hold after it began: what was read meanwhile is masked too
            (self._held,) = silenced([self._held], masked, self._first / RATE_HZ)
        while len(block := self._sound.more()):
            (quiet,) = silenced([block], masked, self.read_s)
            self._held = np.concatenate([self._held, quiet])
            found += self._finished()
        return found

    def _finished(self) -> list[Utterance]:
        if self.read_s * RATE_HZ - self._told < _PAUSE_S * RATE_HZ:
            return []
        length = len(self._held)
        told = self._told - self._first
        spans = [(max(a, told), b) for a, b in speech_in(self._held, self._detect) if b > told]
        over = [(a, b) for a, b in spans if b <= length - _PAUSE_S * RATE_HZ]
        found = list(grouped(self._held, over, self._first))
        unfinished = [a for a, b in spans if b > length - _PAUSE_S * RATE_HZ]
        if over:
            self._told = self._first + over[-1][1]
        keep = min([length - round(_JUDGED_S * RATE_HZ), *(a - round(_LEAD_S * RATE_HZ) for a in unfinished)])
        if over:
            keep = max(keep, min(over[-1][1], length - round(_LEAD_S * RATE_HZ)))
        if keep > 0:
            self._held, self._first = self._held[keep:], self._first + keep
        return found
