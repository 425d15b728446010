"""The scoring step of a call's life: transcript and ledger in, the customer's mood and the agents' evaluations out."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session, selectinload

from avasanj.database import Database, utc_now
from avasanj.errors import LastingError
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.settings import Settings
from scoring import heads as shipped_heads
from scoring import scorecard as scorecards
from scoring.dialogue import AGENT, MIXED, Turn
from scoring.dissatisfaction import Judgement, Line, Moment, customer_phrases, judge
from scoring.heads import Heads
from scoring.mood import Encodes, moments
from scoring.promises import Promise, promises
from scoring.questions import answer_all, hearing
from scoring.rules import said_by_anyone
from scoring.scorecard import NO, Answered, Scorecard
from scoring.spans import AgentPart, parts, playback_starts_s
from scoring.tables import Answer, Evaluation, Mood
from telephony.tables import Call, Source
from transcription.tables import Transcript

_NAMESPACE = uuid.UUID("6f0a6f0e-5d0f-5f2c-9d5c-0a8f5f1b7a11")
#: Calls of the same customer this long before count as "called before".
REPEAT = datetime.timedelta(days=7)
HOLD_QUESTION = "hold_announced"
_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Material:
    """What is scored: the ledger's call with spans, holds and recordings, its transcript (None without one), and the calls before it."""

    call: Call
    transcript: Transcript | None
    earlier_calls: int

    @property
    def turns(self) -> list[Turn]:
        rows = self.transcript.turns if self.transcript else []
        return [
            Turn(
                position=row.position,
                party=row.party,
                start_s=row.start_s,
                end_s=row.end_s,
                text=row.said,
                confidence=row.confidence,
            )
            for row in rows
        ]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What is stored for one call."""

    judgement: Judgement
    path: Sequence[Moment]
    promises: Sequence[Promise]
    evaluations: Sequence[tuple[AgentPart, Sequence[Answered]]]
    counts: bool
    heard: float


def score(settings: Settings, database: Database, encoder: Encodes, call_id: uuid.UUID) -> None:
    """Judge the call and save it once; a call that was scored already from the same transcript is left as it is.

    A call without a transcript gets a mood that says so (nothing to judge by) and no evaluation. Raises LastingError for an unknown call.
    """
    heads, card = shipped_heads.shipped(), scorecards.shipped()
    began = utc_now()  # a correction that comes meanwhile is for the next scoring
    with database.read() as session:
        material = _load(session, call_id)
        if _is_done(session, material, heads):
            return
    scored = assess(settings, encoder, heads, card, material)
    with database.transaction() as session:
        _save(session, material.call.id, scored, heads, card, began)
        announce(session, "call", call_id)
    _log.info("call_scored", call=str(call_id), evaluations=len(scored.evaluations), counts=scored.counts)


def assess(settings: Settings, encoder: Encodes, heads: Heads, card: Scorecard, material: Material) -> Scored:
    """Data to data: everything about a call that scoring says."""
    call, transcript, turns = material.call, material.transcript, material.turns
    language = transcript.language if transcript else (call.language or settings.language)
    heard = hearing(turns, too_weak=bool(transcript and transcript.too_weak))
    # a guess at who spoke is good enough to follow the customer's mood by, not to judge an agent by
    guessed = bool(transcript and transcript.speakers_guessed)
    proven = [dataclasses.replace(turn, party=MIXED) for turn in turns] if guessed else turns
    agents = parts(call, proven)
    evaluations = [(part, answer_all(card, part.stretch, encoder, heard=heard)) for part in agents]
    path = moments(turns, language, encoder, heads)
    return Scored(
        judgement=judge(
            path, _line(material, turns, agents, [answer for _, answers in evaluations for answer in answers])
        ),
        path=path,
        promises=promises(
            turns, call.started_at + datetime.timedelta(seconds=playback_starts_s(call)), settings.timezone
        ),
        evaluations=evaluations,
        counts=call.source != Source.SAMPLE and heard >= 1 and all(turn.party != MIXED for turn in proven),
        heard=heard,
    )


def _line(material: Material, turns: Sequence[Turn], agents: Sequence[AgentPart], answers: Sequence[Answered]) -> Line:
    held = {hold for part in agents for hold in part.stretch.holds}
    return Line(
        wait_s=material.call.wait_s or 0.0,
        hold_s=material.call.hold_s or sum(end - start for start, end in held),
        unannounced_holds=sum(answer.question.key == HOLD_QUESTION and answer.value == NO for answer in answers),
        earlier_calls=material.earlier_calls,
        wrong_number=bool(said_by_anyone(customer_phrases()["wrong_number"].patterns, turns)),
    )


def _load(session: Session, call_id: uuid.UUID) -> Material:
    call = session.get(
        Call, call_id, options=[selectinload(Call.spans), selectinload(Call.hold_spans), selectinload(Call.recordings)]
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
        call=call, transcript=session.scalar(query), earlier_calls=earlier if call.direction == "inbound" else 0
    )


def _is_done(session: Session, material: Material, heads: Heads) -> bool:
    mood = session.get(Mood, material.call.id)
    if mood is None or mood.model != heads.version:
        return False
    return material.transcript is None or mood.made_at >= material.transcript.changed_at


def _save(
    session: Session, call_id: uuid.UUID, scored: Scored, heads: Heads, card: Scorecard, began: datetime.datetime
) -> None:
    """Mood and evaluations, in the place of what was there. Two workers with the same call go one after the other."""
    session.execute(text("select pg_advisory_xact_lock(hashtext(:key))"), {"key": f"scoring:{call_id}"})
    session.execute(delete(Mood).where(Mood.call_id == call_id))
    old = select(Evaluation.id).where(
        Evaluation.call_id == call_id, Evaluation.scorecard == card.key, Evaluation.scorecard_version == card.version
    )
    session.execute(delete(Answer).where(Answer.evaluation_id.in_(old)))
    session.execute(delete(Evaluation).where(Evaluation.id.in_(old)))
    judgement = scored.judgement
    session.add(
        Mood(
            call_id=call_id,
            dissatisfied=judgement.probability,
            model=heads.version,
            contributions=[contribution.stored() for contribution in judgement.contributions],
            evidence=list(judgement.evidence),
            curve=[_point(moment) for moment in scored.path],
            promises=[promise.stored() for promise in scored.promises],
            made_at=began,
        )
    )
    session.add_all(_evaluation(call_id, part, answers, scored, card) for part, answers in scored.evaluations)


def _point(moment: Moment) -> dict[str, Any]:
    return {
        "turn": moment.turn.position,
        "start_s": round(moment.turn.start_s, 2),
        "end_s": round(moment.turn.end_s, 2),
        "negative": round(moment.negative, 3),
        "neutral": round(moment.neutral, 3),
        "positive": round(moment.positive, 3),
        "dissatisfied": round(moment.dissatisfied, 3),
    }


def _evaluation(
    call_id: uuid.UUID, part: AgentPart, answers: Sequence[Answered], scored: Scored, card: Scorecard
) -> Evaluation:
    spoke = any(turn.party == AGENT for turn in part.stretch.turns)
    return Evaluation(
        id=uuid.uuid5(_NAMESPACE, f"{call_id}/{part.position}/{card.key}/{card.version}"),
        call_id=call_id,
        span_position=part.position,
        agent_interface=part.interface,
        agent_name=part.name,
        scorecard=card.key,
        scorecard_version=card.version,
        score=scorecards.score(answers),
        needs_person=any(answer.needs_person for answer in answers),
        counts=scored.counts and spoke,
        answers=[
            Answer(
                position=position,
                question=answer.question.key,
                title=dict(answer.question.title),
                value=answer.value,
                points=answer.points,
                points_possible=answer.question.weight,
                confidence=answer.confidence,
                method=answer.method,
                evidence=list(answer.evidence),
                reason=dict(answer.reason) or None,
            )
            for position, answer in enumerate(answers)
        ],
    )
