"""Several transcripts of a call: asked for, chosen, tidied away. Light enough for the web process."""

from __future__ import annotations

import dataclasses
import datetime
import uuid

from sqlalchemy import ColumnElement, Select, delete, exists, select
from sqlalchemy.orm import Session, selectinload

from avasanj import work
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from avasanj.notify import announce
from avasanj.settings import Settings
from telephony.tables import AgentSpan, Call, Recording
from transcription import corrections
from transcription.carrying import carry
from transcription.exports import Line, line_of
from transcription.tables import Rehearing, Transcript, Turn


def models(settings: Settings) -> list[str]:
    """The speech models that lie in the models folder, and the one in use, by name."""
    found = {file.parent.name for name in ("model.bin", "*.onnx") for file in settings.models_dir.glob(f"*/{name}")}
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


def open_rehearings(session: Session, call_id: uuid.UUID) -> list[Rehearing]:
    """What was asked for and is still to come or has failed, newest first; a failure is forgotten when one succeeds."""
    asked = session.scalars(
        select(Rehearing).where(Rehearing.call_id == call_id).order_by(Rehearing.asked_at.desc())
    ).all()
    found = []
    for asking in asked:
        if asking.done_at is not None and asking.problem is None:
            break
        found.append(asking)
    return found


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
    put_in_place(session, now, chosen)
    audit(session, by, "transcript.chosen", call_id, transcript=str(transcript_id))
    announce(session, "call", call_id)


def carry_over(session: Session, old: Transcript, new: Transcript) -> None:
    """Take corrections of the old transcript over; what a person has corrected in the new one itself stays."""
    made = corrections.history(session, [turn.id for turn in old.turns if turn.corrected is not None])
    own = corrections.history(session, [turn.id for turn in new.turns])
    free = {turn.position: turn for turn in new.turns if all(correction.carried for correction in own.get(turn.id, ()))}
    by_position = {turn.position: turn for turn in old.turns}
    found = carry([line_of(turn) for turn in old.turns], [as_heard(turn) for turn in free.values()])
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


def as_heard(turn: Turn) -> Line:
    """The turn without any correction."""
    line = line_of(turn)
    return dataclasses.replace(line, text=turn.text, original=None, words=line.heard)


def put_in_place(session: Session, old: Transcript | None, new: Transcript) -> None:
    """Make `new` the current one instead of `old`, and have the call scored by it."""
    if old is not None:
        old.current, old.set_aside_at = False, utc_now()
        session.flush()  # never two current ones
    new.current, new.set_aside_at, new.changed_at = True, None, utc_now()
    session.flush()
    corrections.score_again(session, new.call_id, at_once=True)


def _with_turns() -> Select[Transcript]:
    return select(Transcript).options(selectinload(Transcript.turns))
