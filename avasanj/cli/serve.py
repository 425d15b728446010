"""Commands that run the product: all of it on one machine, or each part by itself."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from avasanj.cli.app import app, is_terminal, opened_database, server, settings_and_log, sqlalchemy_url
from avasanj.database import Database
from avasanj.errors import InputError, SettingsError
from avasanj.processes import Child, Family, check_port, only_one, only_worker
from avasanj.settings import Settings

_WATCH_S = 0.5
_ANSWER_S = 60.0


@app.command()
def up(
    *,
    samples: Annotated[
        bool, typer.Option("--samples", help="Put the sample calls through the whole pipeline first.")
    ] = False,
) -> None:
    """Run everything on this machine: database, listener, workers, dashboard. Ctrl-C stops it all."""
    from avasanj import migrate

    settings = settings_and_log()
    stop = stop_on_signals()
    console = Console(stderr=True)
    with only_one(settings.data_dir):
        make_folders(settings)
        for counters_of_the_last_run in settings.metrics_dir.glob("*.db"):
            counters_of_the_last_run.unlink()
        check_port(settings.web_host, settings.web_port)
        with server(settings, owned=True) as url:
            migrate.upgrade(url)
            log = _log_file(settings) if is_terminal() else None
            family = Family(children=[Child(name=" ".join(part), arguments=part, log=log) for part in parts(settings)])
            family.start()
            try:
                database = Database(url, pool_size=2)
                _wait_for_dashboard(settings, family, stop)
                if samples and not stop.is_set():
                    from avasanj.samples import put_through

                    put_through(settings, database, console, stop, family.watch)
                if not stop.is_set():
                    greet(settings, database, console, log)
                while not stop.wait(_WATCH_S):
                    family.watch()
            finally:
                console.print("Stopping …")
                family.end()
    console.print("Stopped.")


@app.command()
def listen() -> None:
    """Follow the calls on the PBX and write the call ledger."""
    from telephony import listener

    settings = settings_and_log()
    if not settings.each_pbx():
        raise SettingsError(
            "There is no PBX to listen to: set AVASANJ_AMI_HOST, AVASANJ_AMI_USER and AVASANJ_AMI_SECRET."
        )
    listener.run(settings, Database(running_database(settings)), stop_on_signals())


@app.command()
def work(
    *,
    queue: Annotated[
        list[str] | None, typer.Option(help="Take from this queue only; may be given several times.")
    ] = None,
    name: Annotated[
        str, typer.Option(help="This worker's stable name on this machine; no two live ones share it.")
    ] = "worker",
) -> None:
    """Do the pipeline's work: transcribe, score, synchronise. As many of these, on as many machines, as needed."""
    from avasanj import worker
    from avasanj.work import Queue

    settings = settings_and_log()
    try:
        queues = [Queue(one) for one in queue] if queue else list(Queue)
    except ValueError:
        raise InputError(f"There is no queue {queue}. The queues: {', '.join(Queue)}.") from None
    stop = stop_on_signals()
    make_folders(settings)
    with only_worker(settings.data_dir, name):
        worker.run(settings, Database(running_database(settings)), f"{socket.gethostname()}:{name}", queues, stop)


@app.command()
def web() -> None:
    """Serve the dashboard."""
    import uvicorn

    from dashboard.app import create_app

    settings = settings_and_log()
    application = create_app(settings, Database(running_database(settings)))
    uvicorn.run(
        application,
        host=settings.web_host,
        port=settings.web_port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


@app.command()
def migrate() -> None:
    """Bring the database to this program's version."""
    with opened_database(settings_and_log()):
        print("The database is up to date.")


@app.command(name="login-link")
def login_link() -> None:
    """Make a one-time link by which the administrator logs in and sets a new password."""
    from avasanj.login import make_login_link

    settings = settings_and_log()
    with opened_database(settings) as database:
        print(make_login_link(database, settings))


def parts(settings: Settings) -> list[list[str]]:
    """What `up` runs, each as the arguments of its own command: no models in the web, speech and scoring side by side."""
    everything = [
        ["web"],
        ["work", "--name", "speech", "--queue", "speech"],
        ["work", "--name", "main", "--queue", "intake", "--queue", "scoring", "--queue", "sync"],
    ]
    return [["listen"], *everything] if settings.each_pbx() else everything


def make_folders(settings: Settings) -> None:
    """The data folder's parts, readable by nobody else. Raises SettingsError when they can't be made."""
    try:
        for folder in (
            settings.media_dir,
            settings.journal_dir,
            settings.models_dir,
            settings.metrics_dir,
            settings.data_dir / "archive",
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The data folder {settings.data_dir} can't be written: {error.strerror}. Set AVASANJ_DATA_DIR to a folder of your own."
        ) from error


def running_database(settings: Settings) -> str:
    """URL of the database that somebody else keeps running."""
    if settings.database_url is not None:
        return sqlalchemy_url(settings.database_url.get_secret_value())
    from avasanj.postgres import EmbeddedPostgres

    return EmbeddedPostgres(settings.postgres_dir).url()


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C or SIGTERM sets."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def greet(settings: Settings, database: Database, console: Console, log: Path | None) -> None:
    """Say where the dashboard is and how to get in. The one-time link goes to the terminal only, never to a log."""
    from avasanj.login import administrator_missing, make_login_link

    console.print(f"\n[bold]The dashboard is at {settings.address}[/bold]")
    if administrator_missing(database) and not console.is_terminal:
        console.print("Nobody can log in yet. `avasanj login-link` makes the first administrator's link.")
    elif administrator_missing(database):
        console.print("Log in for the first time with this link (works once, for an hour):")
        console.print(make_login_link(database, settings), soft_wrap=True, highlight=False)
    else:
        console.print("Log in with your name and password. Forgotten? `avasanj login-link` makes a new link.")
    if not settings.each_pbx():
        console.print("No PBX is connected yet: README, 'Connect your PBX', shows the five lines.")
    if log:
        console.print(f"What the parts say goes to {log}", highlight=False, soft_wrap=True)
    console.print("Ctrl-C stops everything.\n")


def _log_file(settings: Settings) -> Path:
    """A new log for this run; the one before is kept beside it."""
    log = settings.data_dir / "log" / "avasanj.log"
    log.parent.mkdir(mode=0o700, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    return log


def _wait_for_dashboard(settings: Settings, family: Family, stop: threading.Event) -> None:
    deadline = time.monotonic() + _ANSWER_S
    while time.monotonic() < deadline and not stop.is_set():
        try:
            socket.create_connection((_reachable(settings.web_host), settings.web_port), timeout=1).close()
        except OSError:
            family.watch()
            stop.wait(0.1)
        else:
            return


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - translating, not binding
