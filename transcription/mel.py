"""The picture of sound that Whisper hears: how loud each of some bands is, every 10 ms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from transcription.audio import Samples

#: samples from one frame to the next, and of a frame, at 16 kHz
_STEP, _FRAME = 160, 400
#: Frames at a time: what is made of a second stays in the processor's cache and in memory that is at hand. A window at
#: once took three times as long, most of it for the system to find and clear the memory.
_AT_ONCE = 100
#: Frames in one product of matrices: numpy shares larger ones out to threads, which spin while they wait for each other.
_ROWS = 10
_LEAST, _REACH = 1e-10, 8.0


class Mel:
    """By the model's own filters, (bins, 201)."""

    def __init__(self, filters: NDArray[np.floating]) -> None:
        self._filters = np.ascontiguousarray(filters.T, dtype=np.float32)
        self._shape = np.hanning(_FRAME + 1)[:-1].astype(np.float32)

    def __call__(self, samples: Samples, length: int) -> NDArray[np.float32]:
        """(bins, frames) of the samples at 16 kHz with silence up to `length` samples; between -1 and 2 or so."""
        before = _FRAME // 2
        count = length // _STEP + 1  # the last one counts for the loudest only
        whole = -(-count // _ROWS) * _ROWS
        sound = np.zeros(max(whole * _STEP, length) + _FRAME, np.float32)
        sound[before : before + len(samples)] = samples
        sound[:before] = sound[2 * before : before : -1]  # as in a mirror; at the end it is silent
        frames = np.lib.stride_tricks.sliding_window_view(sound, _FRAME)[::_STEP][:whole]
        found = np.empty((whole, self._filters.shape[1]), np.float32)
        for first in range(0, count, _AT_ONCE):
            waves = np.fft.rfft(frames[first : first + _AT_ONCE] * self._shape).view(np.float32)
            waves *= waves
            power = (waves[:, ::2] + waves[:, 1::2]).reshape(-1, _ROWS, waves.shape[1] // 2)
            found[first : first + _AT_ONCE] = (power @ self._filters).reshape(-1, found.shape[1])
        loud = np.log10(np.maximum(found, _LEAST, out=found), out=found)
        np.maximum(loud, loud.max() - _REACH, out=loud)
        loud += 4.0
        loud /= 4.0
        return np.ascontiguousarray(loud[: count - 1].T)
