"""Speech models brought in: fetched from the hub of Hugging Face, or converted from its form to CTranslate2's."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any, Literal, get_args

from avasanj import wheels
from avasanj.errors import InputError, LastingError, PassingError
from transcription import model_folder, sums

Quantization = Literal[
    "int8", "int8_float16", "int8_float32", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"
]
#: short names, and where the models lie that are already in CTranslate2's form
KNOWN = {
    "base": "Systran/faster-whisper-base",
    "small": "Systran/faster-whisper-small",
    "medium": "Systran/faster-whisper-medium",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
#: what of a model's repository is of use, in any of the forms that are understood
_WANTED = [
    "config.json", "generation_config.json", "preprocessor_config.json", "tokenizer*.json", "vocabulary.*", "vocab.*", "tokens.txt",
    "merges.txt", "added_tokens.json", "special_tokens_map.json", "normalizer.json", "model.bin", "model.onnx*", "model.int8.onnx*",
]  # fmt: skip
_HUGGING_FACE = ["*.safetensors", "*.safetensors.index.json"]
_BESIDE = ("tokenizer.json", "preprocessor_config.json")


def folder_name(name: str) -> str:
    """The folder under models in which a model of the hub is kept: owner/model as owner--model."""
    return name.strip("/").replace("/", "--")


def fetch(name: str, models_dir: Path, progress: wheels.Progress = wheels.quiet) -> Path:
    """The folder of a model of the hub, fetched and with the sha256 of each of its files beside it.

    `name` is one of KNOWN, or owner/model. What comes in Hugging Face's own form has to be converted then. Raises InputError for a
    name that the hub doesn't know, PassingError without a way to it, LastingError where a file is not the hub's.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    repository = KNOWN.get(name, name)
    if repository.count("/") != 1:
        raise InputError(
            f"{name!r} is no model's name. Give owner/model as the hub of Hugging Face has it, or one of {', '.join(KNOWN)}."
        )
    folder = models_dir / folder_name(name)
    if folder.is_dir() and not model_folder.faults(folder):
        return folder
    models_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=".fetch-") as work:
        made = Path(work) / folder.name
        try:
            progress(f"Asking for {repository}", 0, 0)
            facts = HfApi().model_info(repository, files_metadata=True)
            names = [one.rfilename for one in facts.siblings or ()]
            ready = any(one in names for one in ("model.bin", "model.onnx", "model.int8.onnx"))
            progress(f"Fetching {repository}", 0, 0)
            wanted = _WANTED if ready else [*_WANTED, *_HUGGING_FACE]
            snapshot_download(repository, revision=facts.sha, local_dir=made, allow_patterns=wanted)
        except RepositoryNotFoundError:
            raise InputError(
                f"The hub has no model {repository}, or it is not open to everyone. Check its name; for a closed one set HF_TOKEN."
            ) from None
        except HfHubHTTPError as error:
            raise PassingError(f"{repository} can't be fetched: {_line(error)}. Try again later.") from error
        except OSError as error:
            raise PassingError(
                f"{repository} can't be fetched: {_line(error)}. Check this machine's way to the network. Without one, fetch the "
                f"model elsewhere, copy its folder to {folder}, and run `avasanj models check`."
            ) from error
        except Exception as error:
            if not type(error).__module__.startswith(("httpx", "httpcore", "huggingface_hub")):
                raise
            raise PassingError(
                f"{repository} can't be fetched: {_line(error)}. Check this machine's way to the network. Without one, fetch the "
                f"model elsewhere, copy its folder to {folder}, and run `avasanj models check`."
            ) from error
        shutil.rmtree(made / ".cache", ignore_errors=True)
        _require_sums(made, {one.rfilename: one.lfs.sha256 for one in facts.siblings or () if one.lfs})
        sums.write(made)
        wheels.publish(made, folder)
    return folder


def _require_sums(folder: Path, sums: dict[str, str]) -> None:
    wrong = wheels.unverified(folder, {name: sum_ for name, sum_ in sums.items() if (folder / name).is_file()})
    if wrong:
        raise LastingError(f"What came is not what the hub has: {' '.join(wrong)} Nothing of it was used.")


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
    given = next((path for path in (Path(source), models_dir / folder_name(source)) if path.is_dir()), None)
    given = given or fetch(source, models_dir, progress)
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
