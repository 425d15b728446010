"""Samples that stand one by one are read without a demuxer, and are the very same."""

from pathlib import Path

import numpy as np
import pytest

from telephony.tables import Party
from tests.transcription.sounds import convert, sample
from transcription import audio
from transcription.audio import Recording
from transcription.plain_sound import plain_sound

_8K = ("-ar", "8000", "-ac", "1")
PLAIN = {
    "pcm16.wav": (*_8K, "-c:a", "pcm_s16le"),
    "stereo.wav": ("-ar", "16000", "-ac", "2", "-c:a", "pcm_s16le"),
    "pcm8.wav": (*_8K, "-c:a", "pcm_u8"),
    "alaw.wav": (*_8K, "-c:a", "pcm_alaw"),
    "ulaw.wav": (*_8K, "-c:a", "pcm_mulaw"),
    "raw.sln16": ("-ar", "16000", "-ac", "1", "-f", "s16le"),
    "raw.alaw": (*_8K, "-f", "alaw"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_it_is_the_sound_that_a_demuxer_gives(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = convert(sample("en-wrong-number", Party.AGENT), tmp_path / name, *PLAIN[name])
    assert plain_sound(path) is not None
    plain = np.concatenate(list(Recording(path).blocks(16_000)))
    monkeypatch.setattr(audio, "plain_sound", lambda _: None)
    np.testing.assert_array_equal(plain, np.concatenate(list(Recording(path).blocks(16_000))))


@pytest.mark.parametrize("size", [45, 1000, 160_044, 160_045])
def test_a_file_that_breaks_off_is_left_to_the_demuxer_and_one_with_half_a_sample_at_its_end_is_read(
    tmp_path: Path, size: int
) -> None:
    whole = convert(sample("en-wrong-number", Party.AGENT), tmp_path / "whole.wav", *PLAIN["pcm16.wav"])
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole.read_bytes()[:size])
    assert plain_sound(cut) is None
    raw = tmp_path / "cut.sln"
    raw.write_bytes(whole.read_bytes()[44:][:size])
    found = plain_sound(raw)
    assert found is not None
    assert found.size == size // 2 * 2


def test_packed_sound_is_left_to_the_demuxer(tmp_path: Path) -> None:
    source = sample("en-wrong-number", Party.AGENT)
    assert plain_sound(source) is None
    assert plain_sound(convert(source, tmp_path / "wide.wav", "-c:a", "pcm_s24le")) is None
