"""Finding a call's recordings, whole or broken in each way that happens."""

from __future__ import annotations

import dataclasses
import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from telephony import problems
from telephony.channels import Channel
from telephony.history import CallHistory
from telephony.ids import call_id
from telephony.ledger import CallSnapshot, NamedRecording, moment
from telephony.locating import Ambiguous, OutsideFolders, locate
from telephony.mixmonitor import parse_application_data, started
from telephony.recorded import recordings
from telephony.recordings import SettledRecording, Settling
from telephony.soundfiles import UnusableSound, inspect
from telephony.storage import Folder
from telephony.tables import CallState, Direction, Disposition, Party

PBX_FOLDER = "/var/spool/asterisk/monitor"


def sound(path: Path, seconds: float = 1.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\1\0" * int(seconds * 8000))
    return path


def call_with(*recordings: NamedRecording) -> CallSnapshot:
    at = moment(1_795_000_000.0)
    return CallSnapshot(
        pbx="pbx", linked_id="1.1", direction=Direction.INBOUND, state=CallState.ENDED, disposition=Disposition.ANSWERED, queue=None,
        caller_raw=None, caller_name=None, called_raw=None, started_at=at, queued_at=None, answered_at=at, ended_at=at, wait_s=0.0, ring_s=None,
        talk_s=0.0, hold_s=0.0, hung_up_by=None, complete=True, spans=(), holds=(), transfers=(), recordings=recordings,
    )  # fmt: skip


def legs(*, expected: bool = True) -> tuple[NamedRecording, NamedRecording, NamedRecording]:
    return (
        NamedRecording(party=Party.CUSTOMER, path=f"{PBX_FOLDER}/1-r.wav", offset_s=0.0, expected=expected),
        NamedRecording(party=Party.AGENT, path=f"{PBX_FOLDER}/1-t.wav", offset_s=0.0, expected=expected),
        NamedRecording(party=Party.MIXED, path=f"{PBX_FOLDER}/1.wav", offset_s=0.0, expected=not expected),
    )


def settled(root: Path, *recordings: NamedRecording, until_s: float = 40.0) -> tuple[list[SettledRecording], float]:
    """What a patient reader gets, and after how many seconds of its clock; nothing is slept."""
    settling = Settling(call_with(*recordings), places=[Folder(root)], wait_s=30.0)
    now = 0.0
    while now <= until_s:
        found = settling.poll(now)
        if found is not None:
            return found, now
        now += 0.5
    raise AssertionError("never settled")


def test_both_legs_are_found_by_the_end_of_the_pbxs_path_and_the_mix_left_alone(tmp_path: Path) -> None:
    for name in ("1-r.wav", "1-t.wav", "1.wav"):
        sound(tmp_path / name, 2.0)
    found, after_s = settled(tmp_path, *legs())
    assert [(r.party, Path(r.path).name, r.problem) for r in found] == [
        ("customer", "1-r.wav", None),
        ("agent", "1-t.wav", None),
    ]
    assert found[0].facts is not None
    assert (found[0].facts.duration_s, found[0].facts.rate_hz, found[0].facts.codec) == (2.0, 8000, "wav/pcm_16")
    assert after_s <= 1.0


def test_call_without_recordings_settles_at_once(tmp_path: Path) -> None:
    assert settled(tmp_path) == ([], 0.0)


def test_missing_legs_are_waited_for_then_told_and_the_mix_used(tmp_path: Path) -> None:
    sound(tmp_path / "1.wav")
    found, after_s = settled(tmp_path, *legs())
    assert after_s == 30.0
    assert [(r.party, r.problem is None) for r in found] == [("customer", False), ("agent", False), ("mixed", True)]
    assert found[0].problem == problems.text(problems.MISSING, file="1-r.wav", seconds="30")


def test_legs_named_by_convention_only_are_not_missed_where_there_is_just_a_mix(tmp_path: Path) -> None:
    sound(tmp_path / "1.wav")
    found, after_s = settled(tmp_path, *legs(expected=False))
    assert [(r.party, r.problem) for r in found] == [("mixed", None)]
    assert after_s <= 1.0


def test_file_that_still_grows_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "1.wav"
    settling = Settling(call_with(legs(expected=False)[2]), places=[Folder(tmp_path)], wait_s=30.0)
    for second in range(1, 6):
        sound(path, second)
        assert settling.poll(second * 0.4) is None
    found = settling.poll(5.0)
    assert found is not None
    assert found[0].facts is not None
    assert found[0].facts.duration_s == 5.0


def broken(path: Path, how: str) -> None:
    sound(path, 1.0)
    whole = path.read_bytes()
    if how == "44 bytes":
        sound(path, 0.0)
    elif how == "0 bytes":
        path.write_bytes(b"")
    elif how == "cut off":
        path.write_bytes(whole[:5000])
    elif how == "header never finished":
        path.write_bytes(whole[:40] + struct.pack("<I", 0) + whole[44:])
    elif how == "header cut off":
        path.write_bytes(whole[:20])
    elif how == "not audio":
        path.write_bytes(b"<html>not a sound</html>" * 100)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("44 bytes", problems.EMPTY),
        ("0 bytes", problems.EMPTY),
        ("header cut off", problems.CUT_OFF),
        ("not audio", problems.NOT_AUDIO),
    ],
)
def test_broken_leg_is_told_and_the_other_leg_used(tmp_path: Path, how: str, problem: str) -> None:
    broken(tmp_path / "1-r.wav", how)
    sound(tmp_path / "1-t.wav")
    found, after_s = settled(tmp_path, *legs()[:2])
    assert {r.party: r.problem for r in found} == {"customer": problems.text(problem, file="1-r.wav"), "agent": None}
    assert after_s <= 8.0, "what does not grow is not waited for to the last"


@pytest.mark.parametrize(("how", "seconds"), [("cut off", (5000 - 44) / 16000), ("header never finished", 1.0)])
def test_wav_that_the_pbx_did_not_finish_is_used_for_what_it_holds(tmp_path: Path, how: str, seconds: float) -> None:
    broken(tmp_path / "1-r.wav", how)
    sound(tmp_path / "1-t.wav")
    found, after_s = settled(tmp_path, *legs()[:2])
    assert [r.problem for r in found] == [None, None]
    (facts,) = [r.facts for r in found if r.party is Party.CUSTOMER]
    assert facts is not None
    assert facts.cut_off
    assert (facts.duration_s, facts.rate_hz, facts.codec) == (pytest.approx(seconds, abs=0.001), 8000, "wav/pcm_16")
    assert 5 <= after_s <= 8.0, "a file that the PBX still writes looks the same, so it is given some time"


def test_where_nothing_was_written_goes_with_the_recording(tmp_path: Path) -> None:
    sound(tmp_path / "1-r.wav")
    named = NamedRecording(party=Party.CUSTOMER, path=f"{PBX_FOLDER}/1-r.wav", offset_s=1.5, cuts=((4.0, 9.0),))
    (found,) = settled(tmp_path, named)[0]
    assert (found.offset_s, found.cuts) == (1.5, ((4.0, 9.0),))


def test_file_outside_of_the_folders_is_refused(tmp_path: Path) -> None:
    root, elsewhere = tmp_path / "monitor", tmp_path / "elsewhere"
    root.mkdir()
    secret = sound(elsewhere / "secret.wav")
    with pytest.raises(OutsideFolders):
        locate(str(secret), [Folder(root)])
    (root / "link.wav").symlink_to(secret)
    with pytest.raises(OutsideFolders):
        locate("/anywhere/link.wav", [Folder(root)])
    assert locate(f"{root}/../elsewhere/secret.wav", [Folder(root)]) is None
    named = NamedRecording(party=Party.MIXED, path=str(secret), offset_s=0.0)
    found, after_s = settled(root, named)
    assert found[0].problem == problems.text(problems.OUTSIDE, file="secret.wav")
    assert after_s == 0.0


def test_longest_end_of_the_path_wins(tmp_path: Path) -> None:
    deep = sound(tmp_path / "2026/11/22/call.wav")
    sound(tmp_path / "call.wav")
    assert found_at("/var/spool/asterisk/monitor/2026/11/22/call.wav", tmp_path) == deep


def found_at(pbx_path: str, *roots: Path, not_before: float = 0.0) -> Path | None:
    located = locate(pbx_path, [Folder(root) for root in roots], not_before=not_before)
    return None if located is None else Path(located.kept)


def test_file_of_the_same_name_in_another_folder_is_never_taken(tmp_path: Path) -> None:
    """The right one comes late; until then there is one of its name at the top, and one in another day's folder."""
    sound(tmp_path / "call.wav")
    sound(tmp_path / "2026/11/21/call.wav")
    (tmp_path / "2026/11/22").mkdir()
    late = "/var/spool/asterisk/monitor/2026/11/22/call.wav"
    assert found_at(late, tmp_path) is None
    right = sound(tmp_path / "2026/11/22/call.wav")
    assert found_at(late, tmp_path) == right


def test_bare_name_is_taken_where_the_folders_are_not_kept_unless_it_is_older_than_the_call(tmp_path: Path) -> None:
    flat = sound(tmp_path / "call.wav")
    os.utime(flat, (1_795_000_000, 1_795_000_000))
    wanted = "/var/spool/asterisk/monitor/2026/11/22/call.wav"
    assert found_at(wanted, tmp_path, not_before=1_795_000_000) == flat
    assert found_at(wanted, tmp_path, not_before=1_795_086_400) is None


def test_same_name_in_two_folders_is_told_and_neither_taken(tmp_path: Path) -> None:
    for name in ("one", "two"):
        sound(tmp_path / name / "call.wav")
    places = [Folder(tmp_path / "one"), Folder(tmp_path / "two")]
    with pytest.raises(Ambiguous):
        locate("/pbx/call.wav", places)
    settling = Settling(
        call_with(NamedRecording(party=Party.MIXED, path="/pbx/call.wav", offset_s=0.0)), places=places, wait_s=30
    )
    (found,) = settling.poll(0.0) or []
    assert found.problem == problems.text(problems.AMBIGUOUS, file="call.wav")
    assert found_at(f"{tmp_path}/two/call.wav", tmp_path / "one", tmp_path / "two") == tmp_path / "two/call.wav"


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_other_formats_are_measured(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    soundfile.write(path, np.sin(np.arange(16000) / 5), 8000)
    assert inspect(path).duration_s == pytest.approx(2.0, abs=0.1)


def test_headerless_telephone_formats_are_known_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "x.alaw").write_bytes(b"\xd5" * 16000)
    (tmp_path / "x.raw").write_bytes(b"\0" * 16000)
    assert (inspect(tmp_path / "x.alaw").duration_s, inspect(tmp_path / "x.alaw").codec) == (2.0, "pcm_alaw")
    with pytest.raises(UnusableSound):
        inspect(tmp_path / "x.raw")


@pytest.mark.parametrize(
    ("data", "received", "transmitted", "bridged"),
    [
        ("a.wav,br(a-r.wav)t(a-t.wav)", "/m/a-r.wav", "/m/a-t.wav", True),
        ("a.wav,r(a-r.wav)t(/x/b.wav)S,/run/this a,b", "/m/a-r.wav", "/x/b.wav", False),
        ("a.wav", None, None, False),
        ("a.wav,abi(LOCAL_MIXMON_ID),", None, None, True),
        ("a.wav,m(123@default)W(2)", None, None, False),
    ],
)
def test_mixmonitor_line_is_read(data: str, received: str | None, transmitted: str | None, bridged: bool) -> None:
    monitor = started(uniqueid="1", at=0.0, path="/m/a.wav", request=parse_application_data(data))
    assert (monitor.received, monitor.transmitted, monitor.bridged_only) == (received, transmitted, bridged)


def test_recording_that_no_dialplan_line_named_follows_the_convention() -> None:
    monitor = started(uniqueid="1", at=0.0, path="/m/avasanj/x.wav", request=None)
    assert (monitor.received, monitor.transmitted, monitor.named) == ("/m/avasanj/x-r.wav", "/m/avasanj/x-t.wav", False)


def test_same_call_has_the_same_id() -> None:
    assert call_id("pbx", "1.1") == call_id("pbx", "1.1")
    assert call_id("pbx", "1.1") != call_id("other", "1.1")


def test_recording_whose_events_were_missed_is_placed_by_when_its_file_ended(tmp_path: Path) -> None:
    """The call began at 1795000000; its file of 4 s was last written 10 s later."""
    file = sound(tmp_path / "1795000000.1-r.wav", 4.0)
    os.utime(file, (1_795_000_010, 1_795_000_010))
    names = ("1795000000.1-r.wav", "1795000000.1-t.wav", "1795000000.1.wav")
    unsure = [NamedRecording(party=Party.CUSTOMER, path=name, offset_s=None, expected=False) for name in names]
    call = dataclasses.replace(call_with(*unsure), ended_at=moment(1_795_000_011.0))
    settling = Settling(call, places=[Folder(tmp_path)], wait_s=30.0)
    found = [settling.poll(now) for now in (0.0, 0.6)][-1]
    assert found is not None
    assert [(Path(r.path).name, r.offset_s, r.problem) for r in found] == [("1795000000.1-r.wav", 6.0, None)]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("in-800-0912-20261122-140501-1795000000.1.wav", "2026/11/22/in-800-0912-20261122-140501-1795000000.1.wav"),
        ("1795000000.1.wav", "1795000000.1.wav"),
        ("2026/1/x-20261122-140501-.wav", "2026/1/x-20261122-140501-.wav"),
    ],
)
def test_recording_named_by_call_records_is_looked_for_in_the_folder_of_its_day(name: str, path: str) -> None:
    history = CallHistory(linked_id="1795000000.1", started_at=1_795_000_000.0, last_seen_at=1_795_000_010.0)
    customer = Channel(
        uniqueid="1795000000.1", linkedid="1795000000.1", name="PJSIP/trunk-1", created_at=1_795_000_000.0
    )
    history.ended_at, history.proven_agent, history.recording_file = 1_795_000_010.0, "PJSIP/1001", name
    assert recordings(history, customer) == (), "a call that was seen whole has the recordings that its events named"
    history.gap(1_795_000_001.0, 1_795_000_005.0)
    found = recordings(history, customer)
    assert [(r.party, r.path) for r in found] == [
        (Party.CUSTOMER, "1795000000.1-r.wav"),
        (Party.AGENT, "1795000000.1-t.wav"),
        (Party.MIXED, path),
        (Party.MIXED, "1795000000.1.wav"),
    ]
    assert not any(r.expected for r in found)
