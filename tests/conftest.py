"""The real things that tests stand on: a PostgreSQL server, a migrated database each, settings over a folder of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from avasanj.database import Database
from avasanj.migrate import upgrade
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings, load_settings
from tests.lanes import pytest_xdist_make_scheduler, stand_behind

__all__ = ["pytest_xdist_make_scheduler"]  # a hook of pytest's
pytest_plugins = ["tests.peers.fixtures"]

#: What is slow to make and kept outside the repository.
CACHE = Path(
    os.environ.get("AVASANJ_TEST_CACHE")
    or (Path("/var/cache/avasanj-tests") if os.geteuid() == 0 else Path.home() / ".cache/avasanj-tests")
)
ROOT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    # Threads of a model that wait for each other by spinning hold up those that they wait for, where processes share a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    stand_behind()


def missing_peer(what: str) -> None:
    """Skip with one clear line; on CI a missing peer is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing on CI: {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The facts' folder beside the checkout, which may be away anywhere, CI included."""
    folder = Path(os.environ.get("AVASANJ_SHARED", ROOT.parent / "shared"))
    if not (folder / "README.md").exists():
        pytest.skip(f"needs {folder}, which is not here")
    return folder


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """Folder with whisper-base and multilingual-e5-small, fetched once into the cache."""
    from scoring import models as text_models
    from transcription import models as speech_models

    folder = CACHE / "models"
    folder.mkdir(parents=True, exist_ok=True)
    speech_models.fetch(folder)
    text_models.fetch(folder)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test process's own, thrown away at the end."""
    folder = Path(tempfile.mkdtemp(prefix="av-pg-", dir="/tmp"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder)
    server.start()
    try:
        with psycopg.connect(host=str(server.data), user="postgres", dbname="postgres", autocommit=True) as connection:
            connection.execute("create database template_avasanj")
            for safety in ("fsync", "full_page_writes", "synchronous_commit"):  # no test cuts the power of this machine
                connection.execute(f"alter system set {safety} = off")
            connection.execute("select pg_reload_conf()")
        upgrade(server.url("template_avasanj"))
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """URL of a fresh, migrated database, dropped afterwards."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres.data), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template template_avasanj")
        yield postgres.url(name)
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings over an own data folder and database, deaf to the environment's."""
    for name in [name for name in os.environ if name.startswith("AVASANJ_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    recordings = tmp_path / "monitor"
    recordings.mkdir()
    return load_settings(data_dir=tmp_path / "data", recordings_dir=[recordings], database_url=database_url)
