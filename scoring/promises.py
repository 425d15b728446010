"""Promises that an agent makes: to call back, and by when. Pure; Persian and English."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scoring.dialogue import AGENT, Turn, evidence
from scoring.due import due_at
from scoring.phrases import Phrases, prepare

CALL_BACK = Phrases(
    (
        "(i|we) will ... (call|ring|phone) you",
        "(i|we) will ... (call|ring) back",
        "(i|we) will ... get back to you",
        "(i|we) will ... be in touch",
        "(i|we) will ... let you know",
        "(i|we) will ... give you a (call|ring)",
        "(i|we) am going to ... call you",
        "(he|she|they|someone|somebody|colleague|team|manager|supervisor|technician) ... will ... (call|ring|phone|contact) you",
        "(he|she|they|someone|somebody|colleague|team|manager|supervisor|technician) ... will ... get back to you",
        "you will ... hear from (me|us)",
        "(تماس|تلفن) ... می (گیر|گیرم|گیریم|گیره|گیرن|گیرند|گیرد)",
        "(تماس|تلفن) خواه* گرفت",
        "زنگ می (زنم|زنیم|زنه|زنن|زنند|زند)",
        "زنگ خواه* زد",
        "زنگتون می (زنم|زنیم)",
        "خبر* ... می (دم|دیم|دن|دهم|دهیم|دهند)",
        "خبرت(ون|ان) می کن*",
        "اطلاع می (دم|دیم|دن|دهم|دهیم|دهند)",
    )
)
#: Not a promise: an offer that hangs on something, a question, the past.
_UNLESS = Phrases(("if", "اگه", "اگر", "قبلش", "would you like me", "do you want me", "می خواین", "می خواید"))
#: Calling *us*, or what the customer is to do.
_NOT_OURS = frozenset({"شما با ما"})


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise to call the customer back. `due_at` in UTC, None when no time was named."""

    turn: Turn
    due_at: datetime.datetime | None

    def stored(self) -> dict[str, Any]:
        due = self.due_at.isoformat() if self.due_at else None
        return evidence(self.turn, due_at=due, kind="call_back")


def promises(turns: Sequence[Turn], started_at: datetime.datetime, timezone: str) -> list[Promise]:
    """The agent's promises to call back, in order; one that is repeated is told once, with its time.

    `started_at` (aware) is the playback's second 0: "by four" and «تا فردا ظهر» are read from there, in the center's `timezone`.
    """
    found: list[Promise] = []
    for turn in turns:
        if turn.party == AGENT and (sentence := _promising(turn.text)):
            said_at = started_at + datetime.timedelta(seconds=turn.end_s)
            due = due_at(sentence, said_at, timezone) or due_at(turn.text, said_at, timezone)
            if found and (due is None or found[-1].due_at == due):
                continue
            if found and found[-1].due_at is None:
                found.pop()
            found.append(Promise(turn=turn, due_at=due))
    return found


def _promising(text: str) -> str | None:
    """The sentence that promises, in search form; None without one."""
    for hit in CALL_BACK.find(text):
        prepared = prepare(text)
        first, last = prepared.clause(hit.start)
        sentence = prepared.text[first : max(last, hit.end)]
        if not hit.negated and not _UNLESS.find(prepared.text[first : hit.start]):
            return sentence
    return None
