"""Files into a backup and out of it: each is whole under its name or not there, readable by its owner only."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avasanj.backup.manifest import Entry
from avasanj.errors import PassingError
from avasanj.wheels import sha256_of

_CHUNK = 1 << 20
_MODE, _FOLDER_MODE = 0o600, 0o700


def copy(source: Path, target: Path) -> tuple[int, str, int]:
    """Copy what is there now of a file that may still grow. Size in bytes, sha256, and time of change (ns) of what was read."""
    digest, size = hashlib.sha256(), 0
    part = target.with_name(".copying.part")
    with source.open("rb") as reading:
        private_folder(target.parent)
        mtime_ns = os.fstat(reading.fileno()).st_mtime_ns
        with open(part, "wb", opener=_private) as writing:
            while chunk := reading.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                writing.write(chunk)
    os.utime(part, ns=(mtime_ns, mtime_ns))
    part.replace(target)
    return size, digest.hexdigest(), mtime_ns


def take(source: Path, folder: Path, path: str, earlier: tuple[Path, Entry] | None) -> Entry:
    """Put `source` into the backup `folder` under `path`, as a hard link to the earlier backup's file when it is unchanged.

    Raises OSError when the source can't be read.
    """
    target = folder / path
    if earlier is not None:
        kept, entry = earlier[0] / path, earlier[1]
        now = source.stat()
        if (now.st_size, now.st_mtime_ns) == (entry.size, entry.mtime_ns) and _linked(kept, target, entry.size):
            return entry
    size, sha256, mtime_ns = copy(source, target)
    return Entry(path=path, size=size, sha256=sha256, mtime_ns=mtime_ns)


def same(path: Path, entry: Entry) -> bool:
    """Whether `path` holds what the backup's entry holds."""
    try:
        return path.stat().st_size == entry.size and sha256_of(path) == entry.sha256
    except OSError:
        return False


def plain(name: str) -> Path:
    """A path as an absolute one without `..`, its links left as they are: they may be away on another machine."""
    return Path(os.path.abspath(name))  # noqa: PTH100 - resolve() would follow links


def private_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each for its owner only."""
    for place in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        place.mkdir(mode=_FOLDER_MODE, exist_ok=True)


@contextmanager
def room_on(folder: Path, remedy: str) -> Iterator[None]:
    """Turn a full disk or a folder that can't be written into a sentence that ends with `remedy`."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise PassingError(f"The disk of {folder} is full. {remedy}") from error
        where = error.filename or folder
        raise PassingError(f"{where} can't be written or read: {error.strerror or error}. {remedy}") from error


def _linked(kept: Path, target: Path, size: int) -> bool:
    try:
        if kept.stat().st_size != size:
            return False
        private_folder(target.parent)
        os.link(kept, target)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        return False  # another filesystem, one without links, too many links: copied instead
    return True


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _MODE)
