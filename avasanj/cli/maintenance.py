"""Commands that look after an installation: is it well, back it up, bring it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from avasanj import wheels
from avasanj.cli.app import app, is_terminal, opened_database, print_json, server, settings_and_log
from avasanj.cli.calls import Json

_MEGABYTE = 1_000_000


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
    with opened_database(settings, migrate=False) as database, _bar() as progress:
        place, made = back_up(settings, database, folder, progress)
    for fault in made.left_out[:20]:
        print_aside(f"Not in the backup: {fault}")
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
    with server(settings) as url, _bar() as progress:
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


def print_aside(text: str) -> None:
    """Say something beside the result, on standard error."""
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _bar() -> Iterator[wheels.Progress]:
    """A progress bar on standard error, for a person only."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not is_terminal(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield show
