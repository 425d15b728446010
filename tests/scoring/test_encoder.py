"""The encoder in its small form gives what the model in full gives."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from avasanj.errors import LastingError
from scoring.encoder import Encoder, _normaliser
from scoring.models import NAME, verify
from scoring.pieces import Pieces

pytestmark = pytest.mark.model
DATA = Path(__file__).parents[2] / "scoring" / "data"
ODD = ["", " ", "😀 سلام", "a", "ＡＢＣ ①", "x" * 900, "مي‌خواهم\u200f كه", "日本語 текст", "line\nbreak\ttab", "…؟!"]


def turns() -> list[str]:
    lines = [
        line
        for name in ("fa", "en")
        for line in (DATA / f"turns-{name}.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    return [json.loads(line)["text"] for line in lines[::60]]


def test_the_fetched_model_is_whole(models_dir: Path):
    assert verify(models_dir) == []


@pytest.fixture(scope="module")
def tokenizer(models_dir: Path) -> Tokenizer:
    """The model's own, as its makers' library reads it."""
    return Tokenizer.from_file(str(models_dir / NAME / "tokenizer.json"))


def test_pieces_are_cut_as_the_models_own_tokenizer_cuts_them(models_dir: Path, tokenizer: Tokenizer):
    path = models_dir / NAME / "tokenizer.json"
    ours = Pieces(path, _normaliser(path))
    for text in [*turns(), *ODD[2:]]:
        assert ours.ids(text) == tokenizer.encode(text, add_special_tokens=False).ids, text


def test_vectors_stay_close_to_those_of_the_model_in_full(
    models_dir: Path, real_encoder: Encoder, tokenizer: Tokenizer
):
    import torch
    from transformers.models.bert.modeling_bert import BertModel

    texts = turns()
    ours = real_encoder.encode(texts)
    model = BertModel.from_pretrained(models_dir / NAME, add_pooling_layer=False, dtype=torch.float32).eval()
    ids = [torch.tensor(tokenizer.encode("query: " + text).ids) for text in texts]
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(one) for one in ids], batch_first=True)
    with torch.inference_mode():
        states = model(
            input_ids=torch.nn.utils.rnn.pad_sequence(ids, batch_first=True), attention_mask=mask
        ).last_hidden_state
    means = ((states * mask[..., None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)).numpy()
    cosines = (means * ours).sum(axis=1) / np.linalg.norm(means, axis=1)
    assert cosines.min() > 0.98, texts[cosines.argmin()]


def test_rows_keep_their_order_have_length_one_and_take_any_text(real_encoder: Encoder):
    texts = [*ODD, "سلام", "a long sentence about a bill that was charged twice in one month"]
    together = real_encoder.encode(texts)
    assert together.shape == (len(texts), 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    for n in (2, 10, 11):
        assert float(together[n] @ real_encoder.encode([texts[n]])[0]) > 0.98
    assert real_encoder.encode([]).shape == (0, 384)


def test_translations_are_nearer_than_strangers(real_encoder: Encoder):
    english, persian, other = real_encoder.encode(
        ["My internet has been down for three days.", "سه روزه اینترنتم قطعه.", "پیتزا خیلی خوشمزه بود."]
    )
    assert english @ persian > english @ other


def test_a_folder_without_the_model_is_told_what_to_do(tmp_path: Path):
    with pytest.raises(LastingError, match="avasanj models fetch"):
        Encoder(tmp_path).encode(["hello"])
