"""The scoring step of a call's life: transcript and ledger in, the customer's mood and the agents' evaluations out."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from avasanj import memory
from avasanj.database import Database, utc_now
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.settings import Settings
from scoring import evaluation, language_model, library, likeness, satisfaction
from scoring.anger import Target, targets
from scoring.applies import Occasion, choose
from scoring.asking import Asks
from scoring.dialogue import AGENT, MIXED, Turn
from scoring.dissatisfaction import Judgement, Line, Moment, customer_phrases, judge
from scoring.evaluation import Filled
from scoring.heads import Heads
from scoring.learning import versions
from scoring.material import Material, load
from scoring.mood import Encodes, judged_texts, moments
from scoring.promises import CONTACT, Promise, untold
from scoring.questions import Setting, hearing
from scoring.reviews.standing import one_at_a_time, stand_again
from scoring.rules import said_by_anyone
from scoring.scorecard import NO, Answered, Scorecard
from scoring.sound import raised_voice, talk_over_s
from scoring.spans import AgentPart, parts, playback_starts_s
from scoring.tables import Answer, Evaluation, Mood
from scoring.topics import about
from scoring.topics import lists as topic_lists
from scoring.topics.about import About
from scoring.topics.remembered import Remembered
from telephony.tables import Call, Source
from transcription.tables import Transcript

HOLD_QUESTION = "hold_announced"
_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """What is stored for one call."""

    judgement: Judgement
    path: Sequence[Moment]
    promises: Sequence[Promise]  #: those that the customer will hear from the center
    about: About
    evaluations: Sequence[Filled]
    heard: float
    language: str
    anger: Sequence[Target]


def score(settings: Settings, database: Database, encoder: Encodes, call_id: uuid.UUID) -> None:
    """Judge the call and save it once; a call that was scored already from the same transcript is left as it is.

    A call without a transcript gets a mood that says so (nothing to judge by) and no evaluation. Raises LastingError for an unknown call.
    """
    heads = versions.in_use(database)
    library.ensure_shipped(database)
    began = utc_now()  # a correction that comes meanwhile is for the next scoring
    with database.read() as session:
        material = load(session, call_id)
        if _is_done(session, material, heads):
            return
    likeness.prepare(material.cards, encoder)
    scored = assess(settings, encoder, heads, material, language_model.of(settings))
    memory.give_back()
    with database.transaction() as session:
        _save(session, material, scored, heads, began)
        announce(session, "call", call_id)
    counts = all(not filled.kept_out for filled in scored.evaluations)
    _log.info("call_scored", call=str(call_id), evaluations=len(scored.evaluations), counts=counts)


def assess(settings: Settings, encoder: Encodes, heads: Heads, material: Material, model: Asks | None = None) -> Scored:
    """Data to data: everything about a call that scoring says."""
    call, transcript, turns = material.call, material.transcript, material.turns
    heads = heads.for_queue(call.queue)
    remembered = Remembered(encoder)
    # all that is judged by its meaning, in as few batches as can be
    remembered.encode([text for text in (*judged_texts(turns), *untold(turns)) if text.strip()])
    language = transcript.language if transcript else (call.language or settings.language)
    heard = hearing(turns, too_weak=bool(transcript and transcript.too_weak))
    # a guess at who spoke is good enough to follow the customer's mood by, not to judge an agent by
    guessed = bool(transcript and transcript.speakers_guessed)
    proven = [dataclasses.replace(turn, party=MIXED) for turn in turns] if guessed else turns
    agents = parts(call, proven, sound=material.sound, earlier_calls=material.earlier_calls)
    setting = Setting(encoder=encoder, heard=heard, language=language, model=model)
    why_not = kept_out(call, proven, heard, guessed=guessed)
    filled = [
        evaluation.fill(part, card, setting, why_not) for part in agents for card in _cards(material, part, language)
    ]
    path = moments(turns, language, remembered, heads)
    answers = [answer for one in filled for answer in one.answers]
    told = about.about(
        turns,
        material.topics or topic_lists.shipped(),
        encoder,
        began=call.started_at + datetime.timedelta(seconds=playback_starts_s(call)),
        timezone=settings.timezone,
        language=language,
        outbound=call.direction == "outbound",
        remembered=remembered,
        model=model,
    )
    return Scored(
        judgement=judge(path, line_of(material, turns, agents, answers), heads.call_weights(language)),
        path=path,
        promises=[one for one in told.promises if one.kind in CONTACT],
        about=told,
        evaluations=filled,
        heard=heard,
        language=language,
        anger=targets(path, turns, language, remembered),
    )


def _cards(material: Material, part: AgentPart, language: str) -> Sequence[Scorecard]:
    """The forms for a part: those that it was scored by before, else the published ones that suit it."""
    if earlier := material.earlier_cards.get(part.position):
        return earlier
    occasion = Occasion(queue=part.queue, direction=material.call.direction, language=language)
    return choose(material.cards, occasion)


def kept_out(call: Call, turns: Sequence[Turn], heard: float, *, guessed: bool) -> list[str]:
    """Why the whole call stays out of averages."""
    found = [evaluation.SAMPLE] if call.source == Source.SAMPLE else []
    if guessed:
        found.append(evaluation.GUESSED)
    elif any(turn.party == MIXED for turn in turns):
        found.append(evaluation.ONE_CHANNEL)
    elif {turn.party for turn in turns if turn.text.strip()} == {AGENT}:
        found.append(evaluation.NO_CUSTOMER)  # who talks to nobody forgets no courtesy
    return [*found, evaluation.BADLY_HEARD] if heard < 1 else found


def line_of(
    material: Material, turns: Sequence[Turn], agents: Sequence[AgentPart], answers: Sequence[Answered]
) -> Line:
    held = {hold for part in agents for hold in part.stretch.holds}
    # what was heard as a hold in the sound (an imported call's) is no silence besides
    silences = [] if held and not material.call.hold_s else (material.sound or {}).get("silences", [])
    return Line(
        wait_s=material.call.wait_s or 0.0,
        hold_s=material.call.hold_s or sum(end - start for start, end in held),
        unannounced_holds=sum(answer.question.key == HOLD_QUESTION and answer.value == NO for answer in answers),
        earlier_calls=material.earlier_calls,
        transfers=max(0, len(agents) - 1),
        agent_talk_over_s=talk_over_s(material.sound or {}, AGENT),
        longest_silence_s=max((end - start for start, end in silences), default=0.0),
        raised_voice=raised_voice((material.sound or {}).get("voice", [])),
        wrong_number=bool(said_by_anyone(customer_phrases()["wrong_number"].patterns, turns)),
    )


def _is_done(session: Session, material: Material, heads: Heads) -> bool:
    mood = session.get(Mood, material.call.id)
    if mood is None or mood.model != heads.version:
        return False
    return material.transcript is None or mood.made_at >= material.transcript.changed_at


def _save(session: Session, material: Material, scored: Scored, heads: Heads, began: datetime.datetime) -> None:
    """Mood and evaluations, in the place of what was there. Two workers with the same call go one after the other."""
    call_id = material.call.id
    one_at_a_time(session, call_id)
    session.execute(delete(Mood).where(Mood.call_id == call_id))
    old = select(Evaluation.id).where(Evaluation.call_id == call_id)
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
            satisfaction=_satisfaction(judgement, scored.language),
            anger=[one.stored() for one in scored.anger],
            curve=[_point(moment) for moment in scored.path],
            promises=[promise.stored() for promise in scored.promises],
            made_at=began,
        )
    )
    about.save(session, call_id, scored.about, began)
    speech = _speech(material.transcript)
    for filled in scored.evaluations:
        row = evaluation.row(call_id, filled, speech)
        stand_again(session, row, filled.card)  # what people have answered stays
        session.add(row)


def _satisfaction(judgement: Judgement, language: str) -> dict[str, Any] | None:
    if judgement.probability is None:
        return None
    return satisfaction.predicted(judgement.probability, satisfaction.cuts_of(language)).stored()


def _speech(transcript: Transcript | None) -> dict[str, Any]:
    """What made the words that the answers rest on."""
    if transcript is None:
        return {}
    made_by = {"speech": transcript.model or transcript.source, "speech_version": transcript.model_version}
    return {"transcript": str(transcript.id), **made_by}


def _point(moment: Moment) -> dict[str, Any]:
    return {
        "turn": moment.turn.position,
        "start_s": round(moment.turn.start_s, 2),
        "end_s": round(moment.turn.end_s, 2),
        "negative": round(moment.negative, 3),
        "neutral": round(moment.neutral, 3),
        "positive": round(moment.positive, 3),
        "dissatisfied": round(moment.dissatisfied, 3),
        "angry": round(moment.angry, 3),
    }
