"""A call in one channel through the speech stage: split and flagged where the speaker model is there, else left whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from avasanj.database import Database
from avasanj.settings import Settings
from telephony.tables import Party, Recording
from tests.transcription.sounds import sample, words, write_wav
from tests.transcription.test_speakers import mixed, sound_of
from tests.transcription.test_stage import engine, kept, save_call  # noqa: F401 - a fixture
from transcription import speaker_model, stage
from transcription.engine import SpeechEngine
from transcription.tables import Transcript

pytestmark = pytest.mark.model


def heard(settings: Settings, database: Database, engine: SpeechEngine, folder: Path) -> Transcript:  # noqa: F811
    legs = [sound_of(sample("en-wrong-number", party)) for party in (Party.AGENT, Party.CUSTOMER)]
    path = write_wav(folder / "both.wav", np.clip(mixed(*legs), -1, 1), 16_000)
    call_id = save_call(database, Recording(party=Party.MIXED, path=str(path)))
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, engine, call_id)
    transcript = kept(database, call_id)[1]
    assert transcript is not None
    return transcript


def test_a_mono_call_is_split_by_voice_and_flagged(
    settings: Settings,
    database: Database,
    engine: SpeechEngine,  # noqa: F811
    models_dir: Path,
    tmp_path: Path,
) -> None:
    speaker_model.fetch(models_dir)
    settings.models_dir.parent.mkdir(parents=True, exist_ok=True)
    settings.models_dir.symlink_to(models_dir)
    transcript = heard(settings, database, engine, tmp_path)
    assert transcript.speakers_guessed
    assert {turn.party for turn in transcript.turns} == {Party.AGENT, Party.CUSTOMER}
    # who asks for the pharmacy is the customer, who was greeted first
    assert next(turn.party for turn in transcript.turns if "pharmacy" in words(turn.text)) == Party.CUSTOMER


def test_without_the_speaker_model_a_mono_call_stays_whole(
    settings: Settings,
    database: Database,
    engine: SpeechEngine,  # noqa: F811
    tmp_path: Path,
) -> None:
    transcript = heard(settings, database, engine, tmp_path)
    assert not transcript.speakers_guessed
    assert {turn.party for turn in transcript.turns} == {Party.MIXED}
