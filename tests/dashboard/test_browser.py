"""Pages in a real browser: what arrives by itself, what plays, how Persian lies."""

from __future__ import annotations

import datetime
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import update

from avasanj import login
from avasanj.database import utc_now
from avasanj.notify import announce
from crm_sync import followups
from telephony import store
from telephony.ledger import Activity
from telephony.tables import ActivityState, Call, Party, QueueVisit, RecordingRequest
from tests.conftest import missing_peer
from tests.dashboard.conftest import Day
from tests.dashboard.look import CHROMIUM_ARGS, pages, serving
from tests.dashboard.seed import PASSWORD
from transcription import playback
from transcription.legs import Leg
from transcription.tables import Playback

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
CHROMIUM = os.environ.get("AVASANJ_TEST_CHROMIUM", "/usr/bin/chromium")
PATIENCE_MS = 20_000
AUDIO = "document.querySelector('call-player').audio"
#: root mean square of each channel in each turn
LOUDNESS = """async () => {
    const file = await fetch(document.querySelector('call-player').audio.src);
    const sound = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(await file.arrayBuffer());
    const loud = (channel, turn) => {
        const [from, to] = ['start', 'end'].map(s => Math.floor(Number(turn.dataset[s]) * sound.sampleRate));
        return Math.sqrt(sound.getChannelData(channel).slice(from, to).reduce((sum, x) => sum + x * x, 0) / (to - from));
    };
    return [...document.querySelectorAll('li.turn')].map(element => {
        const party = element.classList.contains('agent') ? 'agent' : 'customer';
        return {party, left: loud(0, element), right: loud(1, element)};
    });
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        missing_peer(f"Chromium is not at {CHROMIUM}")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield launched
        launched.close()


@pytest.fixture
def address(day: Day) -> Iterator[str]:
    with serving(day.app) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A wide window in which the administrator has logged in, in Persian; errors in its console fail the test."""
    with ExitStack() as stack:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="fa-IR")
        stack.callback(context.close)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console", lambda said: wrong.append(said.text) if said.type == "error" and "404" not in said.text else None
        )
        page.goto(address + "/login")
        page.fill("[name=login_name]", "admin")
        page.fill("[name=password]", PASSWORD)
        page.click("button.main")
        page.wait_for_url("**/calls")
        yield page
        assert not wrong


def _until(page: Page, script: str) -> None:
    """Ask from outside until it is so: the pages' own policy forbids what Playwright's waiting would run inside."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not page.evaluate(script):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(50)


def test_new_call_appears_and_moves_to_the_list_without_a_reload(page: Page, day: Day) -> None:
    page.evaluate("window.sameDocument = true")
    call = Call(
        id=uuid.uuid4(), pbx="main", linked_id="live.1", source="live", direction="inbound", state="ringing", queue="فروش",
        customer_e164="+989125550188", started_at=utc_now(), caller_raw="09125550188",
    )  # fmt: skip
    with day.database.transaction() as session:
        session.add(call)
        announce(session, "call", call.id)
    row = page.locator(f"#rows-now #call-{call.id}")
    expect(row).to_contain_text("در حال زنگ", timeout=PATIENCE_MS)
    with day.database.transaction() as session:
        ended = session.get_one(Call, call.id)
        ended.state, ended.disposition, ended.wait_s, ended.ended_at = "ended", "abandoned", 65.0, utc_now()
        announce(session, "call", call.id)
    expect(page.locator("#rows-ended tr >> nth=0")).to_contain_text("منتظر ماند و قطع کرد", timeout=PATIENCE_MS)
    expect(row).to_have_count(0)
    assert page.evaluate("window.sameDocument") is True


def test_notice_in_a_filtered_list_shows_only_what_fits(page: Page, address: str, day: Day) -> None:
    page.goto(address + "/calls?mood=dissatisfied")
    count = page.locator("tr.call").count()
    with day.database.transaction() as session:
        announce(session, "call", day.seeded.calls["calm"])
        announce(session, "call", day.seeded.calls["angry"])
    expect(page.locator(f"#call-{day.seeded.calls['angry']}.renewed")).to_have_count(1, timeout=PATIENCE_MS)
    assert page.locator("tr.call").count() == count


def test_evidence_plays_from_its_place_and_lights_its_turn(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    evidence = page.locator("#call-mood .quotes .play-here").first
    wanted_s = float(evidence.get_attribute("data-play") or 0)
    evidence.click()
    _until(page, f"document.querySelector('call-player').audio.currentTime >= {wanted_s}")
    assert page.evaluate("document.querySelector('call-player').audio.currentTime") < wanted_s + 5
    expect(page.locator("li.turn.lit")).to_have_id(f"turn-{evidence.get_attribute('data-turn')}")
    page.keyboard.press("Space")
    _until(page, "document.querySelector('call-player').audio.paused")


def test_evidence_of_an_answer_plays_without_opening_it(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    answer = page.locator(".answer.no").first
    answer.locator("summary .play-here").click()
    _until(page, "!document.querySelector('call-player').audio.paused")
    assert answer.locator("details").get_attribute("open") is None


def test_keys_move_in_the_sound_and_between_turns(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    _until(page, "document.querySelector('call-player').audio.readyState >= 1")
    at = "document.querySelector('call-player').audio.currentTime"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(at) == pytest.approx(5.0, abs=0.2)
    page.keyboard.press("]")
    assert page.evaluate(at) > 5.2
    page.keyboard.press("[")
    page.keyboard.press("[")
    assert page.evaluate(at) < 5.0
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator("#note")).to_be_focused()


def test_rows_are_walked_and_opened_with_keys(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    second = page.locator("tr.call").nth(1).get_attribute("data-href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{second}")


def test_new_follow_up_shows_on_the_open_call_while_it_plays_on(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    page.locator(".toggle").click()
    _until(page, "document.querySelector('call-player').audio.currentTime > 0.2")
    with day.database.transaction() as session:
        due_at = utc_now() + datetime.timedelta(hours=1)
        followups.create(
            session,
            call_id=day.seeded.calls["angry"],
            customer_id=None,
            due_at=due_at,
            note="زنگ به مدیر فنی",
            user_id=day.seeded.admin,
        )
    expect(page.locator("#call-owed")).to_contain_text("زنگ به مدیر فنی", timeout=PATIENCE_MS)
    assert page.evaluate("document.querySelector('call-player').audio.paused") is False


def test_one_time_link_leaves_the_address_and_says_how_to_log_in_later(
    browser: Browser, address: str, day: Day
) -> None:
    with day.database.transaction() as session:
        link = login.link_for(session, day.settings, day.seeded.supervisor, by=day.seeded.admin)
    page = browser.new_page(locale="fa-IR")
    page.goto(f"{address}/welcome#{link.partition('#')[2]}")
    expect(page.locator("#your-login")).to_have_value("super", timeout=PATIENCE_MS)
    assert page.url == f"{address}/welcome"
    assert not page.locator("#token").is_visible()
    assert not page.locator("#your-name").is_visible()
    page.fill("[name=password]", "a password of mine")
    page.click("button.main")
    page.wait_for_url("**/calls")
    page.close()


def test_link_that_is_no_longer_good_says_so_before_a_password_is_typed(browser: Browser, address: str) -> None:
    page = browser.new_page(locale="fa-IR")
    page.goto(f"{address}/welcome#0123456789abcdefghijklmnopqrstuvwxyz")
    expect(page.locator("#link-gone")).to_contain_text("مصرف شده", timeout=PATIENCE_MS)
    page.close()


def test_space_plays_and_pauses_after_clicks_and_presses_what_the_keyboard_has_walked_to(
    page: Page, address: str, day: Day
) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    page.locator("#call-mood .quotes .play-here").first.click()
    _until(page, f"{AUDIO}.currentTime > 0 && !{AUDIO}.paused")
    page.keyboard.press("Space")
    _until(page, f"{AUDIO}.paused")
    page.locator(".speed").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("input[name=skip]").is_checked()
    assert page.evaluate(f"{AUDIO}.paused")


def test_file_that_the_pipeline_makes_plays_with_the_customer_left_and_skips_silence(
    page: Page, address: str, day: Day
) -> None:
    made = _remake(day, day.seeded.calls["angry"])
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    _until(page, f"{AUDIO}.readyState >= 1")
    assert page.evaluate(f"{AUDIO}.duration") == pytest.approx(made, abs=0.1)
    loudness = page.evaluate(LOUDNESS)
    assert {turn["party"] for turn in loudness} == {"customer", "agent"}
    for turn in loudness:
        assert (turn["left"] > 5 * turn["right"]) == (turn["party"] == "customer"), turn
    held = page.locator("li.turn").nth(5)  # "این چه وضعشه": it comes after 22 s on hold
    started_s = float(held.get_attribute("data-start") or 0)
    page.locator("input[name=skip]").check()
    page.evaluate(f"document.querySelector('call-player').seek({started_s - 20})")
    page.keyboard.press("Space")
    _until(page, f"{AUDIO}.currentTime > {started_s - 1}")
    expect(held).to_have_class(re.compile("lit"))


def _remake(day: Day, call_id: uuid.UUID) -> float:
    """Give the call the kind of file that the pipeline makes; its length in seconds."""
    with day.database.transaction() as session:
        kept = session.get_one(Playback, call_id)
        sound = day.settings.media_dir / kept.path
        legs = [
            Leg(recording_id=channel, party=party, path=sound, channel=channel, start_s=0.0)
            for channel, party in enumerate((Party.CUSTOMER, Party.AGENT))
        ]
        kept.path = playback.media_path(call_id)
        made = playback.make(legs, day.settings.media_dir / kept.path)
        assert made is not None
        kept.duration_s, kept.peaks = made.duration_s, made.peaks
        return made.duration_s


@pytest.mark.parametrize("width", [1440, 420])
def test_persian_pages_run_right_to_left_without_scrolling_sideways(
    page: Page, address: str, day: Day, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 860})
    for name, path in pages(day.seeded).items():
        page.goto(address + path)
        assert page.evaluate("getComputedStyle(document.documentElement).direction") == "rtl", name
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    assert page.evaluate(
        "document.fonts.check('14px Vazirmatn', 'سلام') && [...document.fonts].some(f => f.status === 'loaded')"
    )


def test_wall_shows_a_new_caller_and_a_pause_by_itself(page: Page, address: str, day: Day) -> None:
    page.goto(address + "/wall")
    waiting = page.locator("#wall-total .tile").first.locator("dd")
    expect(waiting).to_have_text("۲")
    _until(page, "document.querySelector('.agent running-time').textContent !== ''")
    now = utc_now()
    with day.database.transaction() as session:
        talking = session.get_one(Call, day.seeded.calls["talking"])
        session.add(QueueVisit(call_id=talking.id, position=1, queue="فروش", joined_at=now))
        announce(session, "call", talking.id)
        pause = {
            "pbx": "main",
            "interface": "PJSIP/1004",
            "agent_name": "مریم صادقی",
            "linked_id": None,
            "ended_at": None,
        }
        store.save_activities(session, [Activity(**pause, state=ActivityState.PAUSED, reason="نماز", started_at=now)])
    expect(waiting).to_have_text("۳")
    expect(page.locator(".agent.paused", has_text="مریم صادقی")).to_contain_text("نماز")


def test_running_clock_keeps_to_the_servers_time(address: str, page: Page) -> None:
    page.clock.install(time=datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=3))
    page.goto(address + "/wall")
    page.clock.run_for(1500)
    shown = page.locator("#wall-total running-time").text_content() or ""
    minutes = int(shown.partition(":")[0].translate(str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")))
    assert minutes < 30, "a screen whose clock is three hours slow"


def test_recording_is_muted_by_the_keyboard_and_the_page_follows(page: Page, address: str, day: Day) -> None:
    call = day.seeded.calls["talking"]
    page.goto(f"{address}/calls/{call}")
    page.locator("#call-muting button").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#call-muting .stage")).to_be_visible()
    with day.database.transaction() as session:
        session.execute(update(RecordingRequest).values(done_at=utc_now()))
        announce(session, "call", call)
    expect(page.locator("#call-muting running-time")).to_be_visible()
    expect(page.locator("#call-muting button")).to_have_text("ادامه ضبط")
