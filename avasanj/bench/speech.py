"""Our speech engine beside three ways to use faster-whisper, on the same calls: speed, memory and word errors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from avasanj.bench.speech_calls import SpokenCall, calls_of
from avasanj.errors import LastingError
from avasanj.settings import Settings
from transcription.word_errors import word_errors

Say = Callable[[str], None]
#: the order in which they run, each alone on the machine
ENGINES = ("naive", "int8_vad", "batched", "avasanj")
_LIMIT_S = 6 * 3600.0


def measure(settings: Settings, folder: Path, say: Say, *, engines: Sequence[str] = ENGINES) -> dict[str, Any]:
    """The document that `avasanj bench speech --json` prints. Raises InputError for a folder without calls."""
    calls = calls_of(folder, settings.language)
    audio_s = sum(call.audio_s for call in calls)
    say(f"{len(calls)} calls, {audio_s:.0f} s of sound in both legs together, model {settings.speech_model_path.name}")
    found = {}
    for engine in engines:
        say(f"{engine} …")
        outcome = _run(settings, engine, calls)
        found[engine] = {
            "wall_s": round(outcome["wall_s"], 2),
            "cpu_s": round(outcome["cpu_s"], 2),
            "times_real_time": round(audio_s / outcome["wall_s"], 2),
            "peak_mb": round(outcome["peak_mb"], 1),
            "load_s": round(outcome["load_s"], 2),
            **_word_errors(calls, outcome["texts"]),
            **_beside_inference(outcome),
        }
    return {"audio_s": round(audio_s, 2), "engines": found}


def _run(settings: Settings, engine: str, calls: Sequence[SpokenCall]) -> dict[str, Any]:
    """In a child process, so that its peak of memory is its own."""
    task = {
        "engine": engine,
        "model": str(settings.speech_model_path),
        "threads": settings.threads,
        "language": settings.language,
        "calls": [
            {"name": c.name, "language": c.language, "legs": {p: str(path) for p, path in c.legs.items()}}
            for c in calls
        ],
    }
    done = subprocess.run(
        [sys.executable, "-m", "avasanj.bench.speech_engines"],
        input=json.dumps(task),
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LIMIT_S,
        check=False,
        env={
            **os.environ,
            "AVASANJ_DATA_DIR": str(settings.data_dir),
            "AVASANJ_SPEECH_MODEL": str(settings.speech_model_path),
            "AVASANJ_THREADS": str(settings.threads),
        },
    )
    if done.returncode:
        raise LastingError(f"The engine {engine} ended with {done.returncode}; what it wrote above says why.")
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def _beside_inference(outcome: dict[str, Any]) -> dict[str, Any]:
    """Share of the processor time that went neither into encoder nor decoder, in percent, where the engine counts both."""
    inference = outcome["inference_cpu_s"]
    return {"other_cpu_percent": round(100 * (1 - inference / outcome["cpu_s"]), 1)} if inference else {}


def _word_errors(calls: Sequence[SpokenCall], texts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Share of words that are wrong over every leg with a reference, 0 to 1 and beyond; nothing where there is none."""
    wrong = total = 0
    for call in calls:
        for party, said in call.said.items():
            errors = word_errors(said, texts[call.name].get(party, ""), call.language)
            wrong, total = wrong + errors.edits, total + errors.length
    return {"wer": round(wrong / total, 4), "words": total} if total else {}
