"""Commands about the judgement of texts: how true it is, and how it is trained anew. None needs anything running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from avasanj.cli.app import Json, app, print_json, settings_and_log
from avasanj.settings import Settings
from scoring.encoder import NAME, Encoder

evaluate = typer.Typer(no_args_is_help=True, help="Measure the shipped judgement on labelled texts.")
app.add_typer(evaluate, name="evaluate")
Data = Annotated[Path, typer.Option(help="JSON lines with labelled texts.", exists=True, dir_okay=False)]


@evaluate.command()
def sentiment(
    *,
    data: Data,
    language: Annotated[str, typer.Option(help="fa or en.")],
    positive_label: Annotated[
        str | None, typer.Option(help="AUC of this label against the rest, instead of negative against positive.")
    ] = None,
    json: Json = False,
) -> None:
    """Sentiment of single texts: {"text", "label"} a line, label neg, neu or pos. 1,500 texts take about a minute."""
    from scoring.evaluate import evaluate_sentiment

    settings = settings_and_log()
    with Console(stderr=True).status(f"Reading {data.name} …"):
        found = evaluate_sentiment(data, language, _encoder(settings), positive_label)
    _show(found, as_json=json)


@evaluate.command()
def dialogues(
    *, data: Data, language: Annotated[str, typer.Option(help="fa or en.")] = "en", json: Json = False
) -> None:
    """Dissatisfaction over whole dialogues: {"turns": [{"speaker", "text", "satisfaction"}], "overall"} a line."""
    from scoring.evaluate import evaluate_dialogues

    settings = settings_and_log()
    with Console(stderr=True).status(f"Reading {data.name} …"):
        found = evaluate_dialogues(data, _encoder(settings), language)
    _show(found, as_json=json)


@app.command()
def train(
    out: Annotated[Path, typer.Argument(help="File to write the trained heads to (JSON, 40 kB).", dir_okay=False)],
    *,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            help="Labelled customer turns, JSON lines as docs/labelling.md describes; may be given several times. "
            "Default: the turns that came with Avasanj.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Train the judgement of customers' turns anew and say how true it is on turns held out. Takes two to five minutes.

    The text model stays as it is; trained are the two small heads on it: attitude (negative, neutral, positive) and dissatisfaction.
    The same turns always give the same heads. They are written to OUT; running Avasanj goes on with the heads that came with it.
    """
    from scoring.train import main as train_heads

    settings = settings_and_log()
    with Console(stderr=True).status("Training …"):
        made = train_heads(settings.models_dir / NAME, out, data=data or (), threads=settings.threads)
    if json:
        print_json({"heads": str(out), **made})
    else:
        _show_held_out(made)
        print(f"The heads are in {out}.")


def _encoder(settings: Settings) -> Encoder:
    return Encoder(settings.models_dir / NAME, threads=settings.threads)


def _show(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        print(
            f"{name:<14} {value:.3f}" if isinstance(value, float) else f"{name:<14} {'-' if value is None else value}"
        )


def _show_held_out(provenance: dict[str, Any]) -> None:
    print(f"{'head':<14}{'language':<10}{'turns':>6}{'macro-F1':>10}{'AUC':>8}{'ECE':>8}")
    for head in ("attitude", "dissatisfied"):
        for language in provenance["turns"]:
            one = provenance["held_out"][head][language]
            print(f"{head:<14}{language:<10}{one['n']:>6}{one['macro_f1']:>10.3f}{one['auc']:>8.3f}{one['ece']:>8.3f}")
