"""Whisper on a processor's bfloat16 and int8 units, through OpenVINO: encoder and decoder of one model, for several threads.

It stands beside CTranslate2, which does neither on such a processor, and is used only where `unusable` has no objection
and `agrees` finds what CTranslate2 finds.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import importlib.util
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from transcription.alignment import Floats, starts_of
from transcription.beams import Beams, Piece

#: what a processor must name among its abilities
_UNITS = {"amx_bf16", "avx512_bf16"}
_BEAM = 5
_BARRED = -1e9
#: int8 sums are rescaled once for so many values of an activation; smaller groups cost a fifth more and gave no other text
_GROUP = 128
#: frames (20 ms) before a window's end in which a text that is whole ends; 0.4 s of them are padding
_LAST_FRAMES = 75
#: the same for where its last word begins
_LAST_WORD_FRAMES = 125


@functools.cache
def unusable() -> str:
    """Why this machine can't use it, "" when it can."""
    if importlib.util.find_spec("openvino") is None:
        return "OpenVINO is not installed"
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "the processor's abilities can't be read"
    if not any(_UNITS & set(line.split()) for line in flags.splitlines() if line.startswith("flags")):
        return "the processor has no unit for bfloat16"
    return ""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What a text begins with and what it can't hold, as numbers of the vocabulary."""

    start: tuple[int, ...]  #: from the hot words on to "no timestamps"; the same for a whole batch
    end: int
    never_first: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """A window's text in pieces."""

    tokens: list[int]
    probabilities: list[float]  #: 0 to 1, of each piece
    #: frame (20 ms) in which each piece begins, and one more: where the last one ends
    starts: list[int]


class OpenVinoWhisper:
    """The compiled graphs of one model, shared by `lanes` threads that each have a `Lane`. Load it before asking for one."""

    def __init__(self, model_dir: Path, *, forbidden: Sequence[int], end: int, threads: int, lanes: int) -> None:
        """`forbidden` pieces are never written; none above `end` is either."""
        self.model_dir = model_dir
        self._forbidden, self._end = tuple(forbidden), end
        self._threads, self._lanes = threads, lanes
        self._encoder: Any = None
        self._decoder: Any = None
        self._compiling = threading.Lock()

    def load(self) -> None:
        """Compile both graphs; takes a second or two and is done once, however often it is asked for.

        Raises LastingError for a model.bin of another format.
        """
        import openvino as ov

        from transcription import openvino_graphs as graphs
        from transcription.openvino_weights import read_weights

        with self._compiling:
            if self._decoder is not None:
                return
            heads = json.loads((self.model_dir / "config.json").read_text())["alignment_heads"]
            weights = read_weights(self.model_dir / "model.bin")
            core = ov.Core()
            options = {
                "INFERENCE_PRECISION_HINT": "bf16",
                "INFERENCE_NUM_THREADS": self._threads,
                "NUM_STREAMS": self._lanes,
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": _GROUP,
                "ENABLE_CPU_PINNING": False,
            }
            self._encoder = core.compile_model(graphs.encoder(weights), "CPU", options)
            weights = {name: array for name, array in weights.items() if name.startswith("decoder/")}
            give_back()
            graph = graphs.decoder(
                weights, forbidden=self._forbidden, vocabulary=self._end + 1, heads=[(a, b) for a, b in heads]
            )
            self._decoder = core.compile_model(graph, "CPU", options)
            del graph, weights
        give_back()

    def lane(self) -> Lane:
        return Lane(self._encoder.create_infer_request(), self._decoder.create_infer_request())


class Lane:
    """One thread's way through the graphs."""

    def __init__(self, encoder: Any, decoder: Any) -> None:
        self._encoder, self._decoder = encoder, decoder
        inputs = {port.get_any_name(): port.partial_shape for port in decoder.model_inputs}
        self._heads = inputs["x0"][1].get_length()
        self._head_width = inputs["x0"][3].get_length()
        #: what the decoder reads of the encoder's findings, kept for the next batch of this shape
        self._held: Any = None
        self._crossings = sum(name.startswith("x") for name in inputs)

    def encode(self, mel: NDArray[np.float32]) -> Floats:
        """What the encoder makes of (bins, frames): (frames / 2, width)."""
        self._encoder.infer([mel[None]], share_inputs=True)
        encoded: Floats = self._encoder.get_output_tensor(0).data[0].copy()
        return encoded

    def decode(
        self, mels: Sequence[NDArray[np.float32]], frames: Sequence[int], prompt: Prompt, most: int
    ) -> list[Decoded]:
        """The text of each window, by beam search; `mels` are of one shape, `frames` (10 ms) those that hold sound.

        `most` bounds the pieces of a text.
        """
        self._hand_over(mels)
        searches = [
            Beams(
                width=_BEAM,
                end=prompt.end,
                never_first=frozenset({*prompt.never_first, prompt.end}),
                at_end=functools.partial(_at_end, count // 2),
            )
            for count in frames
        ]
        length = len(prompt.start)
        ids = np.tile(np.array(prompt.start, np.int32), (len(mels), 1))
        rows = np.arange(len(mels), dtype=np.int32)
        mask = np.where(np.tri(length, dtype=bool), 0.0, _BARRED)
        at = 0
        while True:
            log_p, numbers, followed = self._step(ids, at, mask, rows)
            at += ids.shape[1]
            per = len(rows) // len(mels)
            grown = []
            for i, search in enumerate(searches):
                mine = slice(i * per, (i + 1) * per)
                heard = functools.partial(_row_of, followed[i], max(1, frames[i] // 2))
                grown.append(
                    [(i * per + row, number) for row, number in search.grow(log_p[mine], numbers[mine], heard)]
                )
            if all(search.over for search in searches) or at - length >= most:
                break
            rows = np.array([row for window in grown for row, _ in window], np.int32)
            ids = np.array([[number] for window in grown for _, number in window], np.int32)
            mask = np.zeros((1, at + 1))
        return [_decoded(search, count // 2) for search, count in zip(searches, frames, strict=True)]

    def _hand_over(self, mels: Sequence[NDArray[np.float32]]) -> None:
        """Encode each window by itself and lay what the decoder reads of them side by side, without a copy in float32."""
        import openvino as ov

        shape = [len(mels), self._heads, mels[0].shape[1] // 2, self._head_width]
        if self._held is None or list(self._held[0].shape) != shape:
            self._held = [ov.Tensor(ov.Type.bf16, shape) for _ in range(self._crossings)]
        held = self._held
        for i, mel in enumerate(mels):
            self._encoder.infer([mel[None]], share_inputs=True)
            for number, tensor in enumerate(held):
                ov.Tensor(tensor, [i, 0, 0, 0], [i + 1, *shape[1:]]).copy_from(
                    self._encoder.get_output_tensor(number + 1)
                )
        self._decoder.reset_state()
        for number, tensor in enumerate(held):
            self._decoder.set_tensor(f"x{number}", tensor)

    def _step(
        self, ids: NDArray[np.int32], at: int, mask: NDArray[np.floating[Any]], rows: NDArray[np.int32]
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float16]]:
        count, length = ids.shape
        windows = self._decoder.get_tensor("x0").shape[0]
        self._decoder.infer(
            {
                "ids": ids,
                "positions": np.arange(at, at + length, dtype=np.int32),
                "mask": mask.astype(np.float32)[None, None],
                "beam_idx": rows,
                "crossed": np.array([windows, count // windows * length, self._heads, self._head_width], np.int64),
                "plain": np.array([count, length, self._heads * self._head_width], np.int64),
            },
            share_inputs=True,
        )
        log_p, numbers, followed = (self._decoder.get_output_tensor(i).data for i in range(3))
        # of a prompt's pieces the last alone is followed by the text; (windows, heads, rows of each, frames)
        return log_p, numbers, followed[:, :, length - 1 :: length]


def _row_of(followed: NDArray[np.float16], frames: int, row: int) -> NDArray[np.float16]:
    """A row's attention to the frames that hold sound, (heads, frames), out of (heads, rows, frames)."""
    return followed[:, row, :frames].copy()


def _at_end(frames: int, heard: NDArray[np.float16]) -> bool:
    """Whether a row's attention is where the sound ends: in its last second and a half."""
    return int(heard.astype(np.float32).mean(axis=0).argmax()) >= frames - _LAST_FRAMES


def _decoded(search: Beams, frames: int) -> Decoded:
    """The likeliest text; of a search that went in a circle, one that follows the sound to its end, else the circle.

    A circle is told from speech by whoever reads it, and then the window is read again with more care; a text that
    breaks off early could not be told.
    """
    found = Decoded(tokens=[], probabilities=[], starts=[0])
    for line in search.lines():
        found = _timed(line, search.end, frames)
        if not search.circled or line[-1].number != search.end or found.starts[-2:][0] >= frames - _LAST_WORD_FRAMES:
            break
    return found


def _timed(line: Sequence[Piece], end: int, frames: int) -> Decoded:
    followed = np.stack([piece.trace for piece in line], axis=1)
    starts = [int(start) for start in starts_of(followed)]
    ended = line[-1].number == end
    text = line[:-1] if ended else line
    return Decoded(
        tokens=[piece.number for piece in text],
        probabilities=[float(np.exp(piece.log_p)) for piece in text],
        starts=starts if ended else [*starts, frames],
    )


def give_back() -> None:
    """Hand what was freed back to the system, which glibc alone does not do: compiling leaves 300 MB."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
