"""The file of a model's weights as CTranslate2 writes it: whether it is whole, what model it is, and how much it will take."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from avasanj.errors import LastingError
from transcription import problems

#: the kind of file in its first bytes: a version, then the name of the model's kind
_NEWEST, _KIND = 6, "WhisperSpec"
#: bytes of a number by CTranslate2's compute types, where a model's large tables are concerned
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int16": 2}
#: CTranslate2's numbers of the types in which weights are kept: float32, int8, float16, bfloat16
_WEIGHTS = frozenset({0, 1, 4, 5})
#: Whisper's tokens with those of all languages; a model for English alone has one fewer
_ALL_LANGUAGES = 51_865
_EMBEDDINGS, _FIRST_LAYER = "decoder/embeddings/weight", "encoder/conv1/weight"


class WrongWeightsError(LastingError):
    """The file is cut off, damaged, or no Whisper model in CTranslate2's form."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a Whisper model's file says of it."""

    large: int  #: numbers in its tables: its parameters but for some thousands
    other_bytes: int  #: small tables, which every compute type leaves as they are
    bands: int  #: of the spectrum that it is given: 80, or 128 from large-v3 on
    english_only: bool

    def memory(self, compute_type: str) -> int:
        """Bytes that the weights take once loaded; what a model works with comes on top."""
        return self.large * _BYTES.get(compute_type, 1) + self.other_bytes


def read(path: Path) -> Weights:
    """Go through the file's table of contents, the numbers themselves passed over: 20 ms whatever its size.

    Raises WrongWeightsError, and LastingError where there is no file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _read(file, path, size)
    except FileNotFoundError:
        raise LastingError(problems.FILE_MISSING, folder=path.parent, file=path.name) from None
    except OSError as error:
        raise _wrong(path, f"can't be read ({error.strerror})") from None
    except (struct.error, UnicodeDecodeError, EOFError):
        raise _wrong(path, "is cut off or damaged") from None


def _read(file: BinaryIO, path: Path, size: int) -> Weights:
    if not 1 < _number(file, "<I") <= _NEWEST:
        raise _wrong(path, "is not a model in CTranslate2's form")
    kind, _revision, count = _name(file), _number(file, "<I"), _number(file, "<I")
    if kind != _KIND:
        raise _wrong(path, f"is a {kind.removesuffix('Spec')} model, not Whisper")
    shapes: dict[str, tuple[int, ...]] = {}
    large = other = 0
    for _ in range(count):
        name, shape, dtype, kept = _table(file, size)
        shapes[name] = shape
        if len(shape) > 1 and dtype in _WEIGHTS:
            large += prod(shape)
        else:
            other += kept
    first, words = shapes.get(_FIRST_LAYER, ()), shapes.get(_EMBEDDINGS, ())
    if len(first) < 2 or not words:
        raise _wrong(path, "is not a Whisper model")
    return Weights(large=large, other_bytes=other, bands=first[1], english_only=words[0] < _ALL_LANGUAGES)


def _table(file: BinaryIO, size: int) -> tuple[str, tuple[int, ...], int, int]:
    """Name, dimensions, type and bytes of the next table, whose numbers are passed over."""
    name = _name(file)
    shape = tuple(_number(file, "<I") for _ in range(_number(file, "<B")))
    dtype, kept = _number(file, "<B"), _number(file, "<I")
    if file.tell() + kept > size:
        raise EOFError
    file.seek(kept, 1)
    return name, shape, dtype, kept


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])


def _name(file: BinaryIO) -> str:
    """A length and so many bytes, the last of them nought."""
    return file.read(_number(file, "<H")).decode("ascii").rstrip("\0")


def _wrong(path: Path, fault: str) -> WrongWeightsError:
    return WrongWeightsError(problems.FILE_WRONG, folder=path.parent, file=path.name, fault=fault)
