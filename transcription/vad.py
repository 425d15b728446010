"""Where there is speech: Silero's detector, as it comes with faster-whisper."""

from __future__ import annotations

import numpy as np

from transcription.audio import Samples
from transcription.windows import LONGEST_SPEECH_S, RATE_HZ

#: pauses that end a stretch of speech, and the shortest stretch: "mm-hm" takes 0.2 s, a click less
_PAUSE_MS, _SHORTEST_MS = 300, 150
#: Samples in whose multiples sound is handed on: the libraries keep memory for every length they have seen, 1.3 MB a call
_STEP = RATE_HZ
#: Silero's probability from which sound is speech; at its usual 0.5 soft beginnings are lost
_SPEECH_ABOVE = 0.4


def speech(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of speech (start, end) in samples at 16 kHz, without padding."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

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
