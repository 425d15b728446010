"""The speech stage: a call's recordings become one file to listen to and one transcript. Running again changes nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from avasanj.database import Database
from avasanj.errors import LastingError
from avasanj.i18n import N_
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.settings import Settings
from telephony import tables as ledger
from telephony.recordings import mark_problem, note_awaited
from telephony.storage import let_go
from telephony.tables import Party
from transcription import elsewhere, hot_words, live_turns, playback, turns
from transcription.at_hand import legs_at_hand
from transcription.engine import NORMAL, Known, SpeechEngine, Urgency
from transcription.languages import AUTO, language_of, set_language_of
from transcription.legs import Leg
from transcription.meter import Meter, measures_of
from transcription.reasons import CUT_OFF
from transcription.speakers_ear import SpeakerEar, ear_for, told_apart
from transcription.tables import Measures, Playback, Transcript, Turn
from transcription.turns import Said
from transcription.windows import Utterance

#: Each is one line of `Playback.warning`, translated where it is shown.
_UNHEARD = {
    Party.CUSTOMER: N_("The customer's recording can't be used; only the agent is heard."),
    Party.AGENT: N_("The agent's recording can't be used; only the customer is heard."),
}
_ABSENT = {
    Party.CUSTOMER: N_("The customer was not recorded; only the agent is heard."),
    Party.AGENT: N_("The agent was not recorded; only the customer is heard."),
}
_PARTLY = {
    Party.CUSTOMER: N_("A part of the customer's recording can't be used."),
    Party.AGENT: N_("A part of the agent's recording can't be used."),
    Party.MIXED: N_("A part of the recording can't be used."),
}
_log = get_logger(__name__)


def prepare_playback(settings: Settings, database: Database, call_id: uuid.UUID) -> None:
    """Make the call's one playable file and note what is wrong with its recordings, on each and in the file's warning.

    Without a leg that can be heard there is no playback; each recording then says why. Raises Away where the recordings
    can't be reached now.
    """
    with database.read() as session:
        call = load_call(session, call_id)
        known = session.get(Playback, call_id)
        if known is not None and (settings.media_dir / known.path).is_file():
            return
    legs, problems = legs_at_hand(settings, call)
    path = playback.media_path(call_id)
    made = playback.make(legs, settings.media_dir / path) if legs else None
    problems |= made.problems if made else playback.problems_of(legs)
    with database.transaction() as session:
        for recording_id, problem in problems.items():
            mark_problem(session, recording_id, problem)
        if made:
            session.merge(
                Playback(
                    call_id=call_id,
                    path=path,
                    duration_s=made.duration_s,
                    peaks=made.peaks,
                    mono=made.mono,
                    breaks_off={party.value: end_s for party, end_s in made.cut_off.items()},
                    warning="\n".join(_warnings(call, made, problems)) or None,
                )
            )
        note_awaited(session, call_id, None)
        announce(session, "call", call_id)
    _log.info("playback_prepared", call=str(call_id), made=made is not None, broken=len(problems))


def transcribe(
    settings: Settings,
    database: Database,
    engine: SpeechEngine,
    call_id: uuid.UUID,
    *,
    urgency: Urgency = NORMAL,
) -> None:
    """Save who said what, heard by the engine or read from the transcript that came with the recording.

    A transcript that is there stays. Without a playback there is nothing to hear and no transcript.
    Raises InputError for a transcript file that can't be used, LastingError when the model can't be loaded, Away where the
    recordings can't be reached now.
    """
    with database.read() as session:
        call = load_call(session, call_id)
        listened = session.get(Playback, call_id)
        known = _has_one(session, call_id)
        language = language_of(settings, call)
        hot = hot_words.chosen(session, language)
        live = live_turns.reuse(session, call_id, engine)
    if listened is None or known:
        return
    given = next((r.transcript_path for r in call.recordings if r.transcript_path), None)
    if given is not None:
        made, said = _from_elsewhere(call_id, Path(given))
        _save(database, call_id, made, said, {}, None)
    else:
        legs, unopened = legs_at_hand(settings, call)
        language, sure = spoken_language(settings, engine, call, legs, urgency)
        with database.read() as session:
            hot = hot_words.chosen(session, language)
        meter = Meter()
        made, said, problems = heard(
            engine,
            call_id,
            legs,
            language,
            hot=hot,
            meter=meter,
            urgency=urgency,
            known=None if sure is not None else live,
            ear=ear_for(settings, call, legs),
        )
        made.language_probability = sure
        _log.info("live_turns_taken_over", call=str(call_id), seconds=round(live.seconds, 1))
        readable = [leg for leg in legs if leg.recording_id not in problems]
        # a guess at who spoke is no measure of either
        words = [(Party.MIXED if made.speakers_guessed else one.party, one.text) for one in said]
        measures = measures_of(call, readable, meter, words) if readable else None
        _save(database, call_id, made if readable else None, said, unopened | problems, measures)
    for recording in call.recordings:
        let_go(settings, recording.path)


def spoken_language(
    settings: Settings, engine: SpeechEngine, call: ledger.Call, legs: Sequence[Leg], urgency: Urgency = NORMAL
) -> tuple[str, float | None]:
    """The call's language as it is set, or as it sounds where that is asked for, then with its probability."""
    wanted = language_of(settings, call)
    if wanted != AUTO:
        return wanted, None
    found = engine.language_of(legs, urgency=urgency)
    return found or (set_language_of(settings, call), None)


def _from_elsewhere(call_id: uuid.UUID, path: Path) -> tuple[Transcript, list[Said]]:
    given = elsewhere.read(path)
    return Transcript(call_id=call_id, language=given.language, source=given.source), given.turns


def heard(
    engine: SpeechEngine,
    call_id: uuid.UUID,
    legs: Sequence[Leg],
    language: str,
    *,
    hot: tuple[str, ...] = (),
    meter: Meter | None = None,
    urgency: Urgency = NORMAL,
    known: Known | None = None,
    ear: SpeakerEar | None = None,
) -> tuple[Transcript, list[Said], dict[int, str]]:
    """A transcript of the legs, not saved, its turns, and by recording id why one could not be heard."""
    began_s = time.monotonic()
    ears = [listener.hear for listener in (meter, ear) if listener is not None]

    def heed(leg: Leg, utterance: Utterance) -> None:
        for hear in ears:
            hear(leg, utterance)

    heard = engine.transcribe(legs, language, urgency=urgency, hot_words=hot, heed=heed, known=known)
    spoken, guessed = told_apart(ear, heard.spoken)
    transcript = Transcript(
        call_id=call_id,
        language=language,
        source=engine.kind,
        model=engine.name,
        model_version=engine.version,
        too_weak=engine.too_weak(language),
        speakers_guessed=guessed,
        dropped=[
            {"party": d.party.value, "start_s": d.start_s, "end_s": d.end_s, "reason": d.reason} for d in heard.dropped
        ],
        seconds_spent=round(time.monotonic() - began_s, 2),
    )
    said = [
        Said(party=s.party, start_s=s.start_s, end_s=s.end_s, text=s.text, confidence=s.confidence, words=s.words)
        for s in spoken
    ]
    return transcript, turns.merge(said), heard.problems


def _save(
    database: Database,
    call_id: uuid.UUID,
    made: Transcript | None,
    said: Sequence[Said],
    problems: Mapping[int, str],
    measures: Measures | None,
) -> None:
    with database.transaction() as session:
        for recording_id, problem in problems.items():
            mark_problem(session, recording_id, problem)
        if made is not None and not _has_one(session, call_id):
            made.turns = rows_of(said)
            session.add(made)
            live_turns.forget(session, call_id)
        if measures is not None:
            session.merge(measures)
        note_awaited(session, call_id, None)
        announce(session, "call", call_id)
    _log.info("call_transcribed", call=str(call_id), turns=len(said), broken=len(problems))


def _has_one(session: Session, call_id: uuid.UUID) -> bool:
    """Whether a worker that was taken for dead has saved a transcript meanwhile, which people may have corrected since."""
    query = select(Transcript.id).where(Transcript.call_id == call_id, Transcript.current)
    return session.scalar(query) is not None


def rows_of(said: Sequence[Said]) -> list[Turn]:
    """The turns as they are kept."""
    return [
        Turn(
            position=position,
            party=turn.party.value,
            start_s=turn.start_s,
            end_s=turn.end_s,
            text=turn.text,
            confidence=turn.confidence,
            words=[[w.text.strip(), w.start_s, w.end_s, w.probability] for w in turn.words] or None,
        )
        for position, turn in enumerate(said)
    ]


def load_call(session: Session, call_id: uuid.UUID) -> ledger.Call:
    loads = (selectinload(ledger.Call.recordings), selectinload(ledger.Call.hold_spans))
    call = session.scalars(select(ledger.Call).where(ledger.Call.id == call_id).options(*loads)).first()
    if call is None:
        raise LastingError(f"There is no call {call_id} in the ledger. It may have been removed meanwhile.")
    return call


def _warnings(call: ledger.Call, made: playback.Made, problems: Mapping[int, str]) -> list[str]:
    """What a listener should know, a sentence a line: who is not heard, and whose recording ends too soon."""
    bad = {r.id for r in call.recordings if r.problem is not None} | set(problems)
    heard = {Party(r.party) for r in call.recordings if r.id not in bad}
    broken = {Party(r.party) for r in call.recordings if r.id in bad}
    warnings = []
    if not made.mono:
        warnings += [(_UNHEARD if p in broken else _ABSENT)[p] for p in (Party.CUSTOMER, Party.AGENT) if p not in heard]
    warnings += [_PARTLY[party] for party in sorted((broken & heard) | made.damaged)]
    warnings += [CUT_OFF[party] for party in sorted(made.cut_off)]
    return warnings
