"""A dashboard over a day of calls, asked as a browser asks. The day is made once; tests that only look share it, others get a copy."""

from __future__ import annotations

import datetime
import re
import shutil
import uuid
import zoneinfo
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from avasanj import log
from avasanj.database import Database
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings, load_settings
from dashboard import build
from dashboard.app import create_app
from tests.dashboard.seed import PASSWORD, Seeded, seed

Enter = Callable[[str], TestClient]


@dataclass(frozen=True, kw_only=True)
class Day:
    """A seeded database with its settings and its dashboard."""

    seeded: Seeded
    settings: Settings
    database: Database
    app: FastAPI
    database_name: str

    def client(self, address: str = "127.0.0.1") -> TestClient:
        """A browser that has not logged in."""
        return TestClient(self.app, follow_redirects=False, client=(address, 50000))

    def enter(self, login: str) -> TestClient:
        """A browser in which one of the seeded people has logged in: admin, super or agent."""
        client = self.client()
        answer = client.post("/login", data={"login_name": login, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return client


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    """Style sheet and scripts as the sources are now."""
    log.configure("warning")
    if not build.fresh():
        build.build()


@pytest.fixture(scope="session")
def look_day(postgres: EmbeddedPostgres, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The day for tests that change nothing in it but who is logged in."""
    name = _create(postgres, "template_avasanj")
    database = Database(postgres.url(name))
    folder = tmp_path_factory.mktemp("day")
    settings = load_settings(
        data_dir=folder, recordings_dir=[folder], database_url=postgres.url(name), timezone=_afternoon()
    )
    seeded = seed(database, settings)
    yield Day(
        seeded=seeded, settings=settings, database=database, app=create_app(settings, database), database_name=name
    )
    database.close()
    _drop(postgres, name)


@pytest.fixture
def day(postgres: EmbeddedPostgres, look_day: Day, tmp_path: Path) -> Iterator[Day]:
    """A copy of the day, to be changed."""
    look_day.database.engine.dispose()  # a database that is in use can't be copied
    name = _create(postgres, look_day.database_name)
    database = Database(postgres.url(name))
    shutil.copytree(look_day.settings.media_dir, tmp_path / "media")
    settings = look_day.settings.model_copy(update={"data_dir": tmp_path, "database_url": None})
    yield Day(
        seeded=look_day.seeded,
        settings=settings,
        database=database,
        app=create_app(settings, database),
        database_name=name,
    )
    database.close()
    _drop(postgres, name)


@pytest.fixture
def seeded(look_day: Day) -> Seeded:
    return look_day.seeded


@pytest.fixture
def enter(look_day: Day) -> Enter:
    return look_day.enter


def csrf(client: TestClient, path: str = "/calls") -> str:
    """The token that the session's own forms carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found.group(1)


def _afternoon() -> str:
    """A zone in which it is between 12 and 18 o'clock now: a call of some hours ago is of today, whenever tests run.

    Tehran wherever that is so, as nearly every center has it.
    """
    tehran = zoneinfo.ZoneInfo("Asia/Tehran")
    now = datetime.datetime.now(tehran)
    if 12 <= now.hour < 18:
        return tehran.key
    west = (now.astimezone(datetime.UTC).hour - 15) % 24
    return f"Etc/GMT+{west}" if west <= 12 else f"Etc/GMT-{24 - west}"  # POSIX's sign: + lies west


def _create(postgres: EmbeddedPostgres, template: str) -> str:
    name = f"day{uuid.uuid4().hex[:12]}"
    with psycopg.connect(host=str(postgres.data), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template {template}")
    return name


def _drop(postgres: EmbeddedPostgres, name: str) -> None:
    with psycopg.connect(host=str(postgres.data), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
