"""The weights in a CTranslate2 model.bin, read without CTranslate2: what an engine beside it computes with."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import LastingError

Weights = dict[str, NDArray[Any]]

#: CTranslate2's numbers for element types; 5 is bfloat16, which numpy does not have
_TYPES: dict[int, type[np.generic]] = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_BFLOAT16 = 5
_VERSION = 6
_SPEC = "WhisperSpec"


def read_weights(path: Path) -> Weights:
    """Name -> array, matrices in float16 or float32 whatever they are kept in.

    Raises LastingError where the file is of another format or model.
    """
    try:
        with path.open("rb") as file:
            found = _read(file)
    except (struct.error, KeyError, ValueError, UnicodeDecodeError) as error:
        raise LastingError(f"{path} is not a CTranslate2 Whisper model that can be read: {error}.") from error
    for name in [name for name in found if name.endswith("weight_scale")]:
        weight = name.removesuffix("_scale")
        scale = found.pop(name).astype(np.float32)
        found[weight] = found[weight].astype(np.float32) / (scale.reshape(-1, 1) if scale.ndim else scale)
    return found


def _read(file: BinaryIO) -> Weights:
    version, spec = _number(file, "I"), _text(file)
    if version != _VERSION or spec != _SPEC:
        raise ValueError(f"format {version} of {spec}, and {_VERSION} of {_SPEC} is expected")
    _number(file, "I")  # revision
    found: Weights = {}
    for _ in range(_number(file, "I")):
        name = _text(file)
        shape = [_number(file, "I") for _ in range(_number(file, "B"))]
        kind, size = _number(file, "B"), _number(file, "I")
        raw = file.read(size)
        if kind == _BFLOAT16:
            array = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            array = np.frombuffer(raw, _TYPES[kind])
        found[name] = array.reshape(shape)
    for _ in range(_number(file, "I")):
        alias = _text(file)
        found[alias] = found[_text(file)]
    return found


def _number(file: BinaryIO, kind: str) -> int:
    return int(struct.unpack(kind, file.read(struct.calcsize(kind)))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H"))[:-1].decode()
