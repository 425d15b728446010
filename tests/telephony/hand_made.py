"""Calls of hand-made events, fed to an assembler; for what no recorded stream holds."""

from __future__ import annotations

from collections.abc import Iterable

from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.frames import Message
from telephony.ledger import Activity, CallSnapshot
from telephony.tables import ActivityState
from tests.telephony.test_assembler import event, on

CUSTOMER, AGENT = ("PJSIP/trunk-00000001", "c", "c"), ("PJSIP/1001-00000002", "a", "c")


class Followed:
    """An assembler with everything that it told, the last word on each call and activity."""

    def __init__(self, **wrap_up_s: float) -> None:
        self.assembler = Assembler(pbx="x", numbering=Numbering(), wrap_up_s=wrap_up_s)
        self.calls: dict[str, CallSnapshot] = {}
        self.activities: dict[tuple[str, str, object], Activity] = {}

    def feed(self, messages: Iterable[Message]) -> CallSnapshot:
        for message in messages:
            if message.get("Timestamp"):
                self.assembler.feed(mark("received", float(message.get("Timestamp"))))
            self.assembler.feed(message)
        self.calls |= {call.linked_id: call for call in self.assembler.changed()}
        self.activities |= {(a.interface, a.state, a.started_at): a for a in self.assembler.activities_changed()}
        return next(iter(self.calls.values()))

    def doing(self, state: ActivityState) -> list[Activity]:
        return [activity for activity in self.activities.values() if activity.state is state]


def mark(name: str, at: float, **fields: object) -> Message:
    return Message(
        "\r\n".join([f"Avasanj: {name}", f"At: {at}", *(f"{key}: {value}" for key, value in fields.items())])
    )


def listing(*channels: tuple[str, str, str], **more: object) -> list[Message]:
    shown = [event("CoreShowChannel", 0, **on(*channel, ActionID="avasanj-1", **more)) for channel in channels]
    plain = [
        Message("\r\n".join(line for line in (f"Event: {m.name}", *m.lines()) if "Timestamp" not in line))
        for m in shown
    ]
    return [*plain, Message("Event: CoreShowChannelsComplete\r\nActionID: avasanj-1")]


def waiting() -> list[Message]:
    return [
        event("Newchannel", 100, **on(*CUSTOMER, Context="from-trunk", Exten="800", CallerIDNum="09121234567")),
        event("QueueCallerJoin", 101, **on(*CUSTOMER), Queue="sales"),
        event("Newchannel", 102, **on(*AGENT, Context="agents", Exten="s", CallerIDNum="1001")),
        event("AgentCalled", 102, **on(*CUSTOMER), **on(*AGENT, "Dest"), Queue="sales", Interface="PJSIP/1001", MemberName="Sara"),
        event("DialBegin", 102, **on(*CUSTOMER), **on(*AGENT, "Dest")),
    ]  # fmt: skip


def talking() -> list[Message]:
    return [
        *waiting(),
        event("DialEnd", 105, **on(*CUSTOMER), **on(*AGENT, "Dest"), DialStatus="ANSWER"),
        event("QueueCallerLeave", 105, **on(*CUSTOMER), Queue="sales"),
        event("AgentConnect", 105, **on(*CUSTOMER), **on(*AGENT, "Dest"), Queue="sales", Interface="PJSIP/1001", MemberName="Sara"),
        event("BridgeEnter", 105, **on(*AGENT), BridgeUniqueid="x"),
        event("BridgeEnter", 105, **on(*CUSTOMER), BridgeUniqueid="x"),
    ]  # fmt: skip


def over(at: float) -> list[Message]:
    return [
        event("HangupRequest", at, **on(*AGENT)),
        event("BridgeLeave", at, **on(*AGENT), BridgeUniqueid="x"),
        event("BridgeLeave", at, **on(*CUSTOMER), BridgeUniqueid="x"),
        event("Hangup", at, **on(*AGENT), Cause="16"),
        event("Hangup", at, **on(*CUSTOMER), Cause="16"),
    ]


def seconds(call: CallSnapshot) -> list[tuple[float | None, float | None]]:
    return [
        (gap.started_at and gap.started_at.timestamp(), gap.ended_at and gap.ended_at.timestamp()) for gap in call.gaps
    ]
