"""Where recordings lie: folders of this machine, and others' by SFTP or S3. One boundary for all of them."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from avasanj.errors import PassingError
from avasanj.settings import Settings
from telephony import problems
from telephony.soundfiles import sha256_of

#: The kernel's list of mounts; an octal escape stands for each space in a path.
_MOUNTS = Path("/proc/self/mountinfo")
#: Asking whether a folder is there costs more than asking for a file.
_LOOK_EVERY_S = 1.0
_ESCAPE = re.compile(r"\\([0-7]{3})")


class Away(PassingError):  # noqa: N818 - says where the storage is
    """The whole storage can't be reached now, whatever is looked for in it. The text is a sentence for a person."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stat:
    """A file in a storage. `modified_s` in seconds since 1970, None where the storage does not keep the PBX's time."""

    size: int
    modified_s: float | None


class Storage(Protocol):
    """One place in which recordings may lie. Every method raises Away when the whole place can't be reached."""

    label: str  #: for people, without credentials

    def check(self) -> None:
        """Whether it can be reached at all."""

    def inside(self, pbx_path: str) -> PurePosixPath | None:
        """The path below this place where the PBX's own path lies in it as it is written; else None."""

    def is_folder(self, relative: PurePosixPath) -> bool: ...

    def stat(self, relative: PurePosixPath) -> Stat | None:
        """None where no file is there. Raises OSError for one that may not be read."""

    def kept_as(self, relative: PurePosixPath) -> str:
        """How the ledger names the file: what `owns` and `at_hand` take."""

    def owns(self, kept: str) -> bool:
        """Whether a name in the ledger lies in this place, links followed."""

    def at_hand(self, kept: str, *, size: int | None = None) -> Path:
        """The file on this machine, fetched where it is not there (of this size). Raises FileNotFoundError where it is gone."""


class Folder:
    """A folder of this machine, perhaps a mount."""

    def __init__(self, root: Path, *, memory: Path | None = None) -> None:
        """`memory` is a file in which it is noted where the folder was mounted when it was seen last."""
        self.root = root
        self.label = str(root)
        self._memory = memory
        self._next_look = float("-inf")

    def check(self) -> None:
        """A folder that was never there is empty, not away: its settings are wrong, and waiting would mend nothing."""
        if time.monotonic() >= self._next_look:
            self._look()
            self._next_look = time.monotonic() + _LOOK_EVERY_S

    def _look(self) -> None:
        known = _remembered(self._memory).get(str(self.root))
        try:
            with os.scandir(self.root) as entries:
                next(entries, None)
        except FileNotFoundError as error:
            if known is not None:
                raise self._away("it is not there") from error
            return
        except OSError as error:
            raise self._away(error.strerror or str(error)) from error
        mounted = mount_of(self.root)
        if known not in (None, "/", mounted) and mounted == mount_of(Path(known or "/").parent):
            raise self._away("it is not mounted")
        if known != mounted:
            _remember(self._memory, str(self.root), mounted)

    def inside(self, pbx_path: str) -> PurePosixPath | None:
        wanted = PurePosixPath(pbx_path)
        if ".." in wanted.parts or not wanted.is_relative_to(self.root):
            return None
        return wanted.relative_to(self.root)

    def is_folder(self, relative: PurePosixPath) -> bool:
        return (self.root / relative).is_dir()

    def stat(self, relative: PurePosixPath) -> Stat | None:
        path = self.root / relative
        if not path.is_file():
            return None
        found = path.stat()
        return Stat(size=found.st_size, modified_s=found.st_mtime)

    def kept_as(self, relative: PurePosixPath) -> str:
        return str(self.root / relative)

    def owns(self, kept: str) -> bool:
        return "://" not in kept and Path(kept).resolve().is_relative_to(self.root.resolve())

    def at_hand(self, kept: str, *, size: int | None = None) -> Path:  # noqa: ARG002 - nothing is fetched
        path = Path(kept)
        if not path.is_file():
            self.check()
            raise FileNotFoundError(kept)
        return path

    def _away(self, fault: str) -> Away:
        return Away(problems.text(problems.FOLDER_AWAY, folder=self.label, fault=fault))


def storages(settings: Settings, *, own: bool = False) -> list[Storage]:
    """Every place in which recordings may lie by the settings, those of this machine first.

    `own`: only those of the one PBX whose settings these are, since two PBXs may give one name to two files.
    """
    memory = settings.data_dir / "recordings-seen.json"
    folders = [*settings.recordings_dir, settings.data_dir / "archive"] if own else settings.recordings_dirs
    places: list[Storage] = [Folder(root, memory=memory) for root in folders]
    if urls := settings.recordings_urls if own else settings.every_recordings_url:
        from telephony.remote import Remote

        places += [Remote(url, settings) for url in urls]
    return places


def at_hand(places: Sequence[Storage], kept: str, *, sha256: str | None = None) -> Path:
    """A recording by its name in the ledger, on this machine. `sha256` is what was measured when the call was settled.

    Raises Away, FileNotFoundError, PermissionError where no place has it, and OSError where a fetched one is another file.
    """
    for place in places:
        if place.owns(kept):
            path = place.at_hand(kept)
            if "://" in kept and sha256 is not None and sha256_of(path) != sha256:
                path.unlink(missing_ok=True)
                raise OSError(f"{PurePosixPath(kept).name} is not the file that was recorded in this call")
            return path
    raise PermissionError(f"{kept} lies in no folder of AVASANJ_RECORDINGS_DIR or AVASANJ_RECORDINGS_URLS")


def let_go(settings: Settings, kept: str) -> None:
    """A call's playback and transcript are made: what was fetched for them is not needed any more."""
    if "://" in kept and settings.fetched_keep_days == 0:
        (settings.fetched_dir / name_here(kept)).unlink(missing_ok=True)


def name_here(kept: str) -> str:
    """The name of the copy of a file that lies elsewhere."""
    return hashlib.sha256(kept.encode()).hexdigest()[:40] + PurePosixPath(kept).suffix.lower()[:8]


def mount_of(path: Path) -> str:
    """The mount point under which a path lies, links followed."""
    real = path.resolve()
    points = [_ESCAPE.sub(lambda m: chr(int(m[1], 8)), line.split()[4]) for line in _MOUNTS.read_text().splitlines()]
    return max((point for point in points if real.is_relative_to(point)), key=len, default="/")


def _remembered(memory: Path | None) -> dict[str, str]:
    if memory is None:
        return {}
    try:
        found = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _remember(memory: Path | None, root: str, mounted: str) -> None:
    """Replace the note whole. A data folder that can't be written is told elsewhere."""
    if memory is None:
        return
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=memory.parent, delete=False, encoding="utf-8") as file:
            json.dump(_remembered(memory) | {root: mounted}, file)
        Path(file.name).replace(memory)
