"""Where a recording's time stood still: what was not written although the call went on."""

from __future__ import annotations

import pytest

from telephony.frames import Message
from telephony.ledger import CallSnapshot
from tests.telephony.test_assembler import event, on, told

CUSTOMER, FIRST, SECOND = (
    ("PJSIP/trunk-00000001", "c", "c"),
    ("PJSIP/1001-00000002", "a", "c"),
    ("PJSIP/1002-00000003", "b", "c"),
)


def recorded(at: float, options: str, path: str = "/rec/c.wav") -> list[Message]:
    return [
        event("Newexten", at, **on(*CUSTOMER), Application="MixMonitor", AppData=f"{path},{options}"),
        event("VarSet", at, **on(*CUSTOMER), Variable="MIXMONITOR_FILENAME", Value=path),
    ]


def began() -> list[Message]:
    return [event("Newchannel", 100, **on(*CUSTOMER, Context="from-trunk", Exten="800", CallerIDNum="09121234567"))]


def met(at: float, agent: tuple[str, str, str], bridge: str, technology: str = "simple_bridge") -> list[Message]:
    return [
        event("Newchannel", at - 1, **on(*agent, Context="agents", Exten="s", CallerIDNum="1001")),
        event("DialBegin", at - 1, **on(*CUSTOMER), **on(*agent, "Dest")),
        event("DialEnd", at, **on(*CUSTOMER), **on(*agent, "Dest"), DialStatus="ANSWER"),
        event("BridgeEnter", at, **on(*agent), BridgeUniqueid=bridge, BridgeTechnology=technology),
        event("BridgeEnter", at, **on(*CUSTOMER), BridgeUniqueid=bridge, BridgeTechnology=technology),
    ]


def sent_on(at: float) -> list[Message]:
    return [
        event(
            "BlindTransfer",
            at,
            Result="Success",
            TransfererUniqueid="a",
            TransfererCallerIDNum="1001",
            Extension="1002",
        ),
        event("BridgeLeave", at, **on(*FIRST), BridgeUniqueid="x"),
        event("BridgeLeave", at, **on(*CUSTOMER), BridgeUniqueid="x"),
        event("Hangup", at, **on(*FIRST), Cause="16"),
    ]


def over(at: float, agent: tuple[str, str, str]) -> list[Message]:
    return [event("Hangup", at, **on(*agent), Cause="16"), event("Hangup", at, **on(*CUSTOMER), Cause="16")]


def only(messages: list[Message]) -> CallSnapshot:
    (call,) = told(messages).values()
    return call


@pytest.mark.parametrize(
    ("options", "offset_s", "cuts"),
    [("br(/rec/c-r.wav)t(/rec/c-t.wav)", 10, ((20, 26),)), ("r(/rec/c-r.wav)t(/rec/c-t.wav)", 1, ())],
)
def test_recording_of_bridged_time_stands_still_while_a_transfer_rings(
    options: str, offset_s: float, cuts: tuple[tuple[float, float], ...]
) -> None:
    call = only([
        *began(), *recorded(101, options), *met(110, FIRST, "x"), *sent_on(120), *met(126, SECOND, "y"), *over(130, SECOND),
    ])  # fmt: skip
    assert [(r.party.value, r.offset_s, r.cuts) for r in call.recordings if r.expected] == [
        ("customer", offset_s, cuts),
        ("agent", offset_s, cuts),
    ]
    assert [span.interface for span in call.spans] == ["PJSIP/1001", "PJSIP/1002"]


def test_local_channels_taken_out_cut_nothing() -> None:
    call = only([
        *began(), *recorded(101, "br(/rec/c-r.wav)"), *met(110, FIRST, "x"),
        event("BridgeLeave", 112, **on(*CUSTOMER), BridgeUniqueid="x"),
        event("BridgeEnter", 112.001, **on(*CUSTOMER), BridgeUniqueid="x"),
        *over(130, FIRST),
    ])  # fmt: skip
    assert {recording.cuts for recording in call.recordings} == {()}


def test_recording_that_is_stopped_and_goes_on_in_the_same_file_is_one_with_a_cut() -> None:
    stopped = event("MixMonitorStop", 115, **on(*CUSTOMER))
    call = only([
        *began(), *recorded(101, "r(/rec/c-r.wav)"), *met(110, FIRST, "x"), stopped, *recorded(121, "ar(/rec/c-r.wav)"), *over(130, FIRST),
    ])  # fmt: skip
    assert [(r.offset_s, r.cuts) for r in call.recordings if r.path == "/rec/c-r.wav"] == [(1, ((15, 21),))]


def test_recording_that_is_stopped_and_begun_again_holds_the_second_part_only() -> None:
    stopped = event("MixMonitorStop", 115, **on(*CUSTOMER))
    call = only([
        *began(), *recorded(101, "r(/rec/c-r.wav)"), *met(110, FIRST, "x"), stopped, *recorded(121, "r(/rec/c-r.wav)"), *over(130, FIRST),
    ])  # fmt: skip
    assert [(r.offset_s, r.cuts) for r in call.recordings if r.path == "/rec/c-r.wav"] == [(21, ())]


def test_customer_in_a_parking_lot_hears_nobody_there() -> None:
    """Whoever else is parked sits in the same bridge, and hears music as well."""
    other = ("PJSIP/1003-00000009", "o", "c")
    call = only([
        *began(), *met(110, FIRST, "x"), *sent_on(120),
        event("Newchannel", 121, **on(*other, Context="agents", Exten="700", CallerIDNum="1003")),
        event("BridgeEnter", 121, **on(*other), BridgeUniqueid="lot", BridgeTechnology="holding_bridge"),
        event("BridgeEnter", 121, **on(*CUSTOMER), BridgeUniqueid="lot", BridgeTechnology="holding_bridge"),
        *over(130, other),
    ])  # fmt: skip
    assert [span.interface for span in call.spans] == ["PJSIP/1001"]
    assert call.talk_s == 10


def test_parties_files_are_found_in_either_order_of_the_events_that_tell_of_them() -> None:
    line, begun = recorded(101, "br(/rec/in.wav)t(/rec/out.wav)")
    in_order, swapped = (
        only([*began(), *pair, *met(110, FIRST, "x"), *over(130, FIRST)]).recordings
        for pair in ((line, begun), (begun, line))
    )
    assert {recording.path for recording in swapped} == {"/rec/in.wav", "/rec/out.wav", "/rec/c.wav"}
    assert swapped == in_order
