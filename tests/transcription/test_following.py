"""A recording heard while it is written gives what it would give when it is whole, soon after it was said."""

from __future__ import annotations

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from avasanj.errors import InputError
from telephony.tables import Party
from tests.transcription import sounds
from tests.transcription.test_audio import read
from transcription import vad
from transcription.audio import Samples
from transcription.following import Following
from transcription.growing import GrowingSound
from transcription.windows import RATE_HZ, Utterance, utterances

_CHUNK = 16_384  # half of what Asterisk gathers before it writes: 1 s at 8 kHz


def pcm(name: str, party: Party) -> bytes:
    sound = read(sounds.sample(name, party), sounds.RATE_HZ)
    return bytes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())


def begun_wav(path: Path) -> Path:
    """As the PBX leaves it while it writes: the header's sizes are nought."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sounds.RATE_HZ)
    return path


def heard_growing(path: Path, data: bytes) -> list[tuple[float, Utterance]]:
    """Each utterance with how much of the file was there when it was told."""
    following = Following(path, channel=None, detect=vad.speech)
    found = []
    for at in range(0, len(data), _CHUNK):
        with path.open("ab") as file:
            file.write(data[at : at + _CHUNK])
        found += [(following.read_s, one) for one in following.look()]
    with path.open("ab") as file:
        file.write(bytes(2 * _CHUNK))
    return found + [(following.read_s, one) for one in following.look()]


@pytest.mark.parametrize("name", ["en-rude-agent", "en-wrong-number"])
def test_what_is_heard_growing_is_what_is_heard_whole(tmp_path: Path, name: str) -> None:
    data = pcm(name, Party.AGENT)
    grown = [span for _, one in heard_growing(begun_wav(tmp_path / "a.wav"), data) for span in one.spans]
    sound = read(sounds.sample(name, Party.AGENT), RATE_HZ)
    whole = [span for one in utterances([sound], vad.speech) for span in one.spans]

    def at(spans: list) -> np.ndarray:  # type: ignore[type-arg]
        marks = np.zeros(int(100 * len(sound) / RATE_HZ) + 300, bool)
        for span in spans:
            marks[int(100 * span.start_s) : int(100 * span.end_s)] = True
        return marks

    differing = np.logical_xor(at(grown), at(whole)).sum() / at(whole).sum()
    assert differing < 0.03
    assert all(a.end_s <= b.start_s + 0.05 for a, b in itertools.pairwise(grown)), "nothing is told twice"


def test_an_utterance_is_told_with_the_next_piece_of_the_file_after_its_pause(tmp_path: Path) -> None:
    told = heard_growing(begun_wav(tmp_path / "a.wav"), pcm("en-rude-agent", Party.CUSTOMER))
    waits = [read_s - one.spans[-1].end_s for read_s, one in told[:-1]]
    assert waits
    assert max(waits) < 0.6 + 2 * _CHUNK / (2 * sounds.RATE_HZ) + 0.1


def test_music_on_hold_is_not_listened_to(tmp_path: Path) -> None:
    path = begun_wav(tmp_path / "a.wav")
    path.write_bytes(path.read_bytes() + pcm("en-rude-agent", Party.AGENT) + bytes(sounds.RATE_HZ * 4))
    assert Following(path, channel=None, detect=vad.speech).look([(0.0, float("inf"))]) == []


def loud(samples: Samples) -> list[tuple[int, int]]:
    found = np.flatnonzero(np.abs(samples) > 0.1)
    return [(int(found[0]), int(found[-1]) + 1)] if len(found) else []


def test_a_mute_that_is_told_of_late_covers_what_was_read_meanwhile(tmp_path: Path) -> None:
    path = sounds.write_wav(tmp_path / "a.wav", sounds.tone(1, 440))
    told, muted = (Following(path, channel=None, detect=loud) for _ in range(2))
    assert told.look() == muted.look() == [], "it goes on"
    with path.open("ab") as file:
        file.write(bytes(sounds.RATE_HZ * 4))
    assert len(told.look()) == 1
    assert muted.look([(0.0, float("inf"))]) == []


@pytest.mark.parametrize(("ending", "codec"), [("sln", "pcm_s16le"), ("alaw", "pcm_alaw"), ("ulaw", "pcm_mulaw")])
def test_raw_formats_are_followed(tmp_path: Path, ending: str, codec: str) -> None:
    wav = sounds.write_wav(tmp_path / "a.wav", sounds.tone(2, 440))
    raw = sounds.convert(wav, tmp_path / f"b.{ending}", "-c:a", codec, "-f", codec.removeprefix("pcm_"))
    sound = GrowingSound(raw).more()
    assert len(sound) == pytest.approx(2 * RATE_HZ, abs=40)
    crossings = int(np.sum(np.diff(np.signbit(sound))))
    assert crossings == pytest.approx(2 * 2 * 440, abs=8)


def test_a_file_without_its_header_yet_is_waited_for(tmp_path: Path) -> None:
    whole = sounds.write_wav(tmp_path / "a.wav", sounds.tone(1, 440)).read_bytes()
    path = tmp_path / "b.wav"
    path.write_bytes(b"")
    sound = GrowingSound(path)
    for end in (0, 3, 20, 40):
        path.write_bytes(whole[:end])
        assert len(sound.more()) == 0
    path.write_bytes(whole)
    assert len(sound.more()) == pytest.approx(RATE_HZ, abs=40)


def test_a_format_that_cannot_be_followed_says_which_can(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"ID3" + bytes(200))
    with pytest.raises(InputError, match="wav, sln, alaw or ulaw"):
        GrowingSound(path).more()
