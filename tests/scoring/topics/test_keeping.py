"""Whether a promise was kept follows from the ledger, the clock and what people say. The trend counts the same calls."""

import datetime

import pytest

from avasanj.database import Database
from avasanj.errors import InputError
from scoring.topics import keeping, lists
from scoring.topics.keeping import State
from scoring.topics.trend import trend
from tests.scoring.topics.calls import NOW, add_about, add_call, add_promise

HOURS = datetime.timedelta(hours=1)
DAY = 24 * HOURS


def outcome(database: Database, call_id, now: datetime.datetime = NOW) -> keeping.Outcome:
    with database.read() as session:
        (found,) = keeping.of_call(session, call_id, now=now, within_h=4)
        return found


def test_a_call_in_time_keeps_the_promise_and_is_named(database: Database):
    call_id = add_call(database, ago=DAY)
    add_promise(database, call_id, due_at=NOW - 20 * HOURS)
    add_call(database, ago=23 * HOURS, number="+14165550999", direction="outbound")
    back = add_call(database, ago=21 * HOURS, direction="outbound", disposition="busy")
    found = outcome(database, call_id)
    assert (found.state, found.by and found.by.call_id, found.by and found.by.reached) == (State.KEPT, back, False)


def test_a_call_after_the_time_is_late_and_none_is_broken(database: Database):
    call_id = add_call(database, ago=DAY)
    add_promise(database, call_id, due_at=NOW - 20 * HOURS)
    assert outcome(database, call_id, NOW - 21 * HOURS).state == State.OPEN
    assert outcome(database, call_id).state == State.BROKEN
    add_call(database, ago=10 * HOURS, disposition="abandoned")  # the customer called and nobody answered
    assert outcome(database, call_id).state == State.BROKEN
    again = add_call(database, ago=9 * HOURS)
    found = outcome(database, call_id)
    assert (found.state, found.by and found.by.call_id) == (State.BROKEN, again), "the customer had to ring in"
    add_call(database, ago=8 * HOURS, direction="outbound")
    assert outcome(database, call_id).state == State.LATE


def test_without_a_time_it_is_due_as_follow_ups_are(database: Database):
    call_id = add_call(database, ago=3 * HOURS)
    add_promise(database, call_id)
    assert outcome(database, call_id).state == State.OPEN
    assert outcome(database, call_id, NOW + 2 * HOURS).state == State.BROKEN


def test_a_hidden_number_leaves_it_unknown(database: Database):
    call_id = add_call(database, ago=DAY, number=None)
    add_promise(database, call_id, due_at=NOW - 20 * HOURS)
    assert outcome(database, call_id).state == State.UNKNOWN


def test_what_the_ledger_cant_see_a_person_says_and_it_survives_a_new_transcript(database: Database):
    call_id = add_call(database, ago=DAY)
    promise_id = add_promise(database, call_id, kind="message", due_at=NOW - 20 * HOURS)
    found = outcome(database, call_id)
    assert (found.state, found.overdue) == (State.OPEN, True)
    with database.transaction() as session:
        row = keeping.mark(session, promise_id, "broken", by=None)
        session.delete(row)
    add_promise(database, call_id, kind="message")
    assert outcome(database, call_id).state == State.BROKEN
    with database.transaction() as session, pytest.raises(InputError, match="marked"):
        keeping.mark(session, promise_id, "late", by=None)


def test_a_week_is_the_calendars_and_samples_count_in_none(database: Database):
    for days, source in ((0, "live"), (1, "live"), (1, "sample")):  # Sunday and Saturday
        add_about(database, add_call(database, ago=days * DAY, source=source), driver="billing")
    add_about(database, add_call(database, ago=2 * DAY), driver=None)  # Friday

    def counts(language: str) -> tuple[int, ...]:
        with database.read() as session:
            found = trend(
                session,
                lists.shipped(),
                now=NOW,
                zone="Asia/Tehran",
                language=language,
                dissatisfied_above=0.6,
                weeks=2,
            )
            assert found.without == 1
            return found.topics[0].counts

    assert counts("fa") == (0, 2), "the week began on Saturday"
    assert counts("en") == (0, 2)
    with database.read() as session:
        found = trend(
            session, lists.shipped(), now=NOW, zone="Asia/Tehran", language="fa", dissatisfied_above=0.6, weeks=2
        )
    assert found.calls == (1, 2)
    assert [first.isoformat() for first in found.weeks] == ["2026-11-14", "2026-11-21"]
