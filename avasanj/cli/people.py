"""Commands about people: who sits at which line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.errors import InputError
from avasanj.i18n import N_, translator

lines = typer.Typer(no_args_is_help=True, help="Who sits at which line of the PBX, from when to when.")
app.add_typer(lines, name="lines")


@lines.callback()
def _lines() -> None:
    """Keeps `import` a command of its own, though it is the only one."""


@lines.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(help="CSV with the columns name, interface, from, to, pbx (the last three may be missing)."),
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    language: Annotated[
        str | None, typer.Option(help="Language of what is said, fa or en. Default: AVASANJ_LANGUAGE.")
    ] = None,
    json: Json = False,
) -> None:
    """Give people their lines. Again with the same file: nothing is doubled. Wrong rows are named, the others go in."""
    from telephony import lines_csv

    settings = settings_and_log()
    say = translator(language or settings.language).gettext
    try:
        rows = lines_csv.read(file)
    except InputError as problem:
        raise InputError(say(problem.text), **problem.values) from None
    with opened_database(settings) as database, database.transaction() as session:
        report = lines_csv.take(session, rows, timezone=settings.timezone)
        if dry_run:
            session.rollback()
    wrong = [
        {"line": problem.line, "problem": say(problem.text) % problem.values if problem.values else say(problem.text)}
        for problem in report.problems
    ]
    if json:
        print_json({"dry_run": dry_run, "added": report.added, "known": report.known, "problems": wrong})
    else:
        for one in wrong:
            print(say(N_("Line %(line)s: %(problem)s")) % one)
        told = (
            N_(
                "%(added)s lines would be given, %(known)s are known already, %(wrong)s rows are wrong. Nothing was changed."
            )
            if dry_run
            else N_("%(added)s lines given, %(known)s known already, %(wrong)s rows are wrong.")
        )
        print(say(told) % {"added": report.added, "known": report.known, "wrong": len(wrong)})
    if wrong:
        raise typer.Exit(1)
