"""Before a Whisper model is loaded: whether its folder is whole and its device has room; and what a failure means."""

from __future__ import annotations

import json
from pathlib import Path

from avasanj.errors import LastingError
from transcription import devices, problems, sums, weights
from transcription.devices import Device

_WEIGHTS = "model.bin"
#: without the second, the library would ask the network for it
_NEEDED = (_WEIGHTS, "tokenizer.json", "config.json")
_VOCABULARIES = ("vocabulary.txt", "vocabulary.json")
_SOUND = "preprocessor_config.json"
#: taken by the library where the folder does not say; a model of others would refuse them when the first call comes
_BANDS = 80
_MEGA = 1_000_000


def check_folder(folder: Path) -> weights.Weights:
    """What the weights take; raises LastingError naming the first thing that is wrong with the folder."""
    if not folder.is_dir() or not any(folder.iterdir()):
        raise LastingError(problems.NO_MODEL, folder=folder)
    for name in _NEEDED:
        if not (folder / name).is_file():
            raise LastingError(problems.FILE_MISSING, folder=folder, file=name)
    if not any((folder / name).is_file() for name in _VOCABULARIES):
        raise LastingError(problems.FILE_MISSING, folder=folder, file=_VOCABULARIES[0])
    found = weights.read(folder / _WEIGHTS)
    for name in ("tokenizer.json", "config.json"):
        try:
            json.loads((folder / name).read_bytes())
        except (OSError, ValueError):
            raise _wrong(folder, name, "is cut off or damaged") from None
    if found.bands != _BANDS and not (folder / _SOUND).is_file():
        raise LastingError(problems.FILE_MISSING, folder=folder, file=_SOUND)
    return found


def check(folder: Path, device: Device, compute_type: str) -> weights.Weights:
    """Raise LastingError, with what to do about it, where the model can't be loaded there."""
    devices.require(device)
    devices.require_type(device, compute_type)
    found = check_folder(folder)
    sums.require(folder)
    needed, free = found.memory(compute_type), devices.free_memory(device)
    if free is not None and needed > free:
        raise _too_large(folder, device, needed, free)
    return found


def failure(error: Exception, folder: Path, device: Device, compute_type: str) -> LastingError:
    """What the library's own error means for a person."""
    if devices.short_of_memory(error):
        needed = check_folder(folder).memory(compute_type)
        return _too_large(folder, device, needed, devices.free_memory(device) or 0)
    if device.kind == "cuda" and "driver" in str(error):
        return LastingError(problems.NO_DRIVER, device=device, fault=error)
    return LastingError(problems.NOT_LOADED, model=folder.name, device=device, fault=error)


def _wrong(folder: Path, name: str, fault: str) -> LastingError:
    return LastingError(problems.FILE_WRONG, folder=folder, file=name, fault=fault)


def _too_large(folder: Path, device: Device, needed: int, free: int) -> LastingError:
    return LastingError(
        problems.TOO_LARGE, model=folder.name, device=device, needed=-(-needed // _MEGA), free=free // _MEGA
    )
