"""The settings of speech: the model that hears, where it runs, and the languages of calls."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings

_DEVICES = r"cpu|cuda(:\d+)?(,cuda(:\d+)?)*"


class SpeechSettings(BaseSettings):
    """The part of `Settings` that is about putting calls into words."""

    # The model and where it runs
    speech_model: str = Field(
        "whisper-base", description="The speech model: a folder's name under models, or a path; Whisper or a CTC model."
    )
    speech_device: str = Field(
        "cpu",
        pattern=f"^(auto|{_DEVICES})$",
        description="Where speech models run: cpu, cuda, cuda:1, several cards as cuda:0,cuda:1, or auto.",
    )
    speech_compute_type: str = Field(
        "auto", description="CTranslate2 compute type; auto: int8 on a processor, int8_float16 on a graphics card."
    )
    speech_batch: int = Field(
        0,
        ge=0,
        le=512,
        description="Windows of speech that a device takes at once, at most; 0: by its kind and memory.",
    )
    speech_calls_at_once: int = Field(
        0,
        ge=0,
        le=256,
        description="Calls that a worker transcribes at once; 0: 2, and with graphics cards 12 for each.",
    )
    speech_fallback_device: str | None = Field(
        None, pattern=f"^({_DEVICES})$", description="Where speech runs if AVASANJ_SPEECH_DEVICE can't; unset: nowhere."
    )
    speech_fallback_model: str | None = Field(
        None, description="The model to use if AVASANJ_SPEECH_MODEL can't be loaded; unset: no other is used."
    )

    # Languages
    call_language: Literal["fa", "en", "auto"] | None = Field(
        None,
        description="Language of a PBX's calls whose queue has none set; auto: recognised; unset: AVASANJ_LANGUAGE.",
    )
    queue_languages: dict[str, Literal["fa", "en", "auto"]] = Field(
        default={}, description='Language per queue, as JSON: {"support": "fa", "intl": "en"}; auto: recognised.'
    )

    # While calls run
    live_calls: int = Field(
        4, ge=0, le=500, description="Running calls that are transcribed as they go on, at most; 0: none are."
    )

    live_delay_s: float = Field(
        30.0, ge=0, description="For how long the speech of running calls may hold up that of a finished one, at most."
    )

    # Transcripts
    unsure_below: float = Field(
        0.5, ge=0, le=1, description="Probability below which a word or a turn is marked as unsure."
    )
    old_transcripts_keep_days: float = Field(
        90.0, ge=0, description="Days for which a transcript is kept that is not a call's current one any more."
    )
