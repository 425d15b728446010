"""The settings of speech: the model that hears, where it runs, and the languages of calls."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class SpeechSettings(BaseSettings):
    """The part of `Settings` that is about putting calls into words."""

    # The model and where it runs
    speech_model: str = Field(
        "whisper-base", description="Folder name under models, or a path to a CTranslate2 Whisper model."
    )
    speech_compute_type: str = Field(
        "int8", description="CTranslate2 compute type; int8 for a CPU, int8_float16 for a GPU."
    )
    speech_device: Literal["cpu", "cuda", "auto"] = Field("cpu", description="Where speech models run.")

    # Languages
    queue_languages: dict[str, Literal["fa", "en"]] = Field(
        default={}, description='Language per queue, as JSON: {"support": "fa", "intl": "en"}.'
    )

    # While calls run
    live_calls: int = Field(
        4, ge=0, le=500, description="Running calls that are transcribed as they go on, at most; 0: none are."
    )

    # Transcripts
    unsure_below: float = Field(
        0.5, ge=0, le=1, description="Probability below which a word or a turn is marked as unsure."
    )
    old_transcripts_keep_days: float = Field(
        90.0, ge=0, description="Days for which a transcript is kept that is not a call's current one any more."
    )
