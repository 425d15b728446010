"""The listener on a real Asterisk 22 with real phones and RTP."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import SecretStr

from avasanj.database import Database
from avasanj.settings import Settings
from telephony.tables import Call, CallState, Party
from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import QUEUE_SUPPORT, QUEUE_UNRECORDED, Asterisk
from tests.peers.phones import BaresipAgent, SipCallee, SipCaller
from tests.telephony.following import calls, eventually, following, pbx_state, work_started

pytestmark = [pytest.mark.realtime, pytest.mark.slow]


def on(settings: Settings, pbx: Asterisk, **more: object) -> Settings:
    return settings.model_copy(
        update={
            "ami_host": pbx.ami_host,
            "ami_port": pbx.ami_port,
            "ami_user": pbx.ami_user,
            "ami_secret": SecretStr(pbx.ami_secret),
            "recordings_dir": [pbx.recordings_dir],
            "inbound_contexts": ["from-customer"],
            **more,
        }
    )


def tone(path: Path, hz: float, seconds: float = 6.0) -> Path:
    """A tone by which a voice is known again in a recording."""
    t = np.arange(int(seconds * 8000)) / 8000
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * hz * t), 8000, subtype="PCM_16")
    return path


def loudest_hz(path: str) -> float:
    sound, rate = soundfile.read(path)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum) * rate / len(sound))


def test_answered_queue_call_is_followed_and_each_voice_is_in_its_own_file(
    asterisk: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    with (
        BaresipAgent(asterisk, "1001", says=tone(tmp_path / "a.wav", 700), answer_after_s=1.0, hang_up_after_s=4.0),
        following(on(settings, asterisk), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(
            asterisk, QUEUE_SUPPORT, number="09121112233", name="رضا‌ی محمدی", says=tone(tmp_path / "c.wav", 400)
        ) as caller:
            talking = eventually(
                lambda: next((c for c in calls(database) if c.state == CallState.TALKING), None),
                what="the talk",
                limit_s=15,
            )
            assert talking.queue == "support"
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    assert (call.direction, call.disposition, call.hung_up_by) == ("inbound", "answered", "agent")
    assert (call.caller_raw, call.caller_name, call.customer_e164) == ("09121112233", "رضا‌ی محمدی", "+989121112233")
    assert call.complete
    assert [(span.interface, span.agent_name) for span in call.spans] == [("PJSIP/1001", "Sara")]
    assert call.talk_s == pytest.approx(4.0, abs=0.6)
    assert {recording.party for recording in call.recordings} == {Party.CUSTOMER, Party.AGENT}
    for recording in call.recordings:
        assert recording.problem is None
        assert recording.duration_s == pytest.approx(4.0, abs=0.8)
        assert loudest_hz(recording.path) == pytest.approx(400 if recording.party == Party.CUSTOMER else 700, abs=15)
    assert work_started(database) == [f"intake:{call.id}"]


def test_outbound_call_swaps_the_legs_because_the_agents_channel_is_recorded(
    asterisk: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    with (
        BaresipAgent(asterisk, "1001", says=tone(tmp_path / "a.wav", 700)) as agent,
        SipCallee(asterisk, says=tone(tmp_path / "c.wav", 400), hang_up_after_s=4.0) as customer,
        following(on(settings, asterisk), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        agent.dial("02155505678")
        customer.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    assert (call.direction, call.disposition, call.hung_up_by) == ("outbound", "answered", "customer")
    assert (call.called_raw, call.customer_e164) == ("02155505678", "+982155505678")
    for recording in call.recordings:
        assert loudest_hz(recording.path) == pytest.approx(400 if recording.party == Party.CUSTOMER else 700, abs=15)


def test_recording_is_started_by_us_where_the_dialplan_records_nothing(
    asterisk: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    with (
        BaresipAgent(asterisk, "1001", says=tone(tmp_path / "a.wav", 700), hang_up_after_s=4.0),
        following(on(settings, asterisk, record_calls=True), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(asterisk, QUEUE_UNRECORDED, says=tone(tmp_path / "c.wav", 400)) as caller:
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    assert {recording.party for recording in call.recordings} == {Party.CUSTOMER, Party.AGENT}
    for recording in call.recordings:
        assert str(call.id) in recording.path
        assert loudest_hz(recording.path) == pytest.approx(400 if recording.party == Party.CUSTOMER else 700, abs=15)


def _seconds_in(call: Call, at: dt.datetime) -> float:
    return (at - call.started_at).total_seconds()


def test_listener_survives_the_pbx_being_killed_and_frozen(
    asterisk_alone: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    pbx = asterisk_alone
    with following(on(settings, pbx), database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with BaresipAgent(pbx, "1001", answer_after_s=0.5), SipCaller(pbx, QUEUE_SUPPORT):
            eventually(
                lambda: next((c for c in calls(database) if c.state == CallState.TALKING), None),
                what="the talk",
                limit_s=15,
            )
            time.sleep(3)
            killed_at = time.time()
            pbx.kill()
        eventually(lambda: pbx_state(database)[0] == "lost", what="the loss")
        pbx.start()
        eventually(lambda: pbx_state(database)[0] == "connected", what="the return", limit_s=15)
        (cut,) = eventually(
            lambda: [c for c in calls(database) if c.state == CallState.ENDED], what="the end of the lost call"
        )
        assert not cut.complete
        assert cut.disposition == "answered"
        assert cut.ended_at is not None
        assert cut.ended_at.timestamp() == pytest.approx(killed_at, abs=1.2), "the PBX's last sign of life"
        assert cut.talk_s == pytest.approx(3.0, abs=1.2)
        assert [round(from_s or 0.0, 1) for from_s, _ in cut.gaps] == [round(_seconds_in(cut, cut.ended_at), 1)]
        with (
            BaresipAgent(pbx, "1001", answer_after_s=0.5),
            SipCaller(pbx, QUEUE_SUPPORT, hang_up_after_s=3.0) as caller,
        ):
            caller.wait(30)
        eventually(lambda: [c.state for c in calls(database)] == [CallState.ENDED] * 2, what="the next call")
        old, new = calls(database)
        assert (old.id, old.ended_at, old.talk_s) == (cut.id, cut.ended_at, cut.talk_s)
        assert (new.complete, new.disposition, [span.agent_name for span in new.spans]) == (True, "answered", ["Sara"])
        pbx.freeze()
        eventually(lambda: pbx_state(database)[0] == "lost", what="notice of the silence")
        pbx.thaw()
        eventually(lambda: pbx_state(database)[0] == "connected", what="the return", limit_s=15)


def test_listener_that_comes_in_mid_call_picks_the_call_up(
    asterisk: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    with (
        BaresipAgent(asterisk, "1001", answer_after_s=0.5),
        SipCaller(asterisk, QUEUE_SUPPORT, hang_up_after_s=6.0) as caller,
    ):
        time.sleep(3.0)
        with following(on(settings, asterisk), database):
            call = eventually(lambda: next(iter(calls(database)), None), what="the call")
            assert (call.state, call.queue) == (CallState.TALKING, "support")
            assert call.spans[0].interface == "PJSIP/1001"
            assert not call.complete
            caller.wait(30)
            ended = eventually(
                lambda: next((c for c in calls(database) if c.state == CallState.ENDED), None), what="the end"
            )
    assert ended.hung_up_by == "customer"
    assert ended.answered_at is None, "nobody saw when"
    assert ended.ended_at is not None
    assert ended.started_at < ended.spans[0].started_at < ended.ended_at


@pytest.mark.parametrize("how", ["refer", "atxfer"])
def test_transfer_gives_each_agent_their_own_span(
    asterisk: Asterisk, settings: Settings, database: Database, how: str
) -> None:
    with (
        BaresipAgent(asterisk, "1001", answer_after_s=0.5) as first,
        BaresipAgent(asterisk, "1002", answer_after_s=0.5) as second,
        AmiTap(asterisk) as tap,
        following(on(settings, asterisk), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(asterisk, QUEUE_SUPPORT, hang_up_after_s=15.0) as caller:
            first.wait_for("CALL_ESTABLISHED")
            time.sleep(2)
            if how == "refer":
                first.transfer("1002")
            else:
                channel = tap.event("AgentConnect")["DestChannel"]
                tap.action("Atxfer", Channel=channel, Exten="1002", Context="from-agent")
                second.wait_for("CALL_ESTABLISHED")
                time.sleep(2)
                first.hang_up()
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    assert (call.disposition, call.hung_up_by, call.transfers, call.complete) == ("answered", "customer", 1, True)
    assert [(span.interface, span.agent_name) for span in call.spans] == [
        ("PJSIP/1001", "Sara"),
        ("PJSIP/1002", "Reza"),
    ]
    one, two = call.spans
    assert one.ended_at is not None
    assert two.ended_at is not None
    assert two.started_at >= one.ended_at - dt.timedelta(milliseconds=50)
    assert (one.hold_s > 1.5) == (how != "refer")
    assert two.hold_s == 0
    assert {recording.party for recording in call.recordings} == {Party.CUSTOMER, Party.AGENT}


def test_dialplan_line_of_the_guide_records_both_parties(
    asterisk: Asterisk, settings: Settings, database: Database, tmp_path: Path
) -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs/telephony.md").read_text(encoding="utf-8")
    line = next(line.strip() for line in guide.splitlines() if "n,MixMonitor(" in line)
    with (asterisk.run_dir / "etc" / "extensions.conf").open("a") as plan:
        plan.write(
            f"\n[from-customer](+)\nexten => 899,1,Answer()\n {line}\n same => n,Queue(support,tT)\n same => n,Hangup()\n"
        )
    asterisk.cli("dialplan reload")
    with (
        BaresipAgent(asterisk, "1001", says=tone(tmp_path / "a.wav", 700), hang_up_after_s=4.0),
        following(on(settings, asterisk), database),
    ):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(asterisk, "899", says=tone(tmp_path / "c.wav", 400)) as caller:
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        (call,) = calls(database)
    assert {recording.party: recording.problem for recording in call.recordings} == {
        Party.CUSTOMER: None,
        Party.AGENT: None,
    }
    for recording in call.recordings:
        assert loudest_hz(recording.path) == pytest.approx(400 if recording.party == Party.CUSTOMER else 700, abs=15)


def with_user(pbx: Asterisk, settings: Settings, *, read: str, write: str, **more: object) -> Settings:
    """Settings for a manager user of our own with just these privileges."""
    with (pbx.run_dir / "etc" / "manager.conf").open("a") as config:
        config.write(
            f"\n[{(name := f'user{read}{write}'.replace(',', ''))}]\nsecret = s3cret\nread = {read}\nwrite = {write}\n"
        )
    pbx.cli("manager reload")
    return on(settings, pbx, ami_user=name, ami_secret=SecretStr("s3cret"), **more)


def test_user_without_privileges_is_told_what_to_add(
    asterisk: Asterisk, settings: Settings, database: Database
) -> None:
    weak = on(settings, asterisk, ami_user=asterisk.weak_user, ami_secret=SecretStr(asterisk.weak_secret))
    with following(weak, database):
        detail = eventually(
            lambda: pbx_state(database) if pbx_state(database)[0] == "unprivileged" else None, what="the state"
        )[1]
    assert "write = reporting" in detail


def test_wrong_secret_is_refused(asterisk: Asterisk, settings: Settings, database: Database) -> None:
    with following(on(settings, asterisk, ami_secret=SecretStr("wrong")), database):
        detail = eventually(
            lambda: pbx_state(database) if pbx_state(database)[0] == "refused" else None, what="the state"
        )[1]
    assert "AVASANJ_AMI_SECRET" in detail


@pytest.mark.parametrize(("write", "record"), [("reporting", False), ("reporting,system", True)])
def test_least_privileges_of_the_guide_are_enough(
    asterisk: Asterisk, settings: Settings, database: Database, write: str, *, record: bool
) -> None:
    least = with_user(asterisk, settings, read="call,agent,dialplan", write=write, record_calls=record)
    with BaresipAgent(asterisk, "1001", hang_up_after_s=2.0), following(least, database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        with SipCaller(asterisk, QUEUE_UNRECORDED if record else QUEUE_SUPPORT) as caller:
            caller.wait(30)
        eventually(lambda: work_started(database), what="the call's intake", limit_s=15)
        assert pbx_state(database)[0] == "connected"
        (call,) = calls(database)
    assert (call.disposition, call.queue, call.hung_up_by, call.complete) == ("answered", "support", "agent", True)
    assert {recording.party for recording in call.recordings} == {Party.CUSTOMER, Party.AGENT}
    assert all(recording.problem is None for recording in call.recordings)


@pytest.mark.parametrize(
    ("read", "lacks"), [("call,dialplan", "agent"), ("call,agent", "dialplan"), ("agent,dialplan", "call")]
)
def test_read_privilege_that_is_missing_is_found_out_from_a_call(
    asterisk: Asterisk, settings: Settings, database: Database, read: str, lacks: str
) -> None:
    with following(with_user(asterisk, settings, read=read, write="reporting"), database):
        eventually(lambda: pbx_state(database)[0] == "connected", what="the connection")
        time.sleep(5.5)
        with SipCaller(asterisk, QUEUE_SUPPORT, hang_up_after_s=14.0) as caller:
            detail = eventually(
                lambda: pbx_state(database) if pbx_state(database)[0] == "unprivileged" else None,
                what="the state",
                limit_s=20,
            )[1]
            caller.wait(30)
    assert f"read = {lacks}" in detail
