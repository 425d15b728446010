"""Vectors of the real text model, kept between runs: the same model asked the same gives the same.

What they are kept for is everything that tells on the numbers: the encoder's code, the model's files, the libraries and the
processor. Where any of it differs, all is encoded anew.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scoring import encoder as encoder_module
from scoring import models, pieces
from scoring.mood import Encodes

_LIBRARIES = ("numpy", "tokenizers", "torch", "transformers")
#: How many encoders' vectors are kept at once: those of a branch or two.
_KEPT = 3


class KeptVectors:
    """An encoder that is asked each question once. Questions are kept whole: what is encoded together tells on the numbers."""

    def __init__(self, encoder: Encodes, folder: Path, threads: int) -> None:
        self._encoder = encoder
        self._folder = folder / _made_by(threads)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, NDArray[np.float32]] = {}
        os.utime(self._folder)
        for old in sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime, reverse=True)[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        key = _digest(*texts)
        if key not in self._known:
            self._known[key] = self._kept(key, texts)
        return self._known[key].copy()

    def _kept(self, key: str, texts: Sequence[str]) -> NDArray[np.float32]:
        file = self._folder / f"{key}.npy"
        if file.exists():
            return np.load(file)
        made = self._encoder.encode(texts)
        unfinished = file.with_suffix(f".{os.getpid()}.npy")
        np.save(unfinished, made)
        unfinished.replace(file)
        return made


def _made_by(threads: int) -> str:
    code = [Path(str(module.__file__)).read_text(encoding="utf-8") for module in (encoder_module, pieces)]
    versions = [importlib.metadata.version(name) for name in _LIBRARIES]
    processor = sorted(
        {line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("model name", "flags"))}
    )
    return _digest(*code, *models.HASHES.values(), *versions, *processor, str(threads))


def _digest(*texts: str) -> str:
    whole = hashlib.sha256()
    for text in texts:
        whole.update(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return whole.hexdigest()
