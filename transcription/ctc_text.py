"""From a CTC model's frames to words with times: the likeliest token of each frame, or a search that favours hot words.

Such a model says for each frame of sound which token of its vocabulary it hears, or none (blank); a token that goes on over
several frames is one token.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from transcription.words import Word

Frames = NDArray[np.float32]  #: (frames, tokens), natural logarithms of probabilities

_BEAM = 12
#: a token less likely than this in a frame is not followed
_LEAST = math.log(1e-3)
#: a frame that is blank to this degree changes no text
_SURELY_BLANK = math.log(0.999)
#: gained for each letter of a hot word and for the whole of it at most, in natural logarithms: a letter that the sound clearly
#: speaks against costs more
_PER_LETTER, _AT_MOST = 0.6, 3.0


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What the model's tokens stand for; a space where a word begins."""

    texts: tuple[str, ...]  #: by token; "" for those that write nothing
    blank: int


@dataclass(frozen=True, kw_only=True)
class _Token:
    number: int
    frame: int
    last_frame: int
    log_probability: float  #: mean over its frames


def greedy(frames: Frames, vocabulary: Vocabulary, frame_s: float) -> list[Word]:
    """The words of the likeliest token of each frame."""
    best = frames.argmax(axis=1)
    tokens: list[_Token] = []
    at = 0
    while at < len(best):
        end = at
        while end < len(best) and best[end] == best[at]:
            end += 1
        if best[at] != vocabulary.blank:
            mean = float(frames[at:end, best[at]].mean())
            tokens.append(_Token(number=int(best[at]), frame=at, last_frame=end - 1, log_probability=mean))
        at = end
    return _words(tokens, vocabulary, frame_s)


def favouring(frames: Frames, vocabulary: Vocabulary, frame_s: float, hot_words: Iterable[str]) -> list[Word]:
    """The words of the likeliest text where texts that hold hot words (as the vocabulary writes them) are favoured."""
    hot = _Hot.of(hot_words)
    beam: dict[tuple[int, ...], _Path] = {(): _Path(blank=0.0, spot=hot)}
    for number in range(len(frames)):
        frame = frames[number]
        if frame[vocabulary.blank] > _SURELY_BLANK:
            for path in beam.values():
                path.blank, path.token = path.total + float(frame[vocabulary.blank]), -math.inf
            continue
        beam = _extended(beam, frame, number, vocabulary, hot)
    best = max(beam.values(), key=lambda path: path.total + path.settled(hot))
    tokens = [
        _Token(number=token, frame=at, last_frame=at, log_probability=float(frames[at, token]))
        for token, at in best.tokens
    ]
    return _words(tokens, vocabulary, frame_s)


@dataclass(kw_only=True)
class _Hot:
    """Hot words as a tree of letters."""

    children: dict[str, _Hot] = field(default_factory=dict)
    depth: int = 0
    whole: bool = False

    @property
    def gain(self) -> float:
        return min(_AT_MOST, _PER_LETTER * self.depth)

    @staticmethod
    def of(hot_words: Iterable[str]) -> _Hot:
        root = _Hot()
        for phrase in hot_words:
            spot = root
            for letter in " ".join(phrase.split()):
                spot = spot.children.setdefault(letter, _Hot(depth=spot.depth + 1))
            spot.whole = spot is not root
        return root


@dataclass(kw_only=True)
class _Path:
    """One text so far: the logarithms of its probability ending in a blank and in its last token, and its gain."""

    spot: _Hot | None  #: how far the current word is a hot one
    blank: float = -math.inf
    token: float = -math.inf
    gained: float = 0.0  #: for hot words that are whole
    tokens: tuple[tuple[int, int], ...] = ()  #: with the frame of each

    @property
    def total(self) -> float:
        return float(np.logaddexp(self.blank, self.token))

    @property
    def rank(self) -> float:
        """With what the beginning of a hot word promises."""
        return self.total + self.gained + (self.spot.gain if self.spot else 0.0)

    def settled(self, root: _Hot) -> float:
        """What is gained if the text ends here: a hot word begun gives nothing."""
        return _followed(self.spot, self.gained, " ", root)[1]


def _extended(
    beam: dict[tuple[int, ...], _Path], frame: NDArray[np.float32], number: int, vocabulary: Vocabulary, hot: _Hot
) -> dict[tuple[int, ...], _Path]:
    """The texts after one more frame, the best of them."""
    likely = [int(token) for token in np.flatnonzero(frame > _LEAST)] or [int(frame.argmax())]
    after: dict[tuple[int, ...], _Path] = {}
    for key, path in beam.items():
        for token in likely:
            gain = float(frame[token])
            if token == vocabulary.blank:
                same = after.setdefault(key, _same(path))
                same.blank = float(np.logaddexp(same.blank, path.total + gain))
                continue
            if key and key[-1] == token:
                same = after.setdefault(key, _same(path))
                same.token = float(np.logaddexp(same.token, path.token + gain))
            before = path.blank if key and key[-1] == token else path.total
            if before > -math.inf:
                longer = after.get((*key, token))
                if longer is None:
                    longer = after[*key, token] = _longer(path, token, number, vocabulary, hot)
                longer.token = float(np.logaddexp(longer.token, before + gain))
    best = sorted(after.items(), key=lambda item: item[1].rank, reverse=True)
    return dict(best[:_BEAM])


def _same(path: _Path) -> _Path:
    return _Path(spot=path.spot, gained=path.gained, tokens=path.tokens)


def _longer(path: _Path, token: int, number: int, vocabulary: Vocabulary, hot: _Hot) -> _Path:
    spot, gained = path.spot, path.gained
    for letter in vocabulary.texts[token]:
        if letter != " " or path.tokens:  # the text's own first space begins a word and ends none
            spot, gained = _followed(spot, gained, letter, hot)
    return _Path(spot=spot, gained=gained, tokens=(*path.tokens, (token, number)))


def _followed(spot: _Hot | None, gained: float, letter: str, root: _Hot) -> tuple[_Hot | None, float]:
    """Where in the tree of hot words a letter leads, and what is gained by then."""
    if letter != " ":
        return (spot.children.get(letter) if spot else None), gained
    if spot is not None and spot.whole:
        gained += spot.gain
    return (spot.children.get(" ", root) if spot else root), gained


def _words(tokens: Sequence[_Token], vocabulary: Vocabulary, frame_s: float) -> list[Word]:
    """Tokens joined to words; a word's probability is the geometric mean of its tokens'."""
    groups: list[list[_Token]] = []
    open_word = False
    for token in tokens:
        text = vocabulary.texts[token.number]
        if text.startswith(" ") or not open_word:
            groups.append([])
        if text.strip():
            groups[-1].append(token)
        open_word = not text.endswith(" ") if text else open_word
    return [_word(group, vocabulary, frame_s) for group in groups if group]


def _word(tokens: Sequence[_Token], vocabulary: Vocabulary, frame_s: float) -> Word:
    mean = sum(token.log_probability for token in tokens) / len(tokens)
    return Word(
        text=" " + "".join(vocabulary.texts[token.number] for token in tokens).strip(),
        start_s=tokens[0].frame * frame_s,
        end_s=(tokens[-1].last_frame + 1) * frame_s,
        probability=min(1.0, math.exp(mean)),
    )
