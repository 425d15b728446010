"""How the two of a call talked, and what is heard of a call that goes on."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from transcription.tables import LiveTurn, Measures


def add_measures(session: Session, call: Any) -> None:
    def party(talk_s: float, share: float, **more: float | None) -> dict[str, float | None]:
        return {"talk_s": talk_s, "talk_share": share, "level_dbfs": -27.0, "longest_response_s": 4.2, **more}

    details = {
        "talk": [0.0, 120.0],
        "parties": {
            "customer": party(52.4, 0.61, words_per_minute=148.0, response_s=0.6, talk_over_s=6.3, talk_overs=2),
            "agent": party(33.5, 0.39, words_per_minute=None, response_s=1.4, talk_over_s=0.0, talk_overs=0),
        },
        "silences": [[18.0, 23.5], [60.2, 61.4]],
        "talk_overs": [[30.1, 33.0, "customer"], [71.0, 74.4, "customer"]],
        "voice": [{"start_s": 71.0, "end_s": 76.0, "level_db": 7.5, "pitch_st": 3.0}],
    }
    session.add(
        Measures(
            call_id=call,
            silence_s=31.2,
            longest_silence_s=5.5,
            talk_over_s=6.9,
            customer_talk_s=52.4,
            agent_talk_s=33.5,
            details=details,
        )
    )


def add_live_turns(session: Session, call: Any) -> None:
    said = [
        ("agent", 2.0, "سلام، وقتتون بخیر، مرادی هستم. بفرمایید."),
        ("customer", 5.2, "سلام، خسته نباشید. من هنوز بسته‌ام به دستم نرسیده."),
        ("agent", 9.8, "شماره‌ی سفارش رو لطف می‌کنید؟"),
    ]
    for party, at_s, text in said:
        session.add(
            LiveTurn(
                call_id=call,
                file=f"/live-{party}.wav",
                party=party,
                start_s=at_s,
                end_s=at_s + 2.5,
                at_s=at_s,
                text=text,
                confidence=0.8,
                words=[],
                model="whisper-base int8",
                model_version="d01c3014881c",
            )
        )
