"""Reading stored calls again by the list of topics in use: after an import, or for calls that were scored before there were topics.

The command does it at once; from the page it is work for whoever scores, some calls at a time, behind the calls of today.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

import numpy as np
from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, selectinload

from avasanj import work
from avasanj.database import Database, utc_now
from avasanj.log import get_logger
from avasanj.login import audit
from avasanj.notify import announce
from avasanj.settings import Settings
from scoring.material import turns_of
from scoring.mood import Encodes
from scoring.spans import playback_starts_s
from scoring.topics import about, lists
from scoring.topics.finding import RULE
from scoring.topics.proposals import GROUP
from scoring.topics.remembered import Remembered
from scoring.topics.tables import CallAbout, CallTopic
from scoring.topics.topic import Topics
from telephony.tables import Call
from transcription.tables import Transcript

#: One transaction's calls; fewer where a call of today may wait for them: the text model takes half a second for a call.
_BATCH, _BATCH_OF_WORK = 100, 20
_log = get_logger(__name__)


def again(
    settings: Settings, database: Database, encoder: Encodes, progress: Callable[[int], None] = lambda _done: None
) -> int:
    """Bring every call to the list in use; how many there were. A call whose reason is the same is not encoded again.

    It can be cut off at any time: what was done is done, the rest is found again.
    """
    done = 0
    while read := _some(settings, database, encoder, _BATCH):
        done += read
        progress(done)
    return done


def ask(session: Session, by: uuid.UUID | None) -> None:
    """Have the workers do it. Where it is being done, or there is nothing to do, nothing happens."""
    lists.alone(session)
    if is_asked_for(session) or not count_behind(session):
        return
    asked_id = uuid.uuid4()
    audit(session, by, "topics.again", asked_id, calls=count_behind(session), list=lists.current(session).version)
    _enqueue(session, asked_id, str(asked_id))


def go_on(settings: Settings, database: Database, encoder: Encodes, asked_id: uuid.UUID, *, done_by: str) -> None:
    """Read some calls and ask for the next ones. `done_by` names this piece of work: done twice, it asks for one next piece."""
    read = _some(settings, database, encoder, _BATCH_OF_WORK)
    with database.transaction() as session:
        if read:
            _enqueue(session, asked_id, str(uuid.uuid5(asked_id, done_by)))
        announce(session, "topics", asked_id)


def is_asked_for(session: Session) -> bool:
    """Whether the workers are at it, or will be."""
    return work.is_asked_for(session, work.TOPICS_AGAIN)


def count_behind(session: Session) -> int:
    """How many calls with words were read by another list than the one in use, or by none."""
    found = _behind(lists.current(session)).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def _enqueue(session: Session, asked_id: uuid.UUID, key: str) -> None:
    name = work.TOPICS_AGAIN.name
    work.enqueue(session, work.TOPICS_AGAIN, str(asked_id), key=f"{name}:{key}", priority=work.LATER)
    announce(session, "topics", asked_id)


def _some(settings: Settings, database: Database, encoder: Encodes, most: int) -> int:
    """Read the newest `most` of those that are behind; how many could be. One that can't stays behind, and no other waits for it."""
    with database.read() as session:
        topics = lists.current(session)  # anew each time: another list may have come meanwhile
        query = _behind(topics).join(Call, Call.id == Transcript.call_id).order_by(Call.started_at.desc())
        ids = session.scalars(query.limit(most)).all()
    read = 0
    with database.transaction() as session:
        for call_id in ids:
            try:
                with session.begin_nested():
                    _read(session, settings, topics, encoder, call_id)
                read += 1
            except SQLAlchemyError:  # the database is away, or will not have it: for whoever starts the work again
                raise
            except Exception:  # noqa: BLE001 - whatever is the matter with one call, the others are read
                _log.exception("topics_not_read", call=str(call_id))
    return read


def _behind(topics: Topics) -> Select[uuid.UUID]:
    """Calls with words that were read by another list or by none."""
    return (
        select(Transcript.call_id)
        .outerjoin(CallAbout, CallAbout.call_id == Transcript.call_id)
        .where(Transcript.current, Transcript.turns.any())
        .where(or_(CallAbout.call_id.is_(None), CallAbout.list_version != topics.version))
    )


def _read(session: Session, settings: Settings, topics: Topics, encoder: Encodes, call_id: uuid.UUID) -> None:
    call = session.get_one(Call, call_id, options=[selectinload(Call.recordings)])
    query = select(Transcript).where(Transcript.call_id == call_id, Transcript.current)
    transcript = session.scalars(query.options(selectinload(Transcript.turns))).one()
    old, known = session.get(CallAbout, call_id), Remembered(encoder)
    if old is not None and old.reason and old.vector:
        known.remember(str(old.reason["text"]), np.frombuffer(old.vector, about.STORED).astype(np.float32))
    found = about.about(
        turns_of(transcript),
        topics,
        encoder,
        began=call.started_at + datetime.timedelta(seconds=playback_starts_s(call)),
        timezone=settings.timezone,
        language=transcript.language,
        outbound=call.direction == "outbound",
        remembered=known,
        only_topics=old is not None,
    )
    if old is None:
        about.save(session, call_id, found, utc_now())
        if session.get(CallAbout, call_id) is None:  # silent: remembered as read, or it would be looked at for ever
            session.add(
                CallAbout(call_id=call_id, language=transcript.language, list_version=topics.version, summary=[])
            )
        return
    grouped = _group_of(session, call_id, topics)
    session.execute(delete(CallTopic).where(CallTopic.call_id == call_id, CallTopic.method != GROUP))
    session.flush()
    # a person named the group: only words that say another reason outdo it, no likeness
    keeps_group = grouped is not None and not any(one.driver and one.method == RULE for one in found.topics)
    if grouped is not None and not keeps_group:
        session.execute(delete(CallTopic).where(CallTopic.call_id == call_id))
    about.save_topics(
        session, call_id, [one for one in found.topics if not keeps_group or not (one.driver or one.topic == grouped)]
    )
    old.list_version, old.driver = topics.version, grouped if keeps_group else found.driver


def _group_of(session: Session, call_id: uuid.UUID, topics: Topics) -> str | None:
    """The topic that the call has because it was in a group that a person named, if that topic is still there."""
    query = select(CallTopic.topic).where(CallTopic.call_id == call_id, CallTopic.method == GROUP)
    key = session.scalar(query)
    return key if key is not None and topics.find(key) is not None else None
