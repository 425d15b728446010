"""Whatever the PBX does and for how long: what is kept of it in memory is bounded."""

from __future__ import annotations

from telephony.assembler import Assembler
from telephony.channels import Numbering
from telephony.tables import ActivityState, CallState
from tests.telephony.hand_made import CUSTOMER, Followed, waiting
from tests.telephony.test_assembler import event, on


def test_flood_of_calls_that_never_end_keeps_memory_bounded() -> None:
    assembler = Assembler(pbx="x", numbering=Numbering())
    for number in range(20_300):
        channel = (f"PJSIP/trunk{number}-00000001", f"{number}", f"{number}")
        assembler.feed(event("Newchannel", 100 + number / 1000, **on(*channel, Context="from-trunk", Exten="800")))
        if number % 1000 == 0:
            assembler.changed()
    assert len(assembler.calls) == len(assembler.board.channels) == 20_000
    given_up = [call for call in assembler.changed() if call.state is CallState.ENDED]
    assert given_up
    assert all(not call.complete and call.disposition is None for call in given_up)


def test_queue_that_rings_for_hours_keeps_only_what_matters_of_the_phones_that_rang() -> None:
    followed = Followed()
    followed.feed(waiting())
    for number in range(2000):
        phone, at = (f"PJSIP/20{number % 50:02}-{number:08x}", f"r{number}", "c"), 103 + number
        followed.feed([
            event("Newchannel", at, **on(*phone, Context="agents", Exten="s", CallerIDNum="2002")),
            event("DialBegin", at, **on(*CUSTOMER), **on(*phone, "Dest")),
            event("DialEnd", at + 0.9, **on(*CUSTOMER), **on(*phone, "Dest"), DialStatus="NOANSWER"),
            event("Hangup", at + 0.9, **on(*phone), Cause="0"),
        ])  # fmt: skip
    assert len(followed.assembler.calls["c"].channels) < 200
    assert len(followed.doing(ActivityState.RINGING)) == 2001
