"""Whisper models converted from Hugging Face's form to CTranslate2's, which is the one that runs."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from avasanj import wheels
from avasanj.errors import InputError, LastingError
from transcription import hub, model_folder, sums

Quantization = Literal[
    "int8", "int8_float16", "int8_float32", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"
]
_BESIDE = ("tokenizer.json", "preprocessor_config.json")


def convert(
    source: str,
    models_dir: Path,
    quantization: str,
    *,
    name: str | None = None,
    progress: wheels.Progress = wheels.quiet,
) -> Path:
    """A Whisper model in Hugging Face's form as a CTranslate2 one under `models_dir`, checked; its folder.

    `source` is a folder, a folder's name under models, or owner/model, which is fetched first. Raises InputError for what is no such model.
    """
    if quantization not in get_args(Quantization):
        raise InputError(f"There is no quantization {quantization!r}; there are {', '.join(get_args(Quantization))}.")
    given = next((path for path in (Path(source), models_dir / hub.folder_name(source)) if path.is_dir()), None)
    given = given or hub.fetch(source, models_dir, progress)
    if model_folder.kind(given):
        raise InputError(
            f"{given} needs no conversion: it is in {model_folder.kind(given)} form. Name it in AVASANJ_SPEECH_MODEL."
        )
    folder = models_dir / (name or f"{given.name}-{quantization}")
    if folder.exists():
        raise InputError(f"{folder} is there already. Remove it, or give another name with --name.")
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".convert-") as work:
        made = Path(work) / folder.name
        progress(f"Converting {given.name}", 0, 0)
        _convert(given, made, quantization)
        if wrong := model_folder.faults(made):
            raise LastingError(f"What came of {given} can't be used: {wrong[0]}")
        sums.write(made)
        wheels.publish(made, folder)
    return folder


def _convert(given: Path, made: Path, quantization: str) -> None:
    from ctranslate2.converters import TransformersConverter
    from safetensors import SafetensorError

    _require_whisper(given)
    with tempfile.TemporaryDirectory() as work, contextlib.redirect_stderr(io.StringIO()):
        source = _with_tokenizer(given, Path(work))
        beside = [one for one in _BESIDE if (source / one).is_file()]
        try:
            TransformersConverter(str(source), copy_files=beside).convert(str(made), quantization=quantization)
        except (OSError, ValueError, RuntimeError, KeyError, AttributeError, SafetensorError) as error:
            raise InputError(f"{given} can't be converted: {_line(error)}. Is the model whole?") from error


def _require_whisper(given: Path) -> None:
    from transformers import AutoConfig

    try:
        kind = AutoConfig.from_pretrained(str(given), local_files_only=True).model_type
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{given} holds no model in Hugging Face's form: {_line(error)}.") from error
    if kind != "whisper":
        raise InputError(
            f"{given} holds a model of the kind {kind}, and only Whisper can be converted. CTC models are used in ONNX form: "
            "docs/models.md says how."
        )


def _with_tokenizer(given: Path, work: Path) -> Path:
    """The folder itself, or one with the tokenizer in the one file that faster-whisper reads, made of vocab.json and merges.txt."""
    if (given / "tokenizer.json").is_file():
        return given
    from transformers import AutoTokenizer

    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(given), local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"{given} has no tokenizer.json and none can be made of what is there: {_line(error)}."
        ) from error
    made = work / given.name
    made.mkdir()
    for path in given.iterdir():
        (made / path.name).symlink_to(path.resolve())
    tokenizer.backend_tokenizer.save(str(made / "tokenizer.json"))
    return made


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:240].rstrip(".") or type(error).__name__
