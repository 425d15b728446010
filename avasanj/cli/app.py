"""What every command shares: settings, an open database, and how results and errors are shown."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, OperationalError

from avasanj import log
from avasanj.database import Database
from avasanj.errors import SettingsError
from avasanj.processes import is_held
from avasanj.settings import Settings, load_settings

app = typer.Typer(
    name="avasanj",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Listens to your call center's Asterisk, understands every call, and sees that an unhappy customer is called back.",
)


Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, all else on standard error.")]


def settings_and_log() -> Settings:
    """The settings, with logging set up by them."""
    settings = load_settings()
    log.configure(settings.log_level)
    return settings


@contextlib.contextmanager
def opened_database(settings: Settings, *, migrate: bool = True) -> Iterator[Database]:
    """The database, of the right version. The embedded server is started when nobody has, and then stopped again."""
    from avasanj import migrate as migrations

    with server(settings) as url:
        if migrate:
            migrations.upgrade(url)
        database = Database(url)
        try:
            if not migrate:
                migrations.check_not_newer(database.engine)
            yield database
        finally:
            database.close()


@contextlib.contextmanager
def server(settings: Settings, *, owned: bool = False) -> Iterator[str]:
    """URL of the PostgreSQL in use; the embedded one runs at least as long as the block.

    Whoever started it stops it, unless `avasanj up` has come to stand on it meanwhile; `owned` stops it in any case.
    """
    if settings.database_url is not None:
        yield sqlalchemy_url(settings.database_url.get_secret_value())
        return
    from avasanj.postgres import EmbeddedPostgres

    embedded = EmbeddedPostgres(settings.postgres_dir)
    started = embedded.start()
    try:
        yield embedded.url()
    finally:
        if owned or (started and not is_held(settings.data_dir)):
            embedded.stop()


def sqlalchemy_url(url: str) -> str:
    """A PostgreSQL URL as people write it, with the driver that we use. Raises SettingsError, naming nothing secret."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise SettingsError(
            "AVASANJ_DATABASE_URL is no address of a PostgreSQL database. Write it as postgresql://user:password@host/name."
        )
    driven = f"postgresql+psycopg://{rest}"
    try:
        make_url(driven)
    except (ArgumentError, ValueError):
        raise SettingsError(
            "AVASANJ_DATABASE_URL can't be read: its port must be a number, and @ : / in a password are written as %40 %3A %2F."
        ) from None
    return driven


def database_fault(error: OperationalError) -> str:
    """What the database or the way to it said, in one line, and what to do."""
    said = " ".join(str(error.orig).split())
    return (
        f"The database can't be used: {said}. Without AVASANJ_DATABASE_URL `avasanj up` runs one; with it, check the "
        "address, that the server runs, and that it lets this user in. `avasanj doctor` tells more."
    )


def print_json(value: Any) -> None:
    """The one JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def is_terminal() -> bool:
    """Whether a person watches standard error, where progress is drawn."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
