"""WAV files for the phones to speak, and what a recording of one sounds like."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.peers import program

RATE_HZ = 8_000


def tone(path: Path, *, pitch_hz: float, length_s: float) -> Path:
    """Write a mono 8 kHz WAV of one steady tone."""
    _sox("-n", "-r", str(RATE_HZ), "-b", "16", str(path), "synth", str(length_s), "sine", str(pitch_hz), "gain", "-9")
    return path


def silence(path: Path, *, length_s: float) -> Path:
    """Write a mono 8 kHz WAV of digital silence."""
    _sox("-n", "-r", str(RATE_HZ), "-b", "16", "-c", "1", str(path), "trim", "0", str(length_s))
    return path


def speech(path: Path, text: str, *, voice: str = "en-us") -> Path:
    """Write what espeak-ng makes of a text; `voice` is one of its names, such as `en-us` or `fa`."""
    _run([program("espeak-ng", package="espeak-ng"), "-v", voice, "-w", str(path), text])
    return path


def as_telephone_wav(source: Path, target: Path, *, silence_after_s: float = 0.0) -> Path:
    """Mono, 8 kHz, 16 bit."""
    _sox(str(source), "-r", str(RATE_HZ), "-c", "1", "-b", "16", str(target), "pad", "0", str(silence_after_s))
    return target


def as_a_law(source: Path, target: Path, *, silence_before_s: float = 0.0) -> Path:
    """A-law without a header, as sipp streams it: 8,000 bytes a second."""
    _sox(str(source), "-r", str(RATE_HZ), "-c", "1", "-t", "al", str(target), "pad", str(silence_before_s))
    return target


def samples_of(path: Path) -> tuple[npt.NDArray[np.float64], int]:
    """Samples of a 16-bit mono WAV in -1..1, and its rate in Hz. Raises `wave.Error` where the header is not that of a whole WAV."""
    with wave.open(str(path)) as file:
        rate_hz = file.getframerate()
        data = file.readframes(file.getnframes())
        if (file.getnchannels(), file.getsampwidth()) != (1, 2) or len(data) != 2 * file.getnframes():
            raise wave.Error(f"{path} is not a whole 16-bit mono WAV")
    return np.frombuffer(data, dtype="<i2").astype(np.float64) / 32768, rate_hz


def length_s(path: Path) -> float:
    """Length of a 16-bit mono WAV in seconds."""
    samples, rate_hz = samples_of(path)
    return samples.size / rate_hz


def loudest_pitch_hz(path: Path) -> float:
    """Pitch that carries most of a recording's energy, to about 1 Hz. 0.0 for silence."""
    samples, rate_hz = samples_of(path)
    if not samples.size or float(np.abs(samples).max()) < 1e-3:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(samples)))) * rate_hz / samples.size


def level_at_db(path: Path, pitch_hz: float, *, width_hz: float = 20.0) -> float:
    """Energy around a pitch in dB of the whole recording's: 0 is all of it, -120 none."""
    samples, rate_hz = samples_of(path)
    power = np.abs(np.fft.rfft(samples)) ** 2
    pitches_hz = np.fft.rfftfreq(samples.size, 1 / rate_hz)
    near = float(power[np.abs(pitches_hz - pitch_hz) <= width_hz].sum())
    return float(10 * np.log10(max(near / max(float(power.sum()), 1e-12), 1e-12)))


def likeness(recording: Path, source: Path) -> float:
    """How much of a recording is the source at some shift: the peak of their normalised cross-correlation, 0..1."""
    heard, rate_hz = samples_of(recording)
    said, said_rate_hz = samples_of(source)
    if rate_hz != said_rate_hz:
        raise ValueError(f"{recording} has {rate_hz} Hz and {source} {said_rate_hz} Hz; convert one of them first.")
    size = heard.size + said.size
    product = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    return float(np.abs(product).max() / max(float(np.linalg.norm(heard) * np.linalg.norm(said)), 1e-12))


def _sox(*arguments: str) -> None:
    _run([program("sox", package="sox"), *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} failed with {done.returncode}: {done.stderr.strip()[-400:]}")
