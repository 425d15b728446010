"""The test peers themselves: what the rest of the suite believes of Asterisk and the phones is seen here once, in real time."""

from __future__ import annotations

import os
import socket
import time
import wave
from pathlib import Path

import pytest

from tests.peers import sounds
from tests.peers.ami_tap import AmiTap
from tests.peers.asterisk import QUEUE_RECORDED_WHOLE, QUEUE_SHORT, QUEUE_SUPPORT, QUEUE_UNRECORDED, Asterisk
from tests.peers.phones import BaresipAgent, SipCallee, SipCaller

pytestmark = pytest.mark.realtime

CUSTOMER_HZ = 440.0
AGENT_HZ = 880.0


@pytest.fixture(scope="module")
def customer_tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sounds.tone(tmp_path_factory.mktemp("says") / "customer.wav", pitch_hz=CUSTOMER_HZ, length_s=20)


@pytest.fixture(scope="module")
def agent_tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sounds.tone(tmp_path_factory.mktemp("says") / "agent.wav", pitch_hz=AGENT_HZ, length_s=20)


def recorded(mixed: str) -> tuple[Path, Path]:
    """The recorded channel's own voice and what it heard, from the name that Asterisk announced."""
    path = Path(mixed)
    return path.with_name(f"{path.stem}-r.wav"), path.with_name(f"{path.stem}-t.wav")


def announced_recording(tap: AmiTap) -> str:
    return tap.event("VarSet", Variable="MIXMONITOR_FILENAME")["Value"]


def test_queue_call_records_customer_and_agent_apart(asterisk: Asterisk, customer_tone: Path, agent_tone: Path) -> None:
    with (
        AmiTap(asterisk) as tap,
        BaresipAgent(asterisk, says=agent_tone, hang_up_after_s=4),
        SipCaller(asterisk, QUEUE_SUPPORT, says=customer_tone, name="سارا احمدی") as customer,
    ):
        assert customer.wait() == 0, customer.log()
        tap.wait_quiet(quiet_s=0.5)
        own, heard = recorded(announced_recording(tap))
        complete = tap.event("AgentComplete")
    assert complete["Reason"] == "agent"
    assert complete["MemberName"] == "Sara"
    assert complete["CallerIDName"] == "سارا احمدی"
    assert own.parent == asterisk.recordings_dir
    assert sounds.loudest_pitch_hz(own) == pytest.approx(CUSTOMER_HZ, abs=2)
    assert sounds.loudest_pitch_hz(heard) == pytest.approx(AGENT_HZ, abs=2)
    assert sounds.level_at_db(own, AGENT_HZ) < -40
    assert sounds.level_at_db(heard, CUSTOMER_HZ) < -40
    assert sounds.length_s(own) == pytest.approx(4, abs=0.5)
    assert sounds.length_s(heard) == sounds.length_s(own)


def test_direct_call_records_the_words_of_each_side(asterisk: Asterisk, tmp_path: Path) -> None:
    asks = sounds.speech(tmp_path / "asks.wav", "Hello, my parcel has not arrived and I am waiting for a week.")
    says = sounds.speech(
        tmp_path / "says.wav", "Good morning, Sara speaking, let me look it up for you.", voice="en-gb"
    )
    with (
        AmiTap(asterisk) as tap,
        BaresipAgent(asterisk, says=says),
        SipCaller(asterisk, "1001", says=asks, hang_up_after_s=5) as customer,
    ):
        assert customer.wait() == 0, customer.log()
        tap.wait_quiet(quiet_s=0.5)
        own, heard = recorded(announced_recording(tap))
        assert not [message for message in tap.messages if message.get("Event", "").startswith("QueueCaller")]
    asks_8k = sounds.as_telephone_wav(asks, tmp_path / "asks-8k.wav")
    says_8k = sounds.as_telephone_wav(says, tmp_path / "says-8k.wav")
    assert sounds.likeness(own, asks_8k) > 0.8
    assert sounds.likeness(heard, says_8k) > 0.8
    assert sounds.likeness(own, says_8k) < 0.4
    assert sounds.likeness(heard, asks_8k) < 0.4


def test_abandoned_call_leaves_empty_recordings_with_a_header(asterisk: Asterisk, customer_tone: Path) -> None:
    with (
        AmiTap(asterisk) as tap,
        BaresipAgent(asterisk, answer_after_s=None) as agent,
        SipCaller(asterisk, QUEUE_SUPPORT, says=customer_tone, number=None, hang_up_after_s=2) as customer,
    ):
        agent.wait_for("CALL_INCOMING")
        assert customer.wait() == 0, customer.log()
        tap.wait_quiet(quiet_s=0.5)
        abandoned = tap.event("QueueCallerAbandon")
        own, heard = recorded(announced_recording(tap))
    assert abandoned["CallerIDNum"] == "anonymous"
    assert [own.stat().st_size, heard.stat().st_size] == [44, 44]
    with wave.open(str(own)) as file:
        assert file.getnframes() == 0


def test_queue_gives_up_when_nobody_is_there(asterisk: Asterisk) -> None:
    with AmiTap(asterisk) as tap, SipCaller(asterisk, QUEUE_SHORT) as customer:
        assert customer.wait(20) == 0, customer.log()
        assert tap.event("VarSet", Variable="QUEUESTATUS")["Value"] == "TIMEOUT"


def test_waiting_is_recorded_where_the_dialplan_says_so(
    asterisk: Asterisk, customer_tone: Path, agent_tone: Path
) -> None:
    with (
        AmiTap(asterisk) as tap,
        BaresipAgent(asterisk, says=agent_tone, answer_after_s=2),
        SipCaller(asterisk, QUEUE_RECORDED_WHOLE, says=customer_tone, hang_up_after_s=4) as customer,
    ):
        assert customer.wait() == 0, customer.log()
        tap.wait_quiet(quiet_s=0.5)
        own, _ = recorded(announced_recording(tap))
    assert sounds.length_s(own) == pytest.approx(4, abs=0.5)


def test_outbound_call_records_the_agent_as_its_own_voice(
    asterisk: Asterisk, customer_tone: Path, agent_tone: Path
) -> None:
    callee = SipCallee(asterisk, says=customer_tone, hang_up_after_s=3)
    with AmiTap(asterisk) as tap, BaresipAgent(asterisk, says=agent_tone) as agent, callee as customer:
        agent.dial("02155505678")
        assert customer.wait(30) == 0, customer.log()
        tap.wait_quiet(quiet_s=0.5)
        own, heard = recorded(announced_recording(tap))
    assert sounds.loudest_pitch_hz(own) == pytest.approx(AGENT_HZ, abs=2)
    assert sounds.loudest_pitch_hz(heard) == pytest.approx(CUSTOMER_HZ, abs=2)


def test_recording_can_be_started_through_the_manager(
    asterisk: Asterisk, customer_tone: Path, agent_tone: Path
) -> None:
    with (
        AmiTap(asterisk) as tap,
        BaresipAgent(asterisk, says=agent_tone),
        SipCaller(asterisk, QUEUE_UNRECORDED, says=customer_tone, hang_up_after_s=4) as customer,
    ):
        channel = tap.event("AgentConnect")["Channel"]
        answer = tap.action(
            "MixMonitor", Channel=channel, File="started.wav", Options="r(started-r.wav)t(started-t.wav)"
        )
        assert answer["Response"] == "Success"
        assert customer.wait() == 0, customer.log()
        tap.wait_quiet(quiet_s=0.5)
    own, heard = recorded(str(asterisk.recordings_dir / "started.wav"))
    assert sounds.loudest_pitch_hz(own) == pytest.approx(CUSTOMER_HZ, abs=2)
    assert sounds.loudest_pitch_hz(heard) == pytest.approx(AGENT_HZ, abs=2)


def test_blind_transfer_and_hold_by_the_phone(asterisk: Asterisk, agent_tone: Path) -> None:
    with (
        AmiTap(asterisk) as tap,
        BaresipAgent(asterisk, says=agent_tone) as first,
        BaresipAgent(asterisk, "1002", hang_up_after_s=1, answer_after_s=0.5),
        SipCaller(asterisk, QUEUE_SUPPORT) as customer,
    ):
        first.wait_for("CALL_ESTABLISHED")
        first.hold()
        tap.event("Hold")
        first.resume()
        tap.event("Unhold")
        first.transfer("1002")
        assert tap.event("BlindTransfer")["Extension"] == "1002"
        assert customer.wait() == 0, customer.log()


def test_weak_user_logs_in_and_may_do_nothing(asterisk: Asterisk) -> None:
    with AmiTap(asterisk, user=asterisk.weak_user, secret=asterisk.weak_secret) as tap:
        assert tap.action("Ping")["Response"] == "Success"
        assert tap.action("CoreShowChannels")["Response"] == "Error"
        assert tap.action("MixMonitor", Channel="PJSIP/1001-00000001", File="x.wav")["Message"] == "Permission denied"


def test_frozen_asterisk_answers_nothing_until_thawed(asterisk: Asterisk) -> None:
    with AmiTap(asterisk) as tap:
        asterisk.freeze()
        try:
            with pytest.raises(RuntimeError, match="did not come within 1 s"):
                tap.action("Ping", limit_s=1)
        finally:
            asterisk.thaw()
        assert tap.action("Ping")["Response"] == "Success"


def test_two_asterisks_side_by_side_and_one_comes_back_after_kill(asterisk: Asterisk) -> None:
    with Asterisk() as other:
        assert other.ami_port != asterisk.ami_port
        with AmiTap(asterisk) as tap:
            run_dir, port = other.run_dir, other.ami_port
            with BaresipAgent(other):
                time.sleep(1.5)  # Asterisk writes registrations down once a second
                other.kill()
                with socket.socket() as probe:
                    assert probe.connect_ex((other.ami_host, port)) != 0
                other.start()
                other.wait_until_registered("1001")
            pid = other.pid
            assert tap.action("Ping")["Response"] == "Success"
    assert not run_dir.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
