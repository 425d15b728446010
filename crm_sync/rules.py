"""When somebody is owed something: facts of a call in, follow-ups out. No database, no clock of its own."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

UNANSWERED = {"abandoned", "timed_out", "no_agent", "busy"}
_MISSED = {
    "abandoned": "The caller waited %(wait)s and hung up",
    "timed_out": "Nobody answered; the caller waited %(wait)s until the queue gave up",
}


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Something the agent said would be done."""

    words: str
    agent: str | None
    user_id: uuid.UUID | None = None  #: who that agent is, None while nobody is named
    due_at: datetime.datetime | None  #: None where no time was named
    meant: bool = False  #: heard by its meaning alone, which is less sure


@dataclass(frozen=True, kw_only=True)
class CallFacts:
    """What the rules look at. Times in UTC, `dissatisfied` a probability or None where nothing was judged."""

    direction: str
    disposition: str
    ended_at: datetime.datetime
    wait_s: float | None
    has_number: bool
    dissatisfied: float | None = None
    promises: Sequence[Promise] = field(default=())
    reached_since: bool = False  #: the customer has been spoken to after this call


@dataclass(frozen=True, kw_only=True)
class Owed:
    """A follow-up to be opened. `reason` is a text of the catalogue with its values."""

    rule: str
    reason: str
    values: dict[str, str]
    due_at: datetime.datetime
    agent: str | None = None  #: the agent it falls to, None for whoever takes it
    user_id: uuid.UUID | None = None  #: who that agent is, None while nobody is named


def decide(facts: CallFacts, *, dissatisfied_above: float, within_h: float) -> list[Owed]:
    """The follow-ups that a call gives rise to, at most one a rule.

    A caller who hung up is owed a call only if there is a number to call and nobody has spoken to them since.
    """
    if facts.direction == "internal":
        return []  # colleagues among themselves: there is no customer to whom anything is owed
    soon = facts.ended_at + datetime.timedelta(hours=within_h)
    owed = []
    if (
        facts.disposition in UNANSWERED
        and facts.direction == "inbound"
        and facts.has_number
        and not facts.reached_since
    ):
        reason = _MISSED.get(facts.disposition, "The call was not answered")
        owed.append(Owed(rule="abandoned", reason=reason, values={"wait": clock(facts.wait_s or 0.0)}, due_at=soon))
    if facts.dissatisfied is not None and facts.dissatisfied >= dissatisfied_above:
        values = {"percent": str(round(100 * facts.dissatisfied))}
        owed.append(
            Owed(
                rule="dissatisfied",
                reason="The customer was dissatisfied (likelihood %(percent)s of 100)",
                values=values,
                due_at=soon,
            )
        )
    if facts.promises:
        first = min(facts.promises, key=lambda promise: promise.due_at or soon)
        owed.append(
            Owed(
                rule="promise",
                reason="The agent seems to have promised: “%(words)s”"
                if first.meant
                else "The agent promised: “%(words)s”",
                values={"words": first.words},
                due_at=first.due_at or soon,
                agent=first.agent,
                user_id=first.user_id,
            )
        )
    return owed


def clock(seconds: float) -> str:
    """Seconds as minutes:seconds, 75 as 1:15."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
