"""What a call is scored by: its row in the ledger, its words, what was measured in its sound, and the center's forms and topics."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from avasanj.errors import LastingError
from scoring import library
from scoring.dialogue import Turn
from scoring.scorecard import Scorecard
from scoring.tables import Evaluation
from scoring.topics import lists as topic_lists
from scoring.topics.topic import Topics
from telephony.tables import Call
from transcription.tables import Measures, Transcript

#: Calls of the same customer this long before count as "called before".
REPEAT = datetime.timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Material:
    """What is scored: the ledger's call with spans, holds and recordings, its transcript (None without one), and the calls before it."""

    call: Call
    transcript: Transcript | None
    earlier_calls: int
    cards: Sequence[Scorecard]  #: the published ones
    #: those by which each part was scored before, by its place: an old evaluation keeps its form
    earlier_cards: Mapping[int, Sequence[Scorecard]] = field(default_factory=dict)
    sound: Mapping[str, Any] | None = None  #: details of what was measured in it
    topics: Topics | None = None  #: the center's; None: the shipped ones

    @property
    def turns(self) -> list[Turn]:
        return turns_of(self.transcript) if self.transcript else []


def turns_of(transcript: Transcript) -> list[Turn]:
    """What was said, as people have corrected it. The transcript's turns must be loaded."""
    return [
        Turn(
            position=row.position,
            party=row.party,
            start_s=row.start_s,
            end_s=row.end_s,
            text=row.said,
            confidence=row.confidence,
        )
        for row in transcript.turns
    ]


def load(session: Session, call_id: uuid.UUID) -> Material:
    """Of one call. Raises LastingError for an unknown one."""
    call = session.get(
        Call,
        call_id,
        options=[
            selectinload(one) for one in (Call.spans, Call.hold_spans, Call.recordings, Call.handovers, Call.visits)
        ],
    )
    if call is None:
        raise LastingError(f"There is no call {call_id} to score. It may have been removed with the sample calls.")
    query = (
        select(Transcript)
        .where(Transcript.call_id == call.id, Transcript.current)
        .options(selectinload(Transcript.turns))
    )
    earlier = 0
    if call.customer_e164:
        before = (
            Call.customer_e164 == call.customer_e164,
            Call.started_at < call.started_at,
            Call.started_at >= call.started_at - REPEAT,
        )
        earlier = (
            session.scalar(select(func.count()).select_from(Call).where(*before, Call.direction == "inbound")) or 0
        )
    return Material(
        call=call,
        transcript=session.scalar(query),
        earlier_calls=earlier if call.direction == "inbound" else 0,
        cards=library.published(session),
        earlier_cards=_earlier_cards(session, call.id),
        topics=topic_lists.current(session),
        sound=session.scalar(select(Measures.details).where(Measures.call_id == call.id)),
    )


def _earlier_cards(session: Session, call_id: uuid.UUID) -> dict[int, list[Scorecard]]:
    """The versions by which the call was scored before, per span."""
    query = select(Evaluation.span_position, Evaluation.scorecard, Evaluation.scorecard_version)
    found: dict[int, list[Scorecard]] = {}
    for position, key, version in session.execute(
        query.where(Evaluation.call_id == call_id).order_by(Evaluation.scorecard)
    ):
        if (card := library.card_of(session, key, version)) is not None:
            found.setdefault(position, []).append(card)
    return found
