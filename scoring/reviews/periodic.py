"""What reviews need done from time to time, by whichever worker looks first: two at once do it once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.log import get_logger
from avasanj.settings import Settings
from scoring.reviews import calibration, disputes, sampling

_log = get_logger(__name__)


def run(settings: Settings, database: Database) -> None:
    """Draw what sampling rules owe, end disputes that nobody decided in time, and close calibrations whose time is over.

    A fault of one keeps the others from nothing: it is logged, and tried again the next time. Raises OperationalError where
    the database is away.
    """
    duties: dict[str, Callable[[Session], Sequence[object]]] = {
        "sampling": lambda session: sampling.assign_due(session, utc_now(), settings),
        "disputes": disputes.expire,
        "calibration": lambda session: calibration.close_due(session, utc_now()),
    }
    for name, do in duties.items():
        try:
            with database.transaction() as session:
                done = do(session)
            if done:
                _log.info("reviews_looked_after", duty=name, done=len(done))
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # noqa: BLE001 - it is logged, and the other duties are done
            _log.exception("reviews_not_looked_after", duty=name, remedy="it is tried again within the hour")
