"""Whisper on a processor's bfloat16 and int8 units, through OpenVINO: encoder and decoder of one model, for several threads.

It stands beside CTranslate2, which does neither on such a processor, and is used only where `unusable` has no objection
and `agrees` finds what CTranslate2 finds.
"""

from __future__ import annotations

import functools
import gc
import importlib.util
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from avasanj import memory
from transcription.openvino_lane import OpenVinoLane

#: what a processor must name among its abilities
_UNITS = {"amx_bf16", "avx512_bf16"}
#: Shapes for which the library keeps what it has made for each layer; without a bound they add up over hundreds of calls.
_SHAPES_KEPT = 64
#: int8 sums are rescaled once for so many values of an activation; smaller groups cost a fifth more and gave no other text
_GROUP = 128


@functools.cache
def unusable() -> str:
    """Why this machine can't use it, "" when it can."""
    if importlib.util.find_spec("openvino") is None:
        return "OpenVINO is not installed"
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "the processor's abilities can't be read"
    if not any(_UNITS & set(line.split()) for line in flags.splitlines() if line.startswith("flags")):
        return "the processor has no unit for bfloat16"
    return ""


class OpenVinoWhisper:
    """The compiled graphs of one model, shared by `lanes` threads that each have a lane. Load it before asking for one."""

    def __init__(self, model_dir: Path, *, forbidden: Sequence[int], end: int, threads: int, lanes: int) -> None:
        """`forbidden` pieces are never written; none above `end` is either."""
        self.model_dir = model_dir
        self._forbidden, self._end = tuple(forbidden), end
        self._threads, self._lanes = threads, lanes
        self._encoder: Any = None
        self._decoder: Any = None
        self._compiling = threading.Lock()

    def load(self) -> None:
        """Compile both graphs; takes a second or two and is done once, however often it is asked for.

        Raises LastingError for a model.bin of another format.
        """
        import openvino as ov

        from transcription import openvino_graphs as graphs
        from transcription.openvino_weights import read_weights

        with self._compiling:
            if self._decoder is not None:
                return
            heads = json.loads((self.model_dir / "config.json").read_text())["alignment_heads"]
            weights = read_weights(self.model_dir / "model.bin")
            core = ov.Core()
            options = {
                "INFERENCE_PRECISION_HINT": "bf16",
                "INFERENCE_NUM_THREADS": self._threads,
                "NUM_STREAMS": self._lanes,
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP,
                "ENABLE_CPU_PINNING": False,
                "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES_KEPT,
            }
            self._encoder = core.compile_model(graphs.encoder(weights), "CPU", options)
            weights = {name: array for name, array in weights.items() if name.startswith("decoder/")}
            gc.collect()
            memory.give_back()
            graph = graphs.decoder(
                weights, forbidden=self._forbidden, vocabulary=self._end + 1, heads=[(a, b) for a, b in heads]
            )
            self._decoder = core.compile_model(graph, "CPU", options)
            del graph, weights
        gc.collect()
        memory.give_back()

    def lane(self, places: int = 1) -> OpenVinoLane:
        """For so many windows at once."""
        return OpenVinoLane(self._encoder.create_infer_request(), self._decoder.create_infer_request(), places=places)
