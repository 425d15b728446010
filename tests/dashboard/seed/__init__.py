"""A small call center's day for looking at pages: calls in every state, in both languages, with sound. All names and numbers are made up."""

from __future__ import annotations

from avasanj.database import Database, utc_now
from avasanj.settings import Settings
from tests.dashboard.seed.calls import add_calls
from tests.dashboard.seed.heard import add_second_hearing
from tests.dashboard.seed.names import PASSWORD, Seeded, add_customers, add_people, call_id
from tests.dashboard.seed.owed import add_follow_ups, add_health
from tests.dashboard.seed.queues import add_queues
from tests.dashboard.seed.sound import add_live_turns, add_measures

__all__ = ["PASSWORD", "Seeded", "call_id", "seed"]


def seed(database: Database, settings: Settings) -> Seeded:
    """Fill an empty, migrated database and the media folder."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    hashed = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8192),)).hash(PASSWORD)
    now = utc_now()
    with database.transaction() as session:
        people = add_people(session, hashed)
        customers = add_customers(session, now)
        session.flush()
        calls = add_calls(session, settings, now, customers)
        session.flush()
        owed = add_follow_ups(session, now, customers, people)
        add_health(session, now)
        add_queues(session, now, people)
        add_measures(session, calls["angry"])
        add_live_turns(session, calls["talking"])
        add_second_hearing(session, calls["weak"], people["supervisor"], now)
    return Seeded(**people, calls=calls, customers={key: c.id for key, c in customers.items()}, follow_ups=owed)
