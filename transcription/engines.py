"""The engine that the settings ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from avasanj.settings import Settings
from transcription import model_folder
from transcription.ctc import CtcRecogniser
from transcription.devices import Device, compute_type_of, devices_of
from transcription.engine import SpeechEngine
from transcription.openvino_recogniser import beside
from transcription.recogniser import Recogniser
from transcription.whisper import WhisperRecogniser

_CALLS_ON_PROCESSOR, _CALLS_A_CARD = 2, 12


def engine_of(settings: Settings) -> SpeechEngine:
    """Loads nothing yet."""
    main = _recognisers(settings, settings.speech_model_path, settings.speech_device, settings.speech_compute_type)
    return SpeechEngine(main, _fallback(settings), overtaken_s=settings.live_delay_s)


def calls_at_once(settings: Settings) -> int:
    """How many calls this machine should transcribe at once."""
    if settings.speech_calls_at_once:
        return settings.speech_calls_at_once
    cards = sum(device.kind == "cuda" for device in devices_of(settings.speech_device))
    return cards * _CALLS_A_CARD or _CALLS_ON_PROCESSOR


def _fallback(settings: Settings) -> list[Recogniser]:
    """What takes over where the settings allow it; its compute type is its device's own."""
    if settings.speech_fallback_device is None and settings.speech_fallback_model is None:
        return []
    folder = settings.model_path(settings.speech_fallback_model or settings.speech_model)
    return _recognisers(settings, folder, settings.speech_fallback_device or settings.speech_device, "auto")


def _recognisers(settings: Settings, folder: Path, devices: str, compute_type: str) -> list[Recogniser]:
    """One for each device; of a model that several threads of a processor share, one for each thread."""
    return [one for device in devices_of(devices) for one in _of_device(settings, folder, device, compute_type)]


def _of_device(settings: Settings, folder: Path, device: Device, compute_type: str) -> Sequence[Recogniser]:
    """Of the kind that lies in the folder."""
    if model_folder.kind(folder) == model_folder.CTC:
        return [CtcRecogniser(folder, device=device, threads=settings.threads, batch=settings.speech_batch)]
    whisper = WhisperRecogniser(
        folder,
        compute_type=compute_type_of(device, compute_type),
        device=device,
        threads=settings.threads,
        batch=settings.speech_batch,
    )
    if device.kind == "cpu" and compute_type == "auto":
        return beside(whisper, threads=settings.threads, batch=settings.speech_batch) or [whisper]
    return [whisper]
