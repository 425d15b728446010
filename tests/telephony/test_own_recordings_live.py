"""AVASANJ_RECORD_CALLS on a real Asterisk 22 and 16: every kind of answered call, none of which the dialplan records."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

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


#: Asterisk 22 writes silence for what such a customer hears from then on, whoever began the recording and however often
#: (issue 507 of asterisk/asterisk tells the like of 18). Only a recording on the new agent's own channel would hold it.
_LOST_BY_22 = {f"{name}: agent: span 1" for name in ("blind_refer", "blind_manager", "parked_and_retrieved")}


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
            if version == 22:
                wrong = [line for line in wrong if line.partition(" sounds like")[0] not in _LOST_BY_22]
            assert not wrong, "\n".join(wrong)
            assert len(begun) == sum(bool(call.spans) for _, call in done), "each once, and none that nobody answered"
            assert len(list(stage.pbx.recordings_dir.rglob("*.wav"))) == 3 * len(begun)
    except PeerMissing as peer:
        missing(peer)


def _differences(wanted: expected.Call, ledger: list[Call]) -> list[str]:
    """What is wrong with the recordings of one call, as the phones did it."""
    found = [call for call in ledger if abs(call.started_at.timestamp() - wanted.started_at) < 1.0
             and (call.caller_raw, call.called_raw) == (wanted.caller, wanted.called)]  # fmt: skip
    if len(found) != 1:
        return [f"{len(found)} calls from {wanted.caller} to {wanted.called}"]
    rows = {Party(row.party): row for row in found[0].recordings}
    if sorted(rows) != (sorted(PITCH_HZ) if wanted.spans else []):
        return [f"recordings of {sorted(rows)}"]
    said = []
    lengths = [row.duration_s or 0.0 for row in rows.values()]
    if lengths and (
        max(lengths) - min(lengths) > 0.05 or max(lengths) > wanted.ended_at - wanted.spans[0].start_at + 1
    ):
        said.append(f"lengths {lengths}")
    for party, row in rows.items():
        if row.problem is not None or row.offset_s is None:
            said.append(f"{party}: {row.problem}, offset {row.offset_s}")
            continue
        began_at = found[0].started_at.timestamp() + row.offset_s
        if abs(began_at - wanted.spans[0].start_at) > _STEP_S:
            said.append(f"{party}: begun {began_at - wanted.spans[0].start_at:.2f} s after the answer")
        said += [f"{party}: {line}" for line in _voices(Path(row.path), began_at, party, wanted)]
    return said


def _voices(file: Path, began_at: float, party: Party, wanted: expected.Call) -> list[str]:
    """Whether the leg holds its party's tone while an agent talks with the customer, and no other one."""
    sound, rate = soundfile.read(file)
    said = []
    pitch_hz = PITCH_HZ[Party.AGENT if wanted.direction == "internal" else party]
    for number, span in enumerate(wanted.spans):
        if span.hold_s:
            continue
        start, end = span.start_at + 2 * _STEP_S - began_at, span.end_at - _STEP_S - began_at
        piece = sound[round(start * rate) : round(end * rate)]
        if end - start < 0.3:
            continue
        if len(piece) < (end - start) * rate - 1:
            said.append(f"ends {(end - start) - len(piece) / rate:.2f} s before span {number} does")
            continue
        loud = float(np.sqrt(np.mean(piece**2)))
        hz = float(np.argmax(np.abs(np.fft.rfft(piece * np.hanning(len(piece))))) * rate / len(piece))
        if loud < 0.05 or abs(hz - pitch_hz) > 15:
            said.append(f"span {number} sounds like {hz:.0f} Hz, {loud:.3f} loud")
    return said
