"""The clock of a call's recordings, and where music on hold is kept out."""

import datetime
import uuid

import pytest

from telephony.tables import Call, HoldSpan, Party, Recording
from transcription.legs import Leg, legs_of

START = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)


def at(seconds: float) -> datetime.datetime:
    return START + datetime.timedelta(seconds=seconds)


def call(*recordings: Recording, holds: tuple[HoldSpan, ...] = (), **facts: object) -> Call:
    made = Call(id=uuid.uuid4(), started_at=START, **facts)
    made.recordings, made.hold_spans = list(recordings), list(holds)
    return made


def recording(number: int, party: Party, offset_s: float | None, problem: str | None = None) -> Recording:
    return Recording(id=number, party=party.value, path=f"/r/{number}.wav", offset_s=offset_s, problem=problem)


def by_id(made: Call) -> dict[int, Leg]:
    return {leg.recording_id: leg for leg in legs_of(made)}


def test_second_zero_is_where_the_earliest_recording_begins() -> None:
    legs = by_id(
        call(recording(1, Party.CUSTOMER, 12.0), recording(2, Party.AGENT, 14.5), recording(3, Party.AGENT, None))
    )
    assert {i: leg.start_s for i, leg in legs.items()} == {1: 0.0, 2: 2.5, 3: 0.0}


def test_a_recording_found_broken_moves_nobodys_times() -> None:
    legs = by_id(call(recording(1, Party.CUSTOMER, 12.0, "is empty"), recording(2, Party.AGENT, 14.5)))
    assert {i: leg.start_s for i, leg in legs.items()} == {2: 2.5}


@pytest.mark.parametrize(
    ("by", "masked"),
    [("agent", {Party.AGENT}), ("customer", {Party.CUSTOMER}), (None, {Party.AGENT})],
)
def test_music_on_hold_masks_the_leg_that_carries_it(by: str | None, masked: set[Party]) -> None:
    hold = HoldSpan(started_at=at(30), ended_at=at(50), by=by)
    legs = legs_of(call(recording(1, Party.CUSTOMER, 10.0), recording(2, Party.AGENT, 10.0), holds=(hold,)))
    assert {leg.party for leg in legs if leg.masked} == masked
    for leg in legs:
        for start_s, end_s in leg.masked:
            assert start_s == pytest.approx(20, abs=0.3)
            assert end_s == pytest.approx(40, abs=0.3)


def test_a_hold_that_never_ended_masks_the_rest() -> None:
    hold = HoldSpan(started_at=at(30), ended_at=None, by="agent")
    (leg,) = legs_of(call(recording(2, Party.AGENT, 0.0), holds=(hold,)))
    assert leg.masked[0][1] == float("inf")


def test_what_the_queue_plays_before_the_answer_is_not_the_agents() -> None:
    made = call(recording(1, Party.CUSTOMER, 0.0), recording(2, Party.AGENT, 0.0), queued_at=at(1), answered_at=at(25))
    legs = by_id(made)
    assert legs[1].masked == ()
    assert legs[2].masked[0][1] == pytest.approx(25, abs=1)
