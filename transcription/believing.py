"""Whether what a model made of a window can have been said there: looping text is a model's own invention."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from transcription import reasons
from transcription import words as words_
from transcription.windows import Placed, Window, alone
from transcription.words import Word

#: text that packs better than this, or is faster than anyone speaks, is a loop of the model's own making
_MOST_COMPRESSION = 2.2
_MOST_CHARACTERS_PER_S = 35.0
_GRACE_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """The words of a window, or why they were not believed; or its language, where that was asked."""

    words: tuple[Word, ...] = ()
    invented: str = ""  #: why nothing of the window is believed
    #: the stretches that `words` say nothing of because what was read there alone could not be believed, and why
    dropped: tuple[tuple[Placed, str], ...] = ()
    language: tuple[str, float] | None = None  #: with its probability, 0 to 1


def invented(words: Sequence[Word], window: Window) -> str:
    """Why the words can't be what was said in the window; "" when they can."""
    text = "".join(word.text for word in words).strip()
    if not text:
        return ""
    data = text.encode()
    ratio = len(data) / len(zlib.compress(data))
    if ratio > _MOST_COMPRESSION:
        return reasons.REPEATS_ITSELF % {"ratio": f"{ratio:.1f}"}
    if phrase := words_.loops(words):
        return reasons.REPEATS % {"phrase": phrase}
    for place, said in zip(window.placed, words_.assign(words, window.placed), strict=True):
        # half a second of grace: words of a neighbouring stretch may be counted here
        pace = sum(len(word.text) for word in said) / (place.end_s - place.start_s + _GRACE_S)
        if pace > _MOST_CHARACTERS_PER_S:
            return reasons.TOO_FAST % {"pace": f"{pace:.0f}"}
    return ""


def read_one_by_one(window: Window, read: Callable[[Sequence[Window]], Sequence[Sequence[Word]]]) -> Recognised:
    """What is believed of a window that was not believed as a whole, each of its stretches read by itself.

    One stretch of noise makes a model repeat its neighbours' words; it alone is dropped, and the neighbours are kept.
    """
    parts = [alone(window, place) for place in window.placed]
    words: list[Word] = []
    dropped: list[tuple[Placed, str]] = []
    for place, (part, shift_s), found in zip(window.placed, parts, read([part for part, _ in parts]), strict=True):
        if reason := invented(found, part):
            dropped.append((place, reason))
        else:
            words += [replace(one, start_s=one.start_s + shift_s, end_s=one.end_s + shift_s) for one in found]
    if not words:
        return Recognised(invented=dropped[0][1] if dropped else "")
    return Recognised(words=tuple(words), dropped=tuple(dropped))
