"""Transcripts in a real browser: corrected in place by keyboard, words that play and light up, an hour that costs nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from avasanj.people import User
from tests.dashboard.conftest import Day
from tests.dashboard.seed.words import CALM_EN
from tests.dashboard.test_browser import PATIENCE_MS, _until, address, browser, page
from transcription.corrections import correct
from transcription.tables import Playback, Transcript, Turn

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SPOKEN = "[...(CSS.highlights.get('spoken') ?? [])].map(range => range.toString()).join()"


@pytest.fixture
def call(page: Page, address: str, day: Day) -> Iterator[str]:
    """The page of an English call, open in a window whose own document is marked."""
    page.goto(f"{address}/calls/{day.seeded.calls['happy']}")
    page.evaluate("window.sameDocument = true")
    yield f"{address}/calls/{day.seeded.calls['happy']}"
    assert page.evaluate("window.sameDocument") is True


def said(day: Day, position: int = 0) -> str:
    with day.database.read() as session:
        query = (
            select(Turn)
            .join(Transcript)
            .where(Transcript.call_id == day.seeded.calls["happy"], Turn.position == position)
        )
        return session.scalars(query).one().said


def test_turn_is_corrected_in_its_place_by_keyboard_alone(page: Page, call: str, day: Day) -> None:
    page.locator("#turn-1 .from").focus()
    page.keyboard.press("c")
    field = page.locator("#turn-1 textarea")
    expect(field).to_be_focused(timeout=PATIENCE_MS)
    field.fill("Morning! Your technician was helpful.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#turn-1 > .said")).to_have_text("Morning! Your technician was helpful.", timeout=PATIENCE_MS)
    expect(page.locator("#turn-1 .from")).to_be_focused(timeout=PATIENCE_MS)
    assert said(day, 1) == "Morning! Your technician was helpful."
    page.locator("#turn-1 .was summary").click()
    page.locator("#turn-1 .was form button").click()
    expect(page.locator("#turn-1 > .said")).to_have_text(CALM_EN[1][4], timeout=PATIENCE_MS)
    assert said(day, 1) == CALM_EN[1][4]


def test_escape_leaves_a_turn_as_it_was(page: Page, call: str, day: Day) -> None:
    page.locator("#turn-0").hover()
    page.locator("#turn-0 [data-correct]").click()
    page.locator("#turn-0 textarea").fill("nothing of this")
    page.keyboard.press("Escape")
    expect(page.locator("#turn-0 > .said")).to_have_text(CALM_EN[0][4], timeout=PATIENCE_MS)
    assert said(day) == CALM_EN[0][4]


def test_what_is_being_typed_survives_what_others_do(page: Page, call: str, day: Day) -> None:
    page.locator("#turn-0").hover()
    page.locator("#turn-0 [data-correct]").click()
    page.locator("#turn-0 textarea").fill("my words")
    page.locator(".toggle").click()  # listens on: the field has no focus now
    with day.database.transaction() as session:
        turn = session.scalars(
            select(Turn).join(Transcript).where(Transcript.call_id == day.seeded.calls["happy"], Turn.position == 0)
        ).one()
        by = session.scalars(select(User.id).where(User.login == "super")).one()
        correct(session, turn.id, before=turn.said, after="their words", by=by)
    page.wait_for_timeout(1500)
    expect(page.locator("#turn-0 textarea")).to_have_value("my words")
    page.locator("#turn-0 button.main").click()
    expect(page.locator("#turn-0 .problem")).to_contain_text("their words", timeout=PATIENCE_MS)
    expect(page.locator("#turn-0 textarea")).to_have_value("my words")
    page.locator("#turn-0 button.main").click()
    expect(page.locator("#turn-0 > .said")).to_have_text("my words", timeout=PATIENCE_MS)


def test_click_on_a_word_plays_from_it_and_the_word_lights_up(page: Page, call: str) -> None:
    wanted = page.locator("#turn-1 > .said").evaluate(
        """said => {
            const range = document.createRange();
            const words = said.parentElement.dataset.words.split(' ').map(Number);
            let node = said.firstChild, before = 0;
            const at = said.textContent.indexOf('technician');
            const texts = document.createTreeWalker(said, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                if (before + texts.currentNode.length > at) { node = texts.currentNode; break; }
                before += texts.currentNode.length;
            }
            range.setStart(node, at - before); range.setEnd(node, at - before + 10);
            const box = range.getBoundingClientRect();
            return {x: box.x + box.width / 2, y: box.y + box.height / 2, s: words[words.indexOf(at) + 1] / 100};
        }"""
    )
    page.mouse.click(wanted["x"], wanted["y"])
    _until(page, f"document.querySelector('call-player').audio.currentTime >= {wanted['s'] - 0.3}")
    assert page.evaluate("document.querySelector('call-player').audio.currentTime") < wanted["s"] + 3
    _until(page, f"{SPOKEN} === 'technician'")
    page.keyboard.press("Space")
    _until(page, f"{SPOKEN} === ''")


def test_first_click_on_persian_words_plays_from_them(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['weak']}")
    box = page.locator("#turn-2 > .said").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] - 12, box["y"] + 11)  # right-to-left: the first word
    _until(page, "document.querySelector('call-player').audio.currentTime > 0")
    start = float(page.locator("#turn-2").get_attribute("data-start") or 0)
    assert abs(page.evaluate("document.querySelector('call-player').audio.currentTime") - start) < 3


def test_an_hour_of_turns_is_shown_and_played_without_delay(page: Page, address: str, day: Day) -> None:
    with day.database.transaction() as session:
        transcript = session.scalars(
            select(Transcript).where(Transcript.call_id == day.seeded.calls["happy"], Transcript.current)
        ).one()
        text = "that is what I have been saying all the time you know"
        for n in range(10, 1210):
            words = [
                [w, n * 3 + k * 0.2, n * 3 + k * 0.2 + 0.15, 0.4 if k == 3 else 0.9] for k, w in enumerate(text.split())
            ]
            session.add(Turn(transcript_id=transcript.id, position=n, party="agent" if n % 2 else "customer", start_s=n * 3.0,
                             end_s=n * 3 + 2.8, text=text, confidence=0.8, words=words))  # fmt: skip
        session.execute(update(Playback).where(Playback.call_id == day.seeded.calls["happy"]).values(duration_s=3640.0))
    page.goto(f"{address}/calls/{day.seeded.calls['happy']}", wait_until="load")
    assert page.locator("li.turn").count() == 1204
    elements = page.evaluate("document.querySelectorAll('#call-transcript *').length")
    assert elements < 1204 * 12  # none for each word
    spent_ms = page.evaluate(
        """() => {
            const player = document.querySelector('call-player');
            const began = performance.now();
            for (let n = 0; n < 200; n++) player.show();
            return (performance.now() - began) / 200;
        }"""
    )
    assert spent_ms < 25  # 20 times a second: what the sound itself costs is not in it
    page.locator(".turns").evaluate("list => list.scrollTop = 4000")
    with day.database.transaction() as session:
        turn = session.scalars(
            select(Turn).join(Transcript).where(Transcript.id == transcript.id, Turn.position == 0)
        ).one()
        correct(session, turn.id, before=turn.said, after="as another heard it", by=None)
    expect(page.locator("#turn-0 > .said")).to_have_text("as another heard it", timeout=PATIENCE_MS)
    assert page.locator(".turns").evaluate("list => list.scrollTop") == 4000
