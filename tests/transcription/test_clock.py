"""A file whose time stood still, laid on the call's clock; and stretches in which a recording was muted."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.tables import Call, Party, Recording
from tests.transcription.sounds import leg, silence, tone, write_wav
from transcription import playback
from transcription.audio import Recording as SoundFile
from transcription.audio import Samples
from transcription.clock import second_on_clock, sound_of, spread
from transcription.legs import legs_of
from transcription.windows import RATE_HZ

START = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)
CUTS = ((5.0, 8.0), (10.0, 10.5))


@pytest.mark.parametrize(
    ("file_s", "clock_s"), [(0.0, 2.0), (2.9, 4.9), (3.0, 8.0), (4.9, 9.9), (5.0, 10.5), (60.0, 65.5)]
)
def test_what_was_said_after_a_cut_lies_later_by_its_length(file_s: float, clock_s: float) -> None:
    assert second_on_clock(file_s, start_s=2.0, cuts=CUTS) == pytest.approx(clock_s)


seconds = st.floats(0, 60).map(lambda s: round(s, 2))
stretches = st.lists(st.tuples(seconds, seconds).map(lambda pair: (min(pair), max(pair))), max_size=5)


@given(cuts=stretches, start_s=seconds, sizes=st.lists(st.integers(0, 40_000), max_size=8))
def test_samples_land_where_their_second_does_whatever_the_cuts_and_blocks(
    cuts: list[tuple[float, float]], start_s: float, sizes: list[int]
) -> None:
    total = sum(sizes)
    whole = np.arange(1, total + 1, dtype=np.float32)
    blocks = np.split(whole, np.cumsum(sizes)[:-1]) if sizes else []
    pieces = list(spread(blocks, cuts=cuts, start_s=start_s))
    laid: Samples = np.concatenate([np.zeros(0, np.float32), *pieces])
    places = np.flatnonzero(laid)
    assert np.array_equal(laid[places], whole), "nothing is lost, doubled or swapped"
    for index in range(0, total, 4_001):
        clock_s = second_on_clock(index / RATE_HZ, start_s=start_s, cuts=cuts)
        # each edge of a cut is rounded to a sample
        assert places[index] == pytest.approx((clock_s - start_s) * RATE_HZ, abs=2 + len(cuts) * 2)
    assert not total or places[-1] == len(laid) - 1, "no silence after the last sample"


def call_with(*recordings: Recording, mutes: list[list[float | None]] | None = None) -> Call:
    call = Call(id=uuid.uuid4(), started_at=START, mutes=mutes or [])
    call.recordings, call.hold_spans = list(recordings), []
    return call


def level(samples: Samples, start_s: float, end_s: float) -> float:
    return float(np.abs(samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]).max(initial=0.0))


def test_leg_is_heard_with_its_cut_as_silence_at_the_calls_own_times(tmp_path: Path) -> None:
    """The call's clock starts 4 s before the file; 2 s of it were said, then nothing was written for 6 s."""
    path = write_wav(tmp_path / "t.wav", np.concatenate([tone(2.0, 700), silence(1.0), tone(2.0, 700)]))
    recording = Recording(id=1, party=Party.AGENT, path=str(path), offset_s=4.0, cuts=[[6.0, 12.0]])
    (found,) = legs_of(call_with(recording))
    heard = np.concatenate(list(sound_of(found, SoundFile(path))))
    assert len(heard) / RATE_HZ == pytest.approx(11.0, abs=0.01)
    assert level(heard, 0.0, 1.9) > 0.2
    assert level(heard, 2.05, 8.9) < 0.05, "but for the edge that resampling smears"
    assert level(heard, 9.1, 10.9) > 0.2


def test_muted_stretch_is_silent_for_both_parties_even_where_a_file_holds_it(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "x.wav", tone(10.0, 700))
    recordings = [
        Recording(id=n, party=party, path=str(path), offset_s=2.0) for n, party in enumerate(("customer", "agent"))
    ]
    legs = legs_of(call_with(*recordings, mutes=[[5.0, 7.0], [11.0, None]]))
    assert len(legs) == 2
    for one in legs:
        heard = np.concatenate(list(sound_of(one, SoundFile(path))))
        assert len(heard) / RATE_HZ == pytest.approx(10.0, abs=0.01), "the times stay"
        assert [level(heard, a, b) > 0.2 for a, b in ((0, 2.9), (3.05, 4.95), (5.1, 8.9), (9.05, 10))] == [
            True,
            False,
            True,
            False,
        ]


def test_playback_has_the_cut_and_the_mute(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "c.wav", tone(4.0, 500))
    made = playback.make([leg(path, cuts=((1.0, 3.0),), muted=((4.0, 5.0),))], tmp_path / "media/ab/x.webm")
    assert made is not None
    assert made.duration_s == pytest.approx(6.0, abs=0.05)
    peaks = made.peaks["customer"]
    at = [max(peaks[round(s / made.duration_s * len(peaks)) :][:5]) > 0.1 for s in (0.5, 2.0, 3.5, 4.5, 5.5)]
    assert at == [True, False, True, False, True]
