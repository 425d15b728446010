"""Whisper through faster-whisper's parts and CTranslate2: a recogniser of one model on one device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.log import get_logger
from transcription import loading, strength
from transcription.audio import Samples
from transcription.devices import CPU, Device, batch_for, free_memory
from transcription.recogniser import Asked, filled_up
from transcription.whisper_text import WhisperText
from transcription.windows import RATE_HZ, Window
from transcription.words import Word

_BEAM = 5
#: eight at a time took 250 MB more (875 MB against 620 for a call of four minutes)
_BATCH = 4
#: at most: beyond it a card is no quicker
_BATCH_ON_CARD = 64
#: The careful way: temperatures in turn, and how many pieces of words a window can hold (Persian needs the most).
_TEMPERATURES = (0.0, 0.4, 0.8)
_FEW_TOKENS, _TOKENS_PER_S, _MOST_TOKENS = 20, 18.0, 400
_MOST_COMPRESSION = 2.2
#: places that the decoder knows, the prompt included; half of them is what Whisper allows a text
_POSITIONS = 448
#: Seconds of a place of the encoder's output, in which the words' times are told.
FRAME_S = 0.02
_READ = 1 << 20
_log = get_logger(__name__)


class WhisperRecogniser:
    """Whisper in CTranslate2's form, from a folder."""

    kind = "whisper"

    def __init__(
        self, model_dir: Path, compute_type: str = "int8", device: Device = CPU, threads: int = 2, batch: int = 0
    ) -> None:
        """`batch` is the most windows at once; 0: by the device's kind and, on a graphics card, its free memory."""
        self.model_dir = model_dir
        self.compute_type = compute_type
        self.batch = batch or _BATCH
        self._most = batch or (_BATCH if device.kind == "cpu" else _BATCH_ON_CARD)
        self._device, self._threads = device, threads
        self._model: Any = None
        self._text: Any = None  #: a WhisperText once loaded
        self._version = ""

    @property
    def name(self) -> str:
        return f"{self.model_dir.name} {self.compute_type}"

    @property
    def version(self) -> str:
        if not self._version:
            loading.check_folder(self.model_dir)
            digest = hashlib.sha256()
            with (self.model_dir / "model.bin").open("rb") as file:
                while block := file.read(_READ):
                    digest.update(block)
            self._version = digest.hexdigest()[:12]
        return self._version

    def too_weak(self, language: str) -> bool:
        return strength.too_weak(self.model_dir, language)

    def load(self) -> None:
        from faster_whisper import WhisperModel

        weights = loading.check(self.model_dir, self._device, self.compute_type)
        try:
            self._model = WhisperModel(
                str(self.model_dir),
                device=self._device.kind,
                device_index=self._device.index,
                compute_type=self.compute_type,
                cpu_threads=self._threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, MemoryError) as error:
            raise loading.failure(error, self.model_dir, self._device, self.compute_type) from error
        self._text = WhisperText(self.model_dir)
        self.batch = self._most
        if self._device.kind == "cuda":
            taken = weights.memory(self.compute_type)
            self.batch = batch_for(free_memory(self._device), weights=taken, most=self._most)
        _log.info(
            "speech_model_loaded", model=self.name, device=str(self._device), batch=self.batch, threads=self._threads
        )

    def unload(self) -> None:
        self._model = self._text = None

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        """Decoded in one batch without timestamps; the words' times come from the alignment."""
        text, model, windows = self._text, self._model, [one.window for one in asked]
        tokenizer, length = text.tokenizer(asked[0].language), padded_length(windows)
        start = text.prompt(asked[0].language, asked[0].hot_words)
        encoded = model.encode(np.stack([text.mel(window.samples, length) for window in windows]))
        results = model.model.generate(
            encoded,
            [list(start)] * len(windows),
            beam_size=_BEAM,
            max_length=model.max_length,
            suppress_blank=True,
            suppress_tokens=text.forbidden,
        )
        tokens = [[t for t in result.sequences_ids[0] if t < text.end] for result in results]
        frames = [len(window.samples) // model.feature_extractor.hop_length for window in windows]
        aligned = model.find_alignment(tokenizer, tokens, encoded, frames)
        return [[_word(found) for found in words if found["word"].strip()] for words in aligned]

    def encode(self, mels: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the encoder makes of (windows, bins, frames): (windows, frames / 2, width)."""
        return np.array(self._model.encode(mels))

    def recognise_carefully(self, asked: Asked) -> list[Word]:
        """A window alone at the model's full length, trying again with rising temperature where the text loops.

        Two more tries, and no more words than anyone can say: a model that does not know the language would else go on
        for a minute over ten seconds of speech.
        """
        samples = asked.window.samples
        segments, _ = self._model.transcribe(
            samples,
            language=asked.language,
            beam_size=_BEAM,
            best_of=_BEAM,
            temperature=_TEMPERATURES,
            max_new_tokens=min(_MOST_TOKENS, _FEW_TOKENS + int(len(samples) / RATE_HZ * _TOKENS_PER_S)),
            vad_filter=False,
            condition_on_previous_text=False,
            compression_ratio_threshold=_MOST_COMPRESSION,
            word_timestamps=True,
            hotwords=", ".join(asked.hot_words) or None,
        )
        return [
            Word(text=word.word, start_s=float(word.start), end_s=float(word.end), probability=float(word.probability))
            for segment in segments
            for word in segment.words or ()
        ]

    def language_of(self, samples: Sequence[Samples], among: Sequence[str]) -> tuple[str, float]:
        _, _, everything = self._model.detect_language(np.concatenate(samples))
        known = {language: float(p) for language, p in everything if language in among}
        best = max(known, key=lambda language: known[language])
        return best, known[best] / sum(known.values())


def padded_length(windows: Sequence[Window]) -> int:
    """Samples to which the windows of a batch are filled up with silence; the engine batches what is alike in that."""
    return max(filled_up(len(window.samples)) for window in windows)


def most_pieces(length: int, prompt: int) -> int:
    """How many pieces of words a window of so many samples can hold, after a prompt of so many pieces."""
    return min(_FEW_TOKENS + int(length / RATE_HZ * _TOKENS_PER_S), _POSITIONS // 2, _POSITIONS - prompt - 1)


def words_of(
    tokenizer: Any, tokens: Sequence[int], probabilities: Sequence[float], starts_s: Sequence[float]
) -> list[Word]:
    """Pieces joined to words; `starts_s` has one more: where the last piece ends. Seconds, as they come."""
    if not tokens:
        return []
    texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    words, at = [], 0
    for text, part in zip(texts[:-1], parts[:-1], strict=True):
        end = at + len(part)
        if text.strip():
            words.append(
                Word(
                    text=text,
                    start_s=starts_s[at],
                    end_s=starts_s[end],
                    probability=float(np.mean(probabilities[at:end])),
                )
            )
        at = end
    return words


def _word(found: dict[str, Any]) -> Word:
    return Word(
        text=found["word"],
        start_s=float(found["start"]),
        end_s=float(found["end"]),
        probability=float(found["probability"]),
    )
