"""Workers look for replays that are to run and that nobody is at: just asked for, or left by a process that died."""

from __future__ import annotations

import datetime
import threading
import uuid

from sqlalchemy import or_, select, update
from sqlalchemy.exc import DBAPIError

from avasanj.database import Database, utc_now
from avasanj.errors import AvasanjError
from avasanj.i18n import N_
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.settings import Settings
from scoring.replay.running import carry_on
from scoring.replay.tables import ReplayRun, ReplayState

LOOK_S = 5.0
#: Whoever works on a replay says so every half second; after this long nobody does.
LEFT_AFTER = datetime.timedelta(seconds=30)
CANNOT = N_("The replay can't go on: %(reason)s")
_log = get_logger(__name__)


def watch(settings: Settings, database: Database, stop: threading.Event) -> None:
    """Take up one replay after the other until `stop` is set. Many workers may watch: each replay has one of them at a time."""
    while not stop.wait(LOOK_S):
        try:
            if (run_id := claim(database)) is not None:
                _take_up(settings, database, run_id, stop)
        except DBAPIError:
            _log.warning("database_away", remedy="the replay goes on when it is back")
        except Exception:  # noqa: BLE001 - what befell one replay (no memory for a process, say) must not end the watch for all
            _log.exception("replay_left", remedy=f"it is taken up again after {LEFT_AFTER.total_seconds():g} s")


def _take_up(settings: Settings, database: Database, run_id: uuid.UUID, stop: threading.Event) -> None:
    try:
        state = carry_on(settings, database, run_id, stop=stop)
        _log.info("replay_rests", run=str(run_id), state=state)
    except AvasanjError as error:
        _log.warning("replay_left", run=str(run_id), reason=str(error))
        if not error.retry:
            _say(database, run_id, error)


def _say(database: Database, run_id: uuid.UUID, error: AvasanjError) -> None:
    """What no worker can do is not begun again and again, and its page says why."""
    with database.transaction() as session:
        failed = {"state": ReplayState.FAILED.value, "problem": {"id": CANNOT, "values": {"reason": error.stored}}}
        mine = (ReplayRun.id == run_id, ReplayRun.state == ReplayState.RUNNING)
        session.execute(update(ReplayRun).where(*mine).values(failed))
        announce(session, "replay", run_id)


def claim(database: Database) -> uuid.UUID | None:
    """The replay that has waited longest, marked as somebody's; None where there is none."""
    with database.transaction() as session:
        free = or_(ReplayRun.seen_at.is_(None), ReplayRun.seen_at < utc_now() - LEFT_AFTER)
        run_id = session.scalar(
            select(ReplayRun.id)
            .where(ReplayRun.state == ReplayState.RUNNING, free)
            .order_by(ReplayRun.made_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if run_id is not None:
            session.execute(update(ReplayRun).where(ReplayRun.id == run_id).values(seen_at=utc_now()))
        return run_id
