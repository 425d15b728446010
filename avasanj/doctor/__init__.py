"""The doctor: in one screen, what works and what does not, each with the mend. Works with nothing running, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from avasanj.database import Database
from avasanj.doctor import ledger, machine, models, pbx, webhook
from avasanj.doctor.finding import MARKS, Finding, State, fault
from avasanj.errors import AvasanjError
from avasanj.settings import Settings

__all__ = ["MARKS", "Finding", "State", "examine"]


def examine(settings: Settings, database: Database | Finding) -> Iterator[Finding]:
    """Every check, as it is made. `database` is the database, or what is wrong with it where it can't be opened."""
    yield from machine.data_folder(settings)
    yield from _database(settings, database)
    yield from pbx.connection(settings)
    yield from pbx.recordings(settings)
    yield from models.speech(settings)
    yield from models.text(settings)
    yield from models.speakers(settings)
    yield machine.gpu(settings)
    yield from webhook.settings(settings)
    yield machine.dashboard_port(settings)
    yield machine.zone(settings)
    yield from machine.secrets_file(settings)


def _database(settings: Settings, database: Database | Finding) -> Iterator[Finding]:
    if isinstance(database, Finding):
        yield database
        return
    try:
        yield from ledger.database(settings, database)
    except DBAPIError as error:
        said = str(error.orig).strip().split("\n", 1)[0]
        yield fault(
            "database", f"The database could not be asked: {said}", "Look at the server's log, then run this again."
        )
    except AvasanjError as error:
        yield fault("database", str(error), "See the sentence itself.")
