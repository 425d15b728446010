"""What every command shares: settings, an open database, and how results and errors are shown."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import typer

from avasanj import log
from avasanj.database import Database
from avasanj.errors import AvasanjError
from avasanj.settings import Settings, load_settings

app = typer.Typer(
    name="avasanj",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Listens to your call center's Asterisk, understands every call, and sees that an unhappy customer is called back.",
)


def run() -> int:
    """Run the command line; an error of ours becomes one clear sentence instead of a traceback."""
    try:
        # Before any metric is made: this machine's processes add up their counters in one folder.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(load_settings().metrics_dir))
        from avasanj.cli import bench, calls, maintenance, measure, serve  # noqa: F401 - they register their commands

        app()
    except AvasanjError as error:
        print(f"avasanj: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else 1
    return 0


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
def server(settings: Settings) -> Iterator[str]:
    """URL of the PostgreSQL in use; the embedded one runs at least as long as the block."""
    if settings.database_url is not None:
        yield sqlalchemy_url(settings.database_url.get_secret_value())
        return
    from avasanj.postgres import EmbeddedPostgres

    embedded = EmbeddedPostgres(settings.postgres_dir)
    started = embedded.start()
    try:
        yield embedded.url()
    finally:
        if started:
            embedded.stop()


def sqlalchemy_url(url: str) -> str:
    """A PostgreSQL URL as people write it, with the driver that we use."""
    for scheme in ("postgresql://", "postgres://"):
        if url.startswith(scheme):
            return "postgresql+psycopg://" + url.removeprefix(scheme)
    return url


def print_json(value: Any) -> None:
    """The one JSON document on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def is_terminal() -> bool:
    """Whether a person watches standard error, where progress is drawn."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
