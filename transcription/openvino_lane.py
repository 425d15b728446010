"""One thread's way through a Whisper model on OpenVINO: windows join the search as others end, so that a step serves many.

A step of the decoder reads its matrices once, whatever it serves: with places that stand empty until the longest text of
a batch is done, half of the work was for nothing. So whatever waits takes the place of what is done.
"""

from __future__ import annotations

import functools
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter

from transcription.alignment import Floats, starts_of
from transcription.beams import Beams, Piece

_BEAM = 5
#: What is given up in the search: chosen on the calls for tuning, where the words were as right as with all lines kept.
_MARGIN, _ALIKE = 1.5, 2
_BARRED = -1e9
#: frames (20 ms) before a window's end in which a text that is whole ends; 0.4 s of them are padding
_LAST_FRAMES = 75
#: the same for where its last word begins
_LAST_WORD_FRAMES = 125
#: Frames that a place has room for; a longer window is read by itself.
_FRAMES = 750
#: steps after which nothing joins any more: what was read before is carried along, though nobody listens to it
_MOST_STEPS = 150
#: who joins is told the prompt piece by piece: a longer one (with hot words) would keep the others waiting
_LONGEST_PROMPT = 8


_P = ParamSpec("_P")
_R = TypeVar("_R")
_SEARCH = Counter(
    "avasanj_speech_search_cpu_seconds_total",
    "Processor seconds of the beam search in the lanes' own threads; encoder and decoder are computed in others.",
)


def _counted(part: Callable[_P, _R]) -> Callable[_P, _R]:
    """A part of the search, its time counted."""

    @functools.wraps(part)
    def counted(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        began_s = time.thread_time()
        try:
            return part(*args, **kwargs)
        finally:
            _SEARCH.inc(time.thread_time() - began_s)

    return counted


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A window as the model takes it."""

    mel: NDArray[np.float32]  #: (bins, frames of 10 ms)
    frames: int  #: of 20 ms, those that hold sound; the rest is silence
    most: int  #: pieces that its text may have


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


#: asked for at most so many windows that may join
More = Callable[[int], Sequence[Sound]]


@dataclass(slots=True)
class _Place:
    """A window that is being read."""

    number: int  #: in the order in which the windows came
    sound: Sound
    search: Beams
    begun: int  #: step at which it joined
    heard: int  #: frames that the encoder made of it
    untold: deque[int] = field(default_factory=deque)  #: pieces of the prompt that it was not told yet
    #: how its rows go on: (row of the last step, next piece)
    rows: list[tuple[int, int]] = field(default_factory=list)

    def over(self, at: int, prompt: int) -> bool:
        return not self.rows or at - self.begun - prompt >= self.sound.most


class OpenVinoLane:
    """Of one thread. `places` is the most windows at once."""

    def __init__(self, encoder: Any, decoder: Any, *, places: int) -> None:
        self._encoder, self._decoder, self._room = encoder, decoder, places
        inputs = {port.get_any_name(): port.partial_shape for port in decoder.model_inputs}
        self._heads = inputs["x0"][1].get_length()
        self._head_width = inputs["x0"][3].get_length()
        self._crossings = sum(name.startswith("x") for name in inputs)
        #: what the decoder reads of the encoder's findings, a place for each window
        self._held: list[Any] = []
        #: (windows, 1, 1, frames), what silences the frames that a window does not have; None when windows came or went
        self._silent: NDArray[np.float32] | None = None

    def encode(self, mel: NDArray[np.float32]) -> Floats:
        """What the encoder makes of (bins, frames): (frames / 2, width)."""
        self._encoder.infer([mel[None]], share_inputs=True)
        encoded: Floats = self._encoder.get_output_tensor(0).data[0].copy()
        return encoded

    def decode(
        self, sounds: Sequence[Sound], prompt: Prompt, more: More | None = None
    ) -> Iterator[tuple[int, Decoded]]:
        """The text of each window by beam search, as it is done, with the window's number: those of `more` count on.

        `sounds` are at most as many as there are places.
        """
        joined = 0
        length = len(prompt.start)
        if length > _LONGEST_PROMPT or any(_frames(sound) > _FRAMES for sound in sounds):
            more = None
        self._make_room(max(_FRAMES, *(_frames(sound) for sound in sounds)))
        self._decoder.reset_state()
        going: list[_Place] = []
        for sound in sounds:
            self._join(going, joined, sound, prompt, 0)
            joined += 1
        scores = self._step(going, np.tile(np.array(prompt.start, np.int32), (len(going), 1)), 0)
        for place in going:
            place.untold.clear()
        at = length
        while True:
            self._grow(going, scores)
            for place in [one for one in going if one.over(at, length)]:
                self._leave(going, place)
                yield place.number, _decoded(place.search, place.sound.frames)
            if more is not None and len(going) < self._room and at < _MOST_STEPS:
                for sound in more(self._room - len(going)):
                    self._join(going, joined, sound, prompt, at)
                    joined += 1
            if not going:
                return
            scores = self._step(going, np.array([[n] for p in going for _, n in p.rows], np.int32), at)
            at += 1

    def _make_room(self, frames: int) -> None:
        import openvino as ov

        places = self._room if frames <= _FRAMES else 1
        shape = [places, self._heads, frames, self._head_width]
        if not self._held or list(self._held[0].shape) != shape:
            self._held = [ov.Tensor(ov.Type.bf16, shape) for _ in range(self._crossings)]
            for tensor in self._held:
                tensor.data[:] = 0  # what nobody wrote may be no number, which no mask takes away

    @_counted
    def _join(self, going: list[_Place], number: int, sound: Sound, prompt: Prompt, at: int) -> None:
        """Encode the window and lay what the decoder reads of it in the next place, without a copy in float32."""
        self._encoder.infer([sound.mel[None]], share_inputs=True)
        for i, tensor in enumerate(self._held):
            found = self._encoder.get_output_tensor(i + 1)
            _of(tensor, len(going), frames=found.shape[2]).copy_from(found)
        untold = deque(prompt.start)
        search = Beams(
            width=_BEAM,
            end=prompt.end,
            never_first=frozenset({*prompt.never_first, prompt.end}),
            at_end=functools.partial(_at_end, sound.frames),
            margin=_MARGIN,
            alike=_ALIKE,
        )
        place = _Place(number, sound, search, at, _frames(sound), untold, [(0, untold.popleft())])
        going.append(place)
        self._silent = None

    @_counted
    def _leave(self, going: list[_Place], done: _Place) -> None:
        """The last one takes its place: what is done costs nothing."""
        index, last = going.index(done), going.pop()
        self._silent = None
        if last is not done:
            going[index] = last
            for tensor in self._held:
                _of(tensor, index, frames=last.heard).copy_from(_of(tensor, len(going), frames=last.heard))

    @_counted
    def _grow(self, going: Sequence[_Place], scores: tuple[NDArray[Any], NDArray[Any], NDArray[Any]]) -> None:
        """How each window's rows go on after a step."""
        log_p, numbers, followed = scores
        first = 0
        for index, place in enumerate(going):
            mine = slice(first, first + len(place.rows))
            if place.untold:
                place.rows = [(first, place.untold.popleft())]
            else:
                heard = functools.partial(_row_of, followed[index], max(1, place.sound.frames))
                found = place.search.grow(log_p[mine], numbers[mine], heard)
                place.rows = [(first + row, number) for row, number in found]
            first = mine.stop

    def _listening(self, going: Sequence[_Place]) -> NDArray[np.float32]:
        """Let the decoder listen to these windows; returns what silences the frames that each does not have."""
        for number, tensor in enumerate(self._held):
            self._decoder.set_tensor(f"x{number}", _of(tensor, 0, len(going)))
        beyond = np.arange(self._held[0].shape[2]) >= np.array([place.heard for place in going])[:, None]
        return (beyond * np.float32(_BARRED))[:, None, None]

    @_counted
    def _step(
        self, going: Sequence[_Place], ids: NDArray[np.int32], at: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float16]]:
        """`ids` (rows, length) are of several pieces at the first step only."""
        length = ids.shape[1]
        if self._silent is None:
            self._silent = self._listening(going)
        shares = np.array([len(place.rows) for place in going])
        begun = np.array([place.begun for place in going]).repeat(shares)[:, None]
        columns = np.arange(at + length)
        barred = (columns < begun)[:, None] | (columns > columns[at:, None])
        laid, back = _laid(shares, length)
        self._decoder.infer(
            {
                "ids": ids,
                "positions": (columns[at:] - begun).astype(np.int32),
                "mask": (barred * np.float32(_BARRED))[:, None],
                "beam_idx": np.array([row for place in going for row, _ in place.rows], np.int32),
                "laid": laid,
                "back": back,
                "silent": self._silent,
            },
            share_inputs=True,
        )
        log_p, numbers, followed = (self._decoder.get_output_tensor(i).data for i in range(3))
        # of a prompt's pieces the last alone is followed by the text; (windows, heads, places, frames)
        return log_p, numbers, followed[:, :, length - 1 :]


def _frames(sound: Sound) -> int:
    return int(sound.mel.shape[1]) // 2


def _of(tensor: Any, first: int, count: int = 1, *, frames: int = 0) -> Any:
    """So many of a tensor's windows, and of each its first frames if so many are asked for, without a copy."""
    import openvino as ov

    _, heads, whole, width = list(tensor.shape)
    return ov.Tensor(tensor, [first, 0, 0, 0], [first + count, heads, frames or whole, width])


def _laid(shares: NDArray[np.intp], length: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Which piece listens from each of a window's places, and the place of each piece, as the decoder's graph takes them."""
    counts = shares * length
    places = np.arange(counts.max(initial=1))
    taken = places < counts[:, None]
    laid = np.where(taken, np.cumsum(counts)[:, None] - counts[:, None] + places, 0)
    return laid.astype(np.int32), np.flatnonzero(taken).astype(np.int32).reshape(-1, length)


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
