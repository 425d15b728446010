"""What is kept of a window whose text can't be believed as a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from telephony.tables import Party
from tests.transcription.sounds import leg
from transcription.believing import read_one_by_one
from transcription.heard import Heard, note
from transcription.windows import RATE_HZ, Placed, Span, Window, alone
from transcription.words import Word


def window(*stretches: tuple[float, float]) -> Window:
    """Stretches (start, end) in the window's seconds, each said a hundred seconds later; loud where they are."""
    samples = np.zeros(15 * RATE_HZ, np.float32)
    for start_s, end_s in stretches:
        samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)] = 0.5
    return Window(
        samples=samples,
        placed=tuple(Placed(span=Span(start_s=a + 100, end_s=b + 100), start_s=a, end_s=b) for a, b in stretches),
    )


def word(text: str, start_s: float) -> Word:
    return Word(text=f" {text}", start_s=start_s, end_s=start_s + 0.2, probability=0.9)


def test_a_stretch_alone_has_its_own_sound_and_little_else() -> None:
    part, shift_s = alone(window((1.0, 3.0), (3.6, 5.0), (9.0, 10.0)), window((3.6, 5.0)).placed[0])
    (place,) = part.placed
    assert shift_s == pytest.approx(3.3)
    heard = part.samples[round(place.start_s * RATE_HZ) + 1 : round(place.end_s * RATE_HZ) - 1]
    assert np.all(heard == 0.5)
    assert place.end_s - place.start_s == pytest.approx(1.4)
    assert len(part.samples) / RATE_HZ < 1.4 + 0.8 + 0.01


def test_only_the_stretch_that_can_not_be_believed_is_dropped() -> None:
    whole = window((0.4, 2.0), (3.0, 5.0), (6.0, 8.0))

    def read(parts: Sequence[Window]) -> list[list[Word]]:
        first, _noise, last = parts
        assert [round(p.placed[0].span.start_s, 1) for p in parts] == [100.4, 103.0, 106.0]
        return [
            [word("hello", first.placed[0].start_s)],
            [word("never", i / 10) for i in range(15)],
            [word("goodbye", last.placed[0].start_s)],
        ]

    result = read_one_by_one(whole, read)
    heard = Heard(spoken=[], dropped=[], problems={})
    note(leg("a.wav", Party.AGENT, start_s=7.0), whole, result, heard)  # type: ignore[arg-type]
    assert [(s.text, s.start_s, s.words[0].start_s) for s in heard.spoken] == [
        ("hello", 107.4, 107.4),
        ("goodbye", 113.0, 113.0),
    ]
    assert [(d.party, d.start_s, d.end_s) for d in heard.dropped] == [(Party.AGENT, 110.0, 112.0)]


def test_a_window_of_which_nothing_is_believed_is_dropped_stretch_by_stretch() -> None:
    whole = window((0.4, 2.0), (3.0, 5.0))
    result = read_one_by_one(whole, lambda parts: [[word("never", i / 10) for i in range(15)] for _ in parts])
    heard = Heard(spoken=[], dropped=[], problems={})
    note(leg("a.wav"), whole, result, heard)  # type: ignore[arg-type]
    assert heard.spoken == []
    assert [(d.start_s, d.end_s) for d in heard.dropped] == [(100.4, 102.0), (103.0, 105.0)]
