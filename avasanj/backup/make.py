"""Making a backup, while the product runs: the database as of one moment, then the files that this moment's ledger names."""

from __future__ import annotations

import datetime
import fcntl
import importlib.metadata
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from avasanj import migrate
from avasanj.backup import manifest, server
from avasanj.backup.files import plain, private_folder, room_on, take
from avasanj.backup.manifest import CHECKPOINT, DATA, DUMP, RECORDINGS, SETTINGS, UNFINISHED, Entry, Manifest
from avasanj.backup.written_settings import written
from avasanj.database import Database, utc_now
from avasanj.errors import InputError, LastingError
from avasanj.settings import Settings
from avasanj.wheels import Progress, quiet, sha256_of

_COUNTS = {
    "calls": "select count(*) from telephony.call",
    "recordings": "select count(*) from telephony.recording",
    "customers": "select count(*) from crm_sync.customer",
    "follow_ups": "select count(*) from crm_sync.follow_up",
    "work_under_way": "select count(*) from work.workflow_status where status in ('ENQUEUED', 'DELAYED', 'PENDING')",
}
_RECORDINGS = (
    "select path from telephony.recording union "
    "select transcript_path from telephony.recording where transcript_path is not null order by 1"
)
_PLAYBACK = "select path from transcription.playback order by 1"


@dataclass(frozen=True, kw_only=True)
class _Snapshot:
    """What the database said at the moment of the backup."""

    counts: dict[str, int]
    recordings: list[str]
    playback: list[str]  #: relative to the media folder
    schema: str
    major: int


def back_up(settings: Settings, database: Database, folder: Path, progress: Progress = quiet) -> tuple[Path, Manifest]:
    """Make a backup in a new dated folder under `folder` and give its path and contents.

    A kill leaves earlier backups as they are; what it had begun is removed by the next one. Raises InputError for a folder
    that can't be one, PassingError on a full disk.
    """
    folder = folder.absolute()
    _check_place(settings, folder)
    with room_on(folder, "Make room or give another folder; earlier backups are untouched."), _alone(folder):
        for leftover in folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover)
        now = utc_now()
        making = folder / f"{UNFINISHED}{now:%Y%m%dT%H%M%S}-{os.getpid()}"
        try:
            making.mkdir(mode=0o700)
            made = _fill(settings, database, making, folder, now, progress)
            progress("Finishing", 0, 1)
            made.write(making)
            os.sync()  # a power cut after this finds every file of the manifest
            final = _dated(folder, now)
            making.rename(final)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return final, made


def _fill(
    settings: Settings, database: Database, making: Path, folder: Path, now: datetime.datetime, progress: Progress
) -> Manifest:
    earlier_at = manifest.newest(folder)
    earlier = {entry.path: (earlier_at, entry) for entry in manifest.read(earlier_at).files} if earlier_at else {}
    # Before the database, so that after a restore the listener reads again every event that this database may lack.
    checkpoints = {
        f"{DATA}/{path.relative_to(settings.data_dir)}": path for path in settings.journal_dir.rglob(CHECKPOINT)
    }
    files = [take(source, making, path, None) for path, source in checkpoints.items()]
    progress("Database", 0, 1)
    snapshot = _dump(database, making / DUMP)
    (making / SETTINGS).touch(mode=0o600)
    (making / SETTINGS).write_text(written(settings), encoding="utf-8")
    files += [_entry(making, DUMP), _entry(making, SETTINGS)]
    wanted, left_out = _wanted(settings, snapshot)
    for done, (path, source) in enumerate(wanted.items()):
        progress("Files", done, len(wanted))
        try:
            files.append(take(source, making, path, earlier.get(path)))
        except FileNotFoundError:
            left_out.append(f"{source} is not there.")
        except PermissionError:
            left_out.append(f"{source} can't be read by this user.")
    return Manifest(
        made_at=now.isoformat(timespec="seconds"),
        version=_version(),
        schema=snapshot.schema,
        server=snapshot.major,
        data_dir=str(settings.data_dir.absolute()),
        counts=snapshot.counts,
        files=files,
        left_out=left_out,
    )


def _dump(database: Database, target: Path) -> _Snapshot:
    """Dump the database and read what the files are, both as of one moment."""
    schema = migrate.current(database.engine)
    if schema is None:
        raise LastingError(
            "The database is empty: there is nothing to back up. `avasanj up` or `avasanj migrate` sets it up."
        )
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        major = int(connection.scalar(text("show server_version_num")) or 0) // 10_000
        server.check_programs(major)
        exported = connection.scalar(text("select pg_export_snapshot()"))
        snapshot = _Snapshot(
            counts={name: connection.scalar(text(query)) or 0 for name, query in _COUNTS.items()},
            recordings=_column(connection, _RECORDINGS),
            playback=_column(connection, _PLAYBACK),
            schema=schema,
            major=major,
        )
        target.touch(mode=0o600)
        server.dump(database.url, target, snapshot=str(exported))
    return snapshot


def _wanted(settings: Settings, snapshot: _Snapshot) -> tuple[dict[str, Path], list[str]]:
    """Paths in the backup with the files they come from, and what is named but not taken."""
    data = settings.data_dir.absolute()
    roots = [root.resolve() for root in settings.recordings_dirs]
    wanted = {}
    for path in (*_tree(data / "archive"), *_tree(settings.journal_dir.absolute()), data / "samples-removed"):
        if path.is_file() and path.name != CHECKPOINT:
            wanted[f"{DATA}/{path.relative_to(data)}"] = path
    for name in snapshot.playback:
        wanted[f"{DATA}/{settings.media_dir.relative_to(settings.data_dir)}/{name}"] = settings.media_dir / name
    left_out = []
    for name in snapshot.recordings:
        if "://" in name:
            left_out.append(f"{name} lies on another machine. Back it up there.")
            continue
        path = plain(name)
        if path.is_relative_to(data / "archive"):
            wanted.setdefault(f"{DATA}/{path.relative_to(data)}", path)
        elif not any(path.resolve().is_relative_to(root) for root in roots):
            left_out.append(f"{path} lies outside the folders of AVASANJ_RECORDINGS_DIR.")
        else:
            wanted[f"{RECORDINGS}{path}"] = path
    return wanted, left_out


def _tree(folder: Path) -> Iterator[Path]:
    """Regular files under a folder, links not followed, in order."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if not path.is_symlink() and path.is_file():
                yield path


def _entry(folder: Path, name: str) -> Entry:
    path = folder / name
    stat = path.stat()
    return Entry(path=name, size=stat.st_size, sha256=sha256_of(path), mtime_ns=stat.st_mtime_ns)


def _check_place(settings: Settings, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give a folder for backups, best on another disk.")
    for part in (*settings.recordings_dirs, settings.journal_dir, settings.media_dir, settings.postgres_dir):
        if folder.resolve().is_relative_to(part.resolve()):
            raise InputError(
                f"{folder} lies inside {part}, which is itself backed up. Give a folder elsewhere, best on another disk."
            )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One backup at a time in one folder."""
    private_folder(folder)
    with (folder / ".lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LastingError(f"Another backup into {folder} is under way. Wait for it.") from None
        yield


def _dated(folder: Path, now: datetime.datetime) -> Path:
    stamp, number = f"{now:%Y-%m-%dT%H%M%SZ}", 1
    path = folder / stamp
    while path.exists():
        number += 1
        path = folder / f"{stamp}-{number}"
    return path


def _version() -> str:
    try:
        return importlib.metadata.version("avasanj")
    except importlib.metadata.PackageNotFoundError:
        return "0+checkout"


def _column(connection: Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(text(query))]
