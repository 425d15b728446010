"""Sounds for the tests: the repository's own sample calls, and what a telephone line carries beside speech."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from telephony.tables import Party
from tests.conftest import ROOT, missing_peer
from transcription.legs import Leg
from transcription.turns import Said

Samples = NDArray[np.float32]
RATE_HZ = 8000


def leg(path: Path, party: Party = Party.CUSTOMER, **facts: object) -> Leg:
    given: dict[str, object] = {"recording_id": 1, "channel": None, "start_s": 0.0, **facts}
    return Leg(path=path, party=party, **given)  # type: ignore[arg-type]


def sample(name: str, party: Party) -> Path:
    return ROOT / "samples" / "calls" / f"{name}-{party}.ogg"


def sample_legs(name: str) -> list[Leg]:
    return [leg(sample(name, p), p, recording_id=i) for i, p in enumerate((Party.CUSTOMER, Party.AGENT))]


def reference(name: str) -> list[Said]:
    turns = json.loads((ROOT / "samples" / "references" / f"{name}.json").read_text())["turns"]
    return [Said(party=Party(t["party"]), start_s=t["start_s"], end_s=t["end_s"], text=t["text"]) for t in turns]


def english_samples() -> list[str]:
    return sorted(path.stem for path in (ROOT / "samples" / "references").glob("en-*.json"))


def write_wav(path: Path, samples: Samples, rate_hz: int = RATE_HZ) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def convert(source: Path, target: Path, *options: str) -> Path:
    if shutil.which("ffmpeg") is None:
        missing_peer("needs ffmpeg; `make test` installs it")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", source, *options, target], check=True, timeout=60)
    return target


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("-", " "))


def word_errors(reference_words: list[str], found: list[str]) -> int:
    row = list(range(len(found) + 1))
    for i, wanted in enumerate(reference_words, 1):
        diagonal, row[0] = row[0], i
        for j, got in enumerate(found, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != got))
    return row[-1]


def _time(seconds: float) -> NDArray[np.float64]:
    return np.arange(int(seconds * RATE_HZ)) / RATE_HZ


def tone(seconds: float, *hz: float, level: float = 0.3) -> Samples:
    t = _time(seconds)
    return (level * sum(np.sin(2 * np.pi * f * t) for f in hz) / len(hz)).astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE_HZ), np.float32)


def line_noise(seconds: float) -> Samples:
    return (0.01 * np.random.default_rng(7).standard_normal(int(seconds * RATE_HZ))).astype(np.float32)


def ring_back(seconds: float) -> Samples:
    """One second of tone, four of silence, as European exchanges ring."""
    return np.concatenate([np.concatenate([tone(1, 425), silence(4)]) for _ in range(int(seconds // 5))])


def dtmf(seconds: float) -> Samples:
    pairs = [(697, 1209), (770, 1336), (852, 1477), (941, 1336), (697, 1477), (852, 1209)]
    return np.concatenate([np.concatenate([tone(0.2, *pairs[i % 6]), silence(0.2)]) for i in range(int(seconds / 0.4))])


def music(seconds: float) -> Samples:
    """Chords with a melody over them and a beat, as on hold; made here, so nobody's."""
    chords = [(262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294)]
    melody = [523, 587, 659, 587, 523, 494, 440, 494]
    out = []
    for i in range(int(seconds / 0.5)):
        t = _time(0.5)
        fade = np.exp(-2 * t)
        beat = np.random.default_rng(i).standard_normal(len(t)) * np.exp(-40 * t) * 0.1
        out.append(
            tone(0.5, *chords[i // 4 % 4], level=0.25) + tone(0.5, melody[i % 8], 2 * melody[i % 8]) * fade + beat
        )
    return np.concatenate(out).astype(np.float32)
