"""How a call came out and who ended it, where the first thing that looks like an answer is the wrong one."""

from __future__ import annotations

import pytest

from telephony.frames import Message
from telephony.ledger import CallSnapshot, HungUpBy
from telephony.tables import Disposition
from tests.telephony.test_assembler import event, on, told

CUSTOMER, AGENT, OTHER = (
    ("PJSIP/trunk-00000001", "100.1", "100.1"),
    ("PJSIP/1001-00000002", "100.2", "100.1"),
    ("PJSIP/1002-00000003", "100.3", "100.1"),
)
Phone = tuple[str, str, str]


def queued() -> list[Message]:
    return [
        event("Newchannel", 100, **on(*CUSTOMER, Context="from-trunk", Exten="800", CallerIDNum="09121234567")),
        event("QueueCallerJoin", 101, **on(*CUSTOMER), Queue="sales"),
    ]


def answered(agent: Phone, at: float, bridge: str = "x") -> list[Message]:
    """The phone rings a second before `at` and hears the customer from `at` on."""
    return [
        event("Newchannel", at - 1, **on(*agent, Context="agents", Exten="s", CallerIDNum=agent[0][6:10])),
        event("DialBegin", at - 1, **on(*CUSTOMER), **on(*agent, "Dest")),
        event("DialEnd", at, **on(*CUSTOMER), **on(*agent, "Dest"), DialStatus="ANSWER"),
        event("QueueCallerLeave", at, **on(*CUSTOMER), Queue="sales"),
        event("BridgeEnter", at, **on(*agent), BridgeUniqueid=bridge),
        event("BridgeEnter", at, **on(*CUSTOMER), BridgeUniqueid=bridge),
    ]


def hangs_up(phone: Phone, at: float, bridge: str = "x") -> list[Message]:
    return [
        event("HangupRequest", at, **on(*phone)),
        event("BridgeLeave", at, **on(*phone), BridgeUniqueid=bridge),
        event("Hangup", at, **on(*phone), Cause="16"),
    ]


def over(at: float) -> list[Message]:
    return [
        event("BridgeLeave", at, **on(*CUSTOMER), BridgeUniqueid="x"),
        event("Hangup", at, **on(*CUSTOMER), Cause="16"),
    ]


def the(*parts: list[Message]) -> CallSnapshot:
    return told(message for part in parts for message in part)["100.1"]


# -- who hung up


def test_agent_who_hangs_up_last_ended_the_call() -> None:
    assert the(queued(), answered(AGENT, 105), hangs_up(AGENT, 110), over(110.002)).hung_up_by is HungUpBy.AGENT


def test_customer_who_gives_up_in_the_next_queue_ended_the_call() -> None:
    again = [event("QueueCallerJoin", 110.1, **on(*CUSTOMER), Queue="after")]
    call = the(queued(), answered(AGENT, 105), hangs_up(AGENT, 110), again, hangs_up(CUSTOMER, 110.6))
    assert (call.disposition, call.hung_up_by) == (Disposition.ANSWERED, HungUpBy.CUSTOMER)


def test_customer_who_is_left_alone_and_hangs_up_ended_the_call() -> None:
    both = [*answered(AGENT, 105), *answered(OTHER, 106)]
    call = the(queued(), both, hangs_up(AGENT, 108), hangs_up(OTHER, 110), hangs_up(CUSTOMER, 112))
    assert [span.interface for span in call.spans] == ["PJSIP/1001", "PJSIP/1002"]
    assert call.hung_up_by is HungUpBy.CUSTOMER


def test_pbx_ended_what_went_on_after_the_agent_hung_up() -> None:
    call = the(queued(), answered(AGENT, 105), hangs_up(AGENT, 110), over(113))
    assert call.hung_up_by is HungUpBy.PBX


# -- channels that seem to be of another call


@pytest.mark.parametrize("linkedid", ["100.", "1", "100.77"])
def test_damaged_linked_id_takes_no_channel_out_of_its_call(linkedid: str) -> None:
    recorded = event("VarSet", 105, **on(*CUSTOMER), Variable="MIXMONITOR_FILENAME", Value="/rec/c.wav")
    gone = event("Hangup", 110, **on(CUSTOMER[0], CUSTOMER[1], linkedid), Cause="16")
    found = told(
        [*queued(), recorded, *answered(AGENT, 105), *hangs_up(AGENT, 110)[:2], gone, *hangs_up(AGENT, 110)[2:]]
    )
    assert list(found) == ["100.1"]
    assert {recording.path for recording in found["100.1"].recordings} == {"/rec/c.wav", "/rec/c-r.wav", "/rec/c-t.wav"}


def test_recording_goes_with_its_channel_into_another_call() -> None:
    """The Linkedid of a channel of a call that goes on changes to that of another call that goes on as well."""
    recorded = event("VarSet", 105, **on(*AGENT), Variable="MIXMONITOR_FILENAME", Value="/rec/a.wav")
    other = ("PJSIP/trunk-00000009", "100.9", "100.9")
    begun = event("Newchannel", 106, **on(*other, Context="from-trunk", Exten="801", CallerIDNum="09121234568"))
    moved = event("BridgeEnter", 107, **on(AGENT[0], AGENT[1], "100.9"), BridgeUniqueid="y")
    ends = [event("Hangup", 110, **on(*phone)) for phone in (CUSTOMER, other, (*AGENT[:2], "100.9"))]
    assert set(told([*queued(), *answered(AGENT, 105), recorded, begun, moved, *ends])) == {"100.1", "100.9"}


# -- calls that nobody answered


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [("CHANUNAVAIL", Disposition.FAILED), ("NOANSWER", Disposition.TIMED_OUT), ("BUSY", Disposition.BUSY)],
)
def test_what_the_dialplan_says_of_a_dial_counts_more_than_what_one_phone_says(
    verdict: str, outcome: Disposition
) -> None:
    """A number that does not exist ends at the trunk with NOANSWER; DIALSTATUS tells why."""
    phone, trunk = ("PJSIP/1001-00000001", "100.1", "100.1"), ("PJSIP/trunk-00000002", "100.2", "100.1")
    found = told([
        event("Newchannel", 100, **on(*phone, Context="from-internal", Exten="09121234567", CallerIDNum="1001")),
        event("Newchannel", 100.1, **on(*trunk, Context="from-trunk", Exten="s", CallerIDNum="09121234567")),
        event("DialBegin", 100.1, **on(*phone), **on(*trunk, "Dest")),
        event("DialEnd", 101, **on(*phone), **on(*trunk, "Dest"), DialStatus="NOANSWER"),
        event("VarSet", 101, **on(*phone), Variable="DIALSTATUS", Value=verdict),
        event("Hangup", 101, **on(*phone), Cause="1"),
        event("Hangup", 101, **on(*trunk), Cause="1"),
    ])  # fmt: skip
    assert (found["100.1"].disposition, found["100.1"].hung_up_by) == (outcome, HungUpBy.PBX)


# -- transfers


@pytest.mark.parametrize(("answers", "transfers"), [("1001", []), ("1002", [("attended", "1001", "1002")])])
def test_transfer_that_came_back_since_the_target_refused_is_none(answers: str, transfers: list[object]) -> None:
    rings = [
        event("Newchannel", 107, **on(*OTHER, Context="agents", Exten="s", CallerIDNum="1002")),
        event("DialBegin", 107, **on(*OTHER, "Dest")),
    ]
    left = [
        event(
            "AttendedTransfer", 108, Result="Success", OrigTransfererUniqueid=AGENT[1], OrigTransfererCallerIDNum="1001",
            SecondTransfererUniqueid=AGENT[1], TransferTargetCallerIDNum="1002", TransfereeUniqueid=CUSTOMER[1],
        ),
        *hangs_up(AGENT, 108),
    ]  # fmt: skip
    refused = [event("DialEnd", 109, **on(*OTHER, "Dest"), DialStatus="BUSY"), event("Hangup", 109, **on(*OTHER))]
    back = ("PJSIP/1001-00000009", "100.9", "100.1")
    after = [*refused, *answered(back, 112)] if answers == "1001" else answered(OTHER, 112)[2:]
    call = the(queued(), answered(AGENT, 105), rings, left, after, hangs_up(CUSTOMER, 115))
    assert [span.interface for span in call.spans] == ["PJSIP/1001", f"PJSIP/{answers}"]
    assert [(t.kind, t.transferrer, t.target) for t in call.transfers] == transfers


@pytest.mark.parametrize(
    ("answer", "called", "gaps"), [(["09121234567"], "09121234567", 0), ([""], None, 0), ([], None, 1)]
)
def test_click_to_call_whose_number_was_missed_is_marked(answer: list[str], called: str | None, gaps: int) -> None:
    phone = ("PJSIP/1001-00000001", "100.1", "100.1")
    (call,) = told([
        event("Newchannel", 100, **on(*phone, Context="from-internal", Exten="", CallerIDNum="1001")),
        event("DialBegin", 100, **on(*phone, "Dest")),
        event("DialEnd", 103, **on(*phone, "Dest"), DialStatus="NOANSWER"),
        event("Hangup", 103, **on(*phone), Cause="19"),
        *(event("OriginateResponse", 103, Channel="PJSIP/1001", Uniqueid="<null>", Exten=exten) for exten in answer),
    ]).values()  # fmt: skip
    assert (call.called_raw, len(call.gaps)) == (called, gaps)


def test_caller_whose_first_event_was_cut_is_known_by_the_next() -> None:
    cut = event("Newchannel", 100, **on(*CUSTOMER, Context="from-trunk", Exten="800"))
    joined = event("QueueCallerJoin", 101, **on(*CUSTOMER), Queue="sales", CallerIDNum="09121234567")
    assert the([cut, joined], answered(AGENT, 105), hangs_up(CUSTOMER, 110)).caller_raw == "09121234567"


# -- when it was over


def test_call_ends_when_the_customer_leaves_though_two_agents_go_on_talking() -> None:
    both = [*answered(AGENT, 105), *answered(OTHER, 106)]
    call = the(queued(), both, hangs_up(CUSTOMER, 110), hangs_up(AGENT, 113), hangs_up(OTHER, 114))
    assert call.ended_at is not None
    assert (call.ended_at - call.started_at).total_seconds() == 10
    assert (call.talk_s, call.hung_up_by) == (5, HungUpBy.CUSTOMER)
