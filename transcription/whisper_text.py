"""What a Whisper model reads and writes besides its arithmetic: mel in, pieces of words out, and the prompt between."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcription.audio import Samples
from transcription.hot_words import MOST_PIECES
from transcription.mel import Mel


class WhisperText:
    """Of one model's folder."""

    def __init__(self, model_dir: Path) -> None:
        import tokenizers
        from faster_whisper.feature_extractor import FeatureExtractor
        from faster_whisper.transcribe import get_suppressed_tokens

        self._pieces = tokenizers.Tokenizer.from_file(str(model_dir / "tokenizer.json"))
        self._multilingual = self._pieces.token_to_id("<|fa|>") is not None
        self._mel = Mel(FeatureExtractor(feature_size=_bins(model_dir)).mel_filters)
        plain = self.tokenizer("en")
        self.end: int = plain.eot
        #: what is never written: brackets, notes and other marks of what is not said
        self.forbidden: tuple[int, ...] = get_suppressed_tokens(plain, [-1])
        #: what a text does not begin with
        self.never_first: tuple[int, ...] = tuple(plain.encode(" "))

    @functools.lru_cache(maxsize=8)  # noqa: B019 - a recogniser has one of these for its life
    def tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(self._pieces, self._multilingual, task="transcribe", language=language)

    def prompt(self, language: str, hot_words: Iterable[str] = ()) -> tuple[int, ...]:
        """What the model is told before it writes: names to listen for, as if they had just been said, and the language."""
        return prompt_of(self.tokenizer(language), hot_words)

    def mel(self, samples: Samples, length: int) -> NDArray[np.float32]:
        """(bins, frames of 10 ms) of the samples at 16 kHz with silence up to `length` samples."""
        return self._mel(samples, length)


def prompt_of(tokenizer: Any, hot_words: Iterable[str] = ()) -> tuple[int, ...]:
    """As `WhisperText.prompt`; hot words beyond the first MOST_PIECES pieces are left out."""
    start = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
    hot: list[int] = []
    told: list[str] = []
    for word in hot_words:
        told.append(word.strip())
        # as a sentence that is over, so that what follows begins with a capital
        more = tokenizer.encode(f" {', '.join(told)}.")
        if len(more) > MOST_PIECES:
            break
        hot = more
    return (tokenizer.sot_prev, *hot, *start) if hot else tuple(start)


def _bins(model_dir: Path) -> int:
    """Of the mel spectrogram: 80, and 128 from large-v3 on."""
    path = model_dir / "preprocessor_config.json"
    return int(json.loads(path.read_text()).get("feature_size", 80)) if path.is_file() else 80
