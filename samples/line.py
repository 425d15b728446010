"""The line between two people: its noise, the music on hold, and the coded file that a recorder leaves."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from voices import RATE_HZ, Sound

HOLD_PEAK = 0.06
OPUS_BITS_PER_S = 13_000
BEAT_S = 0.6
# A slow I-vi-IV-V in C, one note a beat, written for these samples.
HOLD_NOTES_HZ = (
    *(523.3, 659.3, 784.0, 659.3),
    *(440.0, 523.3, 659.3, 523.3),
    *(349.2, 440.0, 523.3, 440.0),
    *(392.0, 493.9, 587.3, 493.9),
)


def line_noise(count: int, level_db: float, *, seed: int) -> Sound:
    """(count,) samples of hiss at level_db RMS, brighter at the low end as on a real trunk, slowly swelling."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    frequency_hz = np.fft.rfftfreq(count, 1 / RATE_HZ)
    shape = np.where((frequency_hz > 300) & (frequency_hz < 3400), 1 / np.sqrt(np.maximum(frequency_hz, 300)), 0.0)
    hiss = np.fft.irfft(spectrum * shape, count)
    swell = 1 + 0.25 * np.sin(2 * np.pi * np.arange(count) / (7.3 * RATE_HZ))
    noise: Sound = hiss * swell * (10 ** (level_db / 20) / float(np.sqrt(np.mean(hiss**2))))
    return noise


def hold_music(duration_s: float) -> Sound:
    """Gentle tones at 8 kHz that a caller hears on hold, faded in and out. Synthesised here, so free of rights."""
    count = round(duration_s * RATE_HZ)
    music = np.zeros(count + 3 * RATE_HZ)
    note_s = 4 * BEAT_S
    time_s = np.arange(round(note_s * RATE_HZ)) / RATE_HZ
    envelope = np.minimum(time_s / 0.05, 1.0) * np.exp(-time_s / 0.7)
    for beat in range(int(duration_s / BEAT_S)):
        pitch_hz = HOLD_NOTES_HZ[beat % len(HOLD_NOTES_HZ)]
        tone = np.sin(2 * np.pi * pitch_hz * time_s) + 0.25 * np.sin(4 * np.pi * pitch_hz * time_s)
        first = round(beat * BEAT_S * RATE_HZ)
        music[first : first + tone.size] += (tone * envelope)[: music.size - first]
    held: Sound = music[:count] * (HOLD_PEAK / np.abs(music).max())
    fade = min(RATE_HZ // 2, count // 2)
    held[:fade] *= np.linspace(0, 1, fade)
    held[-fade:] *= np.linspace(1, 0, fade)
    return held


def write_opus(sound: Sound, path: Path) -> None:
    """Codes a leg as it would come off a trunk: once through A-law, then mono Opus in Ogg, the same bytes each time."""
    pcm = (np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes()
    raw = ["-t", "raw", "-r", str(RATE_HZ), "-e", "signed", "-b", "16", "-c", "1", "-"]
    alaw = ["sox", "-D", *raw, "-t", "raw", "-e", "a-law", "-b", "8", "-"]
    coded = subprocess.run(alaw, input=pcm, check=True, capture_output=True).stdout
    ffmpeg = ["ffmpeg", "-v", "error", "-y", "-f", "alaw", "-ar", str(RATE_HZ), "-ac", "1", "-i", "-"]
    ffmpeg += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact", "-c:a", "libopus"]
    ffmpeg += ["-application", "voip", "-b:a", str(OPUS_BITS_PER_S), "-vbr", "on", "-frame_duration", "40", str(path)]
    subprocess.run(ffmpeg, input=coded, check=True, capture_output=True)
