"""Whisper through faster-whisper's parts and CTranslate2: a recogniser of one model on one device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.log import get_logger
from transcription import loading, strength
from transcription.audio import Samples
from transcription.devices import CPU, Device, batch_for, free_memory
from transcription.recogniser import Asked, filled_up
from transcription.windows import RATE_HZ
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
        self.batch = self._most
        if self._device.kind == "cuda":
            taken = weights.memory(self.compute_type)
            self.batch = batch_for(free_memory(self._device), weights=taken, most=self._most)
        _log.info(
            "speech_model_loaded", model=self.name, device=str(self._device), batch=self.batch, threads=self._threads
        )

    def unload(self) -> None:
        self._model = None

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        """Decoded in one batch without timestamps; the words' times come from the alignment."""
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        model, windows = self._model, [one.window for one in asked]
        tokenizers = [
            Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=one.language)
            for one in asked
        ]
        length = max(filled_up(len(w.samples)) for w in windows)
        features = np.stack(
            [model.feature_extractor(np.pad(w.samples, (0, length - len(w.samples))))[..., :-1] for w in windows]
        )
        encoded = model.encode(features)
        results = model.model.generate(
            encoded,
            [[*one.sot_sequence, one.no_timestamps] for one in tokenizers],
            beam_size=_BEAM,
            max_length=model.max_length,
            suppress_blank=True,
            suppress_tokens=get_suppressed_tokens(tokenizers[0], [-1]),
        )
        tokens = [[t for t in result.sequences_ids[0] if t < tokenizers[0].eot] for result in results]
        frames = [min(length, len(w.samples)) // model.feature_extractor.hop_length for w in windows]
        aligned = model.find_alignment(tokenizers[0], tokens, encoded, frames)
        return [[_word(found) for found in words if found["word"].strip()] for words in aligned]

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


def _word(found: dict[str, Any]) -> Word:
    return Word(
        text=found["word"],
        start_s=float(found["start"]),
        end_s=float(found["end"]),
        probability=float(found["probability"]),
    )
