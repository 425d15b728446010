"""Sound as CTC models take it: the log-mel pictures that NVIDIA's NeMo trains on, or the plain wave of wav2vec 2.0."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from transcription.audio import Samples
from transcription.windows import RATE_HZ

HOP = 160  #: samples from one frame to the next: 10 ms
_WINDOW, _FFT = 400, 512
_PREEMPHASIS = 0.97
_LOG_GUARD = 2.0**-24
_VARIANCE_GUARD, _WAVE_GUARD = 1e-5, 1e-7


def log_mel(samples: Samples, bands: int, *, normalised: bool) -> NDArray[np.float32]:
    """(bands, frames), a frame each 10 ms; normalised: mean 0 and deviation 1 in each band, over this very sound."""
    wave = np.append(samples[:1], samples[1:] - _PREEMPHASIS * samples[:-1])
    padded = np.pad(wave, _FFT // 2)
    frames = len(samples) // HOP
    steps = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP][:frames]
    power = np.abs(np.fft.rfft(steps * _hann(), axis=1)).astype(np.float32) ** 2
    picture = np.log(power @ _filters(bands).T + _LOG_GUARD).T
    if normalised and frames > 1:
        mean = picture.mean(axis=1, keepdims=True)
        picture = (picture - mean) / (picture.std(axis=1, keepdims=True, ddof=1) + _VARIANCE_GUARD)
    return np.ascontiguousarray(picture, dtype=np.float32)


def plain(samples: Samples, *, normalised: bool) -> NDArray[np.float32]:
    """The wave itself; normalised: mean 0 and deviation 1."""
    if not normalised:
        return samples.astype(np.float32)
    return np.asarray((samples - samples.mean()) / np.sqrt(samples.var() + _WAVE_GUARD), dtype=np.float32)


@functools.cache
def _hann() -> NDArray[np.float32]:
    around = (_FFT - _WINDOW) // 2
    window: NDArray[np.float32] = np.pad(np.hanning(_WINDOW), around).astype(np.float32)
    return window


@functools.cache
def _filters(bands: int) -> NDArray[np.float32]:
    """Slaney's mel filters, those that Whisper and NeMo share: (bands, frequencies)."""
    from faster_whisper.feature_extractor import FeatureExtractor

    return np.asarray(FeatureExtractor.get_mel_filters(RATE_HZ, _FFT, n_mels=bands), dtype=np.float32)
