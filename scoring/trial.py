"""A rule tried on stored calls before it stands in a form: which of the last calls would it find? Nothing is kept."""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from scoring.dialogue import Turn
from scoring.material import turns_of
from scoring.rules import Hit, look
from scoring.scorecard import Rule
from scoring.spans import parts
from telephony.tables import Call
from transcription.tables import Transcript

MOST_CALLS = 200
MOST_SECONDS = 4.0
#: So many calls are read at a time: one with an hour of words weighs as much as ten others.
_AT_A_TIME = 20


@dataclass(frozen=True, kw_only=True)
class Find:
    """An agent's part of a call in which the rule found something: the words that speak for yes, or for no."""

    call_id: uuid.UUID
    started_at: datetime.datetime
    agent: str | None
    hits: tuple[Hit, ...]
    forbidden: bool


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`looked` calls back to `since`; `cut_short` where the time was up before `MOST_CALLS` were read."""

    finds: tuple[Find, ...]
    looked: int
    since: datetime.datetime | None
    cut_short: bool

    @property
    def calls(self) -> int:
        return len({one.call_id for one in self.finds})


def try_rule(
    session: Session,
    rule: Rule,
    allowed: ColumnElement[bool],
    *,
    calls: int = MOST_CALLS,
    seconds: float = MOST_SECONDS,
) -> Trial:
    """Looks at the newest calls with words, for at most so many seconds. `allowed` limits them to what the person may see."""
    until = time.monotonic() + seconds
    query = select(Call.id).join(Transcript, Transcript.call_id == Call.id).where(Transcript.current, allowed)
    ids = session.scalars(query.order_by(Call.started_at.desc()).limit(calls)).all()
    finds: list[Find] = []
    looked, since = 0, None
    for start in range(0, len(ids), _AT_A_TIME):
        for call, turns in _read(session, ids[start : start + _AT_A_TIME]):
            if time.monotonic() > until:
                return Trial(finds=tuple(finds), looked=looked, since=since, cut_short=True)
            finds += _found(rule, call, turns)
            looked, since = looked + 1, call.started_at
    return Trial(finds=tuple(finds), looked=looked, since=since, cut_short=False)


def _read(session: Session, ids: Sequence[uuid.UUID]) -> list[tuple[Call, list[Turn]]]:
    """These calls with their words, the newest first."""
    loads = [selectinload(one) for one in (Call.spans, Call.hold_spans, Call.recordings, Call.handovers, Call.visits)]
    rows = session.execute(
        select(Call, Transcript)
        .join(Transcript, Transcript.call_id == Call.id)
        .where(Call.id.in_(ids), Transcript.current)
        .options(*loads, selectinload(Transcript.turns))
        .order_by(Call.started_at.desc())
    ).all()
    return [(call, turns_of(transcript)) for call, transcript in rows]


def _found(rule: Rule, call: Call, turns: list[Turn]) -> list[Find]:
    finds = []
    for part in parts(call, turns):
        seen = look(rule, part.stretch)
        if hits := (seen.no or seen.yes)[:3]:
            name = part.name or part.interface
            finds.append(
                Find(call_id=call.id, started_at=call.started_at, agent=name, hits=hits, forbidden=bool(seen.no))
            )
    return finds
