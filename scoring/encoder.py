"""Texts into vectors by multilingual-e5-small: the one file that knows torch and transformers.

Memory decides the form. Most matrices run in int8; the vocabulary table (96 of the 118 million numbers) stays on disk and only
the rows of the words that occur are read; the pieces are cut by `scoring.pieces`.
"""

from __future__ import annotations

import gc
import json
import math
import os
import struct
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj import memory
from avasanj.errors import LastingError
from scoring.pieces import Pieces

WIDTH = 384
PREFIX = "query: "  #: the model was trained with it; without it the vectors are worse
LONGEST_PIECES = 160  #: a turn of a minute's speech; attention's memory grows with the square
#: Padded pieces in one batch: bounds the memory, whatever the lengths; larger ones don't stay in the processor's cache.
BATCH_PIECES = 256
_MANY_BATCHES = 16  #: from which on the memory that they leave is handed back at once, which takes 2 ms
TABLE = "embeddings.word_embeddings.weight"
#: Not in int8: what comes into them has outliers, and int8 costs .96 of cosine where the rest costs .995. In bfloat16 where the
#: processor computes in it (two thirds of float32's time for all layers together, the same cosine), else in float32.
FLOAT_LAYERS = tuple(f"encoder.layer.{n}.output.dense" for n in range(12))
NAME = "multilingual-e5-small"

Vectors = NDArray[np.float32]


class Encoder:
    """Loads on first use; `unload` gives the memory back. Safe to use from several threads (one at a time runs).

    One thread is right for a call's few turns: a second one makes them a third quicker for a third more processor time, and
    spins while it waits.
    """

    def __init__(self, model_dir: Path, threads: int = 1) -> None:
        self.model_dir = model_dir
        self.threads = threads
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(n, 384) float32, each row of length 1: the mean over a text's pieces.

        Raises LastingError when the model's folder is incomplete.
        """
        if not texts:
            return np.zeros((0, WIDTH), np.float32)
        with self._lock:
            if self._loaded is None:
                self._loaded = _Loaded(self.model_dir, self.threads)
            return self._loaded.encode(texts)

    def unload(self) -> None:
        """Forget the model; the next `encode` loads it again."""
        with self._lock:
            if self._loaded is None:  # asked again and again while idle; collecting would take 100 ms each time
                return
            self._loaded = None
        gc.collect()
        memory.give_back()


class _Loaded:
    def __init__(self, model_dir: Path, threads: int) -> None:
        missing = [
            name for name in ("config.json", "model.safetensors", "tokenizer.json") if not (model_dir / name).is_file()
        ]
        if missing:
            msg = f"The text model in {model_dir} lacks {', '.join(missing)}. Run `avasanj models fetch`."
            raise LastingError(msg)
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # First, so that what its parsing leaves behind is used again by the rest
        self._pieces = Pieces(model_dir / "tokenizer.json", _normaliser(model_dir / "tokenizer.json"))
        import torch

        torch.set_num_threads(threads)
        self._torch = torch
        self._model = _bert(model_dir, torch)
        self._table = _Rows(model_dir / "model.safetensors", TABLE)
        memory.give_back()

    def encode(self, texts: Sequence[str]) -> Vectors:
        ids = [[0, *self._pieces.ids(PREFIX + text)[: LONGEST_PIECES - 2], 2] for text in texts]
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        batches = _batches([len(one) for one in ids])
        for batch in batches:
            vectors[batch] = self._run([ids[row] for row in batch])
        if len(batches) >= _MANY_BATCHES:
            memory.give_back()
        return vectors

    def _run(self, ids: list[list[int]]) -> Vectors:
        torch, width = self._torch, max(map(len, ids))
        rows = np.zeros((len(ids), width, WIDTH), np.float32)
        mask = np.zeros((len(ids), width), np.float32)
        for row, one in enumerate(ids):
            rows[row, : len(one)] = self._table.take(one)
            mask[row, : len(one)] = 1
        with torch.inference_mode():
            hidden = self._model(inputs_embeds=torch.from_numpy(rows), attention_mask=torch.from_numpy(mask))
        states: Vectors = hidden.last_hidden_state.numpy()
        mean = np.einsum("ntw,nt->nw", states, mask) / mask.sum(axis=1, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)


def _batches(lengths: list[int]) -> list[list[int]]:
    """Rows grouped by like length, so that little is padded, each group within BATCH_PIECES."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not groups or (len(groups[-1]) + 1) * lengths[row] > BATCH_PIECES:
            groups.append([])
        groups[-1].append(row)
    return groups


def _bert(model_dir: Path, torch: Any) -> Any:
    """A BertModel without its vocabulary table (that stays on disk), its matrices in int8 but for FLOAT_LAYERS."""
    from transformers.models.bert.configuration_bert import BertConfig
    from transformers.models.bert.modeling_bert import BertModel

    config = BertConfig(**json.loads((model_dir / "config.json").read_text(encoding="utf-8")))
    config.vocab_size = int(config.pad_token_id or 0) + 1
    with torch.device("meta"):  # no memory for numbers that are about to be replaced
        model: Any = BertModel(config, add_pooling_layer=False)
        model.eval()
    weights = model_dir / "model.safetensors"

    def read(name: str) -> Any:
        return torch.from_numpy(np.array(_tensor(weights, name), np.float32))

    for path, module in list(model.named_modules()):
        narrower = _int8_linear if path not in FLOAT_LAYERS else _bfloat16_linear if _has_bfloat16(torch) else None
        if isinstance(module, torch.nn.Linear) and narrower:
            parent, _, name = path.rpartition(".")
            setattr(model.get_submodule(parent), name, narrower(torch, read(f"{path}.weight"), read(f"{path}.bias")))
    state = {name: read(name) for name in model.state_dict() if name != TABLE}
    state[TABLE] = torch.zeros(config.vocab_size, WIDTH)
    model.load_state_dict(state, assign=True)
    positions = torch.arange(config.max_position_embeddings).expand((1, -1))
    model.embeddings.position_ids, model.embeddings.token_type_ids = positions, torch.zeros_like(positions)
    return model


def _int8_linear(torch: Any, weight: Any, bias: Any) -> Any:
    """A linear layer with one scale per output in int8; what comes in is quantised as it comes."""
    scales = (weight.abs().amax(dim=1) / 127).clamp(min=1e-8).double()
    zeros = torch.zeros(len(scales), dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the successor that torch names is a package of its own
        packed = torch.ops.quantized.linear_prepack(
            torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8), bias
        )

    class Int8Linear(torch.nn.Module):  # type: ignore[misc]
        def forward(self, values: Any) -> Any:
            return torch.ops.quantized.linear_dynamic(values, packed, True)

    return Int8Linear()


def _has_bfloat16(torch: Any) -> bool:
    """Whether the processor has a unit for it; without one, bfloat16 is many times slower than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 - no public way; pinned


def _bfloat16_linear(torch: Any, weight: Any, bias: Any) -> Any:
    """A linear layer that computes in bfloat16, between float32."""
    weight, bias = weight.to(torch.bfloat16), bias.to(torch.bfloat16)

    class BFloat16Linear(torch.nn.Module):  # type: ignore[misc]
        def forward(self, values: Any) -> Any:
            return torch.nn.functional.linear(values.to(torch.bfloat16), weight, bias).float()

    return BFloat16Linear()


def _normaliser(tokenizer_json: Path) -> Any:
    """The tokenizer's own normaliser, alone: it needs none of the vocabulary."""
    from tokenizers import Regex, normalizers

    steps: list[Any] = []
    for step in json.loads(tokenizer_json.read_text(encoding="utf-8"))["normalizer"]["normalizers"]:
        if step["type"] == "Precompiled":
            import base64

            steps.append(normalizers.Precompiled(base64.b64decode(step["precompiled_charsmap"])))
        elif step["type"] == "Replace":
            pattern = step["pattern"]
            steps.append(
                normalizers.Replace(
                    Regex(pattern["Regex"]) if "Regex" in pattern else pattern["String"], step["content"]
                )
            )
        elif step["type"] == "Strip":
            steps.append(normalizers.Strip(step["strip_left"], step["strip_right"]))
        else:
            msg = f"{tokenizer_json}: normaliser {step['type']} is unknown here."
            raise LastingError(msg)
    return normalizers.Sequence(steps).normalize_str


class _Rows:
    """Rows of a matrix that stays on disk. Read, not mapped: mapping would bring in 64 kB around each row of 1.5 kB."""

    def __init__(self, path: Path, name: str) -> None:
        kind, shape, self._begin = _entry(path, name)
        self._kind, self._width = np.dtype(kind), shape[1]
        self._file = path.open("rb")

    def take(self, numbers: Sequence[int]) -> Vectors:
        size = self._kind.itemsize * self._width
        read = (os.pread(self._file.fileno(), size, self._begin + number * size) for number in numbers)
        return np.frombuffer(b"".join(read), self._kind).reshape(-1, self._width).astype(np.float32)

    def __del__(self) -> None:
        self._file.close()


def _tensor(path: Path, name: str) -> NDArray[Any]:
    """One tensor of a safetensors file, memory-mapped."""
    kind, shape, begin = _entry(path, name)
    return np.memmap(path, dtype=kind, mode="r", offset=begin, shape=shape)


def _entry(path: Path, name: str) -> tuple[str, tuple[int, ...], int]:
    """Type, shape and first byte of a tensor in a safetensors file."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(length)).get(name)
    if entry is None:
        msg = f"{path} holds no {name}. Delete the folder and run `avasanj models fetch`."
        raise LastingError(msg)
    kind = {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]
    shape = tuple(entry["shape"])
    begin = 8 + length + entry["data_offsets"][0]
    if path.stat().st_size < begin + math.prod(shape) * int(kind[-1]):
        msg = f"{path} is cut off. Delete the folder and run `avasanj models fetch`."
        raise LastingError(msg)
    return kind, shape, begin
