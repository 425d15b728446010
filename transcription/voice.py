"""Loudness and pitch of a stretch of speech. Arrays to numbers."""

from __future__ import annotations

import numpy as np

from transcription.audio import Samples
from transcription.windows import RATE_HZ, Span, Utterance

_HOP = RATE_HZ // 100
#: of pitch: frames of 40 ms hold two periods of the deepest voice
_FRAME = RATE_HZ // 25
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 400.0
#: normalised autocorrelation from which a frame is voiced (Boersma 1993 uses 0.45)
_VOICED = 0.45
#: an edge of speech lies where the sound is this far below the speech around it; the detector's own steps are 32 ms
_EDGE_DB, _EDGE_S = 25.0, 0.25
_FLOOR_DBFS = -90.0


def sharpened(utterance: Utterance) -> list[Span]:
    """The utterance's spans with their edges moved to where the sound rises and falls, by a quarter of a second at most.

    The detector works in steps of 32 ms and lets a stretch end late. Exact to 10 ms on a quiet line; where the line's
    noise lies within 25 dB of the voice, an edge stays where the detector put it.
    """
    level = levels_dbfs(utterance.samples)
    found = []
    for span in utterance.spans:
        start = round((span.start_s - utterance.start_s) * 100)
        end = round((span.end_s - utterance.start_s) * 100)
        inside = level[start:end]
        if not len(inside):
            continue
        gate = float(np.percentile(inside, 90)) - _EDGE_DB
        first = _edge(level, gate, start, max(0, start - round(100 * _EDGE_S)), min(end, start + round(100 * _EDGE_S)))
        last = _edge(
            level[::-1],
            gate,
            len(level) - end,
            max(0, len(level) - end - round(100 * _EDGE_S)),
            min(len(level) - start, len(level) - end + round(100 * _EDGE_S)),
        )
        found.append(Span(start_s=utterance.start_s + first / 100, end_s=utterance.start_s + (len(level) - last) / 100))
    return [span for span in found if span.end_s > span.start_s]


def _edge(level: np.ndarray, gate: float, at: int, low: int, high: int) -> int:
    """The first frame from `low` on that is louder than the gate; `at` where the sound is loud all along or nowhere."""
    loud = np.flatnonzero(level[low:high] > gate)
    return at if not len(loud) or loud[0] == 0 else low + int(loud[0])


def levels_dbfs(samples: Samples) -> np.ndarray:
    """Level of each 10 ms, in decibels below a full-scale square wave; at least -90."""
    count = len(samples) // _HOP
    frames = samples[: count * _HOP].reshape(count, _HOP)
    power = np.einsum("ij,ij->i", frames, frames) / _HOP
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_FLOOR_DBFS / 10))))


def speech_level_dbfs(samples: Samples) -> float:
    """Active speech level: the mean power of the frames within 15.9 dB of it (after ITU-T P.56's margin)."""
    level = levels_dbfs(samples)
    if not len(level):
        return _FLOOR_DBFS
    power = 10 ** (level / 10)
    mean = float(power.mean())
    for _ in range(8):  # settles in two or three
        active = power[level > 10 * np.log10(mean) - 15.9]
        mean = float(active.mean())
    return float(10 * np.log10(mean))


def pitch_hz(samples: Samples) -> np.ndarray:
    """Fundamental frequency of each voiced 10 ms, by the peak of the window-corrected autocorrelation (Boersma 1993)."""
    if len(samples) < _FRAME:
        return np.zeros(0)
    window = np.hanning(_FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP].astype(np.float64)
    loud = frames.std(axis=1) > 10 ** (-55 / 20)
    frames = (frames[loud] - frames[loud].mean(axis=1, keepdims=True)) * window
    if not len(frames):
        return np.zeros(0)
    size = 2 * _FRAME
    of_window = np.fft.irfft(np.abs(np.fft.rfft(window, size)) ** 2)[: _FRAME // 2]
    of_sound = np.fft.irfft(np.abs(np.fft.rfft(frames, size)) ** 2)[:, : _FRAME // 2]
    likeness = of_sound / of_sound[:, :1] / (of_window / of_window[0])
    low, high = int(RATE_HZ / _HIGHEST_HZ), int(RATE_HZ / _LOWEST_HZ)
    # a small price on long periods, or a voice would be heard an octave too deep
    priced = likeness[:, low:high] - 0.02 * np.log2(np.arange(low, high) / low)
    best = priced.argmax(axis=1)
    rows = np.arange(len(best))
    voiced = (likeness[rows, low + best] > _VOICED) & (best > 0) & (best < high - low - 1)
    rows, lags = rows[voiced], (low + best[voiced])
    before, here, after = likeness[rows, lags - 1], likeness[rows, lags], likeness[rows, lags + 1]
    bend = before - 2 * here + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, 1), 0.0)
    return np.asarray(RATE_HZ / (lags + shift))
