"""The assembler on streams that are not as they should be, and on the traps that no recorded stream holds."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Framer, Message
from telephony.ledger import CallSnapshot
from telephony.replay import as_json
from telephony.tables import CallState

STREAMS = sorted((Path(__file__).resolve().parent.parent / "streams").glob("*.txt"))
MESSAGES = {path.stem: Framer().feed(path.read_bytes() + b"\r\n\r\n")[1] for path in STREAMS}


def told(messages: Iterable[Message], **numbering: object) -> dict[str, CallSnapshot]:
    """Every call that a stream tells, as last seen."""
    assembler = Assembler(pbx="x", numbering=Numbering(**numbering))  # type: ignore[arg-type]
    found: dict[str, CallSnapshot] = {}
    for message in messages:
        assembler.feed(message)
        for call in assembler.changed():
            if call.merged_into is None:
                found[call.linked_id] = call
            else:
                found.pop(call.linked_id, None)
    return found | {call.linked_id: call for call in assembler.end_of_stream()}


def event(name: str, at: float, **fields: object) -> Message:
    lines = [f"Event: {name}", f"Timestamp: {at}", *(f"{key}: {value}" for key, value in fields.items())]
    return Message("\r\n".join(lines))


def on(channel: str, uniqueid: str, linkedid: str, prefix: str = "", **more: object) -> dict[str, object]:
    return {f"{prefix}Channel": channel, f"{prefix}Uniqueid": uniqueid, f"{prefix}Linkedid": linkedid, **more}


def sane(call: CallSnapshot) -> None:
    """What holds of every call, whatever was missed of it."""
    for value in (call.wait_s, call.ring_s, call.talk_s, call.hold_s):
        assert value is None or value >= 0
    if call.ended_at is not None:
        assert call.ended_at >= call.started_at
        assert call.state is CallState.ENDED
        assert call.disposition is not None or not call.complete
        for span in call.spans:
            assert span.ended_at is not None
    for span in call.spans:
        assert span.ended_at is None or span.ended_at >= span.started_at
        assert span.hold_s >= 0
        if span.ended_at is not None:
            assert span.hold_s <= (span.ended_at - span.started_at).total_seconds() + 0.002
    for hold in call.holds:
        assert hold.ended_at is None or hold.ended_at >= hold.started_at
    as_json(call)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(MESSAGES)), st.integers(0, 2**32), st.floats(0, 0.5), st.floats(0, 0.3), st.integers(0, 40)
)
def test_missing_doubled_and_swapped_events_never_break_it(
    stream: str, seed: int, missing: float, doubled: float, swapped_by: int
) -> None:
    chance = random.Random(seed)
    messages = [
        m for m in MESSAGES[stream] for _ in range(1 + (chance.random() < doubled)) if chance.random() >= missing
    ]
    keyed = [(index + chance.uniform(0, swapped_by), message) for index, message in enumerate(messages)]
    for call in told(message for _, message in sorted(keyed, key=lambda pair: pair[0])).values():
        sane(call)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.data())
def test_a_stream_that_starts_in_mid_call_is_told_as_incomplete(stream: str, data: st.DataObject) -> None:
    messages = MESSAGES[stream]
    first = next(index for index, message in enumerate(messages) if message.name == "Newchannel")
    start = data.draw(st.integers(first + 1, len(messages)))
    for call in told(messages[start:]).values():
        sane(call)
        assert not call.complete or call.linked_id not in {m.get("Uniqueid") for m in messages[:start]}


def test_calls_told_at_once_are_kept_apart() -> None:
    streams = [MESSAGES["22-hold"], MESSAGES["22-abandon"], MESSAGES["22-blind_sip"]]
    apart = [call for stream in streams for call in told(stream).values()]
    mixed = told(sorted((m for stream in streams for m in stream), key=lambda m: m.get("Timestamp")))
    longest = max(len(stream) for stream in streams)
    interleaved = told(stream[index] for index in range(longest) for stream in streams if index < len(stream))
    assert sorted(call.linked_id for call in apart) == sorted(interleaved)
    for call in apart:
        assert interleaved[call.linked_id].disposition == call.disposition
        assert len(interleaved[call.linked_id].spans) == len(call.spans)
    assert sorted(mixed) == sorted(interleaved)


def test_live_states_come_in_their_order() -> None:
    assembler = Assembler(pbx="x", numbering=Numbering())
    states: list[str] = []
    for message in MESSAGES["22-answered_agent_hangup"]:
        assembler.feed(message)
        states += [call.state.value for call in assembler.changed() if not states or states[-1] != call.state]
    assert states == ["ringing", "waiting", "talking", "ended"]


def test_nothing_of_an_ended_call_is_kept_in_memory() -> None:
    assembler = Assembler(pbx="x", numbering=Numbering())
    for message in MESSAGES["22-blind_sip"]:
        assembler.feed(message)
    assembler.changed()
    assert not assembler.calls
    assert not assembler.board.channels
    assert not assembler._emitted
    book = assembler._book
    for kept in (book.call_of, book.part_of, book.ended, book.touched, book.just_ended, book.agents._talking):
        assert not kept


def consultation_that_joins() -> list[Message]:
    """A customer with 1001, who calls 1002 from a second line and joins both (REFER with Replaces)."""
    customer, agent, second, target = ("PJSIP/trunk-00000001", "c", "c"), ("PJSIP/1001-00000002", "a", "c"), (
        "PJSIP/1001-00000003", "b", "b"), ("PJSIP/1002-00000004", "d", "b")  # fmt: skip
    joined = ("PJSIP/1002-00000004", "d", "c")
    return [
        event("Newchannel", 0, **on(*customer, Context="from-trunk", Exten="5000", CallerIDNum="09121234567")),
        event("Newchannel", 1, **on(*agent, Context="agents", Exten="s", CallerIDNum="1001")),
        event("DialBegin", 1, **on(*customer), **on(*agent, "Dest")),
        event("DialEnd", 3, **on(*customer), **on(*agent, "Dest"), DialStatus="ANSWER"),
        event("BridgeEnter", 3, **on(*agent), BridgeUniqueid="x"),
        event("BridgeEnter", 3, **on(*customer), BridgeUniqueid="x"),
        event("Hold", 10, **on(*agent)),
        event("Newchannel", 11, **on(*second, Context="agents", Exten="1002", CallerIDNum="1001")),
        event("Newchannel", 11, **on(*target, Context="agents", Exten="s", CallerIDNum="1002")),
        event("DialBegin", 11, **on(*second), **on(*target, "Dest")),
        event("DialEnd", 12, **on(*second), **on(*target, "Dest"), DialStatus="ANSWER"),
        event("BridgeEnter", 12, **on(*target), BridgeUniqueid="y"),
        event("BridgeEnter", 12, **on(*second), BridgeUniqueid="y"),
        event("Unhold", 20, **on(*agent)),
        event("BridgeLeave", 20, **on(*target), BridgeUniqueid="y"),
        event("BridgeEnter", 20, **on(*joined), BridgeUniqueid="x"),
        event("AttendedTransfer", 20.001, Result="Success", OrigTransfererUniqueid="a", OrigTransfererChannel=agent[0],
              OrigTransfererCallerIDNum="1001", SecondTransfererUniqueid="b", TransferTargetCallerIDNum="1002"),
        event("BridgeLeave", 20.002, **on(*agent), BridgeUniqueid="x"),
        event("Hangup", 20.01, **on(*agent), Cause="16"),
        event("BridgeLeave", 20.02, **on(*second), BridgeUniqueid="y"),
        event("Hangup", 20.02, **on(*second), Cause="16"),
        event("HangupRequest", 30, **on(*joined)),
        event("BridgeLeave", 30, **on(*joined), BridgeUniqueid="x"),
        event("BridgeLeave", 30, **on(*customer), BridgeUniqueid="x"),
        event("Hangup", 30, **on(*joined), Cause="16"),
        event("Hangup", 30, **on(*customer), Cause="16"),
    ]  # fmt: skip


def test_consultation_on_a_second_line_belongs_to_the_customers_call_for_the_new_agent() -> None:
    found = told(consultation_that_joins())
    call = found["c"]
    assert [
        (span.interface, round(span.started_at.timestamp()), round(span.ended_at.timestamp()))
        for span in call.spans
        if span.ended_at
    ] == [
        ("PJSIP/1001", 3, 20),
        ("PJSIP/1002", 20, 30),
    ]
    assert call.hold_s == pytest.approx(10)
    assert call.hung_up_by == "agent"
    assert [(t.kind, t.transferrer, t.target) for t in call.transfers] == [("attended", "1001", "1002")]


def test_agents_on_local_channels_are_named_by_their_phone_and_their_member_name() -> None:
    customer, one, two, phone = ("PJSIP/trunk-00000001", "c", "c"), ("Local/1001@from-queue-00000000;1", "l1", "c"), (
        "Local/1001@from-queue-00000000;2", "l2", "c"), ("PJSIP/1001-00000002", "p", "c")  # fmt: skip
    (call,) = told([
        event("Newchannel", 0, **on(*customer, Context="from-trunk", Exten="500", CallerIDNum="<unknown>")),
        event("QueueCallerJoin", 1, **on(*customer), Queue="sales"),
        event("Newchannel", 2, **on(*one, Exten="1001")),
        event("Newchannel", 2, **on(*two, Exten="1001")),
        event("LocalBridge", 2, **on(*one, "LocalOne"), **on(*two, "LocalTwo")),
        event("AgentCalled", 2, **on(*customer), **on(*one, "Dest"), Queue="sales", Interface="Local/1001@from-queue/n", MemberName="Sara"),
        event("Newchannel", 3, **on(*phone, Exten="s", CallerIDNum="1001")),
        event("DialBegin", 3, **on(*two), **on(*phone, "Dest")),
        event("DialEnd", 5, **on(*two), **on(*phone, "Dest"), DialStatus="ANSWER"),
        event("BridgeEnter", 5, **on(*phone), BridgeUniqueid="y"),
        event("BridgeEnter", 5, **on(*two), BridgeUniqueid="y"),
        event("QueueCallerLeave", 5, **on(*customer), Queue="sales"),
        event("AgentConnect", 5, **on(*customer), **on(*one, "Dest"), Queue="sales", Interface="Local/1001@from-queue/n", MemberName="Sara"),
        event("BridgeEnter", 5, **on(*one), BridgeUniqueid="x"),
        event("BridgeEnter", 5, **on(*customer), BridgeUniqueid="x"),
        event("Hold", 8, **on(*phone)),
        event("Unhold", 9, **on(*phone)),
        event("HangupRequest", 15, **on(*customer)),
        event("Hangup", 15, **on(*customer), Cause="16"),
        event("Hangup", 15, **on(*one), Cause="16"),
        event("Hangup", 15, **on(*two), Cause="16"),
        event("Hangup", 15, **on(*phone), Cause="16"),
    ]).values()  # fmt: skip
    assert [(span.interface, span.agent_name) for span in call.spans] == [("PJSIP/1001", "Sara")]
    assert (call.wait_s, call.talk_s, call.hold_s, call.hung_up_by) == (4, 9, 1, "customer")
    assert call.caller_raw is None


def test_internal_call_and_feature_code() -> None:
    def dialled(exten: str) -> dict[str, CallSnapshot]:
        caller = ("PJSIP/1001-00000001", "a", "a")
        return told([
            event("Newchannel", 0, **on(*caller, Context="from-internal", Exten=exten, CallerIDNum="1001")),
            event("Hangup", 5, **on(*caller), Cause="16"),
        ])  # fmt: skip

    assert [call.direction for call in dialled("1002").values()] == ["internal"]
    assert [call.direction for call in dialled("02188776655").values()] == ["outbound"]
    assert dialled("*45") == {}


def test_queue_that_takes_nobody_in_and_overflow_to_a_second_queue() -> None:
    customer = ("PJSIP/trunk-00000001", "c", "c")
    start = event("Newchannel", 0, **on(*customer, Context="from-trunk", Exten="500", CallerIDNum="09121234567"))
    end = event("Hangup", 20, **on(*customer), Cause="16")
    empty = event("VarSet", 1, **on(*customer), Variable="QUEUESTATUS", Value="JOINEMPTY")
    tried = event("Newexten", 0.5, **on(*customer), Application="Queue", AppData="nobody,tT")
    (call,) = told([start, tried, empty, end]).values()
    assert (call.disposition, call.queue, call.hung_up_by) == ("no_agent", "nobody", "pbx")
    (call,) = told([
        start,
        event("QueueCallerJoin", 1, **on(*customer), Queue="one"),
        event("QueueCallerAbandon", 9, **on(*customer), Queue="one"),
        event("QueueCallerLeave", 9, **on(*customer), Queue="one"),
        event("VarSet", 9, **on(*customer), Variable="QUEUESTATUS", Value="TIMEOUT"),
        event("QueueCallerJoin", 9, **on(*customer), Queue="two"),
        event("HangupRequest", 19, **on(*customer)),
        event("QueueCallerAbandon", 19, **on(*customer), Queue="two"),
        event("QueueCallerLeave", 19, **on(*customer), Queue="two"),
        end,
    ]).values()  # fmt: skip
    assert (call.disposition, call.queue, call.hung_up_by, call.wait_s) == ("abandoned", "two", "customer", 18)


def test_call_that_a_listing_no_longer_names_is_closed_where_it_was_last_seen() -> None:
    assembler = Assembler(pbx="x", numbering=Numbering())
    half = [m for m in MESSAGES["22-hold"] if m.name != "Hangup"]
    for message in half:
        assembler.feed(message)
    last = max(float(m.get("Timestamp") or 0) for m in half)
    assembler.feed(Message(f"Avasanj: connected\r\nAt: {last + 600}"))
    assembler.feed(Message("Event: CoreShowChannelsComplete\r\nActionID: avasanj-coreshowchannels-1"))
    (call,) = [call for call in assembler.changed() if call.state is CallState.ENDED]
    assert not call.complete
    assert call.ended_at is not None
    assert call.ended_at.timestamp() <= last + 0.001
