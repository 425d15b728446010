"""Calls with words and standing evaluations by a small form of rules alone, as the scoring stage stores them."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from avasanj.database import Database
from scoring import evaluation, library
from scoring.questions import Setting, hearing
from scoring.replay.process import NoEncoder
from scoring.replay.reading import stored_calls
from scoring.replay.selection import Selection
from scoring.replay.tables import ReplayChunk
from scoring.spans import parts
from telephony.tables import Call
from tests.scoring.test_stage import START, add_call, seconds

FIRST = """
key: tiny
version: 1
title: {en: Tiny, fa: کوچک}
pass_mark: 60
sections:
  - key: all
    title: {en: All, fa: همه}
    questions:
      - key: greeting
        title: {en: Greets, fa: سلام می‌کند}
        weight: 50
        rule: {first_s: 25, any: {en: [good morning, hello], fa: [سلام]}}
      - key: name
        title: {en: Asks for the name, fa: نام را می‌پرسد}
        weight: 30
        rule: {any: {en: [your name, "am i speaking to {customer_name}"], fa: [اسمتون]}}
      - key: rude
        title: {en: Is not rude, fa: بی‌ادبی نمی‌کند}
        weight: 20
        critical: true
        rule: {none: {en: [not my problem], fa: [به من چه]}}
"""
#: Another greeting is enough, the weights are others, a question is new.
SECOND = (
    FIRST.replace("version: 1", "version: 2")
    .replace("[good morning, hello]", "[good morning, hello, lantern internet]")
    .replace("weight: 30", "weight: 20")
    + """      - key: bye
        title: {en: Says goodbye, fa: خداحافظی می‌کند}
        weight: 10
        rule: {last_s: 25, any: {en: [goodbye], fa: [خداحافظ]}}
"""
)
GOOD = [
    ("agent", "Good morning, Lantern Internet, this is Emma."),
    ("customer", "My bill is wrong."),
    ("agent", "May I have your name, please?"),
    ("customer", "Hayes."),
    ("agent", "Thank you. Goodbye."),
]
SHORT = [("agent", "Lantern Internet."), ("customer", "Hi, it is Hayes."), ("agent", "That's not my problem. Goodbye.")]


def seed(database: Database, calls: int, *, spans: int = 1) -> list[uuid.UUID]:
    """Every third call is a bad one. They are a minute apart, and the first version of the form stands."""
    with database.transaction() as session:
        library.import_card(session, FIRST, "tiny.yaml")
        library.publish(session, "tiny")
        library.import_card(session, SECOND, "tiny.yaml")
    ids = [
        uuid.UUID(add_call(database, SHORT if n % 3 == 2 else GOOD, spans=spans, started_at=START + seconds(60.0 * n)))
        for n in range(calls)
    ]
    evaluate(database, "tiny", 1)
    return ids


def evaluate(database: Database, key: str, version: int) -> None:
    """Fill in the form for every call, as the stage does."""
    with database.transaction() as session:
        card = library.card_of(session, key, version)
        assert card
        calls = session.scalars(select(Call).options(selectinload(Call.spans)).order_by(Call.started_at, Call.id)).all()
        first, last = calls[0], calls[-1]
        everything = ReplayChunk(
            first_at=first.started_at, first_id=first.id, last_at=last.started_at, last_id=last.id, number=0, calls=0
        )
        for stored in stored_calls(session, everything, Selection()):
            heard = hearing(stored.turns, too_weak=stored.heard.too_weak)
            setting = Setting(encoder=NoEncoder(), heard=heard, language=stored.heard.language)
            for part in parts(stored.call, stored.turns, sound=stored.sound, earlier_calls=stored.earlier_calls):
                filled = evaluation.fill(part, card, setting, [])
                speech = {"transcript": str(stored.heard.id)}
                session.add(evaluation.row(stored.call.id, filled, speech))
