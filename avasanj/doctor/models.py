"""Whether the models are there, whole, and strong enough for the center's languages."""

from __future__ import annotations

from collections.abc import Iterator

from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.settings import Settings

_FETCH = "avasanj models fetch"


def speech(settings: Settings) -> Iterator[Finding]:
    from transcription import models
    from transcription.engines import engine_of

    folder = settings.speech_model_path
    if folder == settings.models_dir / models.NAME:
        wrong = models.verify(settings.models_dir)
        mend = f"`{_FETCH}` fetches it."
    else:
        wrong = [f"{folder / 'model.bin'} is missing."] if not (folder / "model.bin").is_file() else []
        mend = "Put a CTranslate2 Whisper model there, or unset AVASANJ_SPEECH_MODEL for the default one."
    if wrong:
        yield fault("speech model", " ".join(wrong[:2]), mend)
        return
    engine = engine_of(settings)
    weak = [
        language for language in {settings.language, *settings.queue_languages.values()} if engine.too_weak(language)
    ]
    if weak:
        yield warning(
            "speech model",
            f"{folder.name} understands too little of {', '.join(sorted(weak))} (base mishears 9 of 10 Persian words). "
            "It works, and says so on every transcript.",
            "Put large-v3-turbo or a Persian fine-tune (CTranslate2 form) under models and set AVASANJ_SPEECH_MODEL; a GPU helps.",
        )
    else:
        yield well("speech model", f"{engine.name}, whole")


def text(settings: Settings) -> Iterator[Finding]:
    from scoring import models

    wrong = models.verify(settings.models_dir)
    if wrong:
        yield fault("text model", " ".join(wrong[:2]), f"`{_FETCH}` fetches it.")
    else:
        yield well("text model", f"{models.NAME}, whole")


def speakers(settings: Settings) -> Iterator[Finding]:
    from transcription import speaker_model

    if wrong := speaker_model.verify(settings.models_dir):
        yield warning(
            "speaker model",
            f"{wrong[0]} Recordings with both parties in one channel are heard, but not split by speaker.",
            f"`{_FETCH}` fetches it, if you have such recordings.",
        )
    else:
        yield well("speaker model", f"{speaker_model.NAME}, whole")
