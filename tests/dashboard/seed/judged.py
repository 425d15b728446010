"""How a call was judged: mood, evidence, scorecard."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scoring.tables import Answer, Evaluation, Mood
from telephony.tables import AgentSpan, Call
from tests.dashboard.seed.words import Line
from tests.dashboard.seed.words import times as times_of


def judge(
    session: Session, call: Call, lines: list[Line], dissatisfied: float, score: float | None, *, unsure: bool = True
) -> None:
    times = times_of(lines)
    spoken = [(i, *times[i], line[3], line[4]) for i, line in enumerate(lines) if line[3] is not None]
    curve = [
        {"turn": i, "start_s": a, "end_s": b, "negative": bad, "neutral": (1 - bad) * 0.7, "positive": (1 - bad) * 0.3}
        for i, a, b, bad, _ in spoken
    ]
    worst = sorted(spoken, key=lambda item: -(item[3] or 0))[:3]
    evidence = [
        {"turn": i, "start_s": a, "end_s": b, "text": text, "dissatisfied": bad}
        for i, a, b, bad, text in worst
        if (bad or 0) > 0.4
    ]
    contributions = [
        {
            "name": "worst_three",
            "label": {"id": "The three unhappiest moments", "values": {}},
            "value": worst[0][3],
            "weight": 1.42 if dissatisfied > 0.5 else -0.9,
        },
        {
            "name": "mean",
            "label": {"id": "Mood over the whole call", "values": {}},
            "value": 0.4,
            "weight": 0.83 if dissatisfied > 0.5 else -0.6,
        },
        {
            "name": "last_turns",
            "label": {"id": "Mood at the end", "values": {}},
            "value": spoken[-1][3],
            "weight": 0.21,
        },
        {
            "name": "wait",
            "label": {"id": "Long wait before the answer", "values": {}},
            "value": call.wait_s,
            "weight": 0.12,
        },
    ]
    session.add(
        Mood(
            call_id=call.id,
            dissatisfied=dissatisfied,
            model="e5-small head 1",
            curve=curve,
            evidence=evidence,
            contributions=contributions,
        )
    )
    agent = session.scalar(select(AgentSpan.agent_name).where(AgentSpan.call_id == call.id))
    evaluation = Evaluation(
        call_id=call.id, span_position=0, agent_name=agent, scorecard="service", scorecard_version=1, score=score
    )
    evaluation.needs_person = unsure
    evaluation.counts = call.source != "sample"
    evaluation.answers = _answers(lines, times, unsure=unsure)
    session.add(evaluation)


def _answers(lines: list[Line], times: list[tuple[float, float]], *, unsure: bool) -> list[Answer]:
    def words(index: int) -> list[dict[str, Any]]:
        start, end = times[index]
        return [{"party": lines[index][0], "start_s": start, "end_s": end, "text": lines[index][4], "turn": index}]

    rows: list[tuple[str, str, str, str, float, str, list[dict[str, Any]]]] = [
        ("greeting", "Greeting", "سلام و خوشامد", "yes", 0.97, "rule", words(0)),
        ("own_name", "Says own name", "معرفی خود", "yes", 0.93, "rule", words(0)),
        ("customer_confirmed", "Confirms who is calling", "تأیید هویت مشتری", "yes", 0.84, "likeness", words(2)),
        ("courtesy", "Courtesy", "ادب و احترام", "yes", 0.88, "likeness", words(2)),
        (
            "hold_announced",
            "Hold announced",
            "اعلام انتظار پیش از نگه‌داشتن",
            "no" if unsure else "na",
            0.91,
            "ledger",
            words(4) if unsure else [],
        ),
        (
            "next_step",
            "Solution or next step",
            "راه‌حل یا گام بعدی",
            "unsure" if unsure else "yes",
            0.55,
            "likeness",
            words(-2),
        ),
        ("closing", "Closing", "پایان مناسب مکالمه", "no" if unsure else "yes", 0.86, "rule", words(-2)),
        ("forbidden_words", "No forbidden words", "بدون واژه‌ی ممنوع", "yes", 0.99, "rule", []),
    ]
    return [
        Answer(
            position=i, question=key, title={"en": en, "fa": fa}, value=value, points=10.0 if value == "yes" else 0.0, points_possible=10.0,
            confidence=confidence, method=method, evidence=evidence, reason=None, needs_person=value == "unsure",
        )
        for i, (key, en, fa, value, confidence, method, evidence) in enumerate(rows)
    ]  # fmt: skip
