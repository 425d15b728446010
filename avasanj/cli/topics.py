"""Commands about what calls are about: the list of topics in and out, proposals for new ones, calls read again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.errors import InputError

topics = typer.Typer(no_args_is_help=True, help="What calls are about: list, check, import, export, propose, again.")
app.add_typer(topics, name="topics")
_STDOUT = "-"


@topics.command(name="list")
def list_(*, json: Json = False) -> None:
    """The topics in use, with how many calls of the last twelve weeks each was found in."""
    from avasanj.database import utc_now
    from scoring.topics import lists
    from scoring.topics.trend import trend

    settings = settings_and_log()
    with opened_database(settings) as database, database.read() as session:
        there = lists.current(session)
        found = trend(
            session, there, now=utc_now(), zone=settings.timezone, language=settings.language,
            dissatisfied_above=settings.dissatisfied_above,
        )  # fmt: skip
        stored = [{"version": one.version, "why": one.why, "made_at": one.made_at} for one in lists.versions(session)]
    calls = {one.key: one for one in found.topics}
    rows: list[dict[str, Any]] = [
        {
            "key": topic.key,
            "title": dict(topic.title),
            "phrases": len(topic.phrases.all),
            "examples": len(topic.like.all),
            "calls": calls[topic.key].total if topic.key in calls else 0,
            "drivers": calls[topic.key].drivers if topic.key in calls else 0,
        }
        for topic in there.topics
    ]
    if json:
        print_json({"version": there.version, "versions": stored, "topics": rows})
        return
    table = Table("key", "title", "phrases", "examples", "calls", "called for it", box=None)
    for row in rows:
        numbers = (str(row[name]) for name in ("phrases", "examples", "calls", "drivers"))
        table.add_row(row["key"], " / ".join(row["title"].values()), *numbers)
    Console().print(table)


@topics.command()
def check(file: Annotated[Path, typer.Argument(help="A list of topics in YAML.")], *, json: Json = False) -> None:
    """Say what is wrong with a list, with the line. Exit 1 where it would be refused. Nothing need be running."""
    from scoring.topics import topic_file

    read = topic_file.check(_text(file))
    if json:
        problems = [{"line": one.line, "where": one.where, "problem": one.text} for one in read.problems]
        print_json({"ok": read.topics is not None, "problems": problems})
    else:
        for problem in read.problems:
            typer.echo(f"{file}: {problem}", err=True)
        print(f"{file}: {'can be imported' if read.topics else 'would be refused'}")
    if read.topics is None:
        raise typer.Exit(1)


@topics.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="docs/topics.md describes the form.")], *, json: Json = False
) -> None:
    """Put a list of topics in use. A faulty one is refused whole. `avasanj topics again` reads stored calls by it."""
    from scoring.topics import lists

    source = _text(file)
    with opened_database(settings_and_log()) as database, database.transaction() as session:
        made = lists.import_list(session, source, str(file))
    if json:
        print_json({"version": made.version, "topics": len(made.topics)})
    else:
        print(f"Version {made.version} with {len(made.topics)} topics is in use.")


@topics.command()
def export(
    out: Annotated[Path, typer.Argument(help="File to write; - for standard output.")] = Path(_STDOUT),
    *,
    version: Annotated[int | None, typer.Option(help="Default: the one in use; 0: the shipped one.")] = None,
) -> None:
    """Write the list of topics as it was taken in: importing the file again changes nothing."""
    from scoring.topics import lists

    with opened_database(settings_and_log()) as database, database.read() as session:
        source = lists.source(session, version)
    if str(out) == _STDOUT:
        sys.stdout.write(source)
        return
    try:
        out.write_text(source, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}.") from None
    print(f"The topics are in {out}.")


@topics.command()
def propose(*, json: Json = False) -> None:
    """Group the calls of the last 90 days that have no topic, and propose each group as one; a person names it on the page Topics."""
    from scoring.topics import proposals

    with opened_database(settings_and_log()) as database:
        rows: list[dict[str, Any]] = [
            {
                "id": one.id,
                "calls": one.size,
                "tightness": one.tightness,
                "words": one.words,
                "examples": [{"call_id": shown["call_id"], "text": shown["text"]} for shown in one.examples],
            }
            for one in proposals.propose(database)
        ]
    if json:
        print_json(rows)
        return
    for row in rows:
        words = "; ".join(", ".join(found) for found in row["words"].values())
        print(f"{row['calls']} calls: {words}")
        for example in row["examples"][:3]:
            print(f"    {example['text']}")
    if not rows:
        print("No group of calls without a topic is large enough.")


@topics.command()
def again(*, json: Json = False) -> None:
    """Read stored calls again by the list in use: after an import, or those scored before there were topics. Can be cut off."""
    from scoring.encoder import Encoder
    from scoring.models import NAME
    from scoring.topics.again import again as read_again

    settings = settings_and_log()
    encoder = Encoder(settings.models_dir / NAME, threads=settings.threads)
    with opened_database(settings) as database:
        done = read_again(settings, database, encoder, lambda n: print(f"{n} calls", file=sys.stderr))
    if json:
        print_json({"calls": done})
    else:
        print(f"{done} calls were read again.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8. Save it as UTF-8.") from None
