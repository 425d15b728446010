"""Real calls between real phones through a real Asterisk, followed on the dashboard by a real browser, understood by the real models."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.acceptance import browser
from tests.acceptance.center import Center
from tests.acceptance.dialogue import Dialogue, beginning, words
from tests.peers.asterisk import QUEUE_SUPPORT, Asterisk
from tests.peers.phones import BaresipAgent, SipCaller
from tests.peers.receiver import Receiver
from tests.pipeline.product import wait_until

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.browser,
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("live-call"),
]

ANSWERED_AFTER_S = 3.0
#: The customer's phone begins a little after the agent's answer, so that the recording has its first word.
BEGINS_S = ANSWERED_AFTER_S + 0.5
TWO_MINUTES = 120_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    center: Center
    page: Page
    receiver: Receiver

    def api(self, call_id: str) -> dict[str, Any]:
        found = browser.answer(self.page.context, f"http://127.0.0.1:{self.center.port}/api/calls/{call_id}")
        assert isinstance(found, dict)
        return found

    def events(self, call_id: str) -> list[dict[str, Any]]:
        """Events that the receiver accepted for a call."""
        return [event["body"] for event in self.receiver.accepted if event["body"]["subject"] == call_id]

    def open_list(self) -> None:
        self.page.goto(f"http://127.0.0.1:{self.center.port}/calls")
        browser.mark(self.page)


@pytest.fixture(scope="module")
def scene(asterisk: Asterisk, models_dir: Path, chromium: Browser) -> Iterator[Scene]:
    with contextlib.ExitStack() as stack:
        receiver = stack.enter_context(Receiver())
        center = stack.enter_context(
            Center(
                models_dir,
                asterisk,
                webhook_url=receiver.url,
                language="fa",
                queue_languages='{"support": "en"}',
            )
        )
        center.serve()
        center.connected()
        page = browser.log_in(chromium, center)
        yield Scene(center=center, page=page, receiver=receiver)
        print(center.said()[-6000:])  # shown where a test fails


@pytest.fixture(scope="module")
def complaint(tmp_path_factory: pytest.TempPathFactory) -> Dialogue:
    """Forty seconds of an angry customer who was charged twice."""
    return beginning("en-angry-complaint", tmp_path_factory.mktemp("complaint"), length_s=41.3)


def row_id(page: Page, selector: str, limit_ms: float = 15_000) -> str:
    """Id of the call whose row this is."""
    row = page.wait_for_selector(selector, timeout=limit_ms)
    assert row is not None
    return str(row.get_attribute("id")).removeprefix("call-")


def said_by(call: dict[str, Any], party: str) -> set[str]:
    return words(" ".join(turn["text"] for turn in call["transcript"]["turns"] if turn["party"] == party))


def test_queue_call_is_followed_understood_and_followed_up(
    scene: Scene, asterisk: Asterisk, complaint: Dialogue
) -> None:
    page = scene.page
    scene.open_list()
    with (
        BaresipAgent(asterisk, says=complaint.agent, answer_after_s=ANSWERED_AFTER_S) as agent,
        SipCaller(
            asterisk,
            QUEUE_SUPPORT,
            number="09120000027",
            name="رضا کریمی",
            says=complaint.customer,
            speaks_after_s=BEGINS_S,
        ) as customer,
    ):
        call_id = row_id(page, "#rows-now tr.call.waiting")
        page.wait_for_selector(f"#rows-now #call-{call_id}.talking", timeout=15_000)
        talking_s = time.monotonic()
        open_call = page.context.new_page()
        open_call.goto(f"http://127.0.0.1:{scene.center.port}/calls/{call_id}")
        browser.mark(open_call)
        assert open_call.query_selector(".turn") is None
        open_call.wait_for_selector(".turns.live .turn", timeout=complaint.length_s * 1000)
        print(f"first words shown {time.monotonic() - talking_s:.1f} s into the talk")
        time.sleep(max(0.0, talking_s + complaint.length_s + 1 - time.monotonic()))
        agent.hang_up()
        assert customer.wait() == 0, customer.log()
        ended_s = time.monotonic()
        open_call.wait_for_selector(".turns:not(.live) .turn", timeout=TWO_MINUTES)
        transcribed_s = time.monotonic() - ended_s
        open_call.wait_for_selector(".answers .answer", timeout=TWO_MINUTES)
        scored_s = time.monotonic() - ended_s
        open_call.wait_for_selector("#call-owed .owed-item", timeout=TWO_MINUTES)
        page.wait_for_selector(f"#rows-ended #call-{call_id} .owed", timeout=TWO_MINUTES)
        print(f"from hanging up: transcript after {transcribed_s:.1f} s, scored after {scored_s:.1f} s")
        assert browser.never_reloaded(page), "the list changed by itself"
        assert browser.never_reloaded(open_call), "the call's page changed by itself"
    assert scored_s < 60

    call = scene.api(call_id)
    check_ledger(call, complaint)
    check_parties(call, complaint)
    check_judgement(open_call, call)
    check_sound(open_call, call_id, call)
    check_follow_up(page, scene.center, call_id)
    check_event(scene, call_id)


def check_ledger(call: dict[str, Any], spoken: Dialogue) -> None:
    assert (call["direction"], call["queue"], call["disposition"]) == ("inbound", "support", "answered")
    assert call["complete"]
    assert call["agents"] == ["Sara"]
    assert call["customer_e164"] == "+989120000027"
    assert call["customer"]["name"] == "رضا کریمی"
    assert call["hung_up_by"] == "agent"
    assert call["wait_s"] == pytest.approx(ANSWERED_AFTER_S, abs=1.5)
    assert call["talk_s"] == pytest.approx(spoken.length_s + 1, abs=3)
    assert call["problems"] == []


def check_parties(call: dict[str, Any], spoken: Dialogue) -> None:
    """Each party's own words are in that party's turns, and hardly any in the other's."""
    assert (call["transcript"]["language"], call["transcript"]["source"]) == ("en", "whisper")
    for party, other in (("agent", "customer"), ("customer", "agent")):
        own = spoken.own_words(party)
        heard, crossed = own & said_by(call, party), own & said_by(call, other)
        print(f"{party}: {len(heard)} of {len(own)} own words heard, {len(crossed)} at the other: {sorted(crossed)}")
        assert len(heard) >= 0.6 * len(own), sorted(own - heard)
        assert len(crossed) <= 0.1 * len(own), sorted(crossed)
    first = call["transcript"]["turns"][0]
    assert first["party"] == "agent"


def check_judgement(page: Page, call: dict[str, Any]) -> None:
    assert call["mood"]["dissatisfied"] >= 0.6
    assert call["mood"]["evidence"], "the number has words that speak for it"
    answers = {answer["question"]: answer["value"] for answer in call["evaluations"][0]["answers"]}
    assert answers["greeting"] == "yes"
    assert call["evaluations"][0]["agent_name"] == "Sara"
    assert "dissatisfied" in page.inner_text("#call-mood").lower()


def check_sound(page: Page, call_id: str, call: dict[str, Any]) -> None:
    """The file plays, is as long as the call, can be jumped in; a turn's button starts the player there."""
    sound = browser.play(page, f"/media/{call_id}", 25.0)
    assert sound["duration"] == pytest.approx(call["talk_s"], abs=2)
    assert sound["at"] == pytest.approx(25.0, abs=0.1)
    turn = call["transcript"]["turns"][2]
    page.click(f"#turn-{turn['position']} button")
    page.wait_for_selector(f"#turn-{turn['position']}.lit", timeout=10_000)


def check_follow_up(page: Page, center: Center, call_id: str) -> None:
    page.goto(f"http://127.0.0.1:{center.port}/follow-ups")
    due = page.wait_for_selector(f".due-row:has(a[href='/calls/{call_id}'])", timeout=10_000)
    assert due is not None
    assert "dissatisfied" in due.inner_text()
    assert "رضا کریمی" in due.inner_text()


def check_event(scene: Scene, call_id: str) -> None:
    wait_until(lambda: scene.events(call_id), 20, "the signed event arrives")
    time.sleep(3)
    (event,) = scene.events(call_id)
    assert event["type"] == "avasanj.call.scored.v1"
    assert [agent["name"] for agent in event["data"]["agents"]] == ["Sara"]
    assert event["data"]["customer"]["numbers"] == ["+989120000027"]
    assert event["data"]["follow_ups"]


def test_abandoned_call_is_a_row_with_its_wait_and_a_follow_up(scene: Scene, asterisk: Asterisk) -> None:
    page = scene.page
    scene.open_list()
    with (
        BaresipAgent(asterisk, answer_after_s=None),
        SipCaller(asterisk, QUEUE_SUPPORT, number="09120000031", hang_up_after_s=4) as customer,
    ):
        call_id = row_id(page, "#rows-now tr.call.waiting")
        assert customer.wait() == 0, customer.log()
        page.wait_for_selector(f"#rows-ended #call-{call_id} .missed", timeout=15_000)
        page.wait_for_selector(f"#rows-ended #call-{call_id} .owed", timeout=TWO_MINUTES)
        assert "0:04" in page.inner_text(f"#call-{call_id} .missed")
        assert browser.never_reloaded(page)
    call = scene.api(call_id)
    assert call["disposition"] == "abandoned"
    assert call["wait_s"] == pytest.approx(4, abs=1)
    assert call["transcript"] is None
    assert [owed["rule"] for owed in call["follow_ups"]] == ["abandoned"]
    wait_until(lambda: scene.events(call_id), 20, "the event of the missed call arrives")
    assert scene.events(call_id)[0]["type"] == "avasanj.call.missed.v1"


def test_direct_call_without_a_queue_is_understood_too(scene: Scene, asterisk: Asterisk, complaint: Dialogue) -> None:
    page = scene.page
    scene.open_list()
    with (
        BaresipAgent(asterisk, says=complaint.agent, answer_after_s=1.0),
        SipCaller(asterisk, "1001", number="09120000058", says=complaint.customer, hang_up_after_s=12) as customer,
    ):
        call_id = row_id(page, "#rows-now tr.call.talking")
        assert customer.wait() == 0, customer.log()
        # English heard as Persian is noise: whether a question can be answered from it, or a person is asked, is chance
        judged = ":is(.score:not(:empty), .open .check, .stage.unheard)"
        page.wait_for_selector(f"#rows-ended #call-{call_id} {judged}", timeout=TWO_MINUTES)
        assert browser.never_reloaded(page)
    call = scene.api(call_id)
    assert (call["direction"], call["queue"], call["disposition"]) == ("inbound", None, "answered")
    assert call["agents"] == ["Sara"]
    assert call["hung_up_by"] == "customer"
    assert call["transcript"]["language"] == "fa", "a call without a queue has the center's language"
    assert call["transcript"]["too_weak"], "and the page says that this model hears it badly"
