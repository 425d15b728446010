"""The engines that the speech bench compares. Each runs in a process of its own: `python -m avasanj.bench.speech_engines`.

A task comes as JSON on standard input and the outcome goes to standard output. Loading is timed by itself, since it is
done once a day and not once a call; beam 5 and the language are the same for all.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

#: NAME -> {party: text}, as each call is done
Texts = Iterator[tuple[str, dict[str, str]]]
_BEAM, _BATCH = 5, 8
#: threads in which nothing but the speech model is computed, where there are such: by their number in the system
_INFERRING: set[int] = set()


def naive(task: dict[str, Any]) -> Callable[[], Texts]:
    """faster-whisper as its README begins, one leg after another."""
    return _leg_by_leg(task, "default", lambda model, path, language: model.transcribe(path, language=language))


def int8_vad(task: dict[str, Any]) -> Callable[[], Texts]:
    """The same in int8 and with its own search for speech."""
    return _leg_by_leg(
        task, "int8", lambda model, path, language: model.transcribe(path, language=language, vad_filter=True)
    )


def batched(task: dict[str, Any]) -> Callable[[], Texts]:
    """faster-whisper's batches of eight windows, a file at a time."""
    from faster_whisper import BatchedInferencePipeline

    return _leg_by_leg(
        task,
        "int8",
        lambda model, path, language: BatchedInferencePipeline(model).transcribe(
            path, language=language, batch_size=_BATCH, beam_size=_BEAM
        ),
    )


def avasanj(task: dict[str, Any]) -> Callable[[], Texts]:
    """Ours, by the settings."""
    from avasanj import memory
    from avasanj.settings import load_settings
    from telephony.tables import Party
    from transcription import vad
    from transcription.engines import calls_at_once, engine_of
    from transcription.legs import Leg
    from transcription.recogniser import Asked
    from transcription.windows import RATE_HZ, Window

    memory.hold_little()  # as every process of ours begins
    settings = load_settings()
    quiet = np.zeros(RATE_HZ, np.float32)
    vad.speech(quiet)
    before = set(_thread_cpu_s())
    engine = engine_of(settings)
    loading = [
        engine.submit(Asked(window=Window(samples=quiet, placed=()), language=task["language"])) for _ in range(8)
    ]
    for one in loading:
        one.result()
    # OpenVINO computes in threads of its own, which come with the model; Silero's were there before
    _INFERRING.update(set(_thread_cpu_s()) - before - {one.native_id for one in threading.enumerate()})

    def call(given: dict[str, Any]) -> tuple[str, dict[str, str]]:
        legs = [
            Leg(recording_id=i, party=Party(party), path=Path(path), channel=None, start_s=0.0)
            for i, (party, path) in enumerate(given["legs"].items())
        ]
        heard = engine.transcribe(legs, given["language"])
        return given["name"], {
            leg.party.value: " ".join(one.text for one in heard.spoken if one.party == leg.party) for leg in legs
        }

    def run() -> Texts:
        with ThreadPoolExecutor(calls_at_once(settings)) as callers:
            yield from callers.map(call, task["calls"])

    return run


ENGINES: dict[str, Callable[[dict[str, Any]], Callable[[], Texts]]] = {
    "naive": naive,
    "int8_vad": int8_vad,
    "batched": batched,
    "avasanj": avasanj,
}


def _leg_by_leg(task: dict[str, Any], compute_type: str, heard: Callable[[Any, str, str], Any]) -> Callable[[], Texts]:
    from faster_whisper import WhisperModel
    from faster_whisper.vad import get_vad_model

    model = WhisperModel(
        task["model"], device="cpu", compute_type=compute_type, cpu_threads=task["threads"], local_files_only=True
    )
    get_vad_model()

    def run() -> Texts:
        for call in task["calls"]:
            texts = {}
            for party, path in call["legs"].items():
                segments, _ = heard(model, path, call["language"])
                texts[party] = " ".join(segment.text.strip() for segment in segments)
            yield call["name"], texts

    return run


def _peak_mb() -> float:
    """The most memory this process ever held, in MB. What `getrusage` says would count the parent's as well."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024 / 1e6


def _thread_cpu_s() -> dict[int, float]:
    """Processor seconds so far of each thread, by its number in the system."""
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    stats = {int(one.name): (one / "stat").read_text() for one in Path("/proc/self/task").iterdir()}
    return {number: sum(map(int, stat.rpartition(")")[2].split()[11:13])) * tick_s for number, stat in stats.items()}


def _search_cpu_s() -> float:
    """Processor seconds so far of our own beam search, which is part of decoding."""
    from prometheus_client import REGISTRY

    return REGISTRY.get_sample_value("avasanj_speech_search_cpu_seconds_total") or 0.0


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _main() -> None:
    # libraries write what they like to standard output; the outcome alone belongs there
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)
        json.dump(_outcome(json.load(sys.stdin)), out)


def _outcome(task: dict[str, Any]) -> dict[str, Any]:
    began_s = time.monotonic()
    run = ENGINES[task["engine"]](task)
    loaded_s, loaded_cpu_s, loaded, searched_s = time.monotonic(), _cpu_s(), _thread_cpu_s(), _search_cpu_s()
    texts = dict(run())
    spent = _thread_cpu_s()
    return {
        "inference_cpu_s": sum(spent[number] - loaded[number] for number in _INFERRING) + _search_cpu_s() - searched_s,
        "load_s": loaded_s - began_s,
        "wall_s": time.monotonic() - loaded_s,
        "cpu_s": _cpu_s() - loaded_cpu_s,
        "peak_mb": _peak_mb(),
        "texts": texts,
    }


if __name__ == "__main__":
    _main()
