"""The speech model: Whisper through faster-whisper and CTranslate2, one long-lived engine a process."""

from __future__ import annotations

import ctypes
import gc
import re
import sys
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from avasanj.errors import InputError, LastingError
from avasanj.log import get_logger
from telephony.tables import Party
from transcription import words as words_
from transcription.audio import Recording, Samples
from transcription.clock import sound_of
from transcription.legs import Leg
from transcription.windows import LONGEST_SPEECH_S, RATE_HZ, Window, pack, silenced, utterances
from transcription.words import Word

_BEAM = 5
#: eight at a time took 250 MB more (875 MB against 620 for a call of four minutes)
_BATCH = 4
#: windows gathered before the shortest and the longest are sorted into batches of like length
_GATHER = 4 * _BATCH
#: a shorter window than this lowers accuracy
_SHORTEST_S = 10.0
#: text that packs better than this, or is faster than anyone speaks, is a loop of the model's own making
_MOST_COMPRESSION = 2.2
_MOST_CHARACTERS_PER_S = 35.0
_GRACE_S = 0.5
#: The careful way: temperatures in turn, and how many pieces of words a window can hold (Persian needs the most).
_TEMPERATURES = (0.0, 0.4, 0.8)
_FEW_TOKENS, _TOKENS_PER_S, _MOST_TOKENS = 20, 18.0, 400
#: pauses that end a stretch of speech, and the shortest stretch: "mm-hm" takes 0.2 s, a click less
_PAUSE_MS, _SHORTEST_MS = 300, 150
#: Samples in whose multiples sound is handed on: the libraries keep memory for every length they have seen, 1.3 MB a call
_STEP = RATE_HZ
#: Silero's probability from which sound is speech; at its usual 0.5 soft beginnings are lost
_SPEECH_ABOVE = 0.4
_WEAK_FOR_PERSIAN = re.compile(r"\b(tiny|base|small)\b")
_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One stretch of speech with its words. Seconds on the playback's clock; confidence is the mean probability, 0 to 1."""

    party: Party
    start_s: float
    end_s: float
    text: str
    confidence: float


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A window whose text was the model's invention. Seconds on the playback's clock."""

    party: Party
    start_s: float
    end_s: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What the engine made of a call."""

    spoken: list[Spoken]  #: by start
    dropped: list[Dropped]
    problems: dict[int, str]  #: recording id -> why it could not be heard


class SpeechEngine:
    """Whisper, loaded at the first call and kept until `unload`. Calls from several threads wait for each other."""

    def __init__(self, model_dir: Path, compute_type: str = "int8", device: str = "cpu", threads: int = 2) -> None:
        self.model_dir = model_dir
        self.compute_type = compute_type
        self._device, self._threads = device, threads
        self._model: Any = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """As kept with each transcript, e.g. "whisper-base int8"."""
        return f"{self.model_dir.name} {self.compute_type}"

    @property
    def loaded(self) -> bool:
        return self._model is not None

    def too_weak(self, language: str) -> bool:
        """Whether this model is known to understand too little of the language to be trusted (Whisper base hears 93 % of
        Persian words wrongly, small 74 %).
        """
        return language == "fa" and bool(_WEAK_FOR_PERSIAN.search(self.model_dir.name))

    def unload(self) -> None:
        """Give the model's memory back to the machine."""
        with self._lock:
            if self._model is None:
                return
            from faster_whisper.vad import get_vad_model

            self._model = None
            get_vad_model.cache_clear()
            gc.collect()
            _give_back_memory()

    def transcribe(self, legs: Sequence[Leg], language: str) -> Heard:
        """Words of each leg, with the times of the speech itself. A leg that can't be read is named in `problems`.

        Raises LastingError when the model can't be loaded.
        """
        with self._lock:
            model = self._load()
            heard = Heard(spoken=[], dropped=[], problems={})
            windows = self._windows(legs, heard)
            while gathered := list(islice(windows, _GATHER)):
                gathered.sort(key=lambda item: len(item[1].samples))
                for i in range(0, len(gathered), _BATCH):
                    self._decode(model, gathered[i : i + _BATCH], language, heard)
            # Batches of many shapes leave the heap in pieces: kept, they add up to 250 MB over 150 calls.
            _give_back_memory()
            heard.spoken.sort(key=lambda s: (s.start_s, s.party))
            heard.dropped.sort(key=lambda d: (d.start_s, d.party))
            return heard

    def _load(self) -> Any:
        if self._model is None:
            from faster_whisper import WhisperModel

            if not (self.model_dir / "model.bin").is_file():
                raise LastingError(f"There is no speech model in {self.model_dir}. Run `avasanj models fetch`.")
            try:
                self._model = WhisperModel(
                    str(self.model_dir),
                    device=self._device,
                    compute_type=self.compute_type,
                    cpu_threads=self._threads,
                    local_files_only=True,
                )
            except (RuntimeError, ValueError) as error:
                raise LastingError(
                    f"The speech model in {self.model_dir} can't be loaded as {self.compute_type} on {self._device}: "
                    f"{error}. Run `avasanj models fetch`, or check AVASANJ_SPEECH_COMPUTE_TYPE and AVASANJ_SPEECH_DEVICE."
                ) from error
            _log.info("speech_model_loaded", model=self.name, threads=self._threads)
        return self._model

    def _windows(self, legs: Sequence[Leg], heard: Heard) -> Iterator[tuple[Leg, Window]]:
        """Windows hold one party's speech each, so that no word can change its speaker."""
        for leg in legs:
            blocks = sound_of(leg, Recording(leg.path, channel=leg.channel))
            try:
                for window in pack(utterances(silenced(blocks, leg.masked, leg.start_s), _speech)):
                    yield leg, window
            except InputError as error:
                heard.problems[leg.recording_id] = str(error)

    def _decode(self, model: Any, items: Sequence[tuple[Leg, Window]], language: str, heard: Heard) -> None:
        for (leg, window), found in zip(items, _recognise(model, [w for _, w in items], language), strict=True):
            kept = found
            if _invented(kept, window):
                kept = _recognise_carefully(model, window, language)
            if reason := _invented(kept, window):
                first, last = window.placed[0].span, window.placed[-1].span
                heard.dropped.append(
                    Dropped(
                        party=leg.party,
                        start_s=round(leg.start_s + first.start_s, 3),
                        end_s=round(leg.start_s + last.end_s, 3),
                        reason=reason,
                    )
                )
                continue
            for place, said in zip(window.placed, words_.assign(kept, window.placed), strict=True):
                if text := "".join(word.text for word in said).strip():
                    heard.spoken.append(
                        Spoken(
                            party=leg.party,
                            start_s=round(leg.start_s + place.span.start_s, 3),
                            end_s=round(leg.start_s + place.span.end_s, 3),
                            text=text,
                            confidence=round(float(np.mean([word.probability for word in said])), 3),
                        )
                    )


def _give_back_memory() -> None:
    """Hand what was freed back to the system, which glibc alone does not do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def _speech(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of speech by Silero's detector, without padding."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=_SPEECH_ABOVE,
        min_silence_duration_ms=_PAUSE_MS,
        min_speech_duration_ms=_SHORTEST_MS,
        max_speech_duration_s=LONGEST_SPEECH_S,
        speech_pad_ms=0,
    )
    padded = np.pad(samples, (0, -len(samples) % _STEP))
    found = get_speech_timestamps(padded, options)
    return [(int(one["start"]), min(int(one["end"]), len(samples))) for one in found if one["start"] < len(samples)]


def _recognise(model: Any, windows: Sequence[Window], language: str) -> list[list[Word]]:
    """Words of windows of like length, decoded in one batch without timestamps; their times come from the alignment."""
    from faster_whisper.tokenizer import Tokenizer
    from faster_whisper.transcribe import get_suppressed_tokens

    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language=language)
    length = max(*(len(w.samples) for w in windows), int(_SHORTEST_S * RATE_HZ))
    length += -length % _STEP
    features = np.stack(
        [model.feature_extractor(np.pad(w.samples, (0, length - len(w.samples))))[..., :-1] for w in windows]
    )
    encoded = model.encode(features)
    results = model.model.generate(
        encoded,
        [[*tokenizer.sot_sequence, tokenizer.no_timestamps]] * len(windows),
        beam_size=_BEAM,
        max_length=model.max_length,
        suppress_blank=True,
        suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
    )
    tokens = [[t for t in result.sequences_ids[0] if t < tokenizer.eot] for result in results]
    frames = [min(length, len(w.samples)) // model.feature_extractor.hop_length for w in windows]
    aligned = model.find_alignment(tokenizer, tokens, encoded, frames)
    return [[_word(found) for found in words if found["word"].strip()] for words in aligned]


def _recognise_carefully(model: Any, window: Window, language: str) -> list[Word]:
    """A window alone at the model's full length, trying again with rising temperature where the text loops.

    Two more tries, and no more words than anyone can say: a model that does not know the language would else go on for
    a minute over ten seconds of speech.
    """
    segments, _ = model.transcribe(
        window.samples,
        language=language,
        beam_size=_BEAM,
        best_of=_BEAM,
        temperature=_TEMPERATURES,
        max_new_tokens=min(_MOST_TOKENS, _FEW_TOKENS + int(len(window.samples) / RATE_HZ * _TOKENS_PER_S)),
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


def _word(found: dict[str, Any]) -> Word:
    return Word(
        text=found["word"],
        start_s=float(found["start"]),
        end_s=float(found["end"]),
        probability=float(found["probability"]),
    )


def _invented(words: Sequence[Word], window: Window) -> str:
    """Why the words can't be what was said in the window; "" when they can."""
    text = "".join(word.text for word in words).strip()
    if not text:
        return ""
    data = text.encode()
    ratio = len(data) / len(zlib.compress(data))
    if ratio > _MOST_COMPRESSION:
        return f"the text repeats itself (compression ratio {ratio:.1f})"
    if phrase := words_.loops(words):
        return f"the text repeats “{phrase}”"
    for place, said in zip(window.placed, words_.assign(words, window.placed), strict=True):
        # half a second of grace: words of a neighbouring stretch may be counted here
        pace = sum(len(word.text) for word in said) / (place.end_s - place.start_s + _GRACE_S)
        if pace > _MOST_CHARACTERS_PER_S:
            return f"the text is faster than anyone speaks ({pace:.0f} characters a second)"
    return ""
