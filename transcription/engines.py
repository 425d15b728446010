"""The engine that the settings ask for."""

from __future__ import annotations

from avasanj.settings import Settings
from transcription.engine import SpeechEngine
from transcription.whisper import WhisperRecogniser


def engine_of(settings: Settings) -> SpeechEngine:
    """Loads nothing yet."""
    recogniser = WhisperRecogniser(
        settings.speech_model_path,
        compute_type=settings.speech_compute_type,
        device=settings.speech_device,
        threads=settings.threads,
    )
    return SpeechEngine([recogniser])
