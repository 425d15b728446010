"""Commands about calls: take an archive in, replay a PBX's events, the sample calls."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from avasanj.cli.app import Json, app, is_terminal, opened_database, print_json, settings_and_log
from avasanj.errors import InputError


@app.command(name="import")
def import_(
    folder: Annotated[
        Path, typer.Argument(help="Folder with recordings: stereo files, NAME-agent/NAME-customer pairs, or mono.")
    ],
    *,
    csv: Annotated[
        Path | None,
        typer.Option(
            help="Facts of the calls: file or agent_file,customer_file; started_at, direction, caller, called, agent, queue, transcript. "
            "Default: calls.csv in the folder, if there."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Take an archive of recordings in. Again over the same files: nothing is doubled. Bad rows are named, the rest goes on."""
    from telephony.archive import import_folder

    settings = settings_and_log()
    console = Console(stderr=True)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder in which the recordings lie.")
    with opened_database(settings) as database:
        columns = (TextColumn("Recordings"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, disable=not is_terminal(), transient=True) as bar:
            task = bar.add_task("import", total=None)
            report = import_folder(
                settings,
                database,
                folder,
                csv=csv,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    for problem in report.problems:
        console.print(problem, markup=False, highlight=False, soft_wrap=True)
    if json:
        print_json({"imported": report.imported, "known": report.skipped_known, "problems": report.problems})
    else:
        print(
            f"{report.imported} calls taken in, {report.skipped_known} known already, {len(report.problems)} problems."
        )
        if report.imported:
            print("`avasanj up` works on them and shows them.")
    if report.problems:
        raise typer.Exit(1)


@app.command()
def replay(
    events: Annotated[
        Path, typer.Argument(help="A raw AMI stream: a capture of the manager connection, or a journal segment.")
    ],
    *,
    json: Json = False,
    explain: Annotated[
        str | None,
        typer.Option(metavar="LINKED_ID", help="Tell of this call which event led to which conclusion, in sentences."),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of the sentences, fa or en. Default: AVASANJ_LANGUAGE.")
    ] = None,
) -> None:
    """Feed a PBX's raw events through the call ledger and print the calls. Needs no database."""
    from telephony.listener import numbering_of
    from telephony.replay import replay as replay_events

    if not events.exists():
        raise InputError(
            f"There is no file {events}. Give a raw AMI stream, for instance one of the journal's segments."
        )
    settings = settings_and_log()
    numbering = numbering_of(settings)
    if explain is not None:
        from telephony.explain import explain as explained

        for line in explained(events, explain, numbering=numbering, language=language or settings.language):
            print(line)
        return
    told = replay_events(events, numbering=numbering, wrap_up_s=settings.queue_wrap_up_s)
    if json:
        print_json(told)
        return
    for call in told["calls"]:
        agents = ", ".join(span["name"] or span["agent"] for span in call["spans"]) or "no agent"
        print(
            f"{call['started_at']}  {call['direction']:<8} {call['disposition'] or call['state']:<10} {call['queue'] or '-':<12} {agents}"
        )


@app.command()
def demo(
    *,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the sample calls away, with all that came of them.")
    ] = False,
) -> None:
    """Take the sample calls in (work on them needs `avasanj up`), or remove them."""
    from avasanj import samples

    settings = settings_and_log()
    with opened_database(settings) as database:
        if remove:
            print(f"{samples.remove(settings, database)} sample calls removed.")
            return
        samples.bring_back(settings)
        print("Ctrl-C leaves them to `avasanj up`.")
        samples.put_through(settings, database, Console(stderr=True), threading.Event())
