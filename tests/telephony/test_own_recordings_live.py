"""AVASANJ_RECORD_CALLS on a real Asterisk 22 and 16: every kind of answered call, none of which the dialplan records."""

from __future__ import annotations

import numpy as np
import pytest

from avasanj.database import Database
from avasanj.settings import Settings
from telephony.tables import Call, Party
from tests.peers import PeerMissing
from tests.peers.ami_tap import AmiTap
from tests.peers.calls.stage import SCENARIOS, Stage
from tests.peers.fixtures import missing
from tests.streams import expected
from tests.telephony.following import calls, eventually, following, pbx_state, work_started
from tests.telephony.test_live import on
from tests.telephony.test_next_agent_live import heard

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(240)]
NAMES = (
    "outbound_answered",
    "click_to_call",
    "internal",
    "direct_answered",
    "local_agent",
    "blind_refer",
    "blind_manager",
    "attended_refer",
    "attended_manager",
    "transfer_to_other_queue",
    "outbound_transferred",
    "outbound_transferred_attended",
    "local_agent_transfers_attended",
    "pickup_from_queue",
    "parked_and_retrieved",
    "three_in_a_room",
    "holds_by_either_side",
    "customer_calls_again",
    "queue_abandoned",
    "outbound_busy",
)
#: What the phones say, in Hz, by whose voice it is (`tests.peers.sip`).
PITCH_HZ = {Party.CUSTOMER: 400.0, Party.AGENT: 700.0}
#: A mix begins with the first packet after the order to record, and an event with its own clock.
_STEP_S = 0.4


@pytest.mark.parametrize("version", [22, 16])
def test_every_answered_call_is_recorded_once_with_each_voice_in_its_own_file(
    settings: Settings, database: Database, version: int
) -> None:
    """All scenarios side by side: one recording a call, aligned, begun at the answer, and going on through transfers."""
    chosen = [SCENARIOS[name] for name in NAMES]
    try:
        with Stage.ready(version, chosen) as stage, AmiTap(stage.pbx) as tap:
            tap.action("Setvar", Variable="RECORDED", Value="yes")  # so the dialplan records nothing
            asked = on(settings, stage.pbx, record_calls=True, inbound_contexts=["from-trunk"])
            with following(asked, database):
                eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
                played = stage.play_all(chosen, tap)
                tap.wait_quiet(limit_s=30)
                wanted = sum(len(one.expected.calls) for one in played.values() if one.expected)
                eventually(lambda: len(work_started(database)) >= wanted, what="every call's intake", limit_s=30)
            begun = [message for message in tap.messages if message.get("Event") == "MixMonitorStart"]
            wrong = [f"{name}: not played: {one.problem}" for name, one in played.items() if one.expected is None]
            done = [(name, call) for name, one in played.items() if one.expected for call in one.expected.calls]
            ledger = calls(database)
            for name, call in done:
                wrong += [f"{name}: {line}" for line in _differences(call, ledger)]
            assert not wrong, "\n".join(wrong)
            wanted_files = sum(bool(call.spans) + _sent_on(call) for _, call in done)
            assert len(begun) == wanted_files, "each once, and none that nobody answered"
            assert len(list(stage.pbx.recordings_dir.rglob("*.wav"))) == 3 * len(begun)
    except PeerMissing as peer:
        missing(peer)


def _differences(wanted: expected.Call, ledger: list[Call]) -> list[str]:
    """What is wrong with the recordings of one call, as the phones did it."""
    found = [call for call in ledger if abs(call.started_at.timestamp() - wanted.started_at) < 1.0
             and (call.caller_raw, call.called_raw) == (wanted.caller, wanted.called)]  # fmt: skip
    if len(found) != 1:
        return [f"{len(found)} calls from {wanted.caller} to {wanted.called}"]
    rows = sorted(found[0].recordings, key=lambda row: row.offset_s or 0.0)
    beside = _sent_on(wanted)
    parties = [Party.AGENT, *[Party.AGENT] * beside, Party.CUSTOMER] if wanted.spans else []
    if sorted(row.party for row in rows) != parties:
        return [f"recordings of {sorted(row.party for row in rows)}"]
    said = [f"{row.party}: {row.problem}" for row in rows if row.problem is not None or row.offset_s is None]
    if said or not rows:
        return said
    first = rows[:2]  # of the customer's channel
    lengths = [row.duration_s or 0.0 for row in first]
    if max(lengths) - min(lengths) > 0.05 or max(lengths) > wanted.ended_at - wanted.spans[0].start_at + 1:
        said.append(f"lengths {lengths}")
    began_at = found[0].started_at.timestamp() + (first[0].offset_s or 0.0)
    if abs(began_at - wanted.spans[0].start_at) > _STEP_S:
        said.append(f"begun {began_at - wanted.spans[0].start_at:.2f} s after the answer")
    for party in PITCH_HZ:
        said += [f"{party}: {line}" for line in _voices(found[0], party, wanted)]
    return said


def _sent_on(wanted: expected.Call) -> int:
    """How many agents the call came to by a blind transfer, or after one: each is recorded on a channel of their own."""
    blind = [transfer.at for transfer in wanted.transfers if transfer.kind == "blind"]
    return sum(any(at <= span.start_at for at in blind) for span in wanted.spans)


def _voices(call: Call, party: Party, wanted: expected.Call) -> list[str]:
    """Whether the party's legs hold its tone while an agent talks with the customer, no other one, and none twice."""
    sound = heard(call, party)
    said = []
    pitch_hz = PITCH_HZ[Party.AGENT if wanted.direction == "internal" else party]
    for number, span in enumerate(wanted.spans):
        if span.hold_s:
            continue
        began_at = call.started_at.timestamp()
        start, end = span.start_at + 2 * _STEP_S - began_at, span.end_at - _STEP_S - began_at
        piece = sound[round(start * 8000) : round(end * 8000)]
        if end - start < 0.3:
            continue
        loud = float(np.sqrt(np.mean(piece**2)))
        hz = float(np.argmax(np.abs(np.fft.rfft(piece * np.hanning(len(piece))))) * 8000 / len(piece))
        if loud < 0.05 or abs(hz - pitch_hz) > 15:
            said.append(f"span {number} sounds like {hz:.0f} Hz, {loud:.3f} loud")
    return said
