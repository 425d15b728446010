"""Commands that measure: how true the models are, how fast the product is. None needs anything running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from avasanj.cli.app import app, print_json, settings_and_log
from avasanj.cli.calls import Json
from avasanj.settings import Settings
from scoring.encoder import Encoder

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
    """Sentiment of single texts: {"text", "label"} a line."""
    from scoring.evaluate import evaluate_sentiment

    _show(evaluate_sentiment(data, language, _encoder(settings_and_log()), positive_label), as_json=json)


@evaluate.command()
def dialogues(*, data: Data, json: Json = False) -> None:
    """Dissatisfaction over whole dialogues: {"turns": [{"speaker", "text", "satisfaction"}]} a line."""
    from scoring.evaluate import evaluate_dialogues

    _show(evaluate_dialogues(data, _encoder(settings_and_log())), as_json=json)


def _encoder(settings: Settings) -> Encoder:
    return Encoder(settings.models_dir / "multilingual-e5-small", threads=settings.threads)


def _show(figures: dict[str, float], *, as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        print(f"{name:<14} {value:.3f}" if isinstance(value, float) else f"{name:<14} {value}")
