"""Where there is speech: Silero's detector, as it comes with faster-whisper."""

from __future__ import annotations

import functools
import importlib.util
import threading
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.log import get_logger
from transcription.audio import Samples
from transcription.windows import LONGEST_SPEECH_S, RATE_HZ

#: pauses that end a stretch of speech, and the shortest stretch: "mm-hm" takes 0.2 s, a click less
_PAUSE_MS, _SHORTEST_MS = 300, 150
#: Samples in whose multiples sound is handed on: the libraries keep memory for every length they have seen, 1.3 MB a call
_STEP = RATE_HZ
#: Silero's probability from which sound is speech; at its usual 0.5 soft beginnings are lost
_SPEECH_ABOVE = 0.4
#: Frames of 32 ms in one go: two minutes at once took 60 MB for each call. Silence fills the last go up to a multiple of
#: the second number, since for each number of frames that it has seen OpenVINO keeps what it has made.
_AT_ONCE, _IN_STEPS_OF = 256, 32
_log = get_logger(__name__)
_coming = threading.Lock()


class _InParts:
    """In the place of the detector's ONNX session: the same sums part by part, in OpenVINO where that is installed.

    OpenVINO takes half of the processor's time for them; the probabilities agree to six places.
    """

    def __init__(self, session: Any) -> None:
        self._session, self._fast = session, _in_openvino()
        self._own = threading.local()  #: a request can't be shared between threads

    def run(self, _names: None, given: dict[str, Any]) -> list[Any]:
        frames, state = given["input"], [given["h"], given["c"]]
        found = []
        for first in range(0, len(frames), _AT_ONCE):
            part = frames[first : first + _AT_ONCE]
            count = len(part)
            part, *state = self._part(np.pad(part, ((0, -count % _IN_STEPS_OF), (0, 0))), *state)
            found.append(part[:count])
        return [np.concatenate(found), *state]

    def _part(self, frames: Any, h: Any, c: Any) -> list[Any]:
        given = {"input": frames, "h": h, "c": c}
        if self._fast is None:
            return list(self._session.run(None, given))
        if not hasattr(self._own, "request"):
            self._own.request = self._fast.create_infer_request()
        self._own.request.infer(given)
        return [self._own.request.get_output_tensor(i).data.copy() for i in range(3)]


def speech(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of speech (start, end) in samples at 16 kHz, without padding."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps, get_vad_model

    with _coming:
        model = get_vad_model()
        if not isinstance(model.session, _InParts):
            model.session = _InParts(model.session)
    options = VadOptions(
        threshold=_SPEECH_ABOVE,
        min_silence_duration_ms=_PAUSE_MS,
        min_speech_duration_ms=_SHORTEST_MS,
        max_speech_duration_s=LONGEST_SPEECH_S,
        speech_pad_ms=0,
    )
    padded = np.pad(samples, (0, -len(samples) % _STEP))
    found = get_speech_timestamps(padded, options)
    return [(int(one["start"]), min(int(one["end"]), len(samples))) for one in found if one["start"] < len(samples)]


def unload() -> None:
    """Give the detector's memory back."""
    from faster_whisper.vad import get_vad_model

    get_vad_model.cache_clear()
    _in_openvino.cache_clear()


@functools.cache
def _in_openvino() -> Any:
    """The detector's graph; None where OpenVINO is not installed or can't read it."""
    if importlib.util.find_spec("openvino") is None:
        return None
    import openvino as ov
    from faster_whisper.utils import get_assets_path

    try:
        (path,) = Path(get_assets_path()).glob("silero_vad*.onnx")
        core = ov.Core()
        options = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
        }
        return core.compile_model(core.read_model(path), "CPU", options)
    except (RuntimeError, ValueError) as error:
        _log.warning("openvino_not_used", model="silero", reason=str(error))
        return None
