"""`avasanj bench`: how fast the product is and how much it takes. Nothing needs to run; what is made is removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from avasanj.bench import figures, measure
from avasanj.bench.figures import Figure
from avasanj.bench.measure import Say
from avasanj.cli.app import Json, app, print_json, settings_and_log
from avasanj.settings import Settings

bench = typer.Typer(
    no_args_is_help=True,
    help="Measure speed and memory on this machine. Each bench makes its own database and folder and removes them.",
)
app.add_typer(bench, name="bench")


@bench.command()
def call(*, json: Json = False) -> None:
    """Seconds until a two-minute call is scored on the dashboard, cold and warm. Takes about two minutes."""
    _run("call", measure.call, as_json=json)


@bench.command()
def samples(*, json: Json = False) -> None:
    """Seconds until all the sample calls are scored after a first start. Takes about three minutes."""
    _run("samples", measure.samples, as_json=json)


@bench.command()
def idle(*, json: Json = False) -> None:
    """Memory and processor of everything while nothing is to be done. Takes about four minutes."""
    _run("idle", measure.idle, as_json=json)


@bench.command()
def memory(
    *,
    calls: Annotated[int, typer.Option(min=8, help="How many calls to put through.")] = 200,
    json: Json = False,
) -> None:
    """Growth of the workers' memory over many calls. 200 calls take about half an hour on two cores."""
    _run("memory", lambda settings, say: measure.memory(settings, say, calls=calls), as_json=json)


@bench.command()
def telephony(*, json: Json = False) -> None:
    """The call ledger: parsing beside its peers, 10,000 events a second, the wall, a hundred real calls. Takes six minutes."""
    from avasanj.bench import telephony as measured

    console = Console(stderr=True)
    found = measured.measure(settings_and_log(), lambda text: console.print(text, highlight=False))
    if json:
        values = {one.name: None if one.value is None else round(one.value, 4) for one in found}
        notes = {one.name: one.note for one in found if one.note}
        print_json({"bench": "telephony", "met": all(one.met for one in found), **values, "notes": notes})
    else:
        for one in found:
            value = f"{one.value:,.3f}" if one.value is not None else one.note or "not measured"
            print(f"{one.name:<28} {value:>16}  {'' if one.met else 'missed'}")
    if not all(one.met for one in found):
        raise typer.Exit(1)


@bench.command()
def speech(
    *,
    calls: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of NAME-agent.wav, NAME-customer.wav.")
    ],
    json: Json = False,
) -> None:
    """Our speech engine beside three ways to use faster-whisper, on your calls. Takes about half the calls' length."""
    from avasanj.bench import speech as measured

    console = Console(stderr=True)
    found = measured.measure(settings_and_log(), calls, lambda text: console.print(text, highlight=False))
    if json:
        print_json(found)
        return
    for name, figures_of in found["engines"].items():
        print(f"{name:<10} " + "  ".join(f"{key} {value}" for key, value in figures_of.items()))


@bench.command()
def live(
    *,
    calls: Annotated[int, typer.Option(min=1, max=100, help="How many run at once.")] = 4,
    json: Json = False,
) -> None:
    """Seconds until a running call's words are shown. Takes about three minutes."""
    from avasanj.bench import live as measured

    _run("live", lambda settings, say: measured.live(settings, say, calls=calls), as_json=json)


@bench.command(name="speech-memory")
def speech_memory(
    *,
    calls: Annotated[int, typer.Option(min=60, help="How many calls to put into words.")] = 500,
    json: Json = False,
) -> None:
    """Growth of the speech engine's memory over many calls of mixed lengths, and its peak. 500 calls take ten minutes on two cores."""
    from avasanj.bench import speech_memory as measured

    _run("speech-memory", lambda settings, say: measured.measure(settings, say, calls=calls), as_json=json)


@bench.command()
def replay(
    *,
    calls: Annotated[int, typer.Option(min=100, help="How many calls to make up and try a draft on.")] = 100_000,
    turns: Annotated[int, typer.Option(min=2, max=2000, help="Turns of each.")] = 60,
    json: Json = False,
) -> None:
    """A draft by rules alone tried on stored calls, results kept. 100,000 calls of 60 turns take 3 GB of disk and six minutes."""
    from avasanj.bench import scoring as measured

    _run("replay", lambda settings, say: measured.replay(settings, say, calls=calls, turns=turns), as_json=json)


@bench.command()
def scoring(*, json: Json = False) -> None:
    """Processor time of scoring a call beside that of putting it into words, on the sample calls. Takes two minutes."""
    from avasanj.bench import scoring_cost as measured

    _run("scoring", measured.measure, as_json=json)


def _run(name: str, measured: Callable[[Settings, Say], Sequence[Figure]], *, as_json: bool) -> None:
    """Measure and show; exit 1 where a target is missed."""
    console = Console(stderr=True)
    found = measured(settings_and_log(), lambda text: console.print(text, highlight=False))
    if as_json:
        print_json(figures.as_json(name, found))
    else:
        _table(found)
    if not all(figure.met for figure in found):
        raise typer.Exit(1)


def _table(found: Sequence[Figure]) -> None:
    table = Table("what", "measured", "target", "")
    for column in table.columns[1:3]:
        column.justify = "right"
    for figure in found:
        target = "" if figure.below is None else f"≤ {figure.below:g} {figure.unit}"
        verdict = "" if figure.below is None else "met" if figure.met else "missed"
        table.add_row(figure.name, f"{figure.value:.1f} {figure.unit}", target, verdict)
    Console().print(table)
