"""Backups on a real PostgreSQL with real files: whole or not there, whatever is killed when."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text

from avasanj import work
from avasanj.backup import back_up, newest, restore
from avasanj.database import Database, utc_now
from avasanj.errors import InputError, LastingError, PassingError
from avasanj.people import LoginLink, Role, User, WebSession
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings, load_settings
from crm_sync.tables import Customer, CustomerPhone
from telephony.tables import Call, Recording
from tests.conftest import ROOT
from transcription.tables import Playback


@dataclass(frozen=True, kw_only=True)
class Center:
    """A small center: three calls, of which one was imported, with all their files."""

    calls: list[uuid.UUID]
    on_pbx: list[Path]
    imported: Path
    segment: Path


@pytest.fixture
def center(settings: Settings, database: Database) -> Center:
    return furnish(settings, database)


@pytest.fixture
def elsewhere(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of an empty database, as on a new machine."""
    name = f"n{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres.data), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield postgres.url(name)
        for suffix in ("", "_restoring", "_before_restore"):
            connection.execute(f"drop database if exists {name}{suffix} with (force)")


def furnish(settings: Settings, database: Database) -> Center:
    root = settings.recordings_dir[0] / "2026"
    root.mkdir()
    on_pbx, calls = [], []
    imported = settings.data_dir / "archive" / "one" / "call.wav"
    with database.transaction() as session:
        customer = Customer(name="سارا", phones=[CustomerPhone(e164="+989120000042")])
        boss = User(login="admin", name="Sara", role=Role.ADMINISTRATOR, password_hash="x")
        session.add_all([customer, boss])
        session.flush()
        session.add(WebSession(token_sha256="a" * 64, user_id=boss.id, csrf_token="c", expires_at=utc_now()))
        session.add(LoginLink(token_sha256="b" * 64, user_id=boss.id, expires_at=utc_now()))
        for number in range(3):
            call = Call(
                id=uuid.uuid4(), pbx="main", linked_id=f"1.{number}", source="live", direction="inbound", state="ended",
                disposition="answered", started_at=utc_now(),
            )  # fmt: skip
            path = root / f"تماس {number}.wav" if number < 2 else imported
            write(path, bytes([number]) * (50_000 + number))
            call.recordings = [Recording(party="customer", path=str(path))]
            session.add(call)
            session.flush()
            media = f"{call.id.hex[:2]}/{call.id}.webm"
            write(settings.media_dir / media, b"media %d" % number)
            session.add(Playback(call_id=call.id, path=media, duration_s=1.0, peaks={}))
            work.enqueue(session, work.INTAKE, str(call.id), key=f"intake:{call.id}")
            calls.append(call.id)
            if number < 2:
                on_pbx.append(path)
    segment = settings.journal_dir / "main" / "00000001-20261120T090000.ami"
    write(segment, b"Event: Newchannel\r\n\r\n")
    write(segment.parent / "checkpoint.json", b'{"segment": "00000001-20261120T090000.ami", "offset": 0}')
    return Center(calls=calls, on_pbx=on_pbx, imported=imported, segment=segment)


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def at(settings: Settings, url: str, folder: Path) -> Settings:
    """The settings of another machine: own database, own data folder."""
    (folder / "monitor").mkdir(parents=True)
    return load_settings(data_dir=folder / "data", recordings_dir=[folder / "monitor"], database_url=url)


def files_under(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def recordings(database: Database) -> dict[uuid.UUID, bytes]:
    """What each call's recording holds, read where the ledger says that it is."""
    with database.read() as session:
        return {row.call_id: Path(row.path).read_bytes() for row in session.query(Recording)}


def pending(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(text("select workflow_uuid from work.workflow_status where status = 'ENQUEUED'")))


def test_a_backup_on_a_new_machine_brings_everything_back(
    settings: Settings, database: Database, center: Center, elsewhere: str, tmp_path: Path
) -> None:
    before = recordings(database)
    place, made = back_up(settings, database, tmp_path / "backups")
    assert made.counts == {"calls": 3, "recordings": 3, "customers": 1, "follow_ups": 0, "work_under_way": 3}
    assert made.left_out == []
    media = files_under(settings.media_dir)
    shutil.rmtree(settings.data_dir)
    shutil.rmtree(settings.recordings_dir[0])

    there = at(settings, elsewhere, tmp_path / "new")
    done = restore(there, elsewhere, tmp_path / "backups")
    assert (done.folder, done.moved) == (place, 3)
    new = Database(elsewhere)
    assert recordings(new) == before
    with new.read() as session:
        assert all(
            Path(path).is_relative_to(there.data_dir / "archive")
            for path in session.scalars(text("select path from telephony.recording"))
        )
        assert session.scalar(text("select name from crm_sync.customer")) == "سارا"
        assert session.scalar(text("select count(*) from avasanj.web_session")) == 0
        assert session.scalar(text("select count(*) from avasanj.login_link")) == 0
    assert pending(new) == {f"intake:{call}" for call in center.calls}
    with new.transaction() as session:
        work.enqueue(session, work.INTAKE, str(center.calls[0]), key=f"intake:{center.calls[0]}")
    assert len(pending(new)) == 3, "work that was asked for before the backup is not asked for twice after it"
    assert files_under(there.media_dir) == media
    assert set(files_under(there.journal_dir)) == {f"main/{center.segment.name}", "main/checkpoint.json"}
    new.close()


def test_pending_work_goes_on_after_a_restore(
    settings: Settings, database: Database, center: Center, elsewhere: str, tmp_path: Path
) -> None:
    back_up(settings, database, tmp_path / "backups")
    there = at(settings, elsewhere, tmp_path / "new")
    restore(there, elsewhere, tmp_path / "backups")
    code = (
        "import os, sys, time\n"
        "from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer\n"
        "@DBOS.workflow(name='intake')\n"
        "def intake(call_id: str) -> None: os.write(1, f'{call_id}\\n'.encode())\n"
        "DBOS(config=DBOSConfig(name='avasanj', system_database_url=sys.argv[1], dbos_system_schema='work',\n"
        "    serializer=DBOSPortableJSONSerializer(), application_version='1', run_admin_server=False, log_level='ERROR'))\n"
        "DBOS.listen_queues(['intake']); DBOS.launch(); DBOS.register_queue('intake')\n"
        "time.sleep(60)\n"
    )
    worker = subprocess.Popen([sys.executable, "-c", code, elsewhere], stdout=subprocess.PIPE, text=True)
    over = threading.Timer(50, worker.kill)
    over.start()
    try:
        assert worker.stdout is not None
        done = {worker.stdout.readline().strip() for _ in center.calls}
    finally:
        over.cancel()
        worker.kill()
        worker.communicate()
    assert done == {str(call) for call in center.calls}


def test_recordings_that_are_still_in_their_place_stay_there(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    back_up(settings, database, tmp_path / "backups")
    with database.transaction() as session:
        session.execute(text("delete from telephony.call"))
    database.close()
    done = restore(settings, database.url, tmp_path / "backups", replace=True)
    assert (done.moved, done.files) == (0, 0)
    with database.read() as session:
        paths = set(session.scalars(text("select path from telephony.recording")))
    assert paths == {str(path) for path in (*center.on_pbx, center.imported)}


def test_another_recording_under_the_same_name_is_not_overwritten(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    before = recordings(database)
    back_up(settings, database, tmp_path / "backups")
    center.on_pbx[0].write_bytes(b"a newer call")
    center.imported.write_bytes(b"a newer import")
    database.close()
    done = restore(settings, database.url, tmp_path / "backups", replace=True)
    assert done.moved == 2
    assert center.on_pbx[0].read_bytes() == b"a newer call"
    assert center.imported.read_bytes() == b"a newer import"
    assert recordings(database) == before


def test_events_that_came_after_the_backup_are_read_again(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    back_up(settings, database, tmp_path / "backups")
    with center.segment.open("ab") as file:
        file.write(b"Event: Hangup\r\n\r\n")
    checkpoint = center.segment.parent / "checkpoint.json"
    noted = checkpoint.read_bytes()
    checkpoint.write_bytes(noted.replace(b'"offset": 0', b'"offset": 9'))
    (settings.journal_dir / "other").mkdir()
    (settings.journal_dir / "other" / "checkpoint.json").write_bytes(noted)
    database.close()
    restore(settings, database.url, tmp_path / "backups", replace=True)
    assert center.segment.read_bytes().endswith(b"Event: Hangup\r\n\r\n")
    assert checkpoint.read_bytes() == noted
    assert not (settings.journal_dir / "other" / "checkpoint.json").exists()


def test_an_unchanged_file_is_shared_with_the_backup_before(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    first, _ = back_up(settings, database, tmp_path / "backups")
    center.on_pbx[1].write_bytes(b"changed")
    second, made = back_up(settings, database, tmp_path / "backups")
    assert first != second
    same, changed = (f"recordings{path}" for path in center.on_pbx)
    assert (first / same).stat().st_ino == (second / same).stat().st_ino
    assert (first / changed).read_bytes() != (second / changed).read_bytes() == b"changed"
    assert newest(tmp_path / "backups") == second
    shutil.rmtree(first)
    assert (second / same).read_bytes() == center.on_pbx[0].read_bytes()
    assert made.counts["calls"] == 3


def test_a_backup_is_for_its_owner_only(settings: Settings, database: Database, center: Center, tmp_path: Path) -> None:
    place, _ = back_up(settings, database, tmp_path / "backups")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (place, *place.rglob("*")) if path.is_dir()}
    assert modes == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*") if path.is_file()} == {0o600}


def test_settings_come_back_without_their_secrets(
    settings: Settings, database: Database, center: Center, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {
        "ami_host": "192.0.2.1", "ami_secret": "s3cret-1", "webhook_secret": "s3cret-2", "webhook_url": "https://crm.example.org/hook?token=s3cret-3",
        "pbx_name": "it's #1 \\ پشتیبانی", "own_numbers": ["02191000000", "02191000001"], "queue_languages": {"intl": "en"},
        "recordings_dir": settings.recordings_dir, "public_url": "https://calls.example.org",
    }  # fmt: skip
    rich = load_settings(data_dir=settings.data_dir, database_url="postgresql://u:s3cret-4@h/d", **given)
    place, _ = back_up(rich, database, tmp_path / "backups")
    written = (place / "settings.env").read_text()
    assert "s3cret" not in written
    for name in ("AMI_SECRET", "WEBHOOK_SECRET", "WEBHOOK_URL", "DATABASE_URL"):
        assert f"# AVASANJ_{name}=  (a secret: set it again)" in written
    monkeypatch.chdir(place)
    shutil.copy("settings.env", "avasanj.env")
    again = load_settings()
    for name in ("ami_host", "pbx_name", "own_numbers", "queue_languages", "recordings_dir", "public_url"):
        assert getattr(again, name) == getattr(rich, name)
    assert again.ami_secret is None


def test_a_recording_that_is_gone_is_named_and_the_rest_is_kept(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    center.on_pbx[0].unlink()
    with database.transaction() as session:
        session.execute(
            text("update telephony.recording set path = '/etc/hostname' where path = :path"),
            {"path": str(center.on_pbx[1])},
        )
    place, made = back_up(settings, database, tmp_path / "backups")
    assert sorted(made.left_out) == sorted(
        [f"{center.on_pbx[0]} is not there.", "/etc/hostname lies outside the folders of AVASANJ_RECORDINGS_DIR."]
    )
    assert not (place / "recordings").exists()


@pytest.mark.parametrize("harm", ["changed", "shorter", "missing"])
def test_a_damaged_backup_is_refused_by_the_files_name(
    harm: str, settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    place, _ = back_up(settings, database, tmp_path / "backups")
    victim = place / f"recordings{center.on_pbx[1]}"
    whole = victim.read_bytes()
    victim.unlink()
    if harm != "missing":
        victim.write_bytes(whole[:-1] + (b"!" if harm == "changed" else b""))
    database.close()
    with pytest.raises(LastingError, match=r"(?s)damaged: .*تماس 1\.wav .*Nothing was restored"):
        restore(settings, database.url, place, replace=True)
    with database.read() as session:
        assert session.scalar(text("select count(*) from telephony.call")) == 3


def test_a_backup_whose_manifest_points_outside_is_refused(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    place, _ = back_up(settings, database, tmp_path / "backups")
    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"][0]["path"] = "data/../../../etc/passwd"
    (place / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="outside the backup"):
        restore(settings, database.url, place, replace=True)
    (place / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest\.json is damaged"):
        restore(settings, database.url, place, replace=True)


def test_a_newer_backup_is_refused(settings: Settings, database: Database, center: Center, tmp_path: Path) -> None:
    place, _ = back_up(settings, database, tmp_path / "backups")
    manifest = json.loads((place / "manifest.json").read_text())
    (place / "manifest.json").write_text(json.dumps(manifest | {"schema": "9999", "version": "7.0"}))
    with pytest.raises(
        LastingError, match=r"made by Avasanj 7\.0 with a database of version 9999, newer than this program's"
    ):
        restore(settings, database.url, place, replace=True)


def test_a_database_with_calls_is_kept_unless_told_otherwise(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    back_up(settings, database, tmp_path / "backups")
    database.close()
    with pytest.raises(LastingError, match=r"not empty: it has 3 calls and 1 people .*--replace"):
        restore(settings, database.url, tmp_path / "backups")


def test_a_running_product_is_not_restored_over(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    from avasanj.processes import only_one

    back_up(settings, database, tmp_path / "backups")
    with database.read() as session:
        session.execute(text("select 1"))
        with pytest.raises(LastingError, match=r"in use by .*Stop Avasanj"):
            restore(settings, database.url, tmp_path / "backups", replace=True)
    database.close()
    with only_one(settings.data_dir), pytest.raises(LastingError, match="already running"):
        restore(settings, database.url, tmp_path / "backups", replace=True)


def test_a_folder_without_a_backup_is_named(settings: Settings, database: Database, tmp_path: Path) -> None:
    (tmp_path / "backups" / "2026-01-01T000000Z").mkdir(parents=True)
    with pytest.raises(InputError, match=f"no whole backup in {tmp_path / 'backups'}"):
        restore(settings, database.url, tmp_path / "backups")


def test_a_backup_into_what_is_backed_up_is_refused(settings: Settings, database: Database, center: Center) -> None:
    with pytest.raises(InputError, match="which is itself backed up"):
        back_up(settings, database, settings.data_dir / "archive" / "backups")


def test_a_full_disk_is_said_and_leaves_the_earlier_backup(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1500k", "none", str(small)], capture_output=True, check=False
    ).returncode:
        pytest.skip("needs the right to mount a small filesystem")
    try:
        first, _ = back_up(settings, database, small)
        center.on_pbx[0].write_bytes(os.urandom(2_000_000))
        with pytest.raises(PassingError, match=f"The disk of {small} is full"):
            back_up(settings, database, small)
        assert newest(small) == first
        assert [path.name for path in small.iterdir() if path.name.startswith(".unfinished")] == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


# What follows is killed with -9 at its steps, by itself, as a real process.


def killed(settings: Settings, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AVASANJ_")}
    environment |= {
        "AVASANJ_DATA_DIR": str(settings.data_dir),
        "AVASANJ_RECORDINGS_DIR": str(settings.recordings_dir[0]),
        "AVASANJ_DATABASE_URL": settings.database_url.get_secret_value() if settings.database_url else "",
        "PYTHONPATH": str(ROOT),
    }
    run = subprocess.run(
        [sys.executable, "-m", "tests.floor.backup_driver", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, f"it was to be killed, but ended {run.returncode}: {run.stderr}"


@pytest.mark.parametrize("step", ["Database 0", "Files 0", "Files 3", "Finishing 0"])
def test_a_backup_killed_leaves_the_one_before_and_the_next_is_whole(
    step: str, settings: Settings, database: Database, center: Center, elsewhere: str, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    first, _ = back_up(settings, database, backups)
    kept = files_under(first)
    killed(settings, "backup", str(backups), *step.split())
    assert newest(backups) == first
    assert files_under(first) == kept
    assert list(backups.glob(".unfinished-*"))
    second, made = back_up(settings, database, backups)
    assert not list(backups.glob(".unfinished-*"))
    assert (newest(backups), made.counts["calls"]) == (second, 3)
    restore(at(settings, elsewhere, tmp_path / "new"), elsewhere, backups)


@pytest.mark.parametrize(
    "step", ["Checking 1", "Files 0", "Files 4", "Database 0", "Database 1", "Database 2", "Database 3"]
)
def test_a_restore_killed_leaves_the_old_or_the_new_and_run_again_finishes(
    step: str, settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    backups = tmp_path / "backups"
    before = recordings(database)
    back_up(settings, database, backups)
    with database.transaction() as session:
        session.execute(text("delete from telephony.call where linked_id <> '1.2'"))
        session.execute(text("update crm_sync.customer set name = 'since then'"))
    for path in center.on_pbx:
        path.unlink()
    database.close()
    killed(settings, "restore", str(backups), *step.split())
    with database.read() as session:
        seen = (
            session.scalar(text("select count(*) from telephony.call")),
            session.scalar(text("select name from crm_sync.customer")),
        )
    assert seen == ((3, "سارا") if step == "Database 3" else (1, "since then"))
    database.close()
    restore(settings, database.url, backups, replace=True)
    assert recordings(database) == before
    assert pending(database) == {f"intake:{call}" for call in center.calls}
    name = make_url(database.url).database
    with database.read() as session:
        left = session.scalars(
            text("select datname from pg_database where datname like :name"), {"name": f"{name}%"}
        ).all()
    assert left == [name]


def test_a_restore_killed_while_postgresql_loads_finishes_the_next_time(
    settings: Settings, database: Database, center: Center, tmp_path: Path
) -> None:
    """From outside, at moments that no step of ours marks."""
    backups = tmp_path / "backups"
    back_up(settings, database, backups)
    database.close()
    environment = {
        **os.environ,
        "AVASANJ_DATA_DIR": str(settings.data_dir),
        "AVASANJ_DATABASE_URL": database.url,
        "AVASANJ_RECORDINGS_DIR": str(settings.recordings_dir[0]),
    }
    name = make_url(database.url).database
    admin = make_url(database.url)
    with psycopg.connect(
        host=str(admin.query["host"]), user="postgres", dbname="postgres", autocommit=True
    ) as connection:

        def loading() -> bool:
            return (
                connection.execute(
                    "select 1 from pg_stat_activity where datname = %s and application_name = 'pg_restore'",
                    [f"{name}_restoring"],
                ).fetchone()
                is not None
            )

        for _ in range(2):
            run = subprocess.Popen(
                [sys.executable, "-m", "avasanj", "restore", "--replace", str(backups)],
                env=environment,
                cwd=tmp_path,
                stderr=subprocess.PIPE,
            )
            assert soon(lambda run=run: loading() or run.poll() is not None)
            assert run.poll() is None, run.communicate()
            run.kill()
            run.communicate()
    done = subprocess.run(
        [sys.executable, "-m", "avasanj", "restore", "--replace", "--json", str(backups)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["calls"] == 3


def soon(condition: Callable[[], bool], limit_s: float = 30.0) -> bool:
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def test_the_commands_work_on_the_embedded_database(models_free_product: tuple[dict[str, str], Path]) -> None:
    environment, folder = models_free_product

    def avasanj(*arguments: str, code: int = 0) -> str:
        run = subprocess.run(
            [sys.executable, "-m", "avasanj", *arguments],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert run.returncode == code, run.stderr + run.stdout
        return run.stdout if code == 0 else run.stderr

    avasanj("migrate")
    made = json.loads(avasanj("backup", "--json", "backups"))
    assert Path(made["folder"]).is_relative_to(folder / "backups")
    assert "Traceback" not in avasanj("restore", "nowhere", code=1)
    assert json.loads(avasanj("restore", "--json", "backups"))["counts"]["calls"] == 0
    assert "0 calls" in avasanj("restore", "--replace", made["folder"])
    avasanj("backup", code=2)


@pytest.fixture
def models_free_product() -> Iterator[tuple[dict[str, str], Path]]:
    folder = Path(tempfile.mkdtemp(prefix="av-", dir="/tmp"))
    folder.chmod(0o711)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AVASANJ_", "PROMETHEUS"))}
    yield environment | {"AVASANJ_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT)}, folder
    EmbeddedPostgres(folder / "data" / "postgres").stop()
    shutil.rmtree(folder)
