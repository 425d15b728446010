"""Voices for the sample calls: a line of script in, 8 kHz telephone speech out.

English is spoken by a Piper voice, Persian by espeak-ng. Both need programs that Avasanj itself does not:
sox and espeak-ng on the PATH, and the `piper-tts` package. README.md beside this file says how to get them.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
SPEECH_RMS_DB = -23.0  # a usual active speech level on a telephone trunk, dB below full scale
PEAK_DB = -2.0  # A-law and Opus both overshoot a little; this keeps them from clipping
EDGE_DB = -38.0  # below the loudest 10 ms of a line, what is quieter than this at its ends counts as silence

Sound = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a line is said: gain in dB, tempo as a factor, pitch shift in cents."""

    gain_db: float = 0.0
    tempo: float = 1.0
    pitch_cents: int = 0


MANNERS = {
    "plain": Manner(),
    "angry": Manner(gain_db=4.0, tempo=1.07, pitch_cents=70),
    "loud": Manner(gain_db=5.0, tempo=1.0, pitch_cents=40),
    "tired": Manner(gain_db=-2.0, tempo=0.94, pitch_cents=-60),
    "quiet": Manner(gain_db=-5.0),
    "quick": Manner(tempo=1.12),
    "smiling": Manner(gain_db=1.0, pitch_cents=60),
}


@dataclass(frozen=True, kw_only=True)
class Person:
    """A speaker's voice. `variant` and `rate_wpm` are for espeak-ng only, `pace` for Piper only (above 1 is slower)."""

    pitch_cents: int = 0
    tempo: float = 1.0
    pace: float = 1.0
    variant: str = "m3"
    rate_wpm: int = 165


class Speaker(Protocol):
    """Speaks one line into a WAV file of any sample rate."""

    def say(self, text: str, person: Person, wav_path: Path) -> None: ...


class EspeakSpeaker:
    """espeak-ng, Persian. Robotic, but there is no freely installable Persian voice that is better."""

    def say(self, text: str, person: Person, wav_path: Path) -> None:
        voice, speed = f"fa+{person.variant}", str(person.rate_wpm)
        command = ["espeak-ng", "-b", "1", "-v", voice, "-s", speed, "-w", str(wav_path), "--stdin"]
        subprocess.run(command, input=text.encode(), check=True, capture_output=True)


class PiperSpeaker:
    """A Piper voice, English. Make one per call: its random stream starts at the seed when it is made."""

    def __init__(self, model_path: Path, *, seed: int) -> None:
        import onnxruntime  # type: ignore[import-untyped]
        from piper import PiperVoice

        onnxruntime.set_seed(seed)
        self._voice = PiperVoice.load(model_path)

    def say(self, text: str, person: Person, wav_path: Path) -> None:
        import wave

        from piper import SynthesisConfig

        # Less noise than the voice's defaults: at 8 kHz the extra variation only costs intelligibility.
        config = SynthesisConfig(length_scale=person.pace, noise_scale=0.55, noise_w_scale=0.7)
        with wave.open(str(wav_path), "wb") as wav_file:
            self._voice.synthesize_wav(text, wav_file, syn_config=config)


def speak_line(speaker: Speaker, text: str, person: Person, manner: Manner) -> Sound:
    """The line as (n,) samples at 8 kHz in -1..1, telephone band, levelled, without silence at its ends.

    Raises ValueError when the synthesiser returned nothing audible for the text.
    """
    with tempfile.TemporaryDirectory() as folder:
        wav_path = Path(folder) / "line.wav"
        speaker.say(text, person, wav_path)
        sound = _through_telephone(wav_path, person, manner)
    trimmed = _trim(sound)
    if trimmed.size < RATE_HZ // 20:
        msg = f"The synthesiser returned no speech for {text!r}. Spell the line out with `say:` in its script."
        raise ValueError(msg)
    return _level(trimmed, SPEECH_RMS_DB + manner.gain_db)


def _through_telephone(wav_path: Path, person: Person, manner: Manner) -> Sound:
    """Pitch, tempo, and the 300-3400 Hz of a telephone line, by sox."""
    command = ["sox", "-D", str(wav_path), "-t", "raw", "-r", str(RATE_HZ), "-e", "signed", "-b", "16", "-c", "1", "-"]
    command += ["gain", "-6", "pitch", str(person.pitch_cents + manner.pitch_cents)]
    command += ["tempo", "-s", f"{person.tempo * manner.tempo:.3f}", "highpass", "300", "lowpass", "3400"]
    raw = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(raw, dtype="<i2").astype(np.float64) / 32768.0


def _trim(sound: Sound) -> Sound:
    frame = RATE_HZ // 100
    count = sound.size // frame
    if count == 0:
        return sound[:0]
    power = np.sqrt(np.mean(sound[: count * frame].reshape(count, frame) ** 2, axis=1))
    loud = np.flatnonzero(power > max(power.max() * 10 ** (EDGE_DB / 20), 1e-4))
    if loud.size == 0:
        return sound[:0]
    first, last = max(int(loud[0]) - 2, 0), min(int(loud[-1]) + 4, count)
    return sound[first * frame : last * frame]


def _level(sound: Sound, rms_db: float) -> Sound:
    """Sets the level of the speech, its pauses left out; soft limiting keeps every peak below PEAK_DB."""
    active = sound[np.abs(sound) > np.abs(sound).max() * 0.02]
    levelled = sound * (10 ** (rms_db / 20) / float(np.sqrt(np.mean(active**2))))
    ceiling = 10 ** (PEAK_DB / 20)
    knee = ceiling * 0.6
    over = np.abs(levelled) > knee
    squeezed = knee + (ceiling - knee) * np.tanh((np.abs(levelled) - knee) / (ceiling - knee))
    result: Sound = np.where(over, np.sign(levelled) * squeezed, levelled)
    fade = min(40, result.size // 2)
    result[:fade] *= np.linspace(0, 1, fade)
    result[-fade:] *= np.linspace(1, 0, fade)
    return result
