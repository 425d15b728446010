"""Several transcripts of a call: asked for, made by another model, compared, chosen, tidied away."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Select, delete, exists, select
from sqlalchemy.orm import Session, selectinload

from avasanj import work
from avasanj.database import Database, utc_now
from avasanj.errors import InputError, LastingError
from avasanj.i18n import N_
from avasanj.log import get_logger
from avasanj.login import audit
from avasanj.notify import announce
from avasanj.settings import Settings
from telephony.storage import let_go
from telephony.tables import AgentSpan, Call, Recording
from transcription import corrections, hot_words, stage
from transcription.at_hand import legs_at_hand
from transcription.carrying import carry
from transcription.engine import LATER, SpeechEngine
from transcription.engines import engine_of
from transcription.exports import Line, line_of
from transcription.tables import Rehearing, Transcript, Turn

_log = get_logger(__name__)


class SpareEngine:
    """One more speech engine, of another model than the center's own; the last one asked for is kept until `unload`."""

    def __init__(self, settings: Settings, make: Callable[[Settings], SpeechEngine] = engine_of) -> None:
        self._settings, self._make = settings, make
        self._one_at_a_time = threading.Lock()
        self._model = ""
        self._engine: SpeechEngine | None = None

    @contextmanager
    def of(self, model: str) -> Iterator[SpeechEngine]:
        """The engine of this model, for the block alone; what another model had in memory is given back first."""
        with self._one_at_a_time:
            if self._engine is None or self._model != model:
                self._drop()
                self._engine = self._make(self._settings.model_copy(update={"speech_model": model}))
                self._model = model
            yield self._engine

    def unload(self) -> None:
        """Give the memory back, once what runs is done."""
        with self._one_at_a_time:
            self._drop()

    def _drop(self) -> None:
        if self._engine is not None:
            self._engine.unload()
        self._engine = None


def models(settings: Settings) -> list[str]:
    """The speech models that lie in the models folder, and the one in use, by name."""
    found = {folder.parent.name for folder in settings.models_dir.glob("*/model.bin")}
    return sorted(found | {settings.speech_model})


def wanted(
    *,
    since: datetime.datetime | None = None,
    until: datetime.datetime | None = None,
    queue: str = "",
    agent: str = "",
    language: str = "",
) -> list[ColumnElement[bool]]:
    """Conditions on Call: those that have a transcript made from recordings, within the limits that are given.

    `agent` is an interface, or a part of a name; `language` is that of the current transcript.
    """
    heard = [Transcript.call_id == Call.id, Transcript.current, Transcript.model.is_not(None)]
    if language:
        heard.append(Transcript.language == language)
    found: list[ColumnElement[bool]] = [
        exists().where(*heard),
        exists().where(Recording.call_id == Call.id, Recording.problem.is_(None)),
    ]
    if since:
        found.append(Call.started_at >= since)
    if until:
        found.append(Call.started_at < until)
    if queue:
        found.append(Call.queue == queue)
    if agent:
        named = (AgentSpan.interface == agent) | AgentSpan.agent_name.icontains(agent, autoescape=True)
        found.append(exists().where(AgentSpan.call_id == Call.id, named))
    return found


def ask(
    session: Session, settings: Settings, call_id: uuid.UUID, *, model: str, make_current: bool, by: uuid.UUID | None
) -> Rehearing | None:
    """Ask for another transcript of a call by `model`; None where the same has been asked for and is still to come.

    Raises InputError for a model that is not there.
    """
    path = settings.model_copy(update={"speech_model": model}).speech_model_path
    if not path.is_dir():
        raise InputError(N_("There is no speech model in %(folder)s. `avasanj models` fetches them."), folder=str(path))
    same = (Rehearing.call_id == call_id, Rehearing.model == model, Rehearing.done_at.is_(None))
    if session.scalar(select(exists().where(*same))):
        return None
    asked = Rehearing(id=uuid.uuid4(), call_id=call_id, model=model, make_current=make_current, asked_by=by)
    session.add(asked)
    session.flush()
    key = f"{work.TRANSCRIBE_AGAIN.name}:{asked.id}"
    work.enqueue(session, work.TRANSCRIBE_AGAIN, str(asked.id), key=key, priority=work.LATER)
    audit(session, by, "transcript.asked", call_id, model=model, make_current=make_current)
    announce(session, "call", call_id)
    return asked


def hear_again(settings: Settings, database: Database, spare: SpareEngine, asked_id: uuid.UUID) -> None:
    """Make the transcript that was asked for. Done again without harm: what is done stays as it is.

    Raises LastingError when the model can't be loaded, Away where the recordings can't be reached now.
    """
    with database.read() as session:
        asked = session.get(Rehearing, asked_id)
        if asked is None or asked.done_at is not None:
            return
        call = stage.load_call(session, asked.call_id)
        language = stage.language_of(settings, call)
        hot = hot_words.chosen(session, language)
    legs, _ = legs_at_hand(settings, call)
    with spare.of(asked.model) as engine:
        made, said, problems = stage.heard(engine, call.id, legs, language, hot=hot, urgency=LATER)
    if not legs or len(problems) == len(legs):
        raise LastingError("None of the call's recordings can be read any more. Bring them back, then ask again.")
    made.turns = stage.rows_of(said)
    made.current, made.set_aside_at = False, utc_now()
    with database.transaction() as session:
        asked = session.get_one(Rehearing, asked_id, with_for_update=True)
        if asked.done_at is not None:
            return
        session.add(made)
        session.flush()
        asked.done_at, asked.transcript_id = utc_now(), made.id
        now = current(session, call.id)
        if now is not None:
            carry_over(session, now, made)
        if asked.make_current:
            _put_in_place(session, now, made)
        announce(session, "call", call.id)
    for recording in call.recordings:
        let_go(settings, recording.path)
    _log.info("call_transcribed_again", call=str(call.id), turns=len(said), current=asked.make_current)


def gave_up(session: Session, asked_id: uuid.UUID, reason: str) -> None:
    """Keep why there will be no transcript, where whoever asked for it sees it."""
    asked = session.get(Rehearing, asked_id)
    if asked is not None and asked.done_at is None:
        asked.done_at, asked.problem = utc_now(), reason
        announce(session, "call", asked.call_id)


def current(session: Session, call_id: uuid.UUID) -> Transcript | None:
    """The transcript to go by, with its turns."""
    return session.scalars(_with_turns().where(Transcript.call_id == call_id, Transcript.current)).first()


def of_call(session: Session, call_id: uuid.UUID) -> list[Transcript]:
    """All transcripts of a call without their turns, newest first."""
    return list(
        session.scalars(select(Transcript).where(Transcript.call_id == call_id).order_by(Transcript.made_at.desc()))
    )


def one(session: Session, call_id: uuid.UUID, transcript_id: uuid.UUID) -> Transcript | None:
    """A transcript of this call, with its turns."""
    return session.scalars(_with_turns().where(Transcript.call_id == call_id, Transcript.id == transcript_id)).first()


def choose(session: Session, call_id: uuid.UUID, transcript_id: uuid.UUID, by: uuid.UUID | None) -> None:
    """Go by this transcript from now on; corrections are taken over into it. Raises NoResultFound where there is none."""
    session.get_one(Call, call_id, with_for_update=True)
    chosen = session.scalars(_with_turns().where(Transcript.call_id == call_id, Transcript.id == transcript_id)).one()
    if chosen.current:
        return
    now = current(session, call_id)
    if now is not None:
        carry_over(session, now, chosen)
    _put_in_place(session, now, chosen)
    audit(session, by, "transcript.chosen", call_id, transcript=str(transcript_id))
    announce(session, "call", call_id)


def carry_over(session: Session, old: Transcript, new: Transcript) -> None:
    """Take corrections of the old transcript over; what a person has corrected in the new one itself stays."""
    made = corrections.history(session, [turn.id for turn in old.turns if turn.corrected is not None])
    own = corrections.history(session, [turn.id for turn in new.turns])
    free = {turn.position: turn for turn in new.turns if all(correction.carried for correction in own.get(turn.id, ()))}
    by_position = {turn.position: turn for turn in old.turns}
    found = carry([line_of(turn) for turn in old.turns], [_as_heard(turn) for turn in free.values()])
    for position, text in found.texts.items():
        turn = free[position]
        if text not in (turn.text, turn.corrected):
            sources = [c for source in found.sources[position] for c in made.get(by_position[source].id, ())]
            corrections.carried(session, turn, text, sources)


def forget_old(session: Session, keep_days: float) -> int:
    """Remove transcripts that have not been the current one for so many days; how many."""
    before = utc_now() - datetime.timedelta(days=keep_days)
    old = (Transcript.current.is_(False), Transcript.set_aside_at < before)
    return len(session.scalars(delete(Transcript).where(*old).returning(Transcript.id)).all())


def _as_heard(turn: Turn) -> Line:
    """The turn without any correction."""
    line = line_of(turn)
    return dataclasses.replace(line, text=turn.text, original=None, words=line.heard)


def _put_in_place(session: Session, old: Transcript | None, new: Transcript) -> None:
    if old is not None:
        old.current, old.set_aside_at = False, utc_now()
        session.flush()  # never two current ones
    new.current, new.set_aside_at, new.changed_at = True, None, utc_now()
    session.flush()
    corrections.score_again(session, new.call_id, at_once=True)


def _with_turns() -> Select[Transcript]:
    return select(Transcript).options(selectinload(Transcript.turns))
