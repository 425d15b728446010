"""Recordings that ran when we came: their cuts follow from the file where it proves them, and are not made up elsewhere."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from telephony import problems
from telephony.channels import Channel
from telephony.found_recordings import laid
from telephony.history import CallHistory, OpenSpan
from telephony.ledger import NamedRecording, Stretch, moment
from telephony.mixmonitor import started
from telephony.recorded import recordings
from telephony.recordings import SettledRecording, Settling
from telephony.storage import Folder
from telephony.tables import Party
from tests.telephony.test_recordings import call_with, sound

START = 1_795_000_000.0
CUT = (30.0, 36.0)


@pytest.mark.parametrize(
    ("duration_s", "answered_s", "queued_s", "offset_s", "cuts"),
    [
        (44.0, 10.0, 2.0, 10.0, (CUT,)),  # 44 s written from the answer at 10 s to the end at 60, 6 s of it left out
        (50.0, 10.0, 2.0, 10.0, ()),  # begun at the answer and never still
        (58.0, 10.0, 2.0, 2.0, ()),  # begun with the queue
        (60.0, 10.0, None, 0.0, ()),
        (44.0, None, 2.0, 16.0, ()),  # nobody knows when it was answered
        (47.0, 10.0, 2.0, 13.0, ()),  # neither is near anything
        (44.0, 15.5, 2.0, 16.0, ()),  # an answer that fits the whole file
    ],
)
def test_cuts_are_taken_where_the_beginning_proves_them(
    duration_s: float,
    answered_s: float | None,
    queued_s: float | None,
    offset_s: float,
    cuts: tuple[tuple[float, float], ...],
) -> None:
    found = laid(ended_s=60.0, duration_s=duration_s, cuts=[CUT], answered_s=answered_s, queued_s=queued_s)
    assert found == (offset_s, cuts)


def test_word_before_a_transfer_that_was_heard_keeps_its_time_in_a_recording_that_was_not_heard_to_begin(
    tmp_path: Path,
) -> None:
    """Answered at 10 s; we came at 20 s; the customer was in no bridge from 30 to 36 s; all was over at 60 s."""
    (customer_leg, *_), found = _named(), _settled(tmp_path)
    assert (customer_leg.offset_s, customer_leg.cuts, customer_leg.maybe_cuts) == (None, (), (CUT,))
    assert [(r.party, r.offset_s, r.cuts) for r in found] == [
        (Party.CUSTOMER, 10.0, (CUT,)),
        (Party.AGENT, 10.0, (CUT,)),
    ]


def test_recording_of_ours_never_stands_still() -> None:
    assert {r.maybe_cuts for r in _named("/m/avasanj/1.wav")} == {()}


def _found_by_convention(folder: Path, seconds: float, written_s: float, **changes: object) -> list[SettledRecording]:
    """Of a call of 60 s of which events were missed: what is made of a file that only the convention names."""
    os.utime(sound(folder / "1.1-r.wav", seconds), (START + written_s, START + written_s))
    names = [
        NamedRecording(party=Party.CUSTOMER, path=name, offset_s=None, expected=False)
        for name in ("1.1-r.wav", "2-t.wav")
    ]
    gap = Stretch(started_at=moment(START + 20), ended_at=moment(START + 25))
    facts = {"ended_at": moment(START + 60), "gaps": (gap,), "complete": False} | changes
    return _poll(Settling(dataclasses.replace(call_with(*names), **facts), places=[Folder(folder)], wait_s=1.0))


@pytest.mark.parametrize(
    ("seconds", "written_s", "used"),
    [
        (50.0, 60.5, True),
        (50.0, 90_000.0, True),  # copied since
        (50.0, -20.0, False),  # another call's, which was over before
        (70.0, 60.5, False),  # it holds more than this call
    ],
)
def test_file_that_only_its_name_ties_to_a_call_is_used_where_it_can_hold_that_call_alone(
    tmp_path: Path, seconds: float, written_s: float, *, used: bool
) -> None:
    (found,) = _found_by_convention(tmp_path, seconds, written_s)
    assert (found.problem is None) == used
    assert used or found.problem == problems.text(problems.UNCERTAIN, file="1.1-r.wav")


def test_call_whose_end_nobody_saw_may_be_as_long_as_its_recording(tmp_path: Path) -> None:
    for end in (moment(START + 200), None):
        gaps = (Stretch(started_at=moment(START + 60), ended_at=end),)
        (found,) = _found_by_convention(tmp_path, 150.0, 200.0, gaps=gaps)
        assert found.problem is None


def test_of_two_files_that_fit_one_party_one_is_heard_and_one_that_is_in_two_places_is_none(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        sound(tmp_path / folder / "1.1-r.wav", 10.0)
    sound(tmp_path / "a" / "2-t.wav", 10.0)
    places = [Folder(tmp_path / "a"), Folder(tmp_path / "b")]
    names = [
        NamedRecording(party=party, path=name, offset_s=None, expected=False)
        for party, name in ((Party.CUSTOMER, "1.1-r.wav"), (Party.CUSTOMER, "2-t.wav"), (Party.AGENT, "1.1-r.wav"))
    ]
    call = dataclasses.replace(call_with(*names), ended_at=moment(START + 60))
    found = _poll(Settling(call, places=places, wait_s=1.0))
    ambiguous = problems.text(problems.AMBIGUOUS, file="1.1-r.wav")
    assert {(r.party, Path(r.path).name, r.problem) for r in found} == {
        (Party.CUSTOMER, "2-t.wav", None), (Party.AGENT, "1.1-r.wav", ambiguous),
    }  # fmt: skip


def test_file_that_two_names_lead_to_is_told_once(tmp_path: Path) -> None:
    names = [
        NamedRecording(party=Party.MIXED, path=name, offset_s=None, expected=False)
        for name in (str(sound(tmp_path / "1.wav", 10.0)), "1.wav")
    ]
    call = dataclasses.replace(call_with(*names), ended_at=moment(START + 60))
    assert len(_poll(Settling(call, places=[Folder(tmp_path)], wait_s=1.0))) == 1


def _named(path: str = "/m/1.wav") -> tuple[NamedRecording, ...]:
    customer = Channel(uniqueid="1.1", linkedid="1.1", name="PJSIP/trunk-1", created_at=START)
    agent = Channel(uniqueid="1.2", linkedid="1.1", name="PJSIP/1001-1", created_at=START)
    customer.bridged = [[START + 10, START + 30], [START + 36, START + 60]]
    call = CallHistory(linked_id="1.1", started_at=START, last_seen_at=START + 60, ended_at=START + 60)
    call.channels = {"1.1": customer, "1.2": agent}
    call.spans = [OpenSpan(channel=agent, started_at=START + 10, ended_at=START + 60)]
    monitor = started(uniqueid="1.1", at=START + 20, path=path, request=None)
    call.monitors = [dataclasses.replace(monitor, found=True)]
    return recordings(call, customer)


def _settled(folder: Path) -> list[SettledRecording]:
    for leg in "rt":
        os.utime(sound(folder / f"1-{leg}.wav", 44.0), (START + 60, START + 60))
    call = dataclasses.replace(
        call_with(*_named()), answered_at=moment(START + 10), queued_at=moment(START + 2), ended_at=moment(START + 60)
    )
    settling = Settling(call, places=[Folder(folder)], wait_s=30.0)
    return _poll(settling)


def _poll(settling: Settling) -> list[SettledRecording]:
    for now in range(40):
        if (found := settling.poll(float(now))) is not None:
            return found
    raise AssertionError("never settled")
