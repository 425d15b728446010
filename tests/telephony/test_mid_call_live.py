"""A listener that comes while a call goes on, on a real Asterisk: the recordings that it did not see begin are found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from avasanj.database import Database
from avasanj.settings import Settings
from telephony.tables import CallState, Party
from tests.peers import PeerMissing
from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import QUEUE_UNRECORDED, Asterisk
from tests.peers.fixtures import missing
from tests.peers.phones import BaresipAgent, SipCaller
from tests.telephony.following import calls, eventually, following, pbx_state, work_started
from tests.telephony.test_live import loudest_hz, on, tone
from tests.telephony.test_recording_live import leg, noise, said_at

pytestmark = [pytest.mark.realtime, pytest.mark.slow]
#: Named by nothing that we could guess.
_DIALPLAN = """
[from-customer](+)
exten => 898,1,Answer()
 same => n,Set(NAME=by-day/q-${EPOCH}-${RAND(100,999)})
 same => n,MixMonitor(${NAME}.wav,bSr(${NAME}-r.wav)t(${NAME}-t.wav))
 same => n,Queue(support,tT)
 same => n,Hangup()
"""


@pytest.fixture(scope="module", params=[22, 16])
def pbx(request: pytest.FixtureRequest) -> Iterator[Asterisk]:
    try:
        with Asterisk(version=request.param) as asterisk:
            with (asterisk.run_dir / "etc" / "extensions.conf").open("a") as plan:
                plan.write(_DIALPLAN)
            asterisk.cli("dialplan reload")
            yield asterisk
    except PeerMissing as peer:
        missing(peer)


@pytest.mark.timeout(90)
def test_recordings_that_ran_already_are_found_and_laid_at_their_time(
    pbx: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    customer = noise(tmp_path / "c.wav", 60, 1)
    source, _ = soundfile.read(customer)
    with (
        AmiTap(pbx) as tap,
        BaresipAgent(pbx, "1001", says=tone(tmp_path / "a.wav", 700, 30), answer_after_s=1.0),
        SipCaller(pbx, "898", says=customer, hang_up_after_s=9.0) as caller,
    ):
        connected_at = float(tap.event("AgentConnect")["Timestamp"])
        time.sleep(3.0)
        with following(on(settings, pbx), database):
            eventually(lambda: [c for c in calls(database) if c.state == CallState.TALKING], what="the call")
            caller.wait(30)
            eventually(lambda: work_started(database), what="the call's intake", limit_s=20)
        (call,) = calls(database)
        began_at = min(float(m["Timestamp"]) for m in tap.messages if m.get("Event") == "BridgeEnter")
    assert not call.complete
    assert call.gaps, "its beginning was not seen"
    assert {row.party: row.problem for row in call.recordings} == {Party.CUSTOMER: None, Party.AGENT: None}
    for row in call.recordings:
        assert row.offset_s is not None
        assert call.started_at.timestamp() + row.offset_s == pytest.approx(began_at, abs=0.5)
        assert row.duration_s == pytest.approx(9.0 - (connected_at - call.started_at.timestamp()), abs=1.5)
    assert loudest_hz(next(row.path for row in call.recordings if row.party == Party.AGENT)) == pytest.approx(
        700, abs=5
    )
    laid = leg(call, Party.CUSTOMER)
    second, likeness = said_at(laid[4 * 8000 :][:8000], source)
    assert likeness > 0.5
    assert 0 <= second < 9


@pytest.mark.timeout(90)
def test_recording_that_we_began_goes_on_when_the_listener_comes_back_without_its_journal(
    pbx: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    """The listener dies, and with it its data folder; a second one must neither begin the recording anew nor lose it."""
    first = on(settings, pbx, record_calls=True)
    second = on(settings, pbx, record_calls=True, data_dir=tmp_path / "elsewhere")
    with (
        AmiTap(pbx) as tap,
        BaresipAgent(pbx, "1001", says=tone(tmp_path / "a.wav", 700, 30), answer_after_s=0.5),
        SipCaller(pbx, QUEUE_UNRECORDED, says=tone(tmp_path / "c.wav", 400, 30), hang_up_after_s=10.0) as caller,
    ):
        with following(first, database):
            eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
            tap.event("MixMonitorStart", limit_s=15)
            time.sleep(2.0)
        time.sleep(1.0)
        with following(second, database):
            caller.wait(30)
            eventually(lambda: work_started(database), what="the call's intake", limit_s=20)
        starts = [m for m in tap.messages if m.get("Event") == "MixMonitorStart"]
        (call,) = calls(database)
    assert len(starts) == 1
    legs = {Party(row.party): row for row in call.recordings}
    assert set(legs) == {Party.CUSTOMER, Party.AGENT}
    for party, hz in ((Party.CUSTOMER, 400), (Party.AGENT, 700)):
        row = legs[party]
        assert row.problem is None
        assert row.duration_s is not None
        assert row.duration_s > 7, "from the answer on, and not from the second listener's coming"
        assert row.offset_s is not None
        began_at = call.started_at.timestamp() + row.offset_s
        assert began_at == pytest.approx(float(starts[0]["Timestamp"]), abs=0.5)
        assert loudest_hz(row.path) == pytest.approx(hz, abs=5)
