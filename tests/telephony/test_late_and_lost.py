"""One event lost, or out of its place by a moment: who talked to whom stays true, and what is not known is marked."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.streams import expected
from tests.telephony.every_call import ledger_of
from tests.telephony.test_assembler import event, on, told


def messages(name: str) -> list[bytes]:
    return gzip.decompress((expected.STREAMS / f"{name}.txt.gz").read_bytes()).split(b"\r\n\r\n")


def the_call(parts: list[bytes], name: str) -> dict[str, Any]:
    """The call that the scenario is about."""
    tag = next(iter(expected.load(expected.STREAMS / f"{name}.json").values())).tag
    calls = ledger_of(b"\r\n\r\n".join(parts))["calls"]
    (found,) = [
        call for call in calls if (call["caller"] and call["caller"][-4:-2] == tag) or call["caller"][1:3] == tag
    ]
    return dict(found)


def places(parts: list[bytes], name: str) -> list[int]:
    return [index for index, part in enumerate(parts) if part.startswith(b"Event: " + name.encode() + b"\r\n")]


def later(parts: list[bytes], index: int, by: int) -> list[bytes]:
    """The stream with one message `by` places later than it was."""
    return [*parts[:index], *parts[index + 1 : index + by + 1], parts[index], *parts[index + by + 1 :]]


def spans(call: dict[str, Any]) -> list[tuple[str, float, float]]:
    return [(span["agent"], round(span["start_s"], 1), round(span["end_s"], 1)) for span in call["spans"]]


@pytest.mark.parametrize("kind", ["Newchannel", "BridgeEnter", "BridgeLeave"])
@pytest.mark.parametrize("name", ["22-outbound_transferred_attended", "22-attended_manager", "16-pickup_of_direct"])
def test_event_that_comes_a_moment_late_changes_nothing(name: str, kind: str) -> None:
    parts = messages(name)
    told_in_order = the_call(parts, name)
    for index in places(parts, kind):
        call = the_call(later(parts, index, 1), name)
        assert (spans(call), call["hung_up_by"]) == (spans(told_in_order), told_in_order["hung_up_by"])
        assert call["gaps"] == []


@pytest.mark.parametrize("name", ["22-direct_answered", "22-queue_customer_ends", "22-outbound_answered"])
def test_answer_whose_bridge_was_missed_is_an_answer_of_unknown_length(name: str) -> None:
    parts = messages(name)
    for lost in places(parts, "BridgeEnter")[:2]:
        call = the_call(parts[:lost] + parts[lost + 1 :], name)
        assert (call["disposition"], call["spans"]) == ("answered", [])
        assert (call["answered_at"], call["wait_s"], call["talk_s"], call["hung_up_by"]) == (None, None, None, None)
        assert call["gaps"]


def test_answer_whose_bridge_was_missed_is_repaired_from_the_records_that_the_pbx_sends() -> None:
    name = "22-local_agent"
    parts = messages(name)
    whole = the_call(parts, name)
    for lost in places(parts, "BridgeEnter")[:2]:
        call = the_call(parts[:lost] + parts[lost + 1 :], name)
        assert (spans(call), call["wait_s"]) == (spans(whole), pytest.approx(whole["wait_s"], abs=0.05))
        assert call["gaps"]


def test_first_talk_that_was_missed_is_marked_where_the_call_was_handed_on() -> None:
    parts = messages("22-blind_refer")
    lost = places(parts, "BridgeEnter")[0]
    call = the_call(parts[:lost] + parts[lost + 1 :], "22-blind_refer")
    assert [agent for agent, _, _ in spans(call)] == ["PJSIP/1332"]
    assert (call["wait_s"], call["talk_s"]) == (None, None)
    (gap,) = call["gaps"]
    assert gap["to_s"] - gap["from_s"] == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("name", ["22-outbound_answered", "16-outbound_answered", "22-click_to_call"])
@pytest.mark.parametrize("kind", ["DialBegin", "Newchannel"])
def test_customer_is_no_agent_where_an_event_of_an_outbound_call_is_missing(name: str, kind: str) -> None:
    parts = messages(name)
    whole = the_call(parts, name)
    for lost in places(parts, kind):
        call = the_call(parts[:lost] + parts[lost + 1 :], name)
        assert {agent for agent, _, _ in spans(call)} == {agent for agent, _, _ in spans(whole)}


def test_who_is_listed_in_one_room_is_in_one_call() -> None:
    """After a connect the listing alone tells who meets in a conference."""
    customer, agent, second = (
        ("PJSIP/trunk-00000001", "100.1", "100.1"),
        ("PJSIP/1001-00000002", "100.2", "100.1"),
        ("PJSIP/1002-00000003", "100.3", "100.3"),
    )
    numbers = {customer: "09121234567", agent: "1001", second: "1002"}
    room = {"BridgeId": "room", "Application": "ConfBridge", "ApplicationData": "06", "Duration": "00:00:04"}
    listed = [
        event("CoreShowChannel", 104, **on(*channel, CallerIDNum=number, Context="from-internal", Exten="906", **room))
        for channel, number in numbers.items()
    ]
    ends = [event("Hangup", at, **on(*channel)) for at, channel in ((107, customer), (107.5, agent), (108, second))]
    found = told([*listed, event("CoreShowChannelsComplete", 104), event("StatusComplete", 104), *ends])
    calls = [call for call in found.values() if call.merged_into is None]
    (call,) = calls
    assert {span.interface for span in call.spans} == {"PJSIP/1001", "PJSIP/1002"}


@pytest.mark.parametrize("version", [16, 22])
def test_parking_that_the_lot_tells_of_first_is_still_a_transfer_to_what_was_dialled(version: int) -> None:
    name = f"{version}-parked_and_retrieved"
    parts = messages(name)
    (transfer,) = places(parts, "BlindTransfer")
    (lot,) = places(parts, "ParkedCall")
    # in the recorded stream either may be the first: both orders are told
    for first, second in ((lot, transfer), (transfer, lot)):
        moved = [part for index, part in enumerate(parts) if index not in (first, second)]
        place = min(first, second)
        call = the_call([*moved[:place], parts[first], parts[second], *moved[place:]], name)
        assert [(one["kind"], one["to"]) for one in call["transfers"]] == [("blind", "700")]
