"""What a center meets between its PBX and us: wrong secrets, missing rights, an Asterisk that goes and comes, a listener that dies."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.center import Center
from tests.peers import sounds
from tests.peers.asterisk import QUEUE_SUPPORT, Asterisk
from tests.peers.phones import BaresipAgent, SipCaller
from tests.pipeline.product import wait_until

pytestmark = [pytest.mark.realtime, pytest.mark.slow, pytest.mark.timeout(180)]

CALLER = "09120000044"
CALLER_E164 = "+989120000044"


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sounds.tone(tmp_path_factory.mktemp("says") / "tone.wav", pitch_hz=440, length_s=30)


@pytest.fixture
def center(asterisk_alone: Asterisk, models_dir: Path) -> Iterator[Center]:
    with Center(models_dir, asterisk_alone) as center:
        yield center
        print(center.said()[-6000:])  # shown where the test fails


def health_page(center: Center) -> str:
    with center.administrator() as client:
        answer = client.get("/system")
        assert answer.status_code == 200
        return answer.text


def status(center: Center) -> str | None:
    health = center.health()
    return health["status"] if health else None


def in_state(center: Center, state: str, limit_s: float = 25) -> None:
    wait_until(lambda: center.pbx_state() == state, limit_s, f"the PBX's state is {state}, not {center.pbx_state()}")


def one_call(center: Center, state: str, limit_s: float = 15) -> None:
    """Wait until the ledger has exactly one call and it is in this state."""

    def there() -> bool:
        calls = center.calls()
        assert len(calls) < 2, "one call is one row"
        return bool(calls) and calls[0]["state"] == state

    wait_until(there, limit_s, f"one call that is {state}")


def test_wrong_secret_is_named_with_what_to_do_and_works_once_it_is_right(
    center: Center, asterisk_alone: Asterisk
) -> None:
    center.set(ami_secret="not-the-secret")
    up = center.serve()
    in_state(center, "refused")
    assert status(center) == "degraded"
    assert center.health_status() == 200
    page = health_page(center)
    assert "AVASANJ_AMI_SECRET" in page
    assert "manager.conf" in page
    assert "not-the-secret" not in page + center.said()
    up.send_signal(signal.SIGTERM)
    assert up.wait(40) == 0
    center.set(ami_secret=asterisk_alone.ami_secret)
    center.serve()
    center.connected()
    wait_until(lambda: status(center) == "ok", 30, "connected, and all workers at work")
    assert asterisk_alone.ami_secret not in center.said()


def test_weak_user_is_told_which_privileges_to_add(center: Center, asterisk_alone: Asterisk) -> None:
    center.set(ami_user=asterisk_alone.weak_user, ami_secret=asterisk_alone.weak_secret)
    center.serve()
    in_state(center, "unprivileged")
    assert status(center) == "degraded"
    page = health_page(center)
    assert asterisk_alone.weak_user in page
    assert "write = " in page
    assert "manager.conf" in page


def test_asterisk_that_is_not_there_yet_is_waited_for(center: Center, asterisk_alone: Asterisk, tone: Path) -> None:
    asterisk_alone.stop()
    center.serve()
    in_state(center, "connecting")
    assert status(center) == "degraded"
    assert center.health_status() == 200
    wait_until(lambda: str(asterisk_alone.ami_port) in health_page(center), 15, "the page names where nobody answers")
    asterisk_alone.start()
    center.connected()
    with SipCaller(asterisk_alone, QUEUE_SUPPORT, number=CALLER, says=tone, hang_up_after_s=2) as customer:
        assert customer.wait() == 0, customer.log()
    one_call(center, "ended")
    assert center.calls()[0]["disposition"] == "abandoned"


def test_asterisk_killed_in_mid_call_leaves_a_closed_call_and_the_next_one_works(
    center: Center, asterisk_alone: Asterisk, tone: Path
) -> None:
    center.serve()
    center.connected()
    with (
        BaresipAgent(asterisk_alone, says=tone, answer_after_s=0.5),
        SipCaller(asterisk_alone, QUEUE_SUPPORT, number=CALLER, says=tone),
    ):
        one_call(center, "talking")
        time.sleep(2)
        asterisk_alone.kill()
        in_state(center, "lost")
        assert status(center) == "degraded"
        assert center.health_status() == 200
    asterisk_alone.start()
    center.connected()
    one_call(center, "ended")
    assert not center.calls()[0]["complete"], "the call is marked: its end was not seen"
    with (
        BaresipAgent(asterisk_alone, says=tone, answer_after_s=0.5),
        SipCaller(asterisk_alone, QUEUE_SUPPORT, number=CALLER, says=tone, hang_up_after_s=4) as customer,
    ):
        assert customer.wait() == 0, customer.log()
    wait_until(lambda: [call["state"] for call in center.calls()] == ["ended", "ended"], 15, "the next call is there")
    following = center.calls()[1]
    assert (following["disposition"], following["agents"], following["complete"]) == ("answered", ["Sara"], True)


def test_listener_killed_in_mid_call_neither_loses_nor_doubles_it(
    center: Center, asterisk_alone: Asterisk, tone: Path
) -> None:
    center.serve()
    center.connected()
    with (
        BaresipAgent(asterisk_alone, says=tone, answer_after_s=0.5, hang_up_after_s=10) as agent,
        SipCaller(asterisk_alone, QUEUE_SUPPORT, number=CALLER, says=tone) as customer,
    ):
        one_call(center, "talking")
        time.sleep(1)
        first = center.listener()
        assert first is not None
        first.kill()
        wait_until(lambda: center.listener() not in (None, first), 10, "`up` starts it again")
        agent.wait_for("CALL_CLOSED", limit_s=30)
        assert customer.wait() == 0, customer.log()
    one_call(center, "ended", 30)
    (call,) = center.calls()
    assert call["disposition"] == "answered"
    assert call["agents"] == ["Sara"]
    assert call["customer_e164"] == CALLER_E164
    assert call["talk_s"] == pytest.approx(10, abs=2)
    assert len(center.rows("select * from telephony.agent_span")) == 1
    usable = "select party from telephony.recording where problem is null order by party"
    wait_until(lambda: len(center.rows(usable)) == 2, 10, "both parties' recordings are found")
    wait_until(lambda: center.rows("select * from transcription.playback"), 30, "it can be listened to")
