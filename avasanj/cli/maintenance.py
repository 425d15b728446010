"""Commands that look after an installation: is it well, back it up, bring it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from avasanj.cli.app import Json, app, opened_database, print_json, server, settings_and_log
from avasanj.cli.progress import progress_bar
from avasanj.database import Database
from avasanj.doctor.finding import MARKS, Finding, State, fault, warning
from avasanj.errors import AvasanjError
from avasanj.settings import Settings

_MEGABYTE = 1_000_000


@app.command()
def doctor(*, json: Json = False) -> None:
    """Say what works and what does not, each with the mend: database, PBX, recordings, models, disk … Changes nothing."""
    from avasanj.doctor import examine

    settings = settings_and_log()
    found: list[Finding] = []
    with _database_or_finding(settings) as database:
        for one in examine(settings, database):
            found.append(one)
            if not json:
                _show(one)
    faults = sum(one.state is State.FAULT for one in found)
    if json:
        print_json(
            {
                "ok": not faults,
                "checks": [
                    {"check": one.check, "state": one.state, "text": one.text, "mend": one.mend} for one in found
                ],
            }
        )
    elif faults:
        print(f"\n{faults} to mend.")
    else:
        print("\nNothing stands in the way.")
    if faults:
        raise typer.Exit(1)


@app.command()
def backup(
    folder: Annotated[
        Path, typer.Argument(help="Folder for backups, best on another disk. Each backup is a dated folder in it.")
    ],
    *,
    json: Json = False,
) -> None:
    """Back up database, recordings, journal and settings, while everything runs. Unchanged files are shared with the backup before."""
    from avasanj.backup import back_up

    settings = settings_and_log()
    with opened_database(settings, migrate=False) as database, progress_bar() as progress:
        place, made = back_up(settings, database, folder, progress)
    for sentence in made.left_out[:20]:
        print_aside(f"Not in the backup: {sentence}")
    if len(made.left_out) > 20:
        print_aside(f"… and {len(made.left_out) - 20} more; {place / 'manifest.json'} names them all.")
    if json:
        counts = {"files": len(made.files), "bytes": made.size, "counts": made.counts}
        print_json({"folder": str(place), "made_at": made.made_at, **counts, "left_out": made.left_out})
    else:
        print(
            f"Backed up to {place}: {made.counts['calls']} calls, {len(made.files)} files, {made.size / _MEGABYTE:.0f} MB."
        )
        print(
            "Secrets are not in it (settings.env names them), models neither: keep the first, fetch the others again."
        )


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="A backup, or the folder of backups (then the newest one).")],
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take the place of a database that already holds calls.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring a backup back. Everything is checked first; what is there now stays until the restored database takes its place."""
    from avasanj.backup import restore as bring_back

    settings = settings_and_log()
    with server(settings) as url, progress_bar() as progress:
        done = bring_back(settings, url, folder, replace=replace, progress=progress)
    if json:
        print_json(
            {"folder": str(done.folder), "made_at": done.manifest.made_at, "counts": done.manifest.counts, "files_written": done.files,
             "recordings_moved": done.moved, "settings": str(done.settings), "settings_used": done.settings_used}
        )  # fmt: skip
        return
    print(
        f"Restored {done.folder}: {done.manifest.counts['calls']} calls, {done.files} files written, everyone logs in again."
    )
    if done.moved:
        print(f"{done.moved} files have a new place, many in {settings.data_dir / 'archive'}; the ledger knows it.")
    verb = "Its settings are now" if done.settings_used else "You have settings of your own; the backup's are"
    print(f"{verb} in {done.settings}. Set its secrets again, then `avasanj doctor`.")


@contextmanager
def _database_or_finding(settings: Settings) -> Iterator[Database | Finding]:
    """The database as it is, neither made nor migrated; a finding where there is none to be had."""
    if settings.database_url is None and not (settings.postgres_dir / "data" / "PG_VERSION").exists():
        yield warning("database", "Not made yet.", "The first `avasanj up` makes it.")
        return
    with ExitStack() as stack:
        try:
            database = Database(stack.enter_context(server(settings)), pool_size=1)
            stack.callback(database.close)
            database.engine.connect().close()
        except AvasanjError as error:
            yield fault("database", str(error), "See the log beside the data, then `avasanj up` again.")
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", error)).strip().split("\n", 1)[0]
            yield fault(
                "database",
                f"It can't be reached: {said}",
                "Check AVASANJ_DATABASE_URL and that the server runs and lets this machine in.",
            )
        else:
            yield database


def _show(one: Finding) -> None:
    colour = {State.OK: "green", State.WARNING: "yellow", State.FAULT: "red"}[one.state]
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[{colour}]{MARKS[one.state]}[/{colour}] [bold]{escape(one.check)}[/bold]  {escape(one.text)}")
    if one.mend:
        console.print(f"    → {escape(one.mend)}")


def print_aside(text: str) -> None:
    """Say something beside the result, on standard error."""
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)
