"""Commands about people: who sits at which line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avasanj.cli.app import Json, app
from avasanj.cli.csv_import import Sentences, import_csv
from avasanj.i18n import N_

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

    sentences = Sentences(
        done=N_("%(added)s lines given, %(known)s known already, %(wrong)s rows are wrong."),
        tried=N_(
            "%(added)s lines would be given, %(known)s are known already, %(wrong)s rows are wrong. Nothing was changed."
        ),
    )
    import_csv(
        file,
        lines_csv.read,
        lambda session, rows, settings: lines_csv.take(session, rows, timezone=settings.timezone),
        sentences,
        dry_run=dry_run,
        language=language,
        json=json,
    )
