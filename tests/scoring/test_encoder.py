"""The encoder in its small form gives what the model in full gives."""

import json
from pathlib import Path

import numpy as np
import pytest

from avasanj.errors import LastingError
from scoring.encoder import Encoder, _normaliser
from scoring.models import NAME, verify
from scoring.pieces import Pieces

pytestmark = pytest.mark.model
DATA = Path(__file__).parents[2] / "scoring" / "data"
ODD = ["", " ", "😀 سلام", "a", "ＡＢＣ ①", "x" * 900, "مي‌خواهم\u200f كه", "日本語 текст", "line\nbreak\ttab", "…؟!"]


def turns() -> list[str]:
    lines = [line for name in ("fa", "en") for line in (DATA / f"turns-{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines[::60]]


def test_the_fetched_model_is_whole(models_dir: Path):
    assert verify(models_dir) == []


def test_pieces_are_cut_as_the_models_own_tokenizer_cuts_them(models_dir: Path):
    from tokenizers import Tokenizer

    path = models_dir / NAME / "tokenizer.json"
    theirs, ours = Tokenizer.from_file(str(path)), Pieces(path, _normaliser(path))
    for text in [*turns(), *ODD[2:]]:
        assert ours.ids(text) == theirs.encode(text, add_special_tokens=False).ids, text


def test_vectors_stay_close_to_those_of_the_model_in_full(models_dir: Path, encoder: Encoder):
    import torch
    from transformers import BertModel, PreTrainedTokenizerFast

    folder = models_dir / NAME
    model = BertModel.from_pretrained(folder, add_pooling_layer=False, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    texts = turns()
    ours = encoder.encode(texts)
    for text, vector in zip(texts, ours, strict=True):
        with torch.inference_mode():
            mean = model(**tokenizer("query: " + text, return_tensors="pt")).last_hidden_state.mean(dim=1)[0].numpy()
        assert float(mean @ vector) / float(np.linalg.norm(mean)) > 0.98, text


def test_rows_keep_their_order_have_length_one_and_take_any_text(encoder: Encoder):
    texts = [*ODD, "سلام", "a long sentence about a bill that was charged twice in one month"]
    together = encoder.encode(texts)
    assert together.shape == (len(texts), 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    for n in (2, 10, 11):
        assert float(together[n] @ encoder.encode([texts[n]])[0]) > 0.98
    assert encoder.encode([]).shape == (0, 384)


def test_translations_are_nearer_than_strangers(encoder: Encoder):
    english, persian, other = encoder.encode(["My internet has been down for three days.", "سه روزه اینترنتم قطعه.", "پیتزا خیلی خوشمزه بود."])
    assert english @ persian > english @ other


def test_a_folder_without_the_model_is_told_what_to_do(tmp_path: Path):
    with pytest.raises(LastingError, match="avasanj models fetch"):
        Encoder(tmp_path).encode(["hello"])
