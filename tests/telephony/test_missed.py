"""Events that were missed: what the PBX lists and what it wrote down afterwards, and nothing that neither tells."""

from __future__ import annotations

import pytest

from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Message
from telephony.ledger import HungUpBy
from telephony.own_recordings import OwnRecordings
from telephony.tables import CallState, Disposition, Party, VisitOutcome
from tests.telephony.hand_made import AGENT, CUSTOMER, Followed, listing, mark, over, seconds, talking, waiting
from tests.telephony.test_assembler import MESSAGES, event, on

HOLD = MESSAGES["22-hold"]


def test_call_that_goes_on_over_a_gap_is_whole_but_for_the_gap() -> None:
    followed = Followed()
    followed.feed(talking())
    call = followed.feed([mark("connected", 130), *listing(CUSTOMER, AGENT, BridgeId="x"), *over(140)])
    assert (call.disposition, call.hung_up_by, call.talk_s) == (Disposition.ANSWERED, HungUpBy.AGENT, 35)
    assert not call.complete
    assert seconds(call) == [(105, 130)]


def test_call_that_ended_unseen_ends_where_it_was_last_seen_and_nobody_is_said_to_have_hung_up() -> None:
    followed = Followed()
    followed.feed(talking())
    call = followed.feed([mark("connected", 130), *listing()])
    assert call.state is CallState.ENDED
    assert (call.disposition, call.hung_up_by) == (Disposition.ANSWERED, None)
    assert call.ended_at is not None
    assert call.ended_at.timestamp() == 105
    assert seconds(call) == [(105, 130)]


def test_cdr_repairs_the_end_of_a_call_that_ended_unseen() -> None:
    followed = Followed()
    followed.feed([*talking(), mark("connected", 130), *listing()])
    row = {"Channel": CUSTOMER[0], "DestinationChannel": AGENT[0], "UniqueID": "c", "Disposition": "ANSWERED"}
    call = followed.feed(
        [mark("cdr", 131, ReadFrom="Master.csv", StartTime="100", AnswerTime="100", EndTime="125", **row)]
    )
    assert call.ended_at is not None
    assert (call.ended_at.timestamp(), call.talk_s, call.hung_up_by) == (125, 20, None)
    assert seconds(call) == [(105, 130)], "the gap stays noted"


def test_cdr_in_the_pbxs_local_time_is_read_by_its_own_time_stamp() -> None:
    followed = Followed()
    followed.feed([*talking(), mark("connected", 130), *listing()])
    row = {"Channel": CUSTOMER[0], "DestinationChannel": AGENT[0], "UniqueID": "c", "Disposition": "ANSWERED"}
    call = followed.feed([event("Cdr", 126, AnswerTime="1970-01-01 03:31:40", EndTime="1970-01-01 03:32:05", **row)])
    assert call.ended_at is not None
    assert call.ended_at.timestamp() == 125


def test_caller_whose_waiting_ended_unseen_gave_up_only_if_something_says_so() -> None:
    followed = Followed()
    call = followed.feed([*waiting(), mark("connected", 130), *listing()])
    assert (call.disposition, call.hung_up_by) == (None, None)
    row = {"Channel": CUSTOMER[0], "DestinationChannel": AGENT[0], "UniqueID": "c", "Disposition": "ANSWERED"}
    call = followed.feed([mark("cdr", 131, StartTime="100", AnswerTime="100", EndTime="125", **row)])
    assert call.disposition is Disposition.ANSWERED
    assert (call.answered_at, call.wait_s, call.talk_s, call.spans) == (None, None, None, ()), "the row can't tell when"


def test_cdr_tells_when_the_agent_answered_where_only_the_agent_can_have() -> None:
    followed = Followed()
    followed.feed([*waiting(), mark("connected", 130), *listing()])
    row = {"Channel": CUSTOMER[0], "DestinationChannel": AGENT[0], "UniqueID": "c", "Disposition": "ANSWERED"}
    call = followed.feed([mark("cdr", 131, StartTime="100", AnswerTime="110", EndTime="125", **row)])
    assert [(span.interface, span.started_at.timestamp()) for span in call.spans] == [("PJSIP/1001", 110)]
    assert (call.wait_s, call.talk_s) == (9, 15)


def test_call_that_nobody_saw_is_told_by_its_records_as_far_as_they_go() -> None:
    followed = Followed()
    row = {
        "ReadFrom": "Master.csv", "UniqueID": "u", "Linkedid": "u", "Channel": "PJSIP/trunk-00000009", "Source": "09121234567",
        "CallerID": '"مینا" <09121234567>', "DestinationContext": "from-trunk", "Destination": "800", "LastApplication": "Queue",
        "LastData": "sales,tT", "StartTime": "100", "AnswerTime": "100", "EndTime": "160",
    }  # fmt: skip
    answered = mark("cdr", 302, Disposition="ANSWERED", DestinationChannel=AGENT[0], **row)
    call = followed.feed([mark("connected", 300), answered])
    assert (call.linked_id, call.direction, call.queue, call.caller_raw) == ("u", "inbound", "sales", "09121234567")
    assert (call.disposition, call.answered_at, call.talk_s, call.hung_up_by) == (
        Disposition.ANSWERED,
        None,
        None,
        None,
    )
    assert call.ended_at is not None
    assert (call.started_at.timestamp(), call.ended_at.timestamp(), seconds(call)) == (100, 160, [(100, 160)])
    again = followed.feed([mark("cdr", 303, Disposition="NO ANSWER", **row)])
    assert again == call, "a second row of the same call changes nothing that the first one proved"


def test_cel_tells_who_was_with_the_customer_and_who_hung_up() -> None:
    followed = Followed()
    followed.feed([*waiting(), mark("connected", 130), *listing()])

    def row(name: str, at: float, channel: tuple[str, str, str], extra: str) -> Message:
        return mark(
            "cel", 131, EventName=name, EventTime=at, Channel=channel[0], UniqueID=channel[1], LinkedID="c", Extra=extra
        )

    call = followed.feed([
        row("BRIDGE_ENTER", 110.5, AGENT, '{"bridge_id":"x"}'),
        row("BRIDGE_ENTER", 110.6, CUSTOMER, '{"bridge_id":"x"}'),
        row("BRIDGE_EXIT", 120.6, AGENT, '{"bridge_id":"x"}'),
        row("HANGUP", 120.7, AGENT, '{"hangupcause":16,"hangupsource":"PJSIP/1001-00000002"}'),
        row("LINKEDID_END", 120.8, CUSTOMER, ""),
    ])  # fmt: skip
    assert [(s.interface, s.started_at.timestamp(), s.ended_at and s.ended_at.timestamp()) for s in call.spans] == [
        ("PJSIP/1001", 110.6, 120.6)
    ]
    assert (call.disposition, call.hung_up_by, call.talk_s) == (Disposition.ANSWERED, HungUpBy.AGENT, 10)
    assert call.ended_at is not None
    assert call.ended_at.timestamp() == 120.8


def test_records_of_calls_without_a_gap_change_nothing() -> None:
    followed = Followed()
    before = followed.feed([*talking(), *over(140)])
    row = {"Channel": CUSTOMER[0], "DestinationChannel": AGENT[0], "UniqueID": "c", "Disposition": "ANSWERED"}
    assert followed.feed([mark("cdr", 150, AnswerTime="100", EndTime="149", **row)]) == before


def answer(channel: str, path: str, variable: str = "MIXMONITOR_FILENAME") -> Message:
    told = f"ActionID: avasanj-getvar-{channel}\r\nVariable: {variable}\r\nValue: {path}"
    return Message(f"Response: Success\r\n{told}")


def test_recording_that_ran_already_is_known_by_the_answer_of_the_pbx() -> None:
    """Its path is told, its beginning is not; the legs' names follow the convention, and are missed by nobody."""
    followed = Followed()
    found = [mark("connected", 130), *listing(CUSTOMER, AGENT, BridgeId="x", Context="from-trunk")]
    asked = [answer("c", "/rec/day/x.wav"), answer("c", "/rec/day/x.wav"), answer("a", ""), answer("z", "/rec/z.wav")]
    followed.feed([*found, *asked, answer("a", "/rec/y.wav", "SOMETHING"), Message("Event: StatusComplete")])
    call = followed.feed(over(140))
    told = {(one.party, one.path, one.offset_s, one.expected, one.cuts) for one in call.recordings}
    assert told == {
        (Party.CUSTOMER, "/rec/day/x-r.wav", None, False, ()),
        (Party.AGENT, "/rec/day/x-t.wav", None, False, ()),
        (Party.MIXED, "/rec/day/x.wav", None, True, ()),
    }
    assert not call.complete


def test_answer_changes_no_recording_whose_beginning_was_heard() -> None:
    begun = event("VarSet", 104, **on(*CUSTOMER), Variable="MIXMONITOR_FILENAME", Value="/rec/x.wav")
    heard, asked = Followed(), Followed()
    plain = heard.feed([*talking(), begun, *over(140)])
    assert asked.feed([*talking(), answer("c", "/rec/other.wav"), begun, *over(140)]) == plain
    asked = Followed()
    asked.feed([*talking(), begun, mark("connected", 110), *listing(CUSTOMER, AGENT, BridgeId="x")])
    call = asked.feed([answer("c", "/rec/x.wav"), *over(140)])
    assert [(one.path, one.offset_s) for one in call.recordings] == [
        (one.path, one.offset_s) for one in plain.recordings
    ]


@pytest.mark.parametrize("already", [True, False])
def test_call_found_in_mid_call_is_recorded_by_us_once_the_pbx_says_that_it_is_not(*, already: bool) -> None:
    """Its recording may run already, begun by us before a restart or by the dialplan: the same file would be written anew."""
    followed, sent = Followed(), list[dict[str, str]]()
    own = OwnRecordings(followed.assembler, lambda _name, fields: sent.append(fields) or "", mutes_all=True)
    found = [mark("connected", 130), *listing(CUSTOMER, AGENT, BridgeId="x", Context="from-trunk")]
    own.start([followed.feed([*found, Message("Event: StatusComplete")])])
    assert sent == []
    followed.feed([answer("c", "/rec/x.wav" if already else ""), answer("a", "")])
    own.start([])
    own.start([])
    assert [fields["Channel"] for fields in sent] == ([] if already else [CUSTOMER[0]])


def test_killed_pbx_ended_the_call_itself() -> None:
    followed = Followed()
    followed.feed(talking())
    call = followed.feed([
        mark("connected", 130),
        Message("Event: FullyBooted\r\nUptime: 4\r\nStatus: Fully Booted"),
        event("SuccessfulAuth", 130),
        *listing(),
    ])  # fmt: skip
    assert (call.state, call.disposition, call.hung_up_by) == (CallState.ENDED, Disposition.ANSWERED, HungUpBy.PBX)
    assert not call.complete


def test_killed_pbx_is_noticed_in_a_plain_capture_of_two_connections() -> None:
    """Without marks of ours: the second log-in tells the PBX's age, the next event the time."""
    assembler = Assembler(pbx="x", numbering=Numbering())
    new = ("PJSIP/trunk-00000001", "n", "n")
    booted = Message("Event: FullyBooted\r\nUptime: 4\r\nStatus: Fully Booted")
    for message in [*talking(), booted, event("Newchannel", 131, **on(*new, Context="from-trunk", Exten="800"))]:
        assembler.feed(message)
    call = next(call for call in assembler.changed() if call.linked_id == "c")
    assert (call.state, call.disposition, call.hung_up_by) == (CallState.ENDED, Disposition.ANSWERED, HungUpBy.PBX)
    assert seconds(call) == [(105, 131)]
    assert list(assembler.calls) == ["n"]


def test_pbx_that_ran_all_along_did_not_end_the_call() -> None:
    followed = Followed()
    followed.feed(talking())
    booted = Message("Event: FullyBooted\r\nUptime: 4000\r\nStatus: Fully Booted")
    call = followed.feed(
        [mark("connected", 130), booted, event("SuccessfulAuth", 130), *listing(CUSTOMER, AGENT, BridgeId="x")]
    )
    assert call.state is CallState.TALKING


def test_agent_behind_a_local_channel_is_found_by_a_listing() -> None:
    """No event tells any more which two ends are one Local channel; their names do."""
    one, two, phone = ("Local/1001@from-queue-00000000;1", "l1", "c"), ("Local/1001@from-queue-00000000;2", "l2", "c"), (
        "PJSIP/1001-00000002", "p", "c")  # fmt: skip
    followed = Followed()
    listed = [
        *listing(CUSTOMER, Application="Queue", ApplicationData="sales,t", BridgeId="x", Duration="00:00:30", Context="from-trunk"),
        *listing(one, Application="AppQueue", BridgeId="x"),
        *listing(two, Application="Dial", BridgeId="y"),
        *listing(phone, Application="AppDial", BridgeId="y", CallerIDNum="1001"),
    ]  # fmt: skip
    call = followed.feed([mark("connected", 130), *listed, Message("Event: StatusComplete")])
    assert [span.interface for span in call.spans] == ["PJSIP/1001"]
    assert seconds(call)[0] == (100, 130)
    assert call.queue == "sales"


def test_hole_in_the_journal_is_a_gap_of_the_calls_around_it() -> None:
    followed = Followed()
    followed.feed(talking())
    call = followed.feed([mark("hole", 120, From=105, To=120), *over(140)])
    assert seconds(call) == [(105, 120)]
    assert call.hung_up_by is HungUpBy.AGENT


def test_queue_visits_say_how_each_came_out() -> None:
    followed = Followed()
    start = event("Newchannel", 100, **on(*CUSTOMER, Context="from-trunk", Exten="800", CallerIDNum="09121234567"))
    call = followed.feed([
        start,
        event("QueueCallerJoin", 101, **on(*CUSTOMER), Queue="one"),
        event("QueueCallerLeave", 105, **on(*CUSTOMER), Queue="one"),  # by a key
        event("QueueCallerJoin", 106, **on(*CUSTOMER), Queue="two"),
        event("QueueCallerAbandon", 110, **on(*CUSTOMER), Queue="two"),
        event("QueueCallerLeave", 110, **on(*CUSTOMER), Queue="two"),
        event("VarSet", 110, **on(*CUSTOMER), Variable="QUEUESTATUS", Value="TIMEOUT"),
        event("QueueCallerJoin", 111, **on(*CUSTOMER), Queue="three"),
        event("QueueCallerLeave", 112, **on(*CUSTOMER), Queue="three"),
        event("VarSet", 112, **on(*CUSTOMER), Variable="QUEUESTATUS", Value="LEAVEEMPTY"),
        event("QueueCallerJoin", 113, **on(*CUSTOMER), Queue="four"),
        event("HangupRequest", 120, **on(*CUSTOMER)),
        event("QueueCallerAbandon", 120, **on(*CUSTOMER), Queue="four"),
        event("QueueCallerLeave", 120, **on(*CUSTOMER), Queue="four"),
        event("Hangup", 120, **on(*CUSTOMER), Cause="16"),
    ])  # fmt: skip
    assert [visit.outcome for visit in call.visits] == [
        VisitOutcome.LEFT,
        VisitOutcome.TIMED_OUT,
        VisitOutcome.NO_AGENT,
        VisitOutcome.ABANDONED,
    ]
    assert (call.disposition, call.hung_up_by, call.wait_s) == (Disposition.ABANDONED, HungUpBy.CUSTOMER, 19)


def test_number_that_was_dialled_is_listed_beside_the_extension_of_now() -> None:
    listed = listing(CUSTOMER, Context="ext-queues", Exten="q1", CallerIDNum="09121234567", Duration="00:00:09")
    status = Message(
        "Event: Status\r\nChannel: PJSIP/trunk-00000001\r\nUniqueid: c\r\nLinkedid: c\r\nContext: ext-queues\r\nExten: q1"
        "\r\nDNID: 8803\r\nSeconds: 9"
    )
    call = Followed().feed([mark("connected", 100), *listed, status, Message("Event: StatusComplete")])
    assert (call.called_raw, bool(call.gaps)) == ("8803", True)


def test_hold_that_went_on_when_the_call_was_found_is_told_by_its_end() -> None:
    both = [
        *listing(CUSTOMER, Context="from-trunk", Exten="800", CallerIDNum="09121234567", BridgeId="x"),
        *listing(AGENT, Context="agents", CallerIDNum="1001", BridgeId="x", Application="AppQueue"),
    ]
    found = [mark("connected", 100), *both, Message("Event: StatusComplete")]
    unheld = [event("Unhold", 104, **on(*AGENT)), event("Unhold", 106, **on(*AGENT))]
    call = Followed().feed([*found, *unheld, *over(110)])
    assert [(hold.started_at.timestamp(), hold.ended_at and hold.ended_at.timestamp()) for hold in call.holds] == [
        (100, 104)
    ]
    assert (call.hold_s, call.talk_s) == (4, 6)
