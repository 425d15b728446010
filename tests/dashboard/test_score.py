"""The form on the call page: answers of every type, why it stays out of averages, and whom it waits for."""

from __future__ import annotations

import re
from html import unescape

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import delete, update

from scoring import evaluation, library, questions
from scoring.tables import Answer, Evaluation
from tests.dashboard.conftest import Day, csrf


def answer(position: int, key: str, value: str, **facts: object) -> Answer:
    title = {"en": f"Question {key}", "fa": f"پرسش {key}"}
    return Answer(
        position=position, question=key, title=title, value=value, confidence=1.0, points_possible=10.0, evidence=[], **facts
    )  # fmt: skip


@pytest.mark.parametrize(
    ("language", "seen"),
    [
        ("en", ["Sales by phone", "Question how", "Warm, Kind", "It was", "measured in the recording", "critical", "failed", "Who spoke was guessed"]),
        ("fa", ["فروش تلفنی", "پرسش how", "گرم، مهربان", "مقدار", "از روی صدای ضبط‌شده", "حیاتی", "مردود", "گوینده‌ها از روی صدایشان حدس زده شده‌اند"]),
    ],
)  # fmt: skip
def test_a_form_of_the_centers_own_is_shown_with_every_type_of_answer(day: Day, language: str, seen: list[str]) -> None:
    call_id = day.seeded.calls["angry"]
    measured = {"party": "mixed", "start_s": 3.0, "end_s": 9.0, "text": "", "turn": None}
    with day.database.transaction() as session:
        own = Evaluation(
            call_id=call_id, span_position=0, scorecard="mine", scorecard_version=3, score=0.0, failed=True, passed=False, counts=False,
            title={"en": "Sales by phone", "fa": "فروش تلفنی"}, kept_out=[{"id": evaluation.GUESSED, "values": {}}],
        )  # fmt: skip
        own.answers = [
            answer(0, "how", "warm,kind", kind="choices", label={"en": "Warm, Kind", "fa": "گرم، مهربان"}, method="rule", points=5.0),
            answer(1, "wait", "45", kind="number", method="measure", points=2.5, reason={"id": questions.FACT, "values": {"value": 45}}),
            answer(2, "rude", "no", critical=True, fatal=True, needs_person=True, method="rule", points=0.0),
        ]  # fmt: skip
        own.answers[1].evidence = [measured]
        session.add(own)
    client = day.enter("super")
    client.post("/language", data={"language": language})
    page = unescape(client.get(f"/calls/{call_id}").text)
    assert [words for words in seen if words not in page] == []
    measured_at = page.index(seen[4])
    assert "<q" not in page[page.rindex(seen[3], 0, measured_at) : measured_at], "nobody said what was measured"
    [found] = [one for one in client.get(f"/api/calls/{call_id}").json()["evaluations"] if one["scorecard"] == "mine"]
    assert found["failed"] is True
    assert found["answers"][0]["label"]["en"] == "Warm, Kind"


def test_an_old_evaluation_without_a_title_is_called_by_its_shipped_form(day: Day) -> None:
    call_id = day.seeded.calls["angry"]
    with day.database.transaction() as session:
        session.execute(update(Evaluation).where(Evaluation.call_id == call_id).values(title=None))
    client = day.enter("super")
    client.post("/language", data={"language": "en"})
    assert "Service call" in unescape(client.get(f"/calls/{call_id}").text)


EVERY_TYPE = """key: every
version: 1
title: {en: Every type, fa: همه‌گونه}
pass_mark: 60
sections:
  - key: all
    title: {en: All, fa: همه}
    questions:
      - {key: rude, title: {en: Is polite, fa: مؤدب است}, weight: 20, fatal: true, rule: {none: {en: [shut up], fa: [خفه شو]}}}
      - key: tone
        title: {en: Tone, fa: لحن}
        weight: 20
        type: choice
        options: [{key: warm, title: {en: Warm, fa: گرم}, points: 2}, {key: cold, title: {en: Cold, fa: سرد}}]
      - key: told
        title: {en: Told, fa: گفت}
        weight: 20
        type: choices
        options: [{key: price, title: {en: Price, fa: قیمت}, points: 1}, {key: time, title: {en: Time, fa: زمان}, points: 1}]
      - {key: effort, title: {en: Effort, fa: تلاش}, weight: 20, type: scale, scale: {from: 1, to: 5}}
      - {key: wait, title: {en: Wait, fa: انتظار}, weight: 20, type: number, bands: [{up_to: 30, points: 1}, {points: 0}]}
      - {key: note, title: {en: Note, fa: یادداشت}, type: text}
"""


def reviewed(day: Day) -> tuple[TestClient, str]:
    """A call whose form has every type of question, none answered but the fatal one, and the address of its evaluation."""
    call_id = day.seeded.calls["angry"]
    with day.database.transaction() as session:
        session.execute(delete(Evaluation).where(Evaluation.call_id == call_id))
        card = library.import_card(session, EVERY_TYPE, "every.yaml").version
        form = library.parsed(card.source)
        own = Evaluation(
            call_id=call_id, span_position=0, scorecard="every", scorecard_version=1, score=0.0, needs_person=True, doubted=["rude"],
            title=dict(form.title), passed=False, answered=0.2, agent_name="لیلا محمدی",
        )  # fmt: skip
        own.answers = [
            Answer(
                position=n, question=one.key, title=dict(one.title), kind=one.kind.value, value="no" if one.fatal else "unsure",
                confidence=0.95 if one.fatal else 0.0, points_possible=one.weight, points=0.0 if one.fatal else None, evidence=[],
                fatal=one.fatal, needs_person=True, method="rule", made_by={"question": "0" * 12, "speech": "base"},
            )
            for n, one in enumerate(form.questions)
        ]  # fmt: skip
        session.add(own)
        session.flush()
        address = f"/calls/{call_id}/evaluations/{own.id}"
    client = day.enter("super")
    client.post("/language", data={"language": "en"})
    return client, address


def test_a_person_answers_every_type_and_what_they_submit_stands(day: Day) -> None:
    client, address = reviewed(day)
    call = address.partition("/evaluations")[0]
    token = csrf(client)

    def answered(question: str, **data: object) -> str:
        return flat(client.post(f"{address}/answers", data={"csrf": token, "question": question} | data, headers={"HX-Request": "true"}))  # fmt: skip

    before = flat(client.get(call))
    assert "heard a reason to fail it: Is polite. A person decides." in before
    assert "6 answers wait for you" in before
    assert "is answered with a whole number from 1 to 5" in answered("effort", value="9")
    assert "is answered with a number" in answered("wait", value="soon")
    answered("tone", value="warm")
    answered("told", value=["price", "time"])
    answered("effort", value="۳")
    answered("wait", value="45", comment="too long")
    answered("note", value="Well done")
    assert "With your answers: <strong>30" in re.sub(r"\s+", " ", answered("tone", value="cold"))
    assert "With your answers: <strong>38" in re.sub(r"\s+", " ", answered("tone", back="true"))
    answered("tone", value="warm")
    answered("rude", value="yes")
    page = flat(
        client.post(f"{address}/submit", data={"csrf": token, "comment": "Nice"}, headers={"HX-Request": "true"})
    )
    assert "Submitted" in page
    shown = flat(client.get(call))
    assert re.search(r'class="score">70<', shown), "20 + 20 + 20 + 10 + 0 of 100"
    assert "passed, from 60 on" in shown
    assert 'Reviewed by <span dir="auto">Martin Hale</span>' in shown
    assert "The machine said: no" in shown
    assert "too long" in shown
    [stored] = client.get(f"/api{call}").json()["evaluations"]
    assert [one["value"] for one in stored["answers"]] == ["yes", "warm", "price,time", "3", "45", "Well done"]
    assert stored["answers"][0]["machine"]["value"] == "no"
    agent = day.enter("agent")
    theirs = agent.get(call).text
    assert 'class="score"' in theirs
    assert "too long" in theirs
    assert "submit-review" not in theirs
    assert "turn-label" not in theirs
    refused = agent.post(f"{address}/answers", data={"csrf": csrf(agent), "question": "rude", "value": "no"})
    assert refused.status_code == 403
    other = day.seeded.calls["english"]
    strange = client.post(f"/calls/{other}/evaluations/{address.rpartition('/')[2]}/submit", data={"csrf": token})
    assert "was scored anew since you opened it" in flat(strange)


def flat(answer: Response) -> str:
    """A page's text with nothing in it that only keeps directions apart."""
    assert answer.status_code == 200
    return re.sub("[\u2068\u2069]", "", unescape(answer.text))
