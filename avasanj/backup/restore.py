"""Restoring a backup: everything is checked and made ready beside what is there, and takes its place in one step."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from avasanj import migrate
from avasanj.backup import manifest as manifests
from avasanj.backup import server
from avasanj.backup.files import copy, plain, private_folder, room_on, same
from avasanj.backup.manifest import CHECKPOINT, DUMP, SETTINGS, Manifest
from avasanj.errors import InputError, LastingError
from avasanj.processes import only_one
from avasanj.settings import Settings
from avasanj.wheels import Progress, quiet

_RESTORING, _BEFORE = "restoring", "before_restore"
_AGAIN = "Make room or mend it, then run the same restore again: until its last step the old database stays as it is."


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What restoring came to."""

    folder: Path  #: the backup
    manifest: Manifest
    files: int  #: written
    moved: int  #: paths in the ledger that changed, since the files are not where it had them
    settings: Path  #: the backup's settings: the file in use, or the one to compare with
    settings_used: bool


def restore(
    settings: Settings, url: str, folder: Path, *, replace: bool = False, progress: Progress = quiet
) -> Restored:
    """Put a backup (or the newest one in `folder`) in the place of the database at `url` and into the data folder.

    A kill at any moment leaves either the old database or the restored one; the same command then finishes. Raises
    LastingError for a damaged or newer backup, a running product, or a database with calls in it unless `replace`.
    """
    source = _source(folder.absolute())
    with room_on(settings.data_dir, _AGAIN), only_one(settings.data_dir):
        backup = manifests.read(source)
        _check_version(backup)
        with server.administration(url) as administration:
            _check_target(administration, url, replace=replace)
        manifests.verify(source, backup, progress)
        progress("Files", 0, len(backup.files))
        moves, written = _place(settings, source, backup, progress)
        restoring = server.beside(url, _RESTORING)
        progress("Database", 0, 3)
        _load(url, restoring, source / DUMP, progress)
        moved = _adapt(restoring, moves)
        progress("Database", 2, 3)
        with server.administration(url) as administration:
            before = server.name_of(server.beside(url, _BEFORE))
            _check_nobody(administration, url)
            server.put_in_place(administration, new=server.name_of(restoring), name=server.name_of(url), old=before)
            progress("Database", 3, 3)
            server.drop(administration, before)
        settings_path, used = _settings(settings, source)
    return Restored(
        folder=source, manifest=backup, files=written, moved=moved, settings=settings_path, settings_used=used
    )


def _source(folder: Path) -> Path:
    source = folder if (folder / manifests.NAME).is_file() else manifests.newest(folder)
    if source is None:
        raise InputError(
            f"There is no whole backup in {folder}. Give the folder that `avasanj backup` was given, or a dated one in it."
        )
    return source


def _check_version(backup: Manifest) -> None:
    if not migrate.knows(backup.schema):
        raise LastingError(
            f"The backup was made by Avasanj {backup.version} with a database of version {backup.schema}, newer than this program's "
            f"{migrate.head()}. Install that version or a newer one, then restore."
        )


def _check_target(administration: Connection, url: str, *, replace: bool) -> None:
    """Remove what a killed run left, and refuse a database that is in use or has something to lose."""
    name = server.name_of(url)
    server.drop(administration, server.name_of(server.beside(url, _RESTORING)))
    if server.exists(administration, name):
        _check_nobody(administration, url)
        if not replace and (found := _contents(url)):
            raise LastingError(
                f"The database {name} is not empty: it has {found}. Nothing was changed. "
                "Back it up, then add --replace to put the backup in its place."
            )
        server.drop(administration, server.name_of(server.beside(url, _BEFORE)))


def _check_nobody(administration: Connection, url: str) -> None:
    if others := server.others_in(administration, server.name_of(url)):
        raise LastingError(
            f"The database is in use by {', '.join(others[:5])}. Stop Avasanj on every machine (up, listen, work, web) "
            "and what else is connected, then restore again."
        )


def _contents(url: str) -> str:
    """What the database holds that a restore would take away, in words; empty when nothing."""
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            tables = text("select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')")
            if connection.scalar(text("select to_regclass('telephony.call') is null")):
                count = connection.scalar(tables)
                return f"{count} tables that are not Avasanj's" if count and migrate.current(engine) is None else ""
            calls = connection.scalar(text("select count(*) from telephony.call"))
            people = connection.scalar(text('select count(*) from avasanj."user" where password_hash is not null'))
            return f"{calls} calls and {people} people with a password" if calls or people else ""
    finally:
        engine.dispose()


def _load(url: str, restoring: str, dump: Path, progress: Progress) -> None:
    with server.administration(url) as administration:
        server.create(administration, server.name_of(restoring))
    progress("Database", 1, 3)
    server.load(restoring, dump)
    migrate.upgrade(restoring)


def _adapt(restoring: str, moves: Mapping[str, str]) -> int:
    """Tell the restored ledger where recordings now lie; how many paths that changes.

    Log-ins of then end: one that was ended since must not come back.
    """
    engine, moved = create_engine(restoring, poolclass=NullPool), 0
    try:
        with engine.begin() as connection:
            for column in ("path", "transcript_path"):
                query = f"select id, {column} from telephony.recording where {column} is not null"  # noqa: S608 - of two constants
                known = [
                    (found, old, moves.get(str(plain(old)), old)) for found, old in connection.execute(text(query))
                ]
                changes = [{"id": found, "new": new} for found, old, new in known if new != old]
                if changes:
                    update = f"update telephony.recording set {column} = :new where id = :id"  # noqa: S608 - of two constants
                    connection.execute(text(update), changes)
                moved += len(changes)
            connection.execute(text("delete from avasanj.web_session"))
            connection.execute(text("delete from avasanj.login_link"))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("analyze"))
    finally:
        engine.dispose()
    return moved


def _place(settings: Settings, source: Path, backup: Manifest, progress: Progress) -> tuple[dict[str, str], int]:
    """Put the files where they belong; nothing of another content is overwritten, but for playback files.

    Gives where each recording that the ledger names is now, by the path that the ledger has, and how many were written.
    """
    data, aside = settings.data_dir.absolute(), settings.data_dir.absolute() / "archive" / "restored" / source.name
    moves, written = {}, 0
    # Without its note of how far it had come, the listener reads the journal again and brings later calls back.
    noted = {entry.in_data: entry for entry in backup.files}
    for checkpoint in settings.journal_dir.absolute().rglob(CHECKPOINT):
        note = noted.get(str(checkpoint.relative_to(data)))
        if note is None or not same(checkpoint, note):
            checkpoint.unlink()
    for done, entry in enumerate(backup.files):
        progress("Files", done, len(backup.files))
        kept = entry.in_data
        if kept is None and entry.origin is None:
            continue
        wanted = data / kept if kept is not None else Path(entry.origin or "")
        known = f"{backup.data_dir}/{kept}" if kept is not None else str(wanted)
        moves[known] = str(wanted)
        if same(wanted, entry):
            continue
        if entry.origin is not None or (wanted.exists() and wanted.is_relative_to(data / "archive")):
            wanted = aside / entry.path
            moves[known] = str(wanted)
        elif wanted.is_relative_to(data / "journal") and wanted.exists() and wanted.stat().st_size >= entry.size:
            continue  # the PBX's events went on after the backup
        if not same(wanted, entry):
            copy(source / entry.path, wanted)
            written += 1
    return moves, written


def _settings(settings: Settings, source: Path) -> tuple[Path, bool]:
    """Use the backup's settings where there are none yet."""
    target = settings.data_dir.absolute() / "avasanj.env"
    if target.exists() or Path("avasanj.env").exists():
        return source / SETTINGS, False
    private_folder(target.parent)
    part = target.with_name(".avasanj.env.part")
    shutil.copyfile(source / SETTINGS, part)
    part.chmod(0o600)
    part.rename(target)
    return target, True
