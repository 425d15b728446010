"""Bringing the database to the version of the code, and telling when it is newer."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from avasanj import work
from avasanj.errors import LastingError

#: One PostgreSQL schema a room, the floor's first.
SCHEMAS = ("avasanj", "telephony", "transcription", "scoring", "crm_sync")


def import_tables() -> None:
    """Make every room's tables known to the base (by name, since the floor may not import a room)."""
    importlib.import_module("avasanj.people")
    for room in SCHEMAS[1:]:
        package = importlib.import_module(room)
        importlib.import_module(f"{room}.tables")
        for part in pkgutil.iter_modules(package.__path__, f"{room}."):
            if part.ispkg and importlib.util.find_spec(f"{part.name}.tables"):
                importlib.import_module(f"{part.name}.tables")


def upgrade(url: str, revision: str = "head") -> None:
    """Run the steps that the database lacks. Raises LastingError when it is newer than this program."""
    engine = create_engine(url)
    try:
        check_not_newer(engine)
        with engine.begin() as connection:
            command.upgrade(_config(connection), revision)
    finally:
        engine.dispose()
    work.prepare(url)


def downgrade(url: str, revision: str) -> None:
    """Take steps back down to `revision` (`base`: all of them)."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            command.downgrade(_config(connection), revision)
    finally:
        engine.dispose()


def current(engine: Engine) -> str | None:
    """The database's version, None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection, opts={"version_table_schema": "public"}).get_current_revision()


def head() -> str:
    """The version that this program works with."""
    found = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert found is not None
    return found


def check_not_newer(engine: Engine) -> None:
    """Raise LastingError when the database was made by a newer program: working on it could lose what that one wrote."""
    version = current(engine)
    if version is not None and not knows(version):
        raise LastingError(
            f"The database is of version {version}, newer than this program's {head()}. Install the newer Avasanj, "
            "or restore a backup made with this version (avasanj restore FOLDER)."
        )


def knows(version: str) -> bool:
    """Whether this program has the step that leads to `version`; one that it lacks is newer."""
    return version in {script.revision for script in ScriptDirectory.from_config(_config(None)).walk_revisions()}


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
