"""Scorecards over the pages: taken in and given out, begun, saved, published, compared, and who may do what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from avasanj.database import Database
from avasanj.people import AuditEntry
from avasanj.postgres import EmbeddedPostgres
from dashboard.app import create_app
from scoring import library
from scoring.card_file import SHIPPED, shipped, shipped_text
from scoring.card_text import as_data
from scoring.reviews.tables import Review
from scoring.tables import CardVersion, Evaluation
from tests.dashboard.conftest import Day, _create, _drop, csrf

OWN = """# our own form
key: ours
version: 1
title: {en: Ours, fa: فرم ما}
sections:
  - key: all
    title: {en: All, fa: همه}
    questions:
      - {key: kind, title: {en: Is kind, fa: مهربان است}, weight: 60}
      - {key: quick, title: {en: Is quick, fa: سریع است}, weight: 40}  # a remark
"""


def named(key: str) -> str:
    """The same form under a name of its own: the tests share one database."""
    return OWN.replace("key: ours", f"key: {key}")


@pytest.fixture(scope="module")
def day(postgres: EmbeddedPostgres, look_day: Day) -> Iterator[Day]:
    """One copy of the seeded day for all tests here; each works on forms of its own."""
    look_day.database.engine.dispose()
    name = _create(postgres, look_day.database_name)
    database = Database(postgres.url(name))
    settings = look_day.settings.model_copy(update={"database_url": None})
    yield Day(
        seeded=look_day.seeded,
        settings=settings,
        database=database,
        app=create_app(settings, database),
        database_name=name,
    )
    database.close()
    _drop(postgres, name)


@pytest.fixture(scope="module")
def super_(day: Day) -> TestClient:
    client = day.enter("super")
    assert client.get("/scorecards").status_code == 200
    return client


def post(client: TestClient, path: str, **data: str):
    return client.post(path, data={"csrf": csrf(client, "/scorecards")} | data)


def source(day: Day, key: str, version: int) -> str:
    with day.database.read() as session:
        return library.find(session, key, version).source


def seen(client: TestClient, path: str) -> str:
    found = re.search(r'(?:data-seen|name="seen" value)="([0-9a-f]+)"', client.get(path).text)
    assert found
    return found.group(1)


def done(day: Day, key: str) -> list[tuple[str, str]]:
    query = select(AuditEntry.action, AuditEntry.subject).where(AuditEntry.subject.startswith(f"{key} "))
    with day.database.read() as session:
        return [(action, subject) for action, subject in session.execute(query.order_by(AuditEntry.id))]


def test_a_file_comes_in_to_the_letter_and_goes_out_to_the_letter_and_is_written_down(
    day: Day, super_: TestClient
) -> None:
    answer = super_.post("/scorecards/import", data={"csrf": csrf(super_)}, files={"file": ("ours.yaml", OWN.encode())})
    assert answer.headers["location"] == "/scorecards/ours/1"
    assert super_.get("/scorecards/ours/1/export").text == OWN
    again = post(
        super_, "/scorecards/import", text=OWN.replace("weight: 60", "weight: 50").replace("weight: 40", "weight: 50")
    )
    assert again.headers["location"] == "/scorecards/ours/2", "a number that is taken is never overwritten"
    assert "# a remark" in source(day, "ours", 2)
    assert done(day, "ours") == [("scorecard.import", "ours 1"), ("scorecard.import", "ours 2")]


def test_a_faulty_file_is_refused_with_its_lines_and_what_was_pasted_stays(day: Day, super_: TestClient) -> None:
    answer = post(super_, "/scorecards/import", text=named("faulty").replace("weight: 60", "wieght: 60"))
    page = unescape(answer.text)
    assert answer.status_code == 422
    assert "line 9" in re.sub("[\u2068\u2069]", "", page)
    assert "do you mean \u2068weight\u2069?" in page
    assert "wieght: 60" in page
    with day.database.read() as session:
        assert session.scalar(select(CardVersion.id).where(CardVersion.key == "faulty")) is None


def test_a_draft_is_begun_saved_published_and_the_version_before_retired(day: Day, super_: TestClient) -> None:
    assert post(super_, "/scorecards/service/1/draft").headers["location"] == "/scorecards/service/2/edit"
    assert "# The default scorecard" in source(day, "service", 2)
    card = as_data(shipped("service")) | {"version": "2"}
    card["sections"][0]["questions"][0]["weight"] = "12"
    read = seen(super_, "/scorecards/service/2/edit")
    saved = post(super_, "/scorecards/service/2/edit", data=json.dumps(card), seen=read)
    assert [one["warning"] for one in saved.json()["problems"] if "102" in one["text"]] == [True]
    refused = post(super_, "/scorecards/service/2/publish", seen=saved.json()["seen"])
    assert refused.status_code == 422, "weights of 102 wait in a draft, but judge nobody"
    card["sections"][0]["questions"][1]["weight"] = "8"
    saved = post(super_, "/scorecards/service/2/edit", data=json.dumps(card), seen=saved.json()["seen"])
    confirm = re.sub("[\u2068\u2069]", "", unescape(super_.get("/scorecards/service/2/publish").text))
    assert "Version 1 is retired" in confirm
    stale = post(super_, "/scorecards/service/2/publish", seen=read)
    assert stale.status_code == 422, "what somebody has changed since is looked at first"
    assert post(super_, "/scorecards/service/2/publish", seen=saved.json()["seen"]).status_code == 303
    with day.database.read() as session:
        assert {one.version: one.state for one in library.versions(session, "service")} == {
            1: "retired",
            2: "published",
        }
    compared = re.sub("[\u2068\u2069]", "", unescape(super_.get("/scorecards/service/2/compare?other=1").text))
    assert "2 changed" in compared
    assert "<del>10</del> <ins>12</ins>" in compared
    assert [action for action, _ in done(day, "service")] == [
        "scorecard.begin_draft", "scorecard.save_draft", "scorecard.save_draft", "scorecard.publish",
    ]  # fmt: skip


def test_saving_the_form_unchanged_keeps_the_text_with_its_comments(day: Day, super_: TestClient) -> None:
    text = named("kept")
    post(super_, "/scorecards/import", text=text)
    card = as_data(library.parsed(text))
    read = seen(super_, "/scorecards/kept/1/edit")
    assert post(super_, "/scorecards/kept/1/edit", data=json.dumps(card), seen=read).json()["seen"] == read
    assert source(day, "kept", 1) == text


def test_of_two_who_edit_the_second_is_told_and_nothing_is_overwritten(day: Day, super_: TestClient) -> None:
    text = named("shared")
    post(super_, "/scorecards/import", text=text)
    read = seen(super_, "/scorecards/shared/1/yaml")
    admin = day.enter("admin")
    theirs, mine = text.replace("Is kind", "Is friendly"), text.replace("Is kind", "Is gentle")
    assert post(admin, "/scorecards/shared/1/yaml", source=theirs, seen=read).status_code == 303
    told = post(super_, "/scorecards/shared/1/yaml", source=mine, seen=read)
    assert told.status_code == 409
    assert "نرگس کاویانی" in unescape(told.text)
    assert "Is gentle" in unescape(told.text), "what was typed is not lost"
    asked = post(super_, "/scorecards/shared/1/edit", data=json.dumps(as_data(library.parsed(mine))), seen=read)
    assert asked.status_code == 409
    assert "Is gentle" in asked.json()["yaml"]
    assert source(day, "shared", 1) == theirs


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda one: one["title"].pop("fa"), "greeting.title"),
        (lambda one: one["rule"]["any"].update(en=["(broken"]), "greeting.rule.any"),
        (lambda one: one.update(when=[{"question": "nobody", "is": ["yes"]}]), "greeting.when"),
        (lambda one: one.pop("title"), "greeting"),
        (lambda one: one.update(weight="many"), "greeting.weight"),
    ],
)
def test_a_fault_of_the_form_is_told_at_its_field_and_nothing_is_saved(
    day: Day, super_: TestClient, change: Any, where: str
) -> None:
    before, read = source(day, "support", 1), seen(super_, "/scorecards/support/1/edit")
    card = json.loads(json.dumps(as_data(shipped("support"))))
    change(card["sections"][0]["questions"][0])
    answer = post(super_, "/scorecards/support/1/edit", data=json.dumps(card), seen=read)
    assert answer.status_code == 422
    assert where in [one["where"] for one in answer.json()["problems"] if not one["warning"]]
    assert source(day, "support", 1) == before


def test_a_published_version_can_be_neither_changed_nor_deleted(day: Day, super_: TestClient) -> None:
    text = named("fixed")
    post(super_, "/scorecards/import", text=text)
    read = seen(super_, "/scorecards/fixed/1/publish")
    assert post(super_, "/scorecards/fixed/1/publish", seen=read).status_code == 303
    assert super_.get("/scorecards/fixed/1/edit").headers["location"] == "/scorecards/fixed/1"
    assert post(super_, "/scorecards/fixed/1/yaml", source=text.replace("Is kind", "Is"), seen=read).status_code == 409
    assert post(super_, "/scorecards/fixed/1/delete").status_code == 422
    assert source(day, "fixed", 1) == text
    assert post(super_, "/scorecards/fixed/1/retire").status_code == 303
    assert done(day, "fixed")[-1] == ("scorecard.retire", "fixed 1")


def test_an_empty_form_begins_as_a_draft_and_a_draft_can_be_thrown_away(day: Day, super_: TestClient) -> None:
    made = post(super_, "/scorecards", key="fresh", title_en="Fresh", title_fa="تازه")
    assert made.headers["location"] == "/scorecards/fresh/1/edit"
    assert post(super_, "/scorecards", key="fresh", title_en="Again", title_fa="دوباره").status_code == 422
    assert "not finished" in super_.get("/scorecards").text
    assert post(super_, "/scorecards/fresh/1/delete").status_code == 303
    assert super_.get("/scorecards/fresh/1").status_code == 404


def test_phrases_are_tried_on_the_last_calls(super_: TestClient) -> None:
    rule = {"any": {"fa": ["وقتتون بخیر"], "en": ["good morning"]}, "first_s": "25"}
    found = unescape(post(super_, "/scorecards/try", data=json.dumps(rule)).text)
    assert re.search(r"/calls/[0-9a-f-]{36}#turn-0", found)
    broken = post(super_, "/scorecards/try", data=json.dumps({"any": {"en": ["(a"]}}))
    assert "can't be read" in unescape(broken.text)
    assert post(super_, "/scorecards/try", data="no data").status_code == 422


def test_agents_read_the_form_that_judges_them_and_change_nothing(day: Day, super_: TestClient) -> None:
    agent = day.enter("agent")
    listed = agent.get("/scorecards").text
    assert "/scorecards/service/1" in listed, "also a retired one, if their calls were scored by it"
    assert "/scorecards/sales/1" not in listed
    page = unescape(agent.get("/scorecards/service/1").text)
    assert "با سلام و خوشامد شروع می‌کند" in page
    assert "خوش اومدین" not in page, "the words that are listened for are not a script to recite"
    assert agent.get("/scorecards/sales/1").status_code == 404
    for path in (
        "/scorecards/service/1/draft",
        "/scorecards/service/1/retire",
        "/scorecards/import",
        "/scorecards/try",
    ):
        assert post(agent, path, data="{}").status_code == 403, path
    assert agent.get("/scorecards/service/1/export").status_code == 403


def test_what_came_new_with_avasanj_is_offered_once(day: Day, super_: TestClient) -> None:
    assert "New in this version" not in super_.get("/scorecards").text
    with day.database.transaction() as session:
        for row in library.versions(session, "promises"):
            session.delete(row)
    assert "Our promises to customers" in unescape(super_.get("/scorecards").text)
    assert post(super_, "/scorecards/shipped", name="promises").headers["location"] == "/scorecards/promises/1"
    edited = (
        shipped_text("promises").replace("weight: 15", "weight: 15 ", 1).replace("title: {en:", "title: {en: Our", 1)
    )
    post(super_, "/scorecards/promises/1/yaml", source=edited, seen=seen(super_, "/scorecards/promises/1/yaml"))
    assert "New in this version" not in super_.get("/scorecards").text
    assert post(super_, "/scorecards/shipped", name="promises").status_code == 422


def test_every_shipped_form_reads_in_both_languages(super_: TestClient) -> None:
    for language in ("en", "fa"):
        super_.post("/language", data={"language": language})
        for name in SHIPPED:
            page = unescape(super_.get(f"/scorecards/{name}/1").text)
            assert all(question.title[language] in page for question in shipped(name).questions), name


def test_what_was_typed_in_a_draft_that_is_gone_or_published_meanwhile_is_given_back(day: Day) -> None:
    library.ensure_shipped(day.database)
    client = day.enter("super")
    token = csrf(client)
    for path in ("/scorecards/service/1/yaml", "/scorecards/never_was/1/yaml"):
        answer = client.post(path, data={"csrf": token, "source": "key: mine\n# an hour's work", "seen": "old"})
        assert answer.status_code == 409
        assert "# an hour" in answer.text


def test_a_review_is_withdrawn_through_its_own_evaluation_only(day: Day) -> None:
    library.ensure_shipped(day.database)
    client = day.enter("super")
    call_id = day.seeded.calls["angry"]
    with day.database.read() as session:
        own = session.scalars(select(Evaluation.id).where(Evaluation.call_id == call_id)).one()
        other = session.scalars(select(Evaluation).where(Evaluation.call_id != call_id)).first()
    data = {"csrf": csrf(client), "question": "next_step", "value": "yes"}
    client.post(f"/calls/{call_id}/evaluations/{own}/answers", data=data)
    with day.database.read() as session:
        review = session.scalars(select(Review).where(Review.call_id == call_id)).one()
    assert other is not None
    for path in (f"{other.call_id}/evaluations/{other.id}", f"{call_id}/evaluations/{other.id}"):
        client.post(f"/calls/{path}/withdraw", data={"csrf": data["csrf"], "review_id": str(review.id)})
    with day.database.read() as session:
        assert session.scalars(select(Review.state).where(Review.id == review.id)).one() == "started"
