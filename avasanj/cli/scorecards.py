"""Commands about scorecards: which there are, whether a file is right, in and out, and which one calls are scored by."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from avasanj.cli import replays
from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.errors import InputError
from scoring.card_faults import Problem
from scoring.tables import CardVersion

scorecards = typer.Typer(
    no_args_is_help=True, help="The forms by which agents' work is judged: list, check, import, export, publish."
)
app.add_typer(scorecards, name="scorecards")
scorecards.command()(replays.replay)
scorecards.command()(replays.replays)
Key = Annotated[str, typer.Argument(help="A scorecard's key, as `avasanj scorecards list` shows it.")]
Files = Annotated[list[Path], typer.Argument(help="Scorecards in YAML; docs/scorecards.md describes the form.")]
_STDOUT = "-"


@scorecards.command(name="list")
def list_(*, json: Json = False) -> None:
    """Every version of every scorecard: a draft, the published one, retired ones."""
    from scoring import library

    with opened_database(settings_and_log()) as database:
        library.ensure_shipped(database)
        with database.read() as session:
            rows = [_facts(one) for one in library.versions(session)]
    if json:
        print_json(rows)
        return
    table = Table("key", "version", "state", "title", "questions", box=None)
    for row in rows:
        title = " / ".join(row["title"].values())
        table.add_row(row["key"], str(row["version"]), row["state"], title, str(row["questions"]))
    Console().print(table)


@scorecards.command()
def check(files: Files, *, json: Json = False) -> None:
    """Say what is wrong with scorecard files, with the line. Exit 1 where one would be refused. Nothing need be running."""
    from scoring import card_file

    found = {str(path): card_file.check(_text(path)) for path in files}
    if json:
        print_json(
            {
                name: {"ok": read.card is not None, "problems": [_problem(one) for one in read.problems]}
                for name, read in found.items()
            }
        )
    else:
        for name, read in found.items():
            for problem in read.problems:
                _tell(name, problem)
            print(f"{name}: {'can be imported' if read.card else 'would be refused'}")
    if any(read.card is None for read in found.values()):
        raise typer.Exit(1)


@scorecards.command(name="import")
def import_(
    files: Files,
    *,
    publish: Annotated[bool, typer.Option("--publish", help="Score calls by them from now on.")] = False,
    json: Json = False,
) -> None:
    """Take scorecards in as drafts. A file with a fault is refused whole, and so are the others with it."""
    from scoring import library

    texts = [(path, _text(path)) for path in files]
    with opened_database(settings_and_log()) as database:
        library.ensure_shipped(database)
        with database.transaction() as session:
            done = [library.import_card(session, text, str(path)) for path, text in texts]
            if publish:
                for one in done:
                    library.publish(session, one.version.key, one.version.version)
            rows = [{**_facts(one.version), "done": one.done} for one in done]
    for one, (path, _) in zip(done, texts, strict=True):
        for problem in one.warnings:
            _tell(str(path), problem)
    if json:
        print_json(rows)
        return
    for row in rows:
        print(f"{row['key']} version {row['version']}: {row['done']}, {row['state']}")


@scorecards.command()
def export(
    key: Key,
    out: Annotated[Path, typer.Argument(help="File to write; - for standard output.")] = Path(_STDOUT),
    *,
    version: Annotated[int | None, typer.Option(help="Default: the published one, else the newest.")] = None,
) -> None:
    """Write a scorecard as it was taken in: importing the file again changes nothing."""
    from scoring import library

    with opened_database(settings_and_log()) as database:
        library.ensure_shipped(database)
        with database.read() as session:
            row = library.find(session, key, version)
    if str(out) == _STDOUT:
        sys.stdout.write(row.source)
        return
    try:
        out.write_text(row.source, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}.") from None
    print(f"{row.key} version {row.version} is in {out}.")


@scorecards.command()
def publish(
    key: Key,
    *,
    version: Annotated[int | None, typer.Option(help="Default: the newest draft; a retired one comes back.")] = None,
    json: Json = False,
) -> None:
    """Score calls by a scorecard from now on. The version before it is retired; what was scored by it stays as it is."""
    from scoring import library

    with opened_database(settings_and_log()) as database:
        library.ensure_shipped(database)
        with database.transaction() as session:
            row = _facts(library.publish(session, key, version))
    _say(row, as_json=json)


@scorecards.command()
def retire(key: Key, *, json: Json = False) -> None:
    """Score no more calls by a scorecard."""
    from scoring import library

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        row = _facts(library.retire(session, key))
    _say(row, as_json=json)


def _say(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        print(f"{row['key']} version {row['version']} is {row['state']}.")


def _facts(row: CardVersion) -> dict[str, Any]:
    from scoring import library

    names = ("key", "version", "state", "title", "made_at", "published_at", "retired_at")
    return {name: getattr(row, name) for name in names} | {"questions": len(library.parsed(row.source).questions)}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line,
        "where": problem.where,
        "problem": problem.text,
        "refused": not problem.warning,
    }


def _tell(name: str, problem: Problem) -> None:
    kind = "warning: " if problem.warning else ""
    typer.echo(f"{name}: {kind}{problem}", err=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
