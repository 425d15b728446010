"""Reading recordings: every format that PBXs write, and what a bad file is told."""

import os
from pathlib import Path

import numpy as np
import pytest

from avasanj.errors import InputError
from telephony.soundfiles import UnusableSound, inspect
from telephony.tables import Party
from tests.transcription.sounds import Samples, convert, music, sample, silence, tone, write_wav
from transcription.audio import Recording

_8K = ("-ar", "8000", "-ac", "1")
FORMATS = {
    "pcm16.wav": (*_8K, "-c:a", "pcm_s16le"),
    "pcm8.wav": (*_8K, "-c:a", "pcm_u8"),
    "alaw.wav": (*_8K, "-c:a", "pcm_alaw"),
    "ulaw.wav": (*_8K, "-c:a", "pcm_mulaw"),
    "wide.wav16": ("-ar", "16000", "-ac", "1", "-c:a", "pcm_s16le", "-f", "wav"),
    "raw.sln": (*_8K, "-f", "s16le"),
    "raw.sln16": ("-ar", "16000", "-ac", "1", "-f", "s16le"),
    "raw.sln48": ("-ar", "48000", "-ac", "1", "-f", "s16le"),
    "raw.gsm": (*_8K, "-c:a", "libgsm", "-f", "gsm"),
    "raw.alaw": (*_8K, "-f", "alaw"),
    "raw.ulaw": (*_8K, "-f", "mulaw"),
    "raw.g722": ("-ar", "16000", "-ac", "1", "-c:a", "g722", "-f", "g722"),
    "call.mp3": (*_8K, "-b:a", "32k"),
    "call.ogg": ("-c:a", "libopus", "-b:a", "24k"),
    "call.opus": ("-c:a", "libopus", "-b:a", "24k"),
    "call.flac": (*_8K,),
    "call.webm": ("-c:a", "libopus"),
    "call.m4a": ("-ar", "16000", "-c:a", "aac"),
}


def read(path: Path, rate_hz: int = 8000, channel: int | None = None) -> Samples:
    return np.concatenate(list(Recording(path, channel=channel).blocks(rate_hz)))


def envelope(samples: Samples) -> Samples:
    whole = samples[: len(samples) // 800 * 800].reshape(-1, 800)
    return np.sqrt((whole**2).mean(axis=1))


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_same_sound_at_the_same_time(tmp_path: Path, name: str) -> None:
    source = sample("en-wrong-number", Party.AGENT)
    plain = envelope(read(source))
    found = envelope(read(convert(source, tmp_path / name, *FORMATS[name])))
    assert abs(len(found) - len(plain)) <= 1
    count = min(len(found), len(plain))
    assert np.corrcoef(plain[:count], found[:count])[0, 1] > 0.97


def test_gsm_in_wav_is_read(tmp_path: Path) -> None:
    """As MixMonitor writes with the ending .WAV; written by sox, since few ffmpeg builds have a GSM encoder."""
    import shutil
    import subprocess

    from tests.conftest import missing_peer

    if shutil.which("sox") is None:
        missing_peer("needs sox; `make test` installs it")
    plain = write_wav(tmp_path / "a.wav", read(sample("en-wrong-number", Party.AGENT)))
    target = tmp_path / "call.WAV"
    subprocess.run(["sox", plain, "-t", "wav", "-e", "gsm-full-rate", target], check=True, timeout=30)
    assert np.corrcoef(envelope(read(plain)), envelope(read(target))[: len(envelope(read(plain)))])[0, 1] > 0.97


def test_a_channel_of_a_stereo_file_is_picked(tmp_path: Path) -> None:
    left = write_wav(tmp_path / "l.wav", tone(2, 440))
    right = write_wav(tmp_path / "r.wav", tone(2, 1000))
    both = convert(left, tmp_path / "both.wav", "-i", str(right), "-filter_complex", "[0:a][1:a]amerge=inputs=2")
    for channel, hz in ((0, 440), (1, 1000)):
        spectrum = np.abs(np.fft.rfft(read(both, channel=channel)))
        assert abs(int(spectrum.argmax()) / 2 - hz) < 2


def test_blocks_are_of_the_asked_length_and_the_duration_is_known_after(tmp_path: Path) -> None:
    recording = Recording(write_wav(tmp_path / "a.wav", tone(3.25, 440)))
    assert [len(block) for block in recording.blocks(16_000)] == [16_000, 16_000, 16_000, 4_000]
    assert recording.duration_s == pytest.approx(3.25)
    assert not recording.cut_off


def test_a_cut_off_wav_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(10, 440))
    path.write_bytes(path.read_bytes()[:80_000])
    recording = Recording(path)
    assert sum(len(block) for block in recording.blocks(8000)) == pytest.approx(40_000, abs=50)
    assert recording.cut_off


def test_a_wav_whose_header_was_never_finished_is_heard(tmp_path: Path) -> None:
    """As Asterisk leaves it when it dies: sizes still nought."""
    path = write_wav(tmp_path / "a.wav", tone(4, 440))
    data = bytearray(path.read_bytes())
    data[4:8] = data[40:44] = bytes(4)
    path.write_bytes(bytes(data))
    recording = Recording(path)
    assert sum(len(block) for block in recording.blocks(8000)) == 32_000
    assert recording.cut_off


def test_an_opus_file_cut_in_the_middle_is_heard_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = sample("en-wrong-number", Party.AGENT)
    path = tmp_path / "half.ogg"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert 10 * 8000 < len(read(path)) < len(read(whole)) * 0.7


SWEEP_S = 10.0
DAMAGED = {
    "wav": (*_8K, "-c:a", "pcm_s16le"),
    "mp3": (*_8K, "-b:a", "32k"),
    "opus": ("-c:a", "libopus", "-b:a", "24k"),
    "flac": (*_8K,),
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Ten seconds of a tone that rises from 300 to 3300 Hz, in several formats."""
    folder = tmp_path_factory.mktemp("swept")
    t = np.arange(int(SWEEP_S * 8000)) / 8000
    plain = write_wav(folder / "plain.wav", (0.4 * np.sin(2 * np.pi * (300 * t + 150 * t**2))).astype(np.float32))
    return {end: convert(plain, folder / f"a.{end}", *how).read_bytes() for end, how in DAMAGED.items()}


def pitch_hz(samples: Samples, at_s: float) -> float:
    piece = samples[round(at_s * 8000) - 512 : round(at_s * 8000) + 512]
    return float(np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 8192)).argmax() * 8000 / 8192)


def is_rising(samples: Samples, at_s: float) -> bool:
    return abs(pitch_hz(samples, at_s) - (300 + 300 * at_s)) < 40


@pytest.mark.parametrize("end", DAMAGED)
def test_a_file_cut_in_two_is_heard_to_its_last_second_and_says_so(
    tmp_path: Path, swept: dict[str, bytes], end: str
) -> None:
    path = tmp_path / f"half.{end}"
    path.write_bytes(swept[end][: len(swept[end]) // 2])
    recording = Recording(path)
    heard = np.concatenate(list(recording.blocks(8000)))
    assert recording.cut_off
    assert recording.duration_s == pytest.approx(SWEEP_S / 2, abs=1.0)
    assert all(is_rising(heard, at_s) for at_s in np.arange(0.5, recording.duration_s - 0.2, 0.5))


@pytest.mark.parametrize("end", DAMAGED)
def test_what_comes_after_a_damaged_place_is_heard_at_its_own_time(
    tmp_path: Path, swept: dict[str, bytes], end: str
) -> None:
    data = swept[end]
    middle = len(data) // 2 + 500  # within a page of Ogg
    path = tmp_path / f"hurt.{end}"
    path.write_bytes(data[:middle] + np.random.default_rng(3).bytes(800) + data[middle + 800 :])
    recording = Recording(path)
    heard = np.concatenate(list(recording.blocks(8000)))
    assert not recording.cut_off
    assert recording.damaged == (end != "wav")  # PCM is as good as its bytes
    # an MP3's frames carry no times: what was lost of them is a third of a second
    assert len(heard) / 8000 == pytest.approx(SWEEP_S, abs=0.5 if end == "mp3" else 0.05)
    assert is_rising(heard, 3.0)
    assert end == "mp3" or is_rising(heard, 9.0)


@pytest.mark.parametrize("end", DAMAGED)
def test_a_whole_file_with_a_garbage_tail_is_whole(tmp_path: Path, swept: dict[str, bytes], end: str) -> None:
    path = tmp_path / f"tail.{end}"
    path.write_bytes(swept[end] + np.random.default_rng(3).bytes(3000))
    recording = Recording(path)
    heard = np.concatenate(list(recording.blocks(8000)))
    assert not recording.cut_off
    assert len(heard) / 8000 == pytest.approx(SWEEP_S, abs=0.05)


@pytest.mark.parametrize(("told", "cut_off"), [(0, True), (0xFFFFFFFF, False), (0x7FFFFFFF, True), (16_000, True)])
def test_a_wav_whose_header_lies_of_its_length_is_heard_whole(
    tmp_path: Path, swept: dict[str, bytes], told: int, cut_off: bool
) -> None:
    data = bytearray(swept["wav"])
    at = data.index(b"data") + 4
    data[at : at + 4] = told.to_bytes(4, "little")
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(data))
    recording = Recording(path)
    assert len(np.concatenate(list(recording.blocks(8000)))) == SWEEP_S * 8000
    assert recording.cut_off == cut_off
    assert inspect(path).duration_s == pytest.approx(SWEEP_S, abs=0.01)


@pytest.mark.parametrize(("end", "name"), [("wav", "a.sln"), ("wav", "a.mp3"), ("mp3", "a.wav"), ("flac", "a.alaw")])
def test_a_wrong_ending_changes_nothing(tmp_path: Path, swept: dict[str, bytes], end: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(swept[end])
    assert is_rising(read(path), 7.0)
    assert inspect(path).duration_s == pytest.approx(SWEEP_S, abs=0.1)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("head", [b"RIFF\0\0\0\0WAVE", b""])
def test_a_file_of_zeros_as_a_full_disk_leaves_it_is_refused_at_once(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "a.wav"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(400_000_000)
    with pytest.raises(InputError):
        read(path)
    with pytest.raises(UnusableSound):
        inspect(path)


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wav")
    with pytest.raises(InputError, match="is not a file"):
        read(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.wav", b"", "is empty (0 bytes"),
        ("header.wav", b"RIFF" + bytes(40), "is empty (44 bytes"),
        ("words.wav", b"Dear customer, your call is important to us. " * 20, "is not audio that can be read"),
        ("page.mp3", b"<!doctype html><title>404</title>" + b" " * 4000, "is not audio that can be read"),
        (
            "list.m3u8",
            b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n" * 2,
            "is not audio that can be read",
        ),
        ("zeros.ogg", bytes(5000), "is not audio that can be read"),
    ],
)
def test_what_is_not_a_recording_is_refused_with_its_name(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read(path)
    assert told in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not at .*gone\.wav.*AVASANJ_RECORDINGS_DIR"):
        read(tmp_path / "gone.wav")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        read(tmp_path)


def test_a_channel_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has 1 channel\(s\), and channel 1"):
        read(write_wav(tmp_path / "a.wav", silence(1)), channel=1)


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    convert(
        write_wav(tmp_path / "a.wav", music(1)), path, "-f", "lavfi", "-i", "color=size=16x16:duration=1", "-map", "1:v"
    )
    with pytest.raises(InputError, match="no audio track"):
        read(path)
