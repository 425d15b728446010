"""CTC models in ONNX form (NeMo's FastConformer and its kin, wav2vec 2.0): a recogniser of one model on one device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avasanj.errors import LastingError
from avasanj.log import get_logger
from transcription import ctc_sound, ctc_text, devices, problems, strength, sums
from transcription.audio import Samples
from transcription.ctc_folder import CtcFolder
from transcription.devices import CPU, Device
from transcription.recogniser import Asked
from transcription.windows import RATE_HZ
from transcription.words import Word

_BATCH = 4
#: shorter sound is lengthened by silence: the models' first layers need some frames
_SHORTEST = RATE_HZ // 2
_READ = 1 << 20
_log = get_logger(__name__)


class CtcRecogniser:
    """A CTC model from a folder with `model.onnx` and its tokens."""

    kind = "ctc"

    def __init__(self, model_dir: Path, device: Device = CPU, threads: int = 2, batch: int = 0) -> None:
        """`batch` is the most windows at once; 0: four, or one where the model takes no lengths."""
        self.model_dir = model_dir
        self._folder = CtcFolder(model_dir)
        self._device, self._threads = device, threads
        self._session: Any = None
        self._version = ""
        self.batch = self._most = batch or _BATCH

    @property
    def name(self) -> str:
        return f"{self.model_dir.name} {self._folder.weights.stem.removeprefix('model').strip('.') or 'onnx'}"

    @property
    def version(self) -> str:
        if not self._version:
            digest = hashlib.sha256()
            for path in self._folder.weight_files():
                with path.open("rb") as file:
                    while block := file.read(_READ):
                        digest.update(block)
            self._version = digest.hexdigest()[:12]
        return self._version

    def too_weak(self, language: str) -> bool:
        return strength.too_weak(self.model_dir, language)

    def load(self) -> None:
        import onnxruntime

        devices.require(self._device)
        self._folder.require()
        sums.require(self.model_dir)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.enable_cpu_mem_arena = False  # else memory is kept for every length of window that was seen
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(self._folder.weights), sess_options=options, providers=self._providers(onnxruntime)
            )
        except Exception as error:  # onnxruntime's errors have no class in common but this one
            raise LastingError(
                problems.NOT_LOADED, model=self.name, device=self._device, fault=" ".join(str(error).split())[:300]
            ) from error
        self._folder.require_shape(self._session)
        self.batch = self._most if self._folder.takes_lengths else 1
        _log.info("speech_model_loaded", model=self.name, threads=self._threads)

    def _providers(self, onnxruntime: Any) -> list[Any]:
        here = onnxruntime.get_available_providers()
        if self._device.kind == "cuda" and "CUDAExecutionProvider" not in here:
            raise LastingError(problems.NO_DRIVER, device=self._device, fault="this ONNX Runtime has no CUDA in it")
        cuda = ("CUDAExecutionProvider", {"device_id": self._device.index})
        return [cuda, "CPUExecutionProvider"] if self._device.kind == "cuda" else ["CPUExecutionProvider"]

    def unload(self) -> None:
        self._session = None

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        """Each window's likeliest words, hot words favoured."""
        samples = [one.window.samples for one in asked]
        return [
            self._words(frames, frame_s, one.hot_words)
            for one, (frames, frame_s) in zip(asked, self._frames(samples), strict=True)
        ]

    def recognise_carefully(self, asked: Asked) -> list[Word]:
        """Alone and without hot words, which are what such a model can be led astray by."""
        [(frames, frame_s)] = self._frames([asked.window.samples])
        return self._words(frames, frame_s, ())

    def language_of(self, _samples: Sequence[Samples], among: Sequence[str]) -> tuple[str, float]:
        """Such a model knows the one language that it was trained on: the first of `among` that its letters can write."""
        written = [language for language in among if self._folder.writes(language)] or list(among)
        return written[0], 1.0 / len(written)

    def _words(self, frames: ctc_text.Frames, frame_s: float, hot_words: Sequence[str]) -> list[Word]:
        vocabulary = self._folder.vocabulary
        if hot_words:
            return ctc_text.favouring(frames, vocabulary, frame_s, map(self._folder.spelt, hot_words))
        return ctc_text.greedy(frames, vocabulary, frame_s)

    def _frames(self, samples: Sequence[Samples]) -> list[tuple[ctc_text.Frames, float]]:
        """For each sound its frames' logarithms of probabilities, and how long a frame is in seconds."""
        longest = max(_SHORTEST, *(len(one) for one in samples))
        feed = self._folder.feed([self._taken(one) for one in samples])
        scores = self._session.run([self._folder.output], feed)[0].astype(np.float32)
        scores -= np.logaddexp.reduce(scores, axis=-1, keepdims=True)
        frame_s = longest / RATE_HZ / scores.shape[1]
        kept = [min(scores.shape[1], int(np.ceil(max(len(one), _SHORTEST) / RATE_HZ / frame_s))) for one in samples]
        return [(frames[:count], frame_s) for frames, count in zip(scores, kept, strict=True)]

    def _taken(self, samples: Samples) -> NDArray[np.float32]:
        whole = np.pad(samples, (0, max(0, _SHORTEST - len(samples))))
        if self._folder.bands:
            return ctc_sound.log_mel(whole, self._folder.bands, normalised=self._folder.normalised)
        return ctc_sound.plain(whole, normalised=self._folder.normalised)
