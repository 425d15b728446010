"""The stereo file of a call and its peaks."""

import uuid
from pathlib import Path

import av
import numpy as np
import pytest

from avasanj.errors import PassingError
from telephony.tables import Party
from tests.transcription.sounds import leg, sample_legs, silence, tone, write_wav
from tests.transcription.test_audio import read
from transcription import playback


def level(samples: np.ndarray, start_s: float, end_s: float) -> float:
    return float(np.abs(samples[int(start_s * 16_000) : int(end_s * 16_000)]).max())


def test_customer_is_left_and_agent_right_on_one_clock(tmp_path: Path) -> None:
    customer = write_wav(tmp_path / "c.wav", np.concatenate([tone(1, 440), silence(3)]))
    agent = write_wav(tmp_path / "a.wav", np.concatenate([tone(1, 800), silence(1)]))
    legs = [leg(customer, Party.CUSTOMER), leg(agent, Party.AGENT, recording_id=2, start_s=2.5)]
    target = tmp_path / "media" / "ab" / "x.webm"
    made = playback.make(legs, target)
    assert made is not None
    assert made.duration_s == pytest.approx(4.5, abs=0.01)
    assert not made.mono
    left, right = read(target, 16_000, channel=0), read(target, 16_000, channel=1)
    assert len(left) / 16_000 == pytest.approx(4.5, abs=0.05)
    assert level(left, 0.1, 0.9) > 0.2 > 0.02 > level(left, 1.2, 4.4)
    assert level(right, 2.6, 3.4) > 0.2 > 0.02 > max(level(right, 0, 2.4), level(right, 3.7, 4.4))
    assert target.parent.stat().st_mode & 0o777 == 0o700
    assert target.stat().st_mode & 0o077 == 0


def test_peaks_are_at_most_a_thousand_and_show_who_speaks_when(tmp_path: Path) -> None:
    customer = write_wav(tmp_path / "c.wav", np.concatenate([silence(20), tone(20, 440)]))
    agent = write_wav(tmp_path / "a.wav", np.concatenate([tone(20, 440), silence(20)]))
    made = playback.make([leg(customer), leg(agent, Party.AGENT)], tmp_path / "m" / "x" / "x.webm")
    assert made is not None
    shape = np.array([made.peaks["customer"], made.peaks["agent"]])
    assert shape.shape == (2, 1000)
    assert shape[0, :490].max() == 0 == shape[1, 510:].max()
    assert 0.25 < shape[0, 510:].min() <= shape.max() <= 1


def test_index_and_length_stand_at_the_start_so_that_a_browser_can_seek(tmp_path: Path) -> None:
    target = tmp_path / "m" / "x" / "x.webm"
    playback.make(sample_legs("en-rude-agent"), target)
    start = target.read_bytes()[:4000]
    assert b"\x1c\x53\xbb\x6b" in start  # the Cues element
    with av.open(str(target)) as container:
        assert container.duration == pytest.approx(63_400_000, abs=300_000)
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
    assert target.stat().st_size < 63 * 5000


def test_a_broken_leg_leaves_the_other_to_be_heard(tmp_path: Path) -> None:
    good = write_wav(tmp_path / "a.wav", tone(2, 440))
    (tmp_path / "c.wav").write_bytes(b"RIFF" + bytes(40))
    made = playback.make(
        [leg(tmp_path / "c.wav"), leg(good, Party.AGENT, recording_id=2)], tmp_path / "m" / "x" / "x.webm"
    )
    assert made is not None
    assert list(made.problems) == [1]
    assert "is empty" in made.problems[1]
    assert made.duration_s == pytest.approx(2, abs=0.01)


def test_two_broken_legs_leave_no_file_and_say_why(tmp_path: Path) -> None:
    legs = [leg(tmp_path / "c.wav"), leg(tmp_path / "a.wav", Party.AGENT, recording_id=2)]
    target = tmp_path / "m" / "x" / "x.webm"
    assert playback.make(legs, target) is None
    assert list(target.parent.iterdir()) == []
    assert set(playback.problems_of(legs)) == {1, 2}


def test_a_cut_off_leg_is_told(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(10, 440))
    path.write_bytes(path.read_bytes()[:80_000])
    made = playback.make([leg(path, Party.AGENT)], tmp_path / "m" / "x" / "x.webm")
    assert made is not None
    assert made.cut_off == {Party.AGENT: pytest.approx(4.997, abs=0.01)}


def test_a_mono_recording_is_on_both_sides_and_flagged(tmp_path: Path) -> None:
    target = tmp_path / "m" / "x" / "x.webm"
    made = playback.make([leg(write_wav(tmp_path / "m.wav", tone(2, 440)), Party.MIXED)], target)
    assert made is not None
    assert made.mono
    assert list(made.peaks) == ["mixed"]
    assert min(level(read(target, 16_000, channel=c), 0.1, 1.9) for c in (0, 1)) > 0.2


def test_two_recordings_of_one_party_are_laid_one_after_the_other(tmp_path: Path) -> None:
    first, second = (write_wav(tmp_path / f"{i}.wav", tone(1, 440)) for i in range(2))
    target = tmp_path / "m" / "x" / "x.webm"
    playback.make([leg(first, Party.AGENT), leg(second, Party.AGENT, recording_id=2, start_s=3)], target)
    right = read(target, 16_000, channel=1)
    assert min(level(right, 0.1, 0.9), level(right, 3.1, 3.9)) > 0.2 > 0.02 > level(right, 1.3, 2.8)


def test_a_folder_that_cannot_be_made_is_a_fault_of_the_moment(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("in the way")
    with pytest.raises(PassingError, match="can't be written"):
        playback.make([leg(write_wav(tmp_path / "a.wav", tone(1, 440)))], tmp_path / "media" / "ab" / "x.webm")


def test_paths_are_spread_over_folders_by_the_calls_id() -> None:
    call_id = uuid.UUID("ab345678-0000-0000-0000-000000000000")
    assert playback.media_path(call_id) == f"ab/{call_id}.webm"


def test_a_click_is_seen_at_its_place_in_a_recording_of_hours() -> None:
    """The steps of the peaks grow with the recording; nothing is lost and nothing moves."""
    peaks = playback._Peaks()
    minutes, click_s = 130, 4321
    for second in range(minutes * 60 + 1):
        block = np.zeros((2, 16_000 if second < minutes * 60 else 777), np.float32)
        if second == click_s:
            block[1, 500] = -0.75
        peaks.add(block)
    left, right = peaks.sides()
    assert len(left) == len(right) == 1000
    assert max(left) == 0
    assert [index for index, value in enumerate(right) if value] == [int(click_s / (minutes * 60) * 1000)]
    assert max(right) == 0.75
