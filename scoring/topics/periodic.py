"""Proposals for new topics once a day, by whichever worker looks first."""

from __future__ import annotations

import datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from avasanj.database import Database, utc_now
from avasanj.log import get_logger
from scoring.topics import proposals
from scoring.topics.tables import Proposal

_log = get_logger(__name__)
#: A little less than a day, so that the hour does not wander through the night.
EVERY = datetime.timedelta(hours=23)


class Daily:
    """Asked every hour; groups the calls without a topic when the last time, by any worker, was a day ago.

    Where nothing was ever proposed the database can't tell when the last time was: then each worker keeps its own time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: datetime.datetime | None = None

    def run(self, now: datetime.datetime | None = None) -> bool:
        """Whether proposals were made. Faults are logged: it is tried again within the hour. At most 20,000 calls, some seconds."""
        moment = now or utc_now()
        try:
            with self._database.transaction() as session:
                if not self._due(session.scalar(select(func.max(Proposal.seen_at))), moment):
                    return False
                if not session.scalar(text("select pg_try_advisory_xact_lock(hashtext('scoring.topics.daily'))")):
                    return False
                made = proposals.propose(self._database, now=moment)
        except DBAPIError:
            _log.warning("topics_not_proposed", remedy="the database is away; it is tried again within the hour")
            return False
        except Exception:  # noqa: BLE001 - it is logged, and the worker's other work goes on
            _log.exception("topics_not_proposed", remedy="it is tried again within the hour")
            return False
        self._last = moment
        _log.info("topics_proposed", open=len(made))
        return True

    def _due(self, seen: datetime.datetime | None, now: datetime.datetime) -> bool:
        last = max((one for one in (seen, self._last) if one is not None), default=None)
        return last is None or now - last >= EVERY
