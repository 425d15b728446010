"""Taking a CSV that people wrote: what became of it is told in their language, wrong rows by their line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from sqlalchemy.orm import Session

from avasanj.cli.app import opened_database, print_json, settings_and_log
from avasanj.csv_file import Report, Row
from avasanj.errors import InputError
from avasanj.i18n import N_, translator
from avasanj.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """Message ids with added, known and wrong: after an import, and after a dry run."""

    done: str
    tried: str


def import_csv(
    file: Path,
    read: Callable[[Path], Sequence[Row]],
    take: Callable[[Session, Sequence[Row], Settings], Report],
    sentences: Sentences,
    *,
    dry_run: bool,
    language: str | None,
    json: bool,
) -> None:
    """Read the file, take its rows (not in a dry run) and tell what became of them. Exits with 1 where a row is wrong."""
    settings = settings_and_log()
    say = translator(language or settings.language).gettext
    try:
        rows = read(file)
    except InputError as problem:
        raise InputError(say(problem.text), **problem.values) from None
    with opened_database(settings) as database, database.transaction() as session:
        report = take(session, rows, settings)
        if dry_run:
            session.rollback()
    wrong = [
        {"line": one.line, "problem": say(one.text) % one.values if one.values else say(one.text)}
        for one in report.problems
    ]
    if json:
        print_json({"dry_run": dry_run, "added": report.added, "known": report.known, "problems": wrong})
    else:
        for one in wrong:
            print(say(N_("Line %(line)s: %(problem)s")) % one)
        told = say(sentences.tried if dry_run else sentences.done)
        print(told % {"added": report.added, "known": report.known, "wrong": len(wrong)})
    if wrong:
        raise typer.Exit(1)
