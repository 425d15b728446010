"""What a backup consists of: manifest.json, written last, so that a folder with one is whole."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from avasanj.errors import InputError, LastingError
from avasanj.wheels import Progress, quiet, sha256_of

NAME = "manifest.json"
DUMP, SETTINGS = "database.dump", "settings.env"
#: folders inside a backup: parts of the data folder, and recordings by their whole path
DATA, RECORDINGS = "data", "recordings"
#: the listener's note of how far the journal is in the database; it must never be newer than the database
CHECKPOINT = "checkpoint.json"
UNFINISHED = ".unfinished-"
#: the form that this program writes and reads
_FORM = 1
_DATED = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z(-\d+)?")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file: its path inside the backup, size in bytes, sha256, and the original's time of change in ns."""

    path: str
    size: int
    sha256: str
    mtime_ns: int

    @property
    def origin(self) -> str | None:
        """For a recording: the path under which the ledger knows it."""
        return f"/{self.path.removeprefix(RECORDINGS + '/')}" if self.path.startswith(f"{RECORDINGS}/") else None

    @property
    def in_data(self) -> str | None:
        """For a part of the data folder: its path there."""
        return self.path.removeprefix(f"{DATA}/") if self.path.startswith(f"{DATA}/") else None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A backup's table of contents."""

    made_at: str  #: ISO time, UTC
    version: str  #: of Avasanj
    schema: str  #: the database's version
    server: int  #: PostgreSQL's major version
    data_dir: str  #: where the data folder was
    counts: dict[str, int]  #: rows of the tables that people ask about
    files: list[Entry]
    left_out: list[str]  #: sentences about files that the ledger names and the backup does not hold

    @property
    def size(self) -> int:
        """Bytes of all files, those shared with earlier backups included."""
        return sum(entry.size for entry in self.files)

    def write(self, folder: Path) -> None:
        text = json.dumps({"form": _FORM, **asdict(self)}, ensure_ascii=False, indent=1)
        path = folder / NAME
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def read(folder: Path) -> Manifest:
    """The manifest of the backup in `folder`. Raises InputError when it is missing or can't be understood."""
    path = folder / NAME
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = content.pop("form")
        if form != _FORM:
            raise InputError(
                f"The backup {folder} is of form {form}; this program reads form {_FORM}. Install the newer Avasanj."
            )
        manifest = Manifest(**{**content, "files": [Entry(**entry) for entry in content["files"]]})
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror}), so {folder} is no whole backup. Give another one."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}). Use another backup.") from error
    for entry in manifest.files:
        if PurePosixPath(entry.path).is_absolute() or ".." in PurePosixPath(entry.path).parts:
            raise InputError(f"{path} names a file outside the backup: {entry.path}. Nothing was restored.")
    return manifest


def verify(folder: Path, manifest: Manifest, progress: Progress = quiet) -> None:
    """Compare every file with the manifest. Raises LastingError that names the first one that differs."""
    for done, entry in enumerate(manifest.files):
        progress("Checking", done, len(manifest.files))
        path = folder / entry.path
        if not path.is_file():
            fault = "is missing"
        elif (size := path.stat().st_size) != entry.size:
            fault = f"has {size} bytes instead of {entry.size}"
        elif sha256_of(path) != entry.sha256:
            fault = "was changed since the backup was made (its sha256 differs)"
        else:
            continue
        raise LastingError(f"The backup is damaged: {path} {fault}. Nothing was restored. Use another backup.")


def newest(folder: Path) -> Path | None:
    """The latest whole backup among the dated folders in `folder`."""
    if not folder.is_dir():
        return None
    dated = [one for one in folder.iterdir() if _DATED.fullmatch(one.name) and (one / NAME).is_file()]
    return max(dated, key=lambda one: (one.name[:18], len(one.name), one.name), default=None)
