"""Turns cut into pieces that can be read while they are said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from avasanj.i18n import RTL
from transcription.timed import Timed

#: two lines of 42 characters, seven seconds: as long as a subtitle may be
_MOST_CHARACTERS, _MOST_S = 84, 7.0
#: a piece ends rather at the end of a sentence than a little later
_ENDINGS = tuple(".?!…؟؛")
_ENOUGH_CHARACTERS = 42
_RLM, _RLE, _PDF = "\u200f", "\u202b", "\u202c"
_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A piece of a turn. Seconds on the playback's clock."""

    party: str
    start_s: float
    end_s: float
    text: str


def cues(party: str, start_s: float, end_s: float, text: str, words: Sequence[Timed] = ()) -> list[Cue]:
    """The turn in pieces of at most 84 characters and, where its words' times are known, 7 seconds.

    A turn without words' times is divided by length. No text is lost; a text of nothing gives no piece.
    """
    tokens = [(match[0], match.start()) for match in _TOKEN.finditer(text)]
    if not tokens:
        return []
    starts = _starts(tokens, start_s, end_s, len(text), words)
    pieces: list[list[int]] = [[0]]
    for index in range(1, len(tokens)):
        piece = pieces[-1]
        length = tokens[index][1] + len(tokens[index][0]) - tokens[piece[0]][1]
        after = starts[index + 1] if index + 1 < len(starts) else end_s
        full = length > _MOST_CHARACTERS or after - starts[piece[0]] > _MOST_S
        ended = tokens[index - 1][0].endswith(_ENDINGS) and length > _ENOUGH_CHARACTERS
        if full or ended:
            pieces.append([index])
        else:
            piece.append(index)
    bounds = [starts[piece[0]] for piece in pieces] + [end_s]
    return [
        Cue(
            party=party,
            start_s=bounds[number],
            end_s=max(bounds[number + 1], bounds[number]),
            text=" ".join(tokens[index][0] for index in piece),
        )
        for number, piece in enumerate(pieces)
    ]


def _starts(
    tokens: Sequence[tuple[str, int]], start_s: float, end_s: float, length: int, words: Sequence[Timed]
) -> list[float]:
    """When each token begins: with the word that it begins with, else by its place in the text; never before the one before."""
    known = {word.first: word.start_s for word in words}
    starts: list[float] = []
    for number, (_, first) in enumerate(tokens):
        guess = start_s + (end_s - start_s) * first / max(length, 1)
        at_s = start_s if number == 0 else known.get(first, guess)
        starts.append(min(max(at_s, starts[-1] if starts else start_s), end_s))
    return starts


def stamp(seconds: float, decimal: str) -> str:
    """A subtitle's time: 01:02:03.004, with the file's own decimal sign."""
    whole_ms = max(0, round(seconds * 1000))
    rest_s, ms = divmod(whole_ms, 1000)
    minutes, s = divmod(rest_s, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{s:02}{decimal}{ms:03}"


def marked(text: str, language: str, *, embed: bool = False) -> str:
    """A line that players put in the right order.

    They take a line's direction from its first letter, which may be a foreign word's: a mark goes before it. Those that
    read SRT know no direction at all, and put the full stop of a Persian line on the wrong side: `embed` tells them.
    """
    if language not in RTL:
        return text
    if embed:
        return f"{_RLE}{text}{_PDF}"
    first = next((kind for c in text if (kind := unicodedata.bidirectional(c)) in {"L", "R", "AL"}), "AL")
    return text if first != "L" else _RLM + text
