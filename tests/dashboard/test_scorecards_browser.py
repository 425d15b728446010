"""Forms and reviews in a real browser: a draft edited and published, nothing of any form lost, a call reviewed by keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from avasanj.notify import announce
from scoring import drafts, library
from scoring.card_file import SHIPPED
from scoring.learning.tables import GoldCall, GoldTurn
from scoring.reviews.tables import Review
from scoring.tables import Answer, CardVersion, Evaluation
from tests.dashboard.conftest import Day
from tests.dashboard.test_browser import PATIENCE_MS, _until, address, browser, page

__all__ = ["address", "browser", "page"]  # fixtures
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def card(day: Day, key: str, version: int) -> str:
    with day.database.read() as session:
        return library.find(session, key, version).source


def answer_of(day: Day, question: str) -> Answer:
    query = select(Answer).join(Evaluation).where(Evaluation.call_id == day.seeded.calls["angry"])
    with day.database.read() as session:
        return session.scalars(query.where(Answer.question == question)).one()


def test_a_form_is_edited_saved_and_published_and_a_second_editor_is_told(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/scorecards")
    page.click("#service form[action$='/service/1/draft'] button")
    page.wait_for_url("**/service/2/edit")
    second = page.context.new_page()
    second.goto(page.url)
    total, told = page.locator(".total"), page.locator(".told")
    expect(total).to_have_class(re.compile("right"), timeout=PATIENCE_MS)
    page.locator("[data-question] > details > summary").first.press("Enter")
    question = page.locator("[data-question]").first
    question.locator("[data-field=weight]").fill("۷")
    expect(total).not_to_have_class(re.compile("right"))
    expect(page.locator(".save-bar .faults li")).to_have_count(1, timeout=PATIENCE_MS)
    page.locator("[data-section]").first.locator("[data-add=question]").click()
    new = page.locator("[data-section]").first.locator("[data-question]").last
    new.locator("[data-object=title] [data-field=en]").first.fill("Sounds awake")
    new.locator("[data-object=title] [data-field=fa]").first.fill("سرحال است")
    new.locator("[data-field=weight]").fill("3")
    new.locator("[data-switch=type]").select_option("scale")
    new.locator("details:has([data-add=condition]) >> nth=-1").locator("> summary").click()
    new.locator("[data-add=condition]").click()
    new.locator(".condition [data-earlier]").select_option("greeting")
    new.locator(".condition input[value=yes]").check()
    new.locator("> .tools [data-do=up]").click()
    expect(total).to_have_class(re.compile("right"))
    page.keyboard.press("Control+s")
    expect(told).to_have_class("told saved", timeout=PATIENCE_MS)
    saved = library.parsed(card(day, "service", 2))
    assert [one.key for one in saved.sections[0].questions][2] == "sounds_awake"
    made = saved.sections[0].questions[2]
    assert (made.kind, made.weight, made.when[0].question, made.when[0].values) == ("scale", 3, "greeting", ("yes",))
    assert saved.questions[0].weight == 7
    second.locator("[data-section] [data-object=title] [data-field=en]").first.fill("Theirs")
    second.keyboard.press("Control+s")
    expect(second.locator("dialog.conflict")).to_contain_text("نرگس کاویانی", timeout=PATIENCE_MS)
    assert "Theirs" not in card(day, "service", 2)
    assert "Theirs" in second.locator("dialog.conflict textarea").input_value()
    second.close(run_before_unload=False)
    page.click(".save-bar a[href$='/publish']")
    page.click("form[action$='/publish'] button")
    page.wait_for_url("**/scorecards#service")
    with day.database.read() as session:
        assert library.find(session, "service").version == 2


def test_the_form_page_loses_nothing_of_any_shipped_form(page: Page, address: str, day: Day) -> None:
    library.ensure_shipped(day.database)
    with day.database.transaction() as session:
        for row in session.scalars(select(CardVersion)):
            row.state = "draft"
    for name in SHIPPED:
        before = card(day, name, 1)
        page.goto(f"{address}/scorecards/{name}/1/edit")
        page.locator("[data-save-now]").click()
        expect(page.locator(".told")).to_have_class("told saved", timeout=PATIENCE_MS)
        assert card(day, name, 1) == before, "what reads back as the same form is the same text"


def test_a_call_is_reviewed_and_submitted_by_keyboard_alone(page: Page, address: str, day: Day) -> None:
    library.ensure_shipped(day.database)
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    page.evaluate("window.sameDocument = true")
    page.keyboard.press("u")
    expect(page.locator("summary[id$='-next_step']")).to_be_focused(timeout=PATIENCE_MS)
    page.keyboard.press("e")
    _until(page, "!document.querySelector('call-player').audio.paused")
    page.keyboard.press("y")
    expect(page.locator("li.answer.mine.yes")).to_have_count(1, timeout=PATIENCE_MS)
    expect(page.locator(".preview strong")).to_be_visible()
    expect(page.locator("[data-submit-review]")).to_be_focused(timeout=PATIENCE_MS)
    assert answer_of(day, "next_step").value == "unsure", "nothing stands before it is submitted"
    page.keyboard.press("s")
    expect(page.locator("#call-score [role=status]")).to_be_visible(timeout=PATIENCE_MS)
    stands = answer_of(day, "next_step")
    assert (stands.value, stands.method, stands.machine and stands.machine["value"]) == ("yes", "person", "unsure")
    expect(page.locator("li[data-key$='/next_step'] .check")).to_be_visible()
    page.locator("li[data-key$='/next_step'] > details > summary").press("Enter")
    expect(page.locator("li[data-key$='/next_step'] .machine-said")).to_be_visible()
    page.locator(".reviewed form button").click()
    expect(page.locator("li[data-key$='/next_step'][data-waits]")).to_have_count(1, timeout=PATIENCE_MS)
    assert answer_of(day, "next_step").value == "unsure", "a review that is taken back stands no more"
    with day.database.read() as session:
        assert session.scalars(select(Review.state)).all() == ["withdrawn"]
    assert page.evaluate("window.sameDocument") is True


def test_a_turn_and_a_call_are_labelled_and_the_label_is_taken_back(page: Page, address: str, day: Day) -> None:
    page.goto(f"{address}/calls/{day.seeded.calls['angry']}")
    page.locator("#turn-1 .from").focus()
    page.keyboard.press("l")
    expect(page.locator("#turn-1 .turn-label button >> nth=0")).to_be_focused(timeout=PATIENCE_MS)
    page.keyboard.press("n")
    expect(page.locator("#turn-1 .label-turn.labelled")).to_be_visible(timeout=PATIENCE_MS)
    page.locator("#turn-1 .turn-label button[name=satisfaction][value='2']").click()
    pressed = page.locator("#turn-1 .turn-label button[aria-pressed=true]")
    expect(pressed).to_have_count(2, timeout=PATIENCE_MS)
    with day.database.read() as session:
        [row] = session.scalars(select(GoldTurn)).all()
        assert (row.position, row.label, row.satisfaction) == (1, "neg", 2)
    page.locator("#turn-1 [data-unlabel]").click()
    expect(pressed).to_have_count(0, timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    expect(page.locator("#turn-1 .turn-label")).to_have_count(0, timeout=PATIENCE_MS)
    page.locator("#call-label > summary").click()
    page.locator("#call-label button[value='1']").click()
    page.locator("#call-label button[value='company']").click()
    expect(page.locator("#call-label button[aria-pressed=true]")).to_have_count(2, timeout=PATIENCE_MS)
    with day.database.read() as session:
        assert session.scalars(select(GoldTurn)).all() == []
        [call] = session.scalars(select(GoldCall)).all()
        assert (call.satisfaction, call.anger_at) == (1, "company")


def test_what_is_typed_beside_an_answer_outlasts_other_answers_news_and_a_call_that_is_scored_anew(
    page: Page, address: str, day: Day
) -> None:
    library.ensure_shipped(day.database)
    call_id = day.seeded.calls["angry"]
    page.goto(f"{address}/calls/{call_id}")
    page.locator(".submit-review summary").click()
    word = page.locator(".submit-review textarea")
    word.fill("آفرین، فقط آرام‌تر")
    page.locator("summary[id$='-next_step']").click()
    why = page.locator("li[data-key$='/next_step'] input[name=comment]")
    page.locator("summary[id$='-courtesy']").click()
    page.locator("li[data-key$='/courtesy'] button[value=no]").click()
    expect(page.locator("li.answer.mine")).to_have_count(1, timeout=PATIENCE_MS)
    assert word.input_value() == "آفرین، فقط آرام‌تر"
    why.fill("نگفت کی")
    with day.database.transaction() as session:
        [old] = session.scalars(select(Evaluation).where(Evaluation.call_id == call_id))
        session.execute(update(Evaluation).where(Evaluation.id == old.id).values(score=12))
        announce(session, "call", call_id)
    page.locator("li[data-key$='/next_step'] .choices").click(position={"x": 1, "y": 1})
    expect(page.locator("#call-score strong.score")).to_have_text("۱۲", timeout=PATIENCE_MS)
    assert (word.input_value(), why.input_value()) == ("آفرین، فقط آرام‌تر", "نگفت کی")
    gone = "00000000-0000-0000-0000-000000000000"
    page.route(
        "**/answers",
        lambda route: route.continue_(url=re.sub(r"[0-9a-f-]{36}/answers", f"{gone}/answers", route.request.url)),
    )
    page.locator("li[data-key$='/next_step'] button[value=yes]").click()
    expect(page.locator("#call-score > .problem")).to_be_visible(timeout=PATIENCE_MS)
    assert (word.input_value(), why.input_value()) == ("آفرین، فقط آرام‌تر", "نگفت کی"), (
        "what was refused can be sent again"
    )
    page.unroute("**/answers")
    page.locator("li[data-key$='/next_step'] button[value=yes]").click()
    expect(page.locator("li.answer.mine")).to_have_count(2, timeout=PATIENCE_MS)
    assert word.input_value() == "آفرین، فقط آرام‌تر"


def test_a_condition_follows_the_question_and_the_option_that_it_hangs_on(page: Page, address: str, day: Day) -> None:
    library.ensure_shipped(day.database)
    with day.database.transaction() as session:
        drafts.create(session, "own", {"en": "Own", "fa": "فرم خودمان"}, by=None)
    page.goto(f"{address}/scorecards/own/1/edit")
    for _ in range(2):
        page.locator("[data-add=question]").click()
    first, second = page.locator("[data-question]").nth(0), page.locator("[data-question]").nth(1)
    first.locator("[data-switch=type]").select_option("choice")
    for _ in range(2):
        first.locator("[data-add=option]").click()
    second.locator("details:has([data-add=condition]) >> nth=-1").locator("> summary").click()
    second.locator("[data-add=condition]").click()
    second.locator(".condition input").first.check()
    for part, title in (
        ("> details > .fields > [data-object=title] [data-field=en]", "Reason"),
        (".option >> nth=0 >> .option-head [data-field=en]", "Bill"),
    ):
        first.locator(part).fill(title)
        first.locator(part).press("Tab")
    expect(second.locator(".condition select")).to_have_value("reason")
    expect(second.locator(".condition input").first).to_be_checked()
    assert second.locator(".condition input").first.get_attribute("value") == "bill"
