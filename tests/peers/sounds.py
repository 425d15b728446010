"""WAV files for the phones to speak, and what a recording of one sounds like."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from tests.peers import program

RATE_HZ = 8_000


def tone(path: Path, *, pitch_hz: float, length_s: float) -> Path:
    """Write a mono 8 kHz WAV of one steady tone."""
    _run([program("sox", package="sox"), "-n", "-r", str(RATE_HZ), "-b", "16", str(path)]
         + ["synth", str(length_s), "sine", str(pitch_hz), "gain", "-9"])  # fmt: skip
    return path


def silence(path: Path, *, length_s: float) -> Path:
    """Write a mono 8 kHz WAV of digital silence."""
    _run([program("sox", package="sox"), "-n", "-r", str(RATE_HZ), "-b", "16", "-c", "1", str(path), "trim", "0", str(length_s)])
    return path


def speech(path: Path, text: str, *, voice: str = "en-us") -> Path:
    """Write what espeak-ng makes of a text; `voice` is one of its names, such as `en-us` or `fa`."""
    _run([program("espeak-ng", package="espeak-ng"), "-v", voice, "-w", str(path), text])
    return path


def as_telephone_wav(source: Path, target: Path, *, silence_after_s: float = 0.0) -> Path:
    """Mono, 8 kHz, 16 bit."""
    _run([program("sox", package="sox"), str(source), "-r", str(RATE_HZ), "-c", "1", "-b", "16", str(target), "pad", "0"]
         + [str(silence_after_s)])  # fmt: skip
    return target


def as_a_law(source: Path, target: Path, *, silence_before_s: float = 0.0) -> Path:
    """A-law without a header, as sipp streams it: 8,000 bytes a second."""
    _run([program("sox", package="sox"), str(source), "-r", str(RATE_HZ), "-c", "1", "-t", "al", str(target)]
         + ["pad", str(silence_before_s)])  # fmt: skip
    return target


def loudest_pitch_hz(path: Path) -> float:
    """Pitch that carries most of a file's energy, to about 1 Hz. 0.0 for silence."""
    samples, rate_hz = soundfile.read(path, dtype="float64")
    samples: npt.NDArray[np.float64]
    if not samples.size or float(np.abs(samples).max()) < 1e-3:
        return 0.0
    spectrum = np.abs(np.fft.rfft(samples))
    return float(np.argmax(spectrum)) * float(rate_hz) / samples.size


def level_at_db(path: Path, pitch_hz: float, *, width_hz: float = 20.0) -> float:
    """Share of the file's energy around a pitch, in dB of the whole: 0 is all of it."""
    samples, rate_hz = soundfile.read(path, dtype="float64")
    power = np.abs(np.fft.rfft(samples)) ** 2
    pitches_hz = np.fft.rfftfreq(samples.size, 1 / rate_hz)
    near = power[np.abs(pitches_hz - pitch_hz) <= width_hz].sum()
    return float(10 * np.log10(max(near, 1e-12) / max(power.sum(), 1e-12)))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed with {done.returncode}: {done.stderr.strip()[-400:]}")
