"""Models fetched by name from the hub of Hugging Face, and only when somebody asks for one."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from avasanj import wheels
from avasanj.errors import InputError, LastingError, PassingError
from transcription import model_folder, sums

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
_WEIGHTS = ("model.bin", "model.onnx", "model.int8.onnx")
_HUGGING_FACE = ["*.safetensors", "*.safetensors.index.json"]


def folder_name(name: str) -> str:
    """The folder under models in which a model of the hub is kept: owner/model as owner--model."""
    return name.strip("/").replace("/", "--")


def fetch(name: str, models_dir: Path, progress: wheels.Progress = wheels.quiet) -> Path:
    """The folder of a model of the hub, fetched and with the sha256 of each of its files beside it.

    `name` is one of KNOWN, or owner/model. What comes in Hugging Face's own form has to be converted then. Raises InputError for
    a name that the hub doesn't know, PassingError without a way to it, LastingError where a file is not the hub's.
    """
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
            expected = _download(repository, made, progress)
        except _faults_of_the_way() as error:
            raise _unfetched(repository, folder, error) from error
        wrong = wheels.unverified(made, {file: sum_ for file, sum_ in expected.items() if (made / file).is_file()})
        if wrong:
            raise LastingError(f"What came is not what the hub has: {' '.join(wrong)} Nothing of it was used.")
        sums.write(made)
        wheels.publish(made, folder)
    return folder


def _download(repository: str, made: Path, progress: wheels.Progress) -> dict[str, str]:
    """Fetch what is of use of a repository into `made`; the sha256 of its large files, as the hub tells them."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi, snapshot_download

    for library in ("httpx", "httpx2"):
        logging.getLogger(library).setLevel(logging.WARNING)
    progress(f"Asking for {repository}", 0, 0)
    facts: Any = HfApi().model_info(repository, files_metadata=True)
    files = facts.siblings or ()
    ready = any(one.rfilename in _WEIGHTS for one in files)
    progress(f"Fetching {repository}", 0, 0)
    snapshot_download(
        repository, revision=facts.sha, local_dir=made, allow_patterns=_WANTED if ready else [*_WANTED, *_HUGGING_FACE]
    )
    shutil.rmtree(made / ".cache", ignore_errors=True)
    if not made.is_dir():
        raise InputError(f"{repository} holds no speech model in a form that is known here.")
    return {one.rfilename: one.lfs.sha256 for one in files if one.lfs}


def _faults_of_the_way() -> tuple[type[Exception], ...]:
    """What the hub's library raises where there is no model or no way to it."""
    import httpx2  # its own HTTP client
    from huggingface_hub import errors

    return (
        OSError,
        httpx2.HTTPError,
        errors.EntryNotFoundError,
        errors.HFValidationError,
        errors.RevisionResolutionError,
        errors.XetDownloadError,
    )


def _unfetched(repository: str, folder: Path, error: Exception) -> InputError | PassingError:
    from huggingface_hub.errors import RepositoryNotFoundError

    if isinstance(error, RepositoryNotFoundError):
        return InputError(
            f"The hub has no model {repository}, or it is not open to everyone. Check its name; for a closed one set HF_TOKEN."
        )
    said = " ".join(str(error).split())[:240].rstrip(".") or type(error).__name__
    return PassingError(
        f"{repository} can't be fetched: {said}. Check this machine's way to the network and its disk. Without a network, fetch "
        f"the model elsewhere, copy its folder to {folder}, and run `avasanj models check`."
    )
