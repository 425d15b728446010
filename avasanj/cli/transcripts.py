"""Commands about transcripts: show one, hear calls again with another model, take corrections out as training data."""

from __future__ import annotations

import datetime
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import func, select

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.cli.moments import moment
from avasanj.errors import InputError
from telephony.tables import Call
from transcription import training, versions
from transcription.exports import Format, script_of, written

transcripts = typer.Typer(no_args_is_help=True, help="Transcripts: show one, make others, take corrections out.")
app.add_typer(transcripts, name="transcripts")
From = Annotated[
    str | None,
    typer.Option("--from", help="From this moment on, in the center's zone: 2026-11-22 or 2026-11-22T16:00."),
]
To = Annotated[str | None, typer.Option("--to", help="Before this moment; a day without an hour is meant whole.")]


@transcripts.command()
def show(
    call: Annotated[str, typer.Argument(help="The call's id, as in its page's address.")],
    *,
    form: Annotated[Format, typer.Option("--format", help="In which form.")] = Format.TEXT,
    language: Annotated[
        str | None, typer.Option(help="Language of the parties' names, fa or en. Default: AVASANJ_LANGUAGE.")
    ] = None,
) -> None:
    """Print a call's transcript, as it is corrected. The page and the API give the same, with what the ledger knows of holes."""
    settings = settings_and_log()
    call_id = _id(call)
    with opened_database(settings) as database, database.read() as session:
        transcript = versions.current(session, call_id)
        if transcript is None:
            raise InputError(f"There is no transcript of a call {call_id}.")
        text = written(script_of(transcript), form, language or settings.language)
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    sys.stdout.write(text)


@transcripts.command()
def again(
    *,
    model: Annotated[str, typer.Option(help="Folder's name under models, or a path, as for AVASANJ_SPEECH_MODEL.")],
    since: From = None,
    until: To = None,
    queue: Annotated[str, typer.Option(help="Only this queue's calls.")] = "",
    agent: Annotated[str, typer.Option(help="Only calls of this agent: an interface, or a part of the name.")] = "",
    language: Annotated[str, typer.Option(help="Only transcripts in this language, fa or en.")] = "",
    call: Annotated[list[str] | None, typer.Option(help="Only this call; may be given several times.")] = None,
    make_current: Annotated[
        bool,
        typer.Option(
            "--make-current",
            help="Go by the new transcripts at once. Default: they wait on each call's page to be chosen.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which calls it would be.")] = False,
    json: Json = False,
) -> None:
    """Have calls transcribed once more, by another model. The speech workers do it one call at a time, beside new calls."""
    settings = settings_and_log()
    if not (since or until or queue or agent or language or call):
        raise InputError(
            "Say which calls: --from, --to, --queue, --agent, --language or --call. `--from 2000-01-01` is all."
        )
    wanted = versions.wanted(
        since=moment(settings, since),
        until=moment(settings, until, end=True),
        queue=queue,
        agent=agent,
        language=language,
    )
    if call:
        wanted.append(Call.id.in_([_id(one) for one in call]))
    with opened_database(settings) as database:
        with database.read() as session:
            found = list(session.scalars(select(Call.id).where(*wanted).order_by(Call.started_at.desc())))
            talked_s = session.scalar(select(func.sum(Call.talk_s)).where(Call.id.in_(found))) or 0.0
        asked = 0
        for call_id in [] if dry_run else found:
            with database.transaction() as session:
                asked += (
                    versions.ask(session, settings, call_id, model=model, make_current=make_current, by=None)
                    is not None
                )
    if json:
        print_json({"calls": found, "talk_s": round(talked_s, 1), "asked": asked, "dry_run": dry_run})
    elif dry_run:
        print("\n".join(map(str, found)))
        print(f"{len(found)} calls, {talked_s / 3600:.1f} hours of talk. Without --dry-run they are transcribed again.")
    else:
        print(f"{asked} calls will be transcribed again by {model}; {len(found) - asked} were asked for already.")


@transcripts.command()
def corrections(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write to.", file_okay=False)],
    since: From = None,
    json: Json = False,
) -> None:
    """Write what supervisors corrected as training data: a WAV clip for each turn, and corrections.jsonl with the texts.

    `avasanj evaluate speech --data OUT/corrections.jsonl` measures a model on it.
    """
    settings = settings_and_log()
    start = moment(settings, since) or datetime.datetime.min.replace(tzinfo=datetime.UTC)
    with opened_database(settings) as database:
        made = training.export(settings, database, out, start)
    for problem in made.problems:
        print(problem, file=sys.stderr)
    if json:
        print_json({"clips": made.clips, "seconds": made.seconds, "problems": made.problems})
    else:
        print(
            f"{made.clips} clips, {made.seconds / 60:.1f} minutes, in {out}. {len(made.problems)} calls had problems."
        )
    if made.problems:
        raise typer.Exit(1)


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InputError(f"{text} is no call's id. It is the last part of the address of the call's page.") from None
