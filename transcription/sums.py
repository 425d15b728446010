"""The sha256 of each file of a speech model, kept beside them from when it came, and held against them at each load."""

from __future__ import annotations

from pathlib import Path

from avasanj import wheels
from avasanj.errors import LastingError
from transcription import problems

#: a line for each file, as `sha256sum -c` reads them
NAME = "SHA256SUMS"
#: what lies in the folder and is not the model
_BESIDE = frozenset({NAME, "measured.json"})


def write(folder: Path) -> None:
    """For every file of the model that is there now."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _BESIDE)
    lines = [f"{wheels.sha256_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    (folder / NAME).write_text("".join(lines), encoding="utf-8")


def require(folder: Path) -> None:
    """Raises LastingError naming a file that is not the one whose sha256 was written down; passes where none were.

    Reads everything: about a second for each GB.
    """
    if not (folder / NAME).is_file():
        return
    for line in (folder / NAME).read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise LastingError(problems.FILE_MISSING, folder=folder, file=name)
        if wheels.sha256_of(path) != expected:
            fault = f"is not the file that came (its sha256 is another one than in {NAME})"
            raise LastingError(problems.FILE_WRONG, folder=folder, file=name, fault=fault)
