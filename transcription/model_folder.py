"""Folders of speech models: what kind of model lies in one, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from avasanj.errors import LastingError
from transcription import ctc_folder, loading, sums

WHISPER, CTC = "whisper", "ctc"


def kind(folder: Path) -> str:
    """The form of the model that lies there: "whisper" (CTranslate2), "ctc" (ONNX), or "" where there is neither."""
    if (folder / "model.bin").exists():
        return WHISPER
    return CTC if any((folder / name).exists() for name in ctc_folder.WEIGHTS) else ""


def faults(folder: Path) -> list[str]:
    """What is wrong with a model's folder, a sentence each, the gravest first; empty when it can be used.

    Checked are the files that its kind needs, whether the weights are whole, and the sha256 of each file where they were
    written down when the model came.
    """
    if form := _other_form(folder):
        return [form]
    wrong = []
    for check in (require, sums.require):
        try:
            check(folder)
        except LastingError as error:
            wrong.append(str(error))
    return wrong


def require(folder: Path) -> None:
    """Raises LastingError, naming the file, where one that the model's kind needs is missing or damaged."""
    if kind(folder) == CTC:
        ctc_folder.CtcFolder(folder).require()
    else:
        loading.check_folder(folder)


def models_in(models_dir: Path) -> list[Path]:
    """Folders of speech models under the models' folder, by name."""
    return sorted(path for path in models_dir.glob("[!.]*") if path.is_dir() and kind(path))


def _other_form(folder: Path) -> str:
    """What to do with a model that is there in another form than those that can be used."""
    if kind(folder) or not folder.is_dir():
        return ""
    if any(folder.glob("*.safetensors")) or (folder / "pytorch_model.bin").exists():
        return f"{folder} holds a model in Hugging Face's form: `avasanj models convert {folder}` makes one of it that can be used."
    if any(folder.glob("*.onnx")) and any((folder / name).is_file() for name in ctc_folder.VOCABULARIES):
        return f"{folder} has no {' or '.join(ctc_folder.WEIGHTS)}: name the ONNX file so."
    return ""
