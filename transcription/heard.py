"""What was heard in a call: stretches of speech with their words, on the playback's clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from telephony.tables import Party
from transcription import words as words_
from transcription.believing import Recognised
from transcription.legs import Leg
from transcription.windows import Span, Window
from transcription.words import Word


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """One stretch of speech with its words. Seconds on the playback's clock; confidence is the mean probability, 0 to 1."""

    party: Party
    start_s: float
    end_s: float
    text: str
    confidence: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """A stretch whose text was the model's invention. Seconds on the playback's clock."""

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


def note(leg: Leg, window: Window, result: Recognised, heard: Heard) -> None:
    """Put what was recognised in a window on the call's own clock."""
    dropped = [(place, result.invented) for place in window.placed] if result.invented else result.dropped
    for place, reason in dropped:
        heard.dropped.append(
            Dropped(
                party=leg.party,
                start_s=round(leg.start_s + place.span.start_s, 3),
                end_s=round(leg.start_s + place.span.end_s, 3),
                reason=reason,
            )
        )
    silent = {id(place) for place, _ in dropped}
    places = [place for place in window.placed if id(place) not in silent]
    for place, said in zip(places, words_.assign(result.words, places), strict=True):
        if "".join(word.text for word in said).strip():
            heard.spoken.append(_spoken(leg, place.span, place.start_s, said))


def _spoken(leg: Leg, span: Span, in_window_s: float, said: Sequence[Word]) -> Spoken:
    shift_s = leg.start_s + span.start_s - in_window_s
    return Spoken(
        party=leg.party,
        start_s=round(leg.start_s + span.start_s, 3),
        end_s=round(leg.start_s + span.end_s, 3),
        text="".join(word.text for word in said).strip(),
        confidence=round(float(np.mean([word.probability for word in said])), 3),
        words=tuple(
            Word(
                text=word.text,
                start_s=round(word.start_s + shift_s, 2),
                end_s=round(word.end_s + shift_s, 2),
                probability=round(word.probability, 3),
            )
            for word in said
        ),
    )
