"""Muting a recording for a card number: who may ask, what is sent, and what becomes of a request that can't be done."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from avasanj.database import Database, utc_now
from avasanj.errors import LastingError
from telephony import problems
from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Message
from telephony.ids import call_id
from telephony.pausing import Pauses, ask, recorded_channels, refusal
from telephony.tables import Call, CallState, Direction, RecordingRequest, Source
from tests.telephony.following import eventually

LINKED_ID = "1795000000.1"
CHANNEL = "PJSIP/customer-00000001"


def event(name: str, **headers: str) -> Message:
    fields = {"Channel": CHANNEL, "Uniqueid": LINKED_ID, "Linkedid": LINKED_ID, "Timestamp": "1795000001.0"} | headers
    return Message("\r\n".join([f"Event: {name}", *(f"{key}: {value}" for key, value in fields.items())]))


def answer(action_id: str, *, error: str | None = None) -> Message:
    words = "Response: Success" if error is None else f"Response: Error\r\nMessage: {error}"
    return Message(f"{words}\r\nActionID: {action_id}")


class Pbx:
    """What is sent to the PBX, and a call that goes on there."""

    def __init__(self, *, recorded: bool = True) -> None:
        self.sent: list[tuple[str, dict[str, str], str]] = []
        self.assembler = Assembler(pbx="pbx", numbering=Numbering())
        self.assembler.feed(event("Newchannel", Exten="800", CallerIDNum="09121234567"))
        if recorded:
            self.assembler.feed(event("VarSet", Variable="MIXMONITOR_FILENAME", Value="/m/1.wav"))

    def post(self, action: str, fields: dict[str, str], *, action_id: str) -> str:
        self.sent.append((action, fields, action_id))
        return action_id

    @property
    def states(self) -> list[str]:
        return [fields["State"] for _, fields, _ in self.sent]


def running_call(
    database: Database, *, state: CallState = CallState.TALKING, source: Source = Source.LIVE
) -> uuid.UUID:
    with database.transaction() as session:
        call = Call(
            id=call_id("pbx", LINKED_ID), pbx="pbx", linked_id=LINKED_ID, source=source, direction=Direction.INBOUND, state=state,
            started_at=utc_now(),
        )  # fmt: skip
        session.add(call)
    return call.id


@contextmanager
def pausing(database: Database, *, mute_at_most_s: float = 0.0, version: str = "22.10.1") -> Iterator[Pauses]:
    pauses = Pauses(database, pbx="pbx", mute_at_most_s=mute_at_most_s, ami_user="avasanj")
    pauses.begin(version)
    pauses.start()
    try:
        yield pauses
    finally:
        pauses.close()


def asked(database: Database, id_: uuid.UUID, *, mute: bool = True, late_s: float = 0.0) -> int:
    with database.transaction() as session:
        request = ask(session, id_, mute=mute, by=None)
        request.asked_at -= datetime.timedelta(seconds=late_s)
        return request.id


def state_of(database: Database, request: int) -> tuple[bool, str | None]:
    with database.read() as session:
        row = session.get_one(RecordingRequest, request)
        return row.done_at is not None, row.problem


def closed(database: Database, request: int) -> str | None:
    """Its problem once it is closed."""
    eventually(lambda: state_of(database, request)[0], what="the request's end", limit_s=8)
    return state_of(database, request)[1]


def acted(pauses: Pauses, pbx: Pbx, count: int) -> str:
    """Let the listener act until it has sent `count` actions; the last one's id."""

    def look() -> bool:
        pauses.act(pbx.post, pbx.assembler)
        return len(pbx.sent) >= count

    eventually(look, what="the action")
    return pbx.sent[-1][2]


def test_request_mutes_every_recording_of_the_channel_and_is_noted_when_the_pbx_says_so(database: Database) -> None:
    id_, pbx = running_call(database), Pbx()
    with pausing(database) as pauses:
        request = asked(database, id_)
        action_id = acted(pauses, pbx, 1)
        assert pbx.sent[0][:2] == ("MixMonitorMute", {"Channel": CHANNEL, "Direction": "both", "State": "1"})
        assert state_of(database, request) == (False, None), "asked is not done"
        pauses.heard(answer(action_id), pbx.post, pbx.assembler)
        assert closed(database, request) is None
        pauses.act(pbx.post, pbx.assembler)
        assert pbx.states == ["1"], "done once"


def test_recording_that_begins_while_the_call_is_muted_is_muted_too(database: Database) -> None:
    id_, pbx = running_call(database), Pbx()
    with pausing(database) as pauses:
        pauses.act(pbx.post, pbx.assembler)
        pauses.heard(event("MixMonitorStart"), pbx.post, pbx.assembler)
        assert pbx.sent == []
        request = asked(database, id_)
        pauses.heard(answer(acted(pauses, pbx, 1)), pbx.post, pbx.assembler)
        assert closed(database, request) is None
        eventually(lambda: pauses._muted, what="the call's being known as muted")
        pauses.heard(event("MixMonitorStart"), pbx.post, pbx.assembler)
        assert pbx.states == ["1", "1"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("Permission denied", problems.text(problems.MAY_NOT_MUTE, user="avasanj")),
        ("No such channel", problems.CALL_OVER),
        ("Cannot set mute flag", problems.text(problems.MUTE_REFUSED, reason="Cannot set mute flag")),
    ],
)
def test_refusal_is_told_with_its_remedy(database: Database, words: str, problem: str) -> None:
    id_, pbx = running_call(database), Pbx()
    with pausing(database) as pauses:
        request = asked(database, id_)
        pauses.heard(answer(acted(pauses, pbx, 1), error=words), pbx.post, pbx.assembler)
        assert closed(database, request) == problem == refusal(words, user="avasanj")


@pytest.mark.parametrize(
    ("version", "told"), [("16.28.0~dfsg", True), ("certified/18.9", True), ("?", True), ("22.10.1", False)]
)
def test_asterisk_that_mutes_one_recording_of_several_is_not_believed(
    database: Database, version: str, told: bool
) -> None:
    id_, pbx = running_call(database), Pbx()
    pbx.assembler.feed(event("VarSet", Variable="MIXMONITOR_FILENAME", Value="/m/2.wav"))
    with pausing(database, version=version) as pauses:
        request = asked(database, id_)
        pauses.heard(answer(acted(pauses, pbx, 1)), pbx.post, pbx.assembler)
        problem = closed(database, request)
    assert problem == (problems.text(problems.MUTED_ONE_ONLY, version=version, count=2) if told else None)


def test_call_that_nobody_records_says_so(database: Database) -> None:
    id_, pbx = running_call(database), Pbx(recorded=False)
    with pausing(database) as pauses:
        request = asked(database, id_)

        def look() -> bool:
            pauses.act(pbx.post, pbx.assembler)
            return state_of(database, request)[0]

        eventually(look, what="the request's end", limit_s=8)
        assert closed(database, request) == problems.NOBODY_RECORDS
        assert pbx.sent == []


def test_recording_that_was_stopped_is_none_to_be_muted(database: Database) -> None:
    pbx = Pbx()
    call = pbx.assembler.calls[LINKED_ID]
    assert recorded_channels(call) == {CHANNEL: 1}
    pbx.assembler.feed(event("MixMonitorStop"))
    assert recorded_channels(call) == {}


def test_unanswered_request_is_sent_again_after_a_reconnect(database: Database) -> None:
    id_, pbx = running_call(database), Pbx()
    with pausing(database) as pauses:
        request = asked(database, id_, mute=False)
        first = acted(pauses, pbx, 1)
        pauses.begin("22.10.1")
        second = acted(pauses, pbx, 2)
        assert first != second
        pauses.heard(answer(first), pbx.post, pbx.assembler)
        assert state_of(database, request) == (False, None), "an answer of the old connection tells nothing"
        pauses.heard(answer(second), pbx.post, pbx.assembler)
        assert closed(database, request) is None


def test_request_whose_call_ended_meanwhile_is_closed_with_a_problem(database: Database) -> None:
    id_ = running_call(database)
    request = asked(database, id_)
    with database.transaction() as session:
        session.get_one(Call, id_).state = CallState.ENDED
    with pausing(database):
        assert closed(database, request) == problems.CALL_OVER


def test_mute_that_would_come_too_late_is_refused_and_a_late_resume_is_not(database: Database) -> None:
    id_, pbx = running_call(database), Pbx()
    late, resume = asked(database, id_, late_s=60), asked(database, id_, mute=False, late_s=60)
    with pausing(database) as pauses:
        assert closed(database, late) == problems.text(problems.MUTE_TOO_LATE, seconds="10")
        pauses.heard(answer(acted(pauses, pbx, 1)), pbx.post, pbx.assembler)
        assert closed(database, resume) is None
        assert pbx.states == ["0"]


def test_forgotten_mute_ends_by_itself(database: Database) -> None:
    id_, pbx = running_call(database), Pbx()
    with pausing(database, mute_at_most_s=0.5) as pauses:
        request = asked(database, id_)
        pauses.heard(answer(acted(pauses, pbx, 1)), pbx.post, pbx.assembler)
        assert closed(database, request) is None
        pauses.heard(answer(acted(pauses, pbx, 2)), pbx.post, pbx.assembler)
        assert pbx.states == ["1", "0"]


def test_only_a_running_live_call_can_be_muted(database: Database) -> None:
    with database.transaction() as session, pytest.raises(LastingError, match="no call"):
        ask(session, uuid.uuid4(), mute=True, by=None)
    id_ = running_call(database, state=CallState.ENDED)
    with database.transaction() as session, pytest.raises(LastingError, match="over"):
        ask(session, id_, mute=True, by=None)
    with database.transaction() as session:
        session.get_one(Call, id_).source = Source.IMPORTED
    with database.transaction() as session, pytest.raises(LastingError, match="archive"):
        ask(session, id_, mute=True, by=None)
