"""Which calls go first, while they wait in their queue and while the speech engine has them."""

import datetime
import uuid

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from avasanj import precedence, work
from avasanj.database import Database, utc_now
from avasanj.precedence import Haste, priority_of
from avasanj.settings import Settings
from scoring.tables import Mood
from telephony.tables import Call, Source
from tests.transcription.test_stage import save_call
from transcription import engine, watching
from transcription.tables import Watch


def repeated(database: Database, dissatisfied: float | None) -> uuid.UUID:
    """A call of today by a customer whose call before left them like that."""
    before = save_call(database, source=Source.LIVE)
    call = save_call(database, source=Source.LIVE, repeat_of=before)
    with database.transaction() as session:
        session.add(Mood(call_id=before, dissatisfied=dissatisfied, model="m"))
    return call


def priority(database: Database, settings: Settings, call: uuid.UUID) -> int:
    with database.read() as session:
        return priority_of(session, settings, call)


@pytest.mark.parametrize(("dissatisfied", "expected"), [(0.61, work.URGENT), (0.59, work.NORMAL), (None, work.NORMAL)])
def test_a_dissatisfied_customers_next_call_goes_first(
    settings: Settings, database: Database, dissatisfied: float | None, expected: int
) -> None:
    assert priority(database, settings, repeated(database, dissatisfied)) == expected


def test_an_archive_waits_for_the_calls_of_today_until_somebody_looks(settings: Settings, database: Database) -> None:
    call = save_call(database, source=Source.IMPORTED)
    assert priority(database, settings, call) == work.LATER
    assert priority(database, settings, save_call(database, source=Source.LIVE)) == work.NORMAL
    with database.transaction() as session:
        assert watching.watch(session, call)
        assert not watching.watch(session, call)
    assert priority(database, settings, call) == work.URGENT


def test_a_page_that_was_closed_half_a_minute_ago_hastens_nothing(settings: Settings, database: Database) -> None:
    call = save_call(database, source=Source.LIVE)
    with database.transaction() as session:
        watching.watch(session, call)
        session.execute(update(Watch).values(seen_at=utc_now() - datetime.timedelta(seconds=31)))
    assert priority(database, settings, call) == work.NORMAL
    with database.transaction() as session:
        assert watching.watch(session, call)


def waiting(session: Session) -> list[str]:
    """Keys of what waits, as a worker would take them."""
    query = text(
        "select workflow_uuid from work.workflow_status where status = 'ENQUEUED' order by priority, created_at"
    )
    return list(session.scalars(query))


def test_what_waits_for_a_watched_call_is_taken_next(settings: Settings, database: Database) -> None:
    work.prepare(database.url)
    calls = [save_call(database) for _ in range(3)]
    with database.transaction() as session:
        for call in calls:
            work.enqueue(session, work.TRANSCRIBE, str(call), key=f"transcribe:{call}", priority=work.LATER)
        work.enqueue(session, work.TRANSCRIBE, str(calls[2]), key=f"transcribe:{calls[2]}:again", priority=work.LATER)
    with database.transaction() as session:
        assert waiting(session)[0] == f"transcribe:{calls[0]}"
        work.hasten(session, calls[2])
        assert set(waiting(session)[:2]) == {f"transcribe:{calls[2]}", f"transcribe:{calls[2]}:again"}
        assert len(waiting(session)) == 4


def test_the_engine_learns_within_seconds_that_a_page_was_opened(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = save_call(database, source=Source.IMPORTED)
    haste = Haste(settings, database, call)
    assert haste() == engine.LATER
    with database.transaction() as session:
        watching.watch(session, call)
    assert haste() == engine.LATER
    monkeypatch.setattr(precedence, "_LOOK_S", 0.0)
    assert haste() == engine.URGENT
    with database.transaction() as session:
        session.delete(session.get_one(Call, call))
    assert haste() == engine.LATER
