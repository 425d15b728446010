"""Commands about the judgement of texts: how true it is, on one's own files. None needs anything running."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from avasanj.cli.app import Json, app, print_json, settings_and_log
from avasanj.settings import Settings
from scoring.encoder import NAME, Encoder

if TYPE_CHECKING:
    from scoring.learning.talks import Talk

evaluate = typer.Typer(no_args_is_help=True, help="Measure the judgement on labelled texts.")
app.add_typer(evaluate, name="evaluate")
Data = Annotated[Path, typer.Option(help="JSON lines with labelled texts.", exists=True, dir_okay=False)]
Cross = Annotated[
    bool,
    typer.Option(
        "--cross-validate",
        help="Train on four fifths of the file and judge the fifth, five times; beside it, the shipped judgement and TF-IDF.",
    ),
]


@evaluate.command()
def sentiment(
    *,
    data: Data,
    language: Annotated[str, typer.Option(help="fa or en.")],
    positive_label: Annotated[
        str | None, typer.Option(help="AUC of this label against the rest, instead of negative against positive.")
    ] = None,
    cross_validate: Cross = False,
    json: Json = False,
) -> None:
    """Sentiment of single texts: {"text", "label"} a line, label neg, neu or pos. 1,500 texts take about a minute."""
    from scoring.evaluate import evaluate_sentiment
    from scoring.learning import formats

    settings = settings_and_log()
    if cross_validate:
        question = "anger" if positive_label is not None else "attitude"
        talks = formats.texts(data, language, positive_label)
        _show(_cross(settings, talks, data.name, {question: ""}), as_json=json)
        return
    with Console(stderr=True).status(f"Reading {data.name} …"):
        found = evaluate_sentiment(data, language, encoder(settings), positive_label)
    _show(found, as_json=json)


@evaluate.command()
def dialogues(
    *,
    data: Data,
    language: Annotated[str, typer.Option(help="fa or en.")] = "en",
    cross_validate: Cross = False,
    json: Json = False,
) -> None:
    """Dissatisfaction over whole dialogues: {"turns": [{"speaker", "text", "satisfaction"}], "overall"} a line."""
    from scoring.evaluate import evaluate_dialogues
    from scoring.learning import formats

    settings = settings_and_log()
    if cross_validate:
        talks = formats.read_talks(data, language)
        _show(_cross(settings, talks, data.name, {"dissatisfied": "turn_", "call": "dialogue_"}), as_json=json)
        return
    with Console(stderr=True).status(f"Reading {data.name} …"):
        found = evaluate_dialogues(data, encoder(settings), language)
    _show(found, as_json=json)


@evaluate.command()
def accuracy(
    *,
    data: Annotated[
        Path, typer.Option(help="Folder of labelled files, LANGUAGE-NAME.jsonl each.", exists=True, file_okay=False)
    ],
    markdown: Annotated[bool, typer.Option("--markdown", help="The table as docs/accuracy.md has it.")] = False,
    json: Json = False,
) -> None:
    """All labelled files of a folder: as shipped, after training on them (cross-validated), and TF-IDF beside. Takes some minutes."""
    from scoring.learning import accuracy as tables

    settings = settings_and_log()
    with Console(stderr=True).status("Reading …") as status:
        measured = tables.measure(data, encoder(settings), lambda name: status.update(f"{name} …"))
    if json and not markdown:
        print_json({one.name: one.found for one in measured})
    else:
        print(tables.markdown(measured))


@evaluate.command()
def about(
    *,
    data: Annotated[
        Path,
        typer.Option(
            help="Folder with promises-LANGUAGE.tsv (kinds, days, text) and reasons-LANGUAGE.tsv (topic, text).",
            exists=True,
            file_okay=False,
        ),
    ],
    json: Json = False,
) -> None:
    """How many promises and reasons of calls are heard, by the shipped topics: the table of docs/accuracy.md, or JSON."""
    from scoring.topics import lists, measuring

    settings = settings_and_log()
    with Console(stderr=True).status(f"Reading {data.name} …"):
        found = measuring.measure(data, lists.shipped(), encoder(settings))
    if json:
        print_json([one.stored() for one in found])
    else:
        print(measuring.markdown(found))


def _cross(settings: Settings, talks: Sequence[Talk], name: str, questions: dict[str, str]) -> dict[str, Any]:
    """The figures of some questions, each name with its prefix; "ece" is the first one's, "n" the number of talks."""
    from scoring.learning.cross import cross_validated

    with Console(stderr=True).status(f"Training on parts of {name} …"):
        found = cross_validated(talks, encoder(settings))

    def told(head: str) -> dict[str, Any]:
        return {
            f"{prefix}{key}": found[head][question][key]
            for question, prefix in questions.items()
            for key in ("macro_f1", "auc", "ece")
            if question in found[head]
        }

    first = next(question for question in questions if question in found["trained"])
    return {
        **told("trained"), "ece": found["trained"][first]["ece"], "n": found["talks"], "tfidf": told("tfidf"),
        "shipped": told("shipped"), "folds": found["folds"], "seed": found["seed"],
    }  # fmt: skip


def encoder(settings: Settings) -> Encoder:
    """The text model, loaded when it is first asked."""
    return Encoder(settings.models_dir / NAME, threads=settings.threads)


def _show(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(figures)
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            for inner, one in value.items():
                print(_line(f"{name} {inner}", one))
        else:
            print(_line(name, value))


def _line(name: str, value: object) -> str:
    return f"{name:<26} {value:.3f}" if isinstance(value, float) else f"{name:<26} {'-' if value is None else value}"
