"""Giving each recognised word back to the stretch of speech in which it was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transcription.windows import Placed

#: Price, in seconds of misplacement, of ending a stretch in the middle of a sentence.
_MID_SENTENCE_S = 0.6
#: Price of leaving a stretch of speech without any word, per second of it, and at most.
_EMPTY_PER_S, _EMPTY_MOST_S = 0.5, 1.0
#: "no, no, no, no" is human; a phrase of three words or more is not said thrice running, nor a shorter one six times
_MOST_REPEATS, _LONGEST_PHRASE = 3, 15
_LONG_PHRASE = 5
_ENDINGS = tuple(".?!…,;:؟،؛")


@dataclass(frozen=True, kw_only=True)
class Word:
    """One word as the model heard it. Seconds in its window; probability 0 to 1."""

    text: str  #: with its leading space, as the model's pieces have it
    start_s: float
    end_s: float
    probability: float


def assign(words: Sequence[Word], places: Sequence[Placed]) -> list[list[Word]]:
    """The words of each place, in order: every word in exactly one, none across another.

    The model's word times are off by some tenths of a second, more at pauses; so the whole division is chosen that
    misplaces least, and a division between sentences is preferred to one within.
    """
    if not places:
        return []
    count = len(words)
    best = [float("inf")] * (count + 1)
    best[0] = 0.0
    cuts: list[list[int]] = []
    for place in places:
        reach, cut = _reached(words, place, best)
        best = reach
        cuts.append(cut)
    out: list[list[Word]] = []
    end = count
    for cut in reversed(cuts):
        out.append(list(words[cut[end] : end]))
        end = cut[end]
    return out[::-1]


def loops(words: Sequence[Word]) -> str:
    """The phrase that the words repeat oftener than a person does, or "": a sign that the model fell into a loop."""
    plain = [word.text.strip().strip("".join(_ENDINGS)).lower() for word in words]
    for length in range(1, _LONGEST_PHRASE + 1):
        times = 1
        for i in range(length, len(plain) - length + 1):
            # a run of equal words `length` apart, counted in whole phrases
            run = 0
            while i + run < len(plain) and plain[i + run] == plain[i + run - length]:
                run += 1
            times = max(times, 1 + run // length)
            if times >= (_MOST_REPEATS if length > 2 else 2 * _MOST_REPEATS):
                return " ".join(plain[i - length : i])
    return ""


def doubled(words: Sequence[Word]) -> bool:
    """Whether a phrase of five words or more comes twice running: a person may say it so, and a model may write it so."""
    plain = [word.text.strip().strip("".join(_ENDINGS)).lower() for word in words]
    plain = [one for one in plain if one]
    return any(
        plain[start : start + length] == plain[start + length : start + 2 * length]
        for length in range(_LONG_PHRASE, len(plain) // 2 + 1)
        for start in range(len(plain) - 2 * length + 1)
    )


def _reached(words: Sequence[Word], place: Placed, before: Sequence[float]) -> tuple[list[float], list[int]]:
    """Least cost of having placed the first n words once `place` is filled, and where its own words then begin."""
    costs = [0.0]
    for word in words:
        costs.append(costs[-1] + _distance(word, place))
    empty = min(_EMPTY_PER_S * (place.end_s - place.start_s), _EMPTY_MOST_S)
    reach, cut = [], []
    for end in range(len(words) + 1):
        mid_sentence = 0 < end < len(words) and not words[end - 1].text.rstrip().endswith(_ENDINGS)
        options = [
            (
                before[begin] + costs[end] - costs[begin] + (empty if begin == end else _MID_SENTENCE_S * mid_sentence),
                begin,
            )
            for begin in range(end + 1)
        ]
        cost, begin = min(options)
        reach.append(cost)
        cut.append(begin)
    return reach, cut


def _distance(word: Word, place: Placed) -> float:
    middle = (word.start_s + word.end_s) / 2
    return max(place.start_s - middle, middle - place.end_s, 0.0)
