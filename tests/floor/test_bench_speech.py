"""The speech bench: which calls it takes, and what it says of the engines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from avasanj.bench import speech
from avasanj.bench.speech_calls import calls_of
from avasanj.errors import InputError
from avasanj.settings import load_settings
from telephony.tables import Party
from tests.transcription import sounds
from tests.transcription.sounds import convert, sample, write_wav


def pair(folder: Path, name: str, reference: object = None) -> None:
    for party in ("agent", "customer"):
        write_wav(folder / f"{name}-{party}.wav", np.zeros(8000, np.float32))
    if reference is not None:
        (folder / f"{name}.json").write_text(json.dumps(reference))


def test_references_are_read_by_turn_and_by_party(tmp_path: Path) -> None:
    pair(tmp_path, "a")
    pair(tmp_path, "b", {"language": "fa", "turns": [{"party": p, "text": t} for p, t in
                                                     (("agent", "سلام"), ("customer", "بله"), ("agent", "خوبید؟"))]})  # fmt: skip
    pair(tmp_path, "c", {"agent": "hello", "customer": "hi"})
    pair(tmp_path, "d", {"reference": {"customer": "hi"}})
    plain, turns, texts, half = calls_of(tmp_path, "en")
    assert (plain.name, plain.language, plain.said, plain.audio_s) == ("a", "en", {}, 2.0)
    assert (turns.language, turns.said) == ("fa", {"agent": "سلام خوبید؟", "customer": "بله"})
    assert texts.said == {"agent": "hello", "customer": "hi"}
    assert half.said == {"customer": "hi"}


def test_a_folder_without_whole_calls_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no NAME-agent\.wav"):
        calls_of(tmp_path, "en")
    pair(tmp_path, "a")
    (tmp_path / "a-customer.wav").unlink()
    with pytest.raises(InputError, match=r"no a-customer\.wav beside it"):
        calls_of(tmp_path, "en")


def test_a_reference_that_can_not_be_read_is_named(tmp_path: Path) -> None:
    pair(tmp_path, "a")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json is not JSON"):
        calls_of(tmp_path, "en")


@pytest.mark.model
@pytest.mark.slow
def test_engines_run_in_children_and_their_figures_are_told(models_dir: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    calls.mkdir()
    for party in (Party.AGENT, Party.CUSTOMER):
        convert(sample("en-wrong-number", party), calls / f"one-{party}.wav", "-ar", "8000")
    turns = [{"party": t.party, "text": t.text} for t in sounds.reference("en-wrong-number")]
    (calls / "one.json").write_text(json.dumps({"turns": turns}))
    settings = load_settings(data_dir=tmp_path, speech_model=str(models_dir / "whisper-base"), language="en")
    found = speech.measure(settings, calls, lambda _text: None, engines=("batched", "avasanj"))
    assert found["audio_s"] == pytest.approx(2 * 42, abs=3)
    assert list(found["engines"]) == ["batched", "avasanj"]
    for figures in found["engines"].values():
        assert figures["wer"] < 0.2
        assert 100 < figures["peak_mb"] < 3000
        assert 0 < figures["cpu_s"] < 200
        assert figures["times_real_time"] == pytest.approx(found["audio_s"] / figures["wall_s"], rel=0.01)
