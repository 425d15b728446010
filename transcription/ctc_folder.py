"""What lies in a CTC model's folder: weights, tokens, and what the weights say of the sound that they want.

model.onnx or model.int8.onnx   the weights
tokens.txt or vocab.txt         a token and its number a line, as sherpa-onnx and onnx-asr have them
vocab.json                      tokens to numbers, as wav2vec 2.0 has them on the hub
config.json, preprocessor_config.json, where the model came with them
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import LastingError
from avasanj.persian import ZWNJ
from transcription import problems
from transcription.ctc_text import Vocabulary

WEIGHTS = ("model.int8.onnx", "model.onnx")
VOCABULARIES = ("tokens.txt", "vocab.txt", "vocab.json")
_BLANKS = ("<blk>", "<blank>", "<pad>", "[PAD]")
_SPACES = ("▁", "|", "<space>")
_BANDS = 80
_MOST_ADDED = 4
#: letters without which a language can't be written
_LETTERS = {"fa": frozenset("پگ"), "en": frozenset("eat")}


class CtcFolder:
    """Read when asked; raises LastingError for what is missing or does not fit, naming the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.output = ""
        self.bands = 0  #: mel bands; 0: the model takes the plain wave
        self.takes_lengths = False
        self._inputs: list[str] = []
        self._vocabulary: Vocabulary | None = None
        self._metadata: dict[str, str] = {}

    @property
    def weights(self) -> Path:
        return next((self.path / name for name in WEIGHTS if (self.path / name).is_file()), self.path / WEIGHTS[-1])

    def weight_files(self) -> list[Path]:
        """The weights and what they keep beside themselves (ONNX puts more than 2 GB into a second file)."""
        self.require()
        beside = [self.weights.with_name(self.weights.name + end) for end in (".data", "_data")]
        return [self.weights, *(path for path in beside if path.is_file())]

    @property
    def vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            path = self._tokens()
            if path is None:
                raise LastingError(problems.FILE_MISSING, folder=self.path, file=VOCABULARIES[0])
            self._vocabulary = _vocabulary(path)
        return self._vocabulary

    def _tokens(self) -> Path | None:
        return next((self.path / name for name in VOCABULARIES if (self.path / name).is_file()), None)

    def require(self) -> None:
        if not self.weights.is_file():
            raise LastingError(problems.NO_MODEL, folder=self.path)
        _ = self.vocabulary

    def require_shape(self, session: Any) -> None:
        """Learn from the loaded weights what they take. Raises LastingError where that is another kind of model."""
        inputs = session.get_inputs()
        self._inputs = [one.name for one in inputs]
        ranks = [len(one.shape) for one in inputs]
        self.output = session.get_outputs()[0].name
        self._metadata = dict(session.get_modelmeta().custom_metadata_map)
        if ranks not in ([2], [3], [2, 2], [3, 1], [2, 1]):
            takes = ", ".join(self._inputs)
            raise _unreadable(self.weights, f"takes {takes}, which no CTC model of NeMo's or wav2vec 2.0's kind does")
        self.takes_lengths = len(inputs) == 2
        size = inputs[0].shape[1]
        self.bands = 0 if ranks[0] == 2 else size if isinstance(size, int) else int(self._said("features_size", _BANDS))
        tokens, named = session.get_outputs()[0].shape[-1], len(self.vocabulary.texts)
        if isinstance(tokens, int) and 0 < tokens - named <= _MOST_ADDED and self._tokens() == self.path / "vocab.json":
            added = ("",) * (tokens - named)  # <s> and </s>, which wav2vec 2.0 names elsewhere and never says
            self._vocabulary = replace(self.vocabulary, texts=self.vocabulary.texts + added)
        elif isinstance(tokens, int) and tokens != named:
            path = self._tokens() or self.path
            raise _unreadable(path, f"names {named} tokens, and {self.weights.name} knows {tokens}")

    @property
    def normalised(self) -> bool:
        """Whether the sound is evened out first: NeMo's models say so in their metadata, wav2vec 2.0 in a file beside."""
        if self.bands:
            return self._metadata.get("normalize_type", "per_feature") == "per_feature"
        return bool(_json(self.path / "preprocessor_config.json").get("do_normalize", True))

    def feed(self, taken: Sequence[NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
        """The model's inputs for sounds of different lengths, padded to the longest."""
        lengths = [one.shape[-1] for one in taken]
        padded = [np.pad(one, [(0, 0)] * (one.ndim - 1) + [(0, max(lengths) - one.shape[-1])]) for one in taken]
        feed: dict[str, NDArray[Any]] = {self._inputs[0]: np.stack(padded)}
        if self.takes_lengths and self.bands:
            feed[self._inputs[1]] = np.array(lengths, np.int64)
        elif self.takes_lengths:
            feed[self._inputs[1]] = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
        return feed

    def writes(self, language: str) -> bool:
        """Whether the tokens have the letters of a language; languages of which nothing is known pass."""
        letters = "".join(self.vocabulary.texts).casefold()
        return _LETTERS.get(language, frozenset()) <= set(letters)

    def spelt(self, phrase: str) -> str:
        """A hot word in the letters that the model writes: without what it has no token for."""
        letters = set("".join(self.vocabulary.texts))
        text = unicodedata.normalize("NFKC", phrase)
        text = text if ZWNJ in letters else text.replace(ZWNJ, " ")
        if not any(letter.isupper() for letter in letters):
            text = text.lower()
        return "".join(letter for letter in text if letter in letters or letter == " ")

    def _said(self, name: str, otherwise: int) -> int:
        value = str(self._metadata.get(name) or _json(self.path / "config.json").get(name))
        return int(value) if value.isdecimal() else otherwise


def _vocabulary(path: Path) -> Vocabulary:
    try:
        tokens = _by_number(path)
    except (ValueError, OSError, AttributeError) as error:
        raise _unreadable(path, f"can't be read as tokens ({error})") from error
    if sorted(tokens) != list(range(len(tokens))):
        raise _unreadable(path, f"does not number its tokens from 0 to {len(tokens) - 1}")
    names = [tokens[number] for number in range(len(tokens))]
    blank = next((names.index(name) for name in _BLANKS if name in names), None)
    if blank is None:
        raise _unreadable(path, f"names no blank token (one of {', '.join(_BLANKS)})")
    return Vocabulary(texts=tuple(_text(name, number == blank) for number, name in enumerate(names)), blank=blank)


def _by_number(path: Path) -> dict[int, str]:
    if path.suffix == ".json":
        return {int(number): str(token) for token, number in json.loads(path.read_text(encoding="utf-8")).items()}
    pairs = [line.rsplit(" ", 1) for line in path.read_text(encoding="utf-8").split("\n") if line.strip("\r")]
    return {int(pair[-1]): pair[0] if len(pair) == 2 and pair[0] else " " for pair in pairs}


def _text(token: str, is_blank: bool) -> str:
    if is_blank or (len(token) > 2 and token[0] in "<[" and token[-1] in ">]" and token not in _SPACES):
        return ""
    for space in _SPACES:
        token = token.replace(space, " ")
    return token


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise _unreadable(path, f"is not JSON ({error})") from error
    return found if isinstance(found, dict) else {}


def _unreadable(path: Path, fault: str) -> LastingError:
    return LastingError(problems.FILE_WRONG, folder=path.parent, file=path.name, fault=fault)
