"""A listener on a thread of its own, and patience with what it writes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from avasanj.database import Database
from avasanj.settings import Settings
from telephony import listener
from telephony.listener import Patience
from telephony.tables import Call, Pbx

T = TypeVar("T")
QUICK = Patience(
    first_retry_s=0.1,
    longest_retry_s=0.5,
    refused_retry_s=0.5,
    ping_every_s=0.5,
    ping_deadline_s=1.0,
    watch_every_s=1.0,
)


@contextmanager
def following(settings: Settings, database: Database, *, patience: Patience = QUICK) -> Iterator[threading.Event]:
    """A running listener; ended and waited for at the end of the block."""
    stop = threading.Event()
    thread = threading.Thread(target=listener.run, args=(settings, database, stop), kwargs={"patience": patience})
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive(), "the listener did not end"


def eventually(look: Callable[[], T | None], *, limit_s: float = 10.0, what: str = "it") -> T:
    """What `look` returns once it is something; AssertionError after `limit_s`."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {limit_s:g} s")


def calls(database: Database) -> list[Call]:
    """Every call in the ledger with all that belongs to it, oldest first."""
    everything = (selectinload(Call.spans), selectinload(Call.hold_spans), selectinload(Call.recordings))
    with database.read() as session:
        return list(session.scalars(select(Call).options(*everything).order_by(Call.started_at)))


def pbx_state(database: Database, name: str = "pbx") -> tuple[str, str]:
    """State and detail of our connection, ("", "") while unknown."""
    with database.read() as session:
        row = session.get(Pbx, name)
        return ("", "") if row is None else (row.state, row.detail or "")


def work_started(database: Database) -> list[str]:
    """Keys of the jobs that were asked for."""
    from sqlalchemy import text

    with database.read() as session:
        return list(session.scalars(text("select workflow_uuid from work.workflow_status order by 1")))
