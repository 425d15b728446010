"""Commands about models: what is here, fetch, convert, check, and how true the speech model is. None needs anything running."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from avasanj.cli.app import Json, app, is_terminal, print_json, settings_and_log
from avasanj.cli.measure import evaluate
from avasanj.cli.progress import progress_bar
from avasanj.errors import AvasanjError, LastingError
from avasanj.settings import Settings
from transcription import evaluate as evaluation
from transcription import model_folder, strength

models = typer.Typer(no_args_is_help=True, help="The speech and text models: list, fetch, convert and check them.")
app.add_typer(models, name="models")
_LANGUAGES = ("fa", "en")
_SHOWN = (
    "wer", "cer", "substitutions", "deletions", "insertions", "invented_words", "n", "words", "without_speech", "dropped",
)  # fmt: skip


@models.command(name="list")
def list_(*, json: Json = False) -> None:
    """The speech models that are here, how large they are, and what was measured with them."""
    settings = settings_and_log()
    rows = [_facts(folder, settings) for folder in model_folder.models_in(settings.models_dir)]
    if settings.speech_model_path not in [settings.models_dir / row["name"] for row in rows]:
        rows.append(_facts(settings.speech_model_path, settings))
    if json:
        print_json(rows)
        return
    table = Table("model", "kind", "MB", *(f"errors {language}" for language in _LANGUAGES), "in use", box=None)
    for row in rows:
        words = [_errors(row["languages"][language]) for language in _LANGUAGES]
        table.add_row(
            row["name"], row["kind"] or "missing", f"{row['megabytes']:.0f}", *words, "✓" if row["in_use"] else ""
        )
    Console().print(table)
    print("Errors are word errors as `avasanj evaluate speech --keep` measured them on your own recordings.")


@models.command()
def fetch(
    name: Annotated[
        str | None,
        typer.Argument(help="A model of the hub of Hugging Face: large-v3, large-v3-turbo … or owner/model."),
    ] = None,
) -> None:
    """Fetch the default models, or a speech model by name, and check each file. What is there and whole is left alone."""
    from scoring import models as text_models
    from transcription import models as speech_models
    from transcription.hub import fetch as fetch_by_name

    settings = settings_and_log()
    settings.models_dir.mkdir(parents=True, exist_ok=True)
    if name is None:
        steps = [("speech", speech_models.fetch), ("text", text_models.fetch)]
        for _name, step in track(steps, description="Models", console=Console(stderr=True), disable=not is_terminal()):
            step(settings.models_dir)
        _fetch_speakers(settings)
        print(f"The models are in {settings.models_dir}.")
        return
    with progress_bar() as progress:
        folder = fetch_by_name(name, settings.models_dir, progress)
    _tell_of(folder, settings)


def _fetch_speakers(settings: Settings) -> None:
    """The one model that Avasanj does without: mono recordings are then not split by speaker."""
    from transcription import speaker_model

    try:
        speaker_model.fetch(settings.models_dir)
    except AvasanjError as error:
        typer.echo(f"Mono recordings will not be split by speaker: {error}", err=True)


@models.command()
def convert(
    source: Annotated[str, typer.Argument(help="A Whisper model in Hugging Face's form: a folder, or owner/model.")],
    *,
    quantization: Annotated[str, typer.Option(help="int8 for a CPU, int8_float16 or float16 for a GPU.")] = "int8",
    name: Annotated[
        str | None, typer.Option(help="Folder's name under models. Default: the source's with the type.")
    ] = None,
) -> None:
    """Make a CTranslate2 model, which is what Avasanj runs, of a Whisper model in Hugging Face's form."""
    from transcription.convert import convert as convert_model

    settings = settings_and_log()
    with progress_bar() as progress:
        folder = convert_model(source, settings.models_dir, quantization, name=name, progress=progress)
    _tell_of(folder, settings)


@models.command()
def check(
    name: Annotated[
        str | None, typer.Argument(help="A speech model's folder under models, or a path. Default: all.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Check every file of the speech models. Exit 1 where something is wrong."""
    settings = settings_and_log()
    if name is None:
        folders = model_folder.models_in(settings.models_dir)
        folders += [settings.speech_model_path] if settings.speech_model_path not in folders else []
    else:
        folders = [settings.model_copy(update={"speech_model": name}).speech_model_path]
    found = {str(folder): model_folder.faults(folder) for folder in folders}
    if json:
        print_json({"ok": not any(found.values()), "models": found})
    else:
        for folder, faults in found.items():
            print(f"{folder}: {' '.join(faults) if faults else 'whole'}")
    if any(found.values()):
        raise typer.Exit(1)


@evaluate.command()
def speech(
    *,
    data: Annotated[
        Path,
        typer.Option(
            help='JSON lines {"file", "text"}; an empty text where nobody speaks.', exists=True, dir_okay=False
        ),
    ],
    language: Annotated[str, typer.Option(help="fa or en, or another of the model's languages (ISO 639-1).")],
    model: Annotated[
        str | None, typer.Option(help="Another speech model than the settings': a folder under models, or a path.")
    ] = None,
    worst: Annotated[int, typer.Option(min=0, help="How many of the worst rows to show.")] = 10,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the figures beside the model: they decide whether it warns of itself.")
    ] = False,
    json: Json = False,
) -> None:
    """Word and character errors of the speech model on recordings whose words you know, and words made of no speech."""
    settings = settings_and_log()
    if model is not None:
        settings = settings.model_copy(update={"speech_model": model})
    found, figures = _measured(settings, evaluation.read_rows(data), language)
    if keep and figures["wer"] is not None:
        kept = {name: figures[name] for name in ("wer", "cer", "words", "n", "model_version")}
        strength.keep(settings.speech_model_path, language, kept)
    for problem in figures["problems"]:
        Console(stderr=True).print(f"line {problem['line']}: {problem['problem']}", markup=False, highlight=False)
    if json:
        print_json(figures)
    else:
        _show(figures, evaluation.worst(found, worst))


def _measured(
    settings: Settings, rows: list[evaluation.Row], language: str
) -> tuple[list[evaluation.Outcome], dict[str, Any]]:
    """What the settings' model makes of the rows, and the figures over them."""
    from transcription.engines import engine_of

    if faults := model_folder.faults(settings.speech_model_path):
        raise LastingError(faults[0])
    engine = engine_of(settings)
    try:
        with progress_bar() as progress:
            found = list(evaluation.outcomes(rows, engine, language, progress))
        about = {"language": language, "model": engine.name, "model_version": engine.version}
        return found, evaluation.figures(found) | about | {"too_weak": engine.too_weak(language)}
    finally:
        engine.unload()


def _show(figures: dict[str, Any], rows: list[evaluation.Outcome]) -> None:
    for name in (
        "wer",
        "cer",
        "substitutions",
        "deletions",
        "insertions",
        "invented_words",
        "n",
        "words",
        "without_speech",
        "dropped",
    ):
        value = figures[name]
        shown = "-" if value is None else f"{value:.1%}" if isinstance(value, float) else value
        print(f"{name:<16}{shown}")
    print(f"{'model':<16}{figures['model']} ({figures['model_version']})")
    if rows:
        print("\nThe worst rows")
    for one in rows:
        wrong = one.compared.words.edits + one.invented
        print(f"line {one.row.line}, {wrong} wrong, {one.row.path.name}")
        print(f"  said   {one.row.text or '(no speech)'}\n  heard  {one.heard or '-'}")


def _facts(folder: Path, settings: Settings) -> dict[str, Any]:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    return {
        "name": folder.name,
        "path": str(folder),
        "kind": model_folder.kind(folder),
        "megabytes": round(size / 1e6, 1),
        "in_use": folder == settings.speech_model_path,
        "languages": {
            language: {"too_weak": strength.too_weak(folder, language), "measured": strength.measured(folder, language)}
            for language in _LANGUAGES
        },
    }


def _errors(facts: dict[str, Any]) -> str:
    measured = facts["measured"]
    known = f"{measured['wer']:.1%}" if measured else ""
    return f"{known} too weak".strip() if facts["too_weak"] else known


def _tell_of(folder: Path, settings: Settings) -> None:
    print(f"{folder} is whole. To use it: AVASANJ_SPEECH_MODEL={folder.name}")
    if settings.language == "fa" and strength.too_weak(folder, "fa"):
        print("It is too small for Persian, as far as its size tells; `avasanj evaluate speech --keep` measures it.")
    if not model_folder.kind(folder):
        print(f"It is in Hugging Face's form and can't be used yet: avasanj models convert {folder.name}")
