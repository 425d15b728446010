"""What is wrong with a speech model's folder, said before a call waits for it; and whether the model is strong enough."""

import json
from pathlib import Path

import pytest

from avasanj.errors import LastingError
from tests.transcription.model_files import whisper
from transcription import model_folder, strength, sums
from transcription.ctc import CtcRecogniser
from transcription.devices import CPU
from transcription.whisper import WhisperRecogniser


def test_a_whole_folder_has_no_faults(tmp_path: Path) -> None:
    assert model_folder.faults(whisper(tmp_path / "m")) == []
    assert model_folder.kind(tmp_path / "m") == "whisper"


@pytest.mark.parametrize("name", ["model.bin", "config.json", "tokenizer.json", "vocabulary.json"])
def test_a_missing_and_a_damaged_file_are_named(tmp_path: Path, name: str) -> None:
    path = whisper(tmp_path / "m", parameters=90_000) / name
    whole = path.read_bytes()[:20_000]
    path.write_bytes(b'{"a": ')
    if name != "vocabulary.json":
        assert name in model_folder.faults(tmp_path / "m")[0]
    path.unlink()
    assert ("vocabulary.txt" if name == "vocabulary.json" else "speech model") in model_folder.faults(tmp_path / "m")[0]
    path.write_bytes(whole)
    assert bool(model_folder.faults(tmp_path / "m")) == (name == "model.bin")  # cut off


def test_large_v3_without_its_sounds_description_is_refused_before_a_call_comes(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "m", bands=128)
    assert "preprocessor_config.json is missing" in model_folder.faults(folder)[0]
    (folder / "preprocessor_config.json").write_text('{"feature_size": 128}')
    assert model_folder.faults(folder) == []


def test_a_file_that_changed_since_it_came_is_refused_by_check_and_by_load(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "m", parameters=2_000)
    sums.write(folder)
    assert model_folder.faults(folder) == []
    (folder / "config.json").write_text('{"other": 1}')
    assert "config.json is not the file that came" in model_folder.faults(folder)[0]
    with pytest.raises(LastingError, match=r"config\.json is not the file that came"):
        WhisperRecogniser(folder, device=CPU).load()
    (folder / "config.json").unlink()
    assert "config.json is missing" in model_folder.faults(folder)[0]


def test_a_measurement_beside_the_model_is_no_part_of_it(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "m", parameters=2_000)
    sums.write(folder)
    strength.keep(folder, "fa", {"wer": 0.2, "words": 500})
    assert model_folder.faults(folder) == []


def test_a_model_in_hugging_faces_form_is_told_how_to_be_converted(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.safetensors").touch()
    assert f"avasanj models convert {tmp_path / 'm'}" in model_folder.faults(tmp_path / "m")[0]


def test_an_empty_folder_and_none_say_how_to_get_a_model(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for name in ("m", "none"):
        assert "avasanj models fetch" in model_folder.faults(tmp_path / name)[0]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"model.onnx": "x"}, "tokens.txt is missing"),
        ({"model.onnx": "x", "tokens.txt": "a 0\nb 1\n"}, "names no blank token"),
        ({"model.onnx": "x", "tokens.txt": "a 0\n<blk> 5\n"}, "does not number its tokens"),
        ({"model.onnx": "x", "vocab.json": "{"}, "can't be read as tokens"),
        ({"other.onnx": "x", "tokens.txt": "a 0\n<blk> 1\n"}, "name the ONNX file so"),
    ],
)
def test_what_a_ctc_folder_lacks_is_named(tmp_path: Path, files: dict[str, str], says: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert says in model_folder.faults(tmp_path)[0]


def test_weights_that_are_no_onnx_are_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"not onnx at all")
    (tmp_path / "tokens.txt").write_text("a 0\n<blk> 1\n")
    with pytest.raises(LastingError, match=r"can't be loaded on cpu: .*Protobuf"):
        CtcRecogniser(tmp_path).load()


@pytest.mark.parametrize(
    ("millions", "tokens", "language", "weak"),
    [
        (244, 51_865, "fa", True),
        (769, 51_865, "fa", True),  # medium: 48 % of clean words wrong
        (809, 51_866, "fa", False),
        (39, 51_865, "en", False),
        (1550, 51_864, "fa", True),  # made for English alone
        (39, 51_864, "en", False),
    ],
)
def test_size_tells_whatever_the_name_says(
    tmp_path: Path, millions: int, tokens: int, language: str, weak: bool
) -> None:
    folder = whisper(tmp_path / "persian-large", parameters=millions * 1_000_000, tokens=tokens)
    assert strength.too_weak(folder, language) is weak


def test_what_was_measured_on_enough_words_wins_over_size_until_the_weights_are_others(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "small-persian", parameters=244_000_000)
    strength.keep(folder, "fa", {"wer": 0.18, "words": 150})
    assert strength.too_weak(folder, "fa")  # too few words
    strength.keep(folder, "fa", {"wer": 0.18, "words": 2_000})
    assert not strength.too_weak(folder, "fa")
    strength.keep(folder, "en", {"wer": 0.7, "words": 2_000})
    assert (strength.too_weak(folder, "fa"), strength.too_weak(folder, "en")) == (False, True)
    whisper(folder, parameters=245_000_000)
    assert strength.too_weak(folder, "fa")


def test_a_damaged_measurement_counts_for_nothing(tmp_path: Path) -> None:
    folder = whisper(tmp_path / "m", parameters=809_000_000, tokens=51_866)
    for content in ("{", json.dumps({"fa": {"wer": "much"}}), "[]"):
        (folder / strength.MEASURED).write_text(content)
        assert not strength.too_weak(folder, "fa")
