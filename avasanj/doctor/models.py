"""Whether the models are there, whole, and strong enough for the center's languages."""

from __future__ import annotations

from collections.abc import Iterator

from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.settings import Settings

_FETCH = "avasanj models fetch"


def speech(settings: Settings) -> Iterator[Finding]:
    from transcription import model_folder, models
    from transcription.engines import engine_of

    folder = settings.speech_model_path
    if folder == settings.models_dir / models.NAME:
        wrong = models.verify(settings.models_dir)
        mend = f"`{_FETCH}` fetches it."
    else:
        wrong = model_folder.faults(folder)
        mend = "docs/models.md says how models are brought in; unset AVASANJ_SPEECH_MODEL for the default one."
    if wrong:
        yield fault("speech model", " ".join(wrong[:2]), mend)
        return
    engine = engine_of(settings)
    weak = [language for language in languages_used(settings) if engine.too_weak(language)]
    yield from _fallback(settings)
    if weak:
        yield warning(
            "speech model",
            f"{folder.name} understands too little of {', '.join(weak)} (Whisper base mishears 9 of 10 Persian words). "
            "It works, and says so on every transcript.",
            "docs/models.md says which model to choose; `avasanj evaluate speech --keep` measures one on your own recordings.",
        )
    else:
        yield well("speech model", f"{engine.name}, whole")


def languages_used(settings: Settings) -> list[str]:
    """The languages in which calls may be heard."""
    pbxs = [pbx.language for pbx in settings.pbxs.values()]
    named = {settings.language, settings.call_language, *settings.queue_languages.values(), *pbxs}
    if "auto" in named:
        named |= {"fa", "en"}
    return sorted(language for language in named if language not in (None, "auto"))


def _fallback(settings: Settings) -> Iterator[Finding]:
    """A model that is to take another's place has to be there before it is needed."""
    from transcription import model_folder

    name = settings.speech_fallback_model
    if name is not None and (wrong := model_folder.faults(settings.model_path(name))):
        mend = "Bring it in as docs/models.md says, or unset AVASANJ_SPEECH_FALLBACK_MODEL."
        yield warning("fallback model", wrong[0], mend)


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
