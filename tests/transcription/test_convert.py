"""Converting a model of Hugging Face's form for real: the converted one computes what the original does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avasanj.errors import InputError
from transcription import model_folder, sums
from transcription.convert import convert
from transcription.devices import CPU
from transcription.recogniser import Asked
from transcription.whisper import WhisperRecogniser
from transcription.windows import Placed, Span, Window

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, models_dir: Path) -> tuple[Path, Any]:
    """A Whisper of random weights, 3.7 million of them, as the hub has such models, and it itself."""
    import torch
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(0)
    shape = {"encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    config = WhisperConfig(
        vocab_size=51865, d_model=64, encoder_ffn_dim=128, decoder_ffn_dim=128, init_std=0.2, **shape
    )
    model = WhisperForConditionalGeneration(config).eval()
    folder = tmp_path_factory.mktemp("hub") / "whisper-random"
    model.save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((models_dir / "whisper-base" / "tokenizer.json").read_bytes())
    (folder / "preprocessor_config.json").write_text(
        json.dumps({"feature_size": 80, "hop_length": 160, "n_fft": 400, "chunk_length": 30, "sampling_rate": 16000})
    )
    return folder, model


def encoded(folder: Path, picture: np.ndarray) -> np.ndarray:
    import ctranslate2

    model = ctranslate2.models.Whisper(str(folder), device="cpu", intra_threads=1)
    return np.array(model.encode(ctranslate2.StorageView.from_array(picture)))


@pytest.mark.parametrize(("quantization", "apart"), [("float32", 1e-4), ("int8", 0.15)])
def test_a_converted_model_computes_what_the_original_does(
    original: tuple[Path, Any], tmp_path: Path, quantization: str, apart: float
) -> None:
    import torch

    source, model = original
    folder = convert(str(source), tmp_path / "models", quantization)
    assert folder == tmp_path / "models" / f"whisper-random-{quantization}"
    picture = np.random.default_rng(1).standard_normal((1, 80, 3000)).astype(np.float32)
    with torch.no_grad():
        wanted = model.model.encoder(torch.from_numpy(picture)).last_hidden_state.numpy()
    found = encoded(folder, picture)
    assert np.linalg.norm(found - wanted) / np.linalg.norm(wanted) < apart


def test_a_converted_model_says_the_same_tokens(original: tuple[Path, Any], tmp_path: Path) -> None:
    import ctranslate2
    import torch

    source, model = original
    folder = convert(str(source), tmp_path / "models", "float32")
    picture = np.random.default_rng(2).standard_normal((1, 80, 3000)).astype(np.float32)
    start, said = [50258, 50300, 50359, 50363], []
    with torch.no_grad():
        for _ in range(6):
            tokens = torch.tensor([start + said])
            said.append(int(model(torch.from_numpy(picture), decoder_input_ids=tokens).logits[0, -1].argmax()))
    converted = ctranslate2.models.Whisper(str(folder), device="cpu", intra_threads=1)
    result = converted.generate(
        ctranslate2.StorageView.from_array(picture),
        [start],
        beam_size=1,
        max_length=10,
        suppress_tokens=[],
        suppress_blank=False,
    )
    assert len(set(said)) > 1
    assert result[0].sequences_ids[0][:5] == said[:5]


def test_a_converted_model_is_whole_summed_and_runs_in_the_engine(original: tuple[Path, Any], tmp_path: Path) -> None:
    folder = convert(str(original[0]), tmp_path / "models", "int8", name="mine")
    assert folder.name == "mine"
    assert (folder / sums.NAME).read_text().count("\n") == 5
    assert model_folder.faults(folder) == []
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]  # nothing half made is left
    recogniser = WhisperRecogniser(folder, device=CPU, threads=1)
    recogniser.load()
    sound = (0.1 * np.random.default_rng(3).standard_normal(32_000)).astype(np.float32)
    place = Placed(span=Span(start_s=0.0, end_s=2.0), start_s=0.0, end_s=2.0)
    assert len(recogniser.recognise([Asked(window=Window(samples=sound, placed=(place,)), language="fa")])) == 1
    recogniser.unload()
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:100_000])
    assert "model.bin is cut off" in model_folder.faults(folder)[0]


def test_a_model_whose_tokenizer_is_in_pieces_gets_it_in_one(original: tuple[Path, Any], tmp_path: Path) -> None:
    """Older fine-tunes have vocab.json and merges.txt alone."""
    from tokenizers import Tokenizer

    source = tmp_path / "older"
    source.mkdir()
    for path in original[0].iterdir():
        if path.name != "tokenizer.json":
            (source / path.name).symlink_to(path)
    whole = json.loads((original[0] / "tokenizer.json").read_text())
    (source / "vocab.json").write_text(json.dumps(whole["model"]["vocab"]))
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in whole["model"]["merges"]]
    (source / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges))
    added = {one["content"]: one["id"] for one in whole["added_tokens"]}
    (source / "added_tokens.json").write_text(json.dumps(added))
    (source / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "WhisperTokenizer"}))
    folder = convert(str(source), tmp_path / "models", "int8")
    one, other = (Tokenizer.from_file(str(path / "tokenizer.json")) for path in (original[0], folder))
    for text in (" سلام، وقت بخیر", " Hello there"):
        assert one.encode(text, add_special_tokens=False).ids == other.encode(text, add_special_tokens=False).ids


def test_what_cannot_be_converted_is_said_in_one_sentence(original: tuple[Path, Any], tmp_path: Path) -> None:
    models, source = tmp_path / "models", str(original[0])
    with pytest.raises(InputError, match="There is no quantization 'int4'"):
        convert(source, models, "int4")
    folder = convert(source, models, "int8")
    with pytest.raises(InputError, match="is there already"):
        convert(source, models, "int8")
    with pytest.raises(InputError, match="needs no conversion: it is in whisper form"):
        convert(str(folder), models, "int8")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no model in Hugging Face's form"):
        convert(str(tmp_path / "empty"), models, "int8")
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="of the kind bert, and only Whisper"):
        convert(str(tmp_path / "bert"), models, "int8")
    with pytest.raises(InputError, match="is no model's name"):
        convert("nowhere", models, "int8")
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in original[0].iterdir():
        (broken / path.name).write_bytes(
            path.read_bytes()[:5000] if path.suffix == ".safetensors" else path.read_bytes()
        )
    with pytest.raises(InputError, match="can't be converted"):
        convert(str(broken), models, "int8", name="b")
    assert [path.name for path in models.iterdir()] == [folder.name]
