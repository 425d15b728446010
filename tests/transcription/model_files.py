"""Folders that look like speech models as far as they are looked at before they are loaded."""

from __future__ import annotations

import struct
from math import prod
from pathlib import Path


def whisper(folder: Path, *, parameters: int = 72_000_000, tokens: int = 51_865, bands: int = 80) -> Path:
    """A Whisper model in CTranslate2's form with so many parameters, all nought and taking no room on the disk."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "decoder/embeddings/weight": (tokens, 1),
        "encoder/conv1/weight": (1, bands, 1),
        "encoder/weight": (parameters // 1000, 1000),
    }
    with (folder / "model.bin").open("wb") as file:
        file.write(struct.pack("<I", 6) + _name("WhisperSpec") + struct.pack("<II", 3, len(tables)))
        for name, shape in tables.items():
            file.write(_name(name) + struct.pack("<B", len(shape)) + struct.pack(f"<{len(shape)}I", *shape))
            file.write(struct.pack("<BI", 1, prod(shape)))
            file.truncate(file.seek(prod(shape), 1))
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).write_text("{}")
    return folder


def _name(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"
