"""Commands about surveys: what customers themselves say of calls."""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import Annotated

import typer

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.cli.csv_import import Sentences, import_csv
from avasanj.database import utc_now
from avasanj.i18n import N_

surveys = typer.Typer(no_args_is_help=True, help="What customers say of calls in surveys, beside what is predicted.")
app.add_typer(surveys, name="surveys")


@surveys.command(name="import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with the column grade, and linked_id (and pbx) or number and at; scale (1-5) and comment if there are."
        ),
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
    language: Annotated[
        str | None, typer.Option(help="Language of what is said, fa or en. Default: AVASANJ_LANGUAGE.")
    ] = None,
    json: Json = False,
) -> None:
    """Keep customers' answers with their calls. Again with the same file: nothing is doubled. Wrong rows are named."""
    from scoring.surveys import survey_csv

    sentences = Sentences(
        done=N_("%(added)s answers kept, %(known)s known already, %(wrong)s rows are wrong."),
        tried=N_(
            "%(added)s answers would be kept, %(known)s are known, %(wrong)s rows are wrong. Nothing was changed."
        ),
    )
    import_csv(
        file,
        survey_csv.read,
        lambda session, rows, settings: survey_csv.take(session, rows, settings, source=file.name),
        sentences,
        dry_run=dry_run,
        language=language,
        json=json,
    )


@surveys.command()
def compare(
    *, days: Annotated[int, typer.Option(min=1, help="Calls of so many days up to now.")] = 90, json: Json = False
) -> None:
    """How well predicted satisfaction agrees with what customers answered, in all and by queue."""
    from scoring.surveys.compared import compare as compare_all

    settings = settings_and_log()
    until = utc_now()
    with opened_database(settings) as database, database.read() as session:
        found = compare_all(session, until - datetime.timedelta(days=days), until)
    if json:
        print_json(dataclasses.asdict(found))
        return
    print(f"{found.answered} answered calls, {found.asked} with a survey's answer.")
    rows = ({"all": found.all} if found.all else {}) | dict(found.by_queue)
    if rows:
        print(f"{'queue':<20}{'n':>6}{'surveyed':>10}{'predicted':>11}{'apart':>7}{'within 1':>10}{'correlation':>13}")
    for name, one in rows.items():
        correlation = "-" if one.correlation is None else f"{one.correlation:.2f}"
        print(
            f"{name:<20}{one.n:>6}{one.surveyed:>10.2f}{one.predicted:>11.2f}{one.apart:>7.2f}{one.within_one:>10.0%}{correlation:>13}"
        )
