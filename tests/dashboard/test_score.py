"""The form on the call page: answers of every type, why it stays out of averages, and whom it waits for."""

from __future__ import annotations

from html import unescape

import pytest
from sqlalchemy import update

from scoring import evaluation, questions
from scoring.tables import Answer, Evaluation
from tests.dashboard.conftest import Day


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
    assert "<q" not in page[page.index(seen[3]) : page.index(seen[4])], "nobody said what was measured"
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
