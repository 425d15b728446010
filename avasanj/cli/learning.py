"""Commands by which the judgement learns from the center: train, and which version of the heads is in use."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.cli.measure import encoder
from avasanj.cli.scorecards import Key, scorecards
from avasanj.settings import Settings
from scoring.encoder import NAME

heads = typer.Typer(no_args_is_help=True, help="The versions of the judgement that were trained here: list, use, back.")
app.add_typer(heads, name="heads")
SHIPPED = "as it came with Avasanj"
_QUESTIONS = {
    "attitude": "attitude",
    "dissatisfied": "turn dissatisfied",
    "anger": "anger",
    "call": "call dissatisfied",
}


@app.command()
def train(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="Train the heads that come with Avasanj from their beginnings, and write them to this file; nothing is taken over.",
            dir_okay=False,
        ),
    ] = None,
    *,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Labelled turns, calls, texts or dialogues, JSON lines as docs/labelling.md describes; may be given several times. "
            "Default: what was labelled on the calls' pages.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    language: Annotated[str | None, typer.Option(help="fa or en: of texts and dialogues, which don't say it.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Compare only; take over nothing, and keep only that it was tried.")
    ] = False,
    json: Json = False,
) -> None:
    """Let the judgement learn from the center's labels, and take over what it learnt if that is better.

    A fifth of the labelled calls is held out. On it, the version in use and the new one are compared; the new one takes over if its log
    loss is lower by more than chance explains (95 % interval, calls drawn again 2,000 times) and no question has clearly become worse.
    Workers go on with it from the next call on; `avasanj heads back` undoes it. With OUT: the shipped heads are trained anew.
    """
    settings = settings_and_log()
    if out is not None:
        _train_shipped(settings, out, data or [], as_json=json)
        return
    from scoring.learning.formats import read_talks
    from scoring.learning.retraining import retrain

    talks = [talk for path in data for talk in read_talks(path, language)] if data else None
    source = ", ".join(path.name for path in data) if data else "the center's labels"
    with opened_database(settings) as database, Console(stderr=True).status("Training …"):
        made = retrain(database, encoder(settings), talks=talks, source=source, dry_run=dry_run)
    found = made.plain()
    if json:
        print_json(found)
    else:
        _show_comparison(found)


@heads.command(name="list")
def list_(*, json: Json = False) -> None:
    """Every version that was trained here, the newest first, and the one in use."""
    from scoring.learning import versions

    with opened_database(settings_and_log()) as database, database.read() as session:
        rows = [
            {
                "number": one.number, "state": one.state, "made_at": one.made_at, "used_at": one.used_at,
                "labels": one.counts.get("learnt", {}), "gain": one.figures.get("overall", {}),
            }
            for one in versions.versions(session)
        ]  # fmt: skip
        used = versions.current(session)
    rows.append(
        {
            "number": 0,
            "state": "retired" if used else "in_use",
            "made_at": None,
            "used_at": None,
            "labels": {},
            "gain": {},
        }
    )
    if json:
        print_json(rows)
        return
    table = Table("number", "state", "trained", "turns", "calls", "log loss lower by", box=None)
    for row in rows:
        table.add_row(
            str(row["number"]), row["state"].replace("_", " "), f"{row['made_at']:%Y-%m-%d %H:%M}" if row["made_at"] else SHIPPED,
            str(row["labels"].get("turns", "")), str(row["labels"].get("calls", "")), _gain(row["gain"]) if row["gain"] else "",
        )  # fmt: skip
    Console().print(table)


@heads.command()
def use(number: Annotated[int, typer.Argument(help="As `avasanj heads list` shows it; 0 came with Avasanj.")]) -> None:
    """Judge calls by this version from now on. Calls that were judged before keep their judgement until they are scored again."""
    from scoring.learning import versions

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        versions.use(session, number)
    print(f"Calls are judged by version {number} from now on.")


@heads.command()
def back() -> None:
    """Judge calls by the version that was in use before."""
    from scoring.learning import versions

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        version = versions.back(session)
        number = version.number if version else 0
    print(f"Calls are judged by version {number}{'' if number else f' ({SHIPPED})'} again.")


@scorecards.command()
def examples(key: Key, *, json: Json = False) -> None:
    """What people's answers teach a scorecard: sentences to add to its questions' examples of likeness. Nothing is changed."""
    from scoring.learning.examples import proposed

    with opened_database(settings_and_log()) as database, database.read() as session:
        found = [dataclasses.asdict(one) for one in proposed(session, key)]
    if json:
        print_json(found)
        return
    for one in found:
        print(one["question"])
        for kind in ("like", "unlike"):
            for example in one[kind]:
                print(f"  {kind:<7} {example['answers']:>3}  {example['sentence']}")
    if not found:
        print("No answer of a person differs from the machine's with words to learn from.")


def _train_shipped(settings: Settings, out: Path, data: list[Path], *, as_json: bool) -> None:
    from scoring.train import main as train_heads

    with Console(stderr=True).status("Training …"):
        made = train_heads(settings.models_dir / NAME, out, data=data, threads=settings.threads)
    if as_json:
        print_json({"heads": str(out), **made})
        return
    print(f"{'head':<14}{'language':<10}{'turns':>6}{'macro-F1':>10}{'AUC':>8}{'ECE':>8}")
    for head in ("attitude", "dissatisfied"):
        for language in made["turns"]:
            one = made["held_out"][head][language]
            print(f"{head:<14}{language:<10}{one['n']:>6}{one['macro_f1']:>10.3f}{one['auc']:>8.3f}{one['ece']:>8.3f}")
    print(f"The heads are in {out}.")


def _show_comparison(found: dict[str, Any]) -> None:
    learnt = found["counts"]["learnt"]
    print(f"Learnt from {learnt['turns']} turns and {learnt['calls']} calls; held out {found['counts']['held_out']['turns']} and "
          f"{found['counts']['held_out']['calls']}.")  # fmt: skip
    table = Table("question", "labels", "AUC", "log loss", "ECE", "log loss lower by (95 %)", box=None)
    for name, one in found["held_out"].items():
        old, new = one["in_use"], one["candidate"]
        pairs = [f"{_three(old[key])} → {_three(new[key])}" for key in ("auc", "log_loss", "ece")]
        table.add_row(_QUESTIONS[name], str(new["n"]), *pairs, _gain(one["difference"]))
    Console().print(table)
    print(f"All labels together: log loss lower by {_gain(found['overall'])}.")
    before = f"version {found['compared_with']}" if found["compared_with"] else f"the judgement {SHIPPED}"
    if found["took_over"]:
        print(f"Version {found['number']} is better and takes over from {before}. `avasanj heads back` undoes it.")
    elif found["better"]:
        print(f"It is better than {before}, and would take over. This was a dry run.")
    else:
        kept = (
            f" Version {found['number']} is kept as a candidate: `avasanj heads use {found['number']}`."
            if found["kept"]
            else ""
        )
        few = "" if found["enough"] else " Too few labelled calls were held out to tell: label calls of more customers."
        print(f"It is not clearly better than {before}, which stays in use.{few}{kept}")


def _gain(one: dict[str, Any]) -> str:
    return f"{one['gain']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f})"


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
