"""A database with six hundred evaluated calls, made once; what a test changes in a session for reading is rolled back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from avasanj.database import Database
from avasanj.postgres import EmbeddedPostgres
from tests.scoring.statistics.rows import fill


@pytest.fixture(scope="module")
def filled(postgres: EmbeddedPostgres) -> Iterator[Database]:
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres.data), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template template_avasanj")
        database = Database(postgres.url(name))
        with database.transaction() as session:
            fill(session, 600, agents=6, apart_s=3600.0)
        yield database
        database.close()
        connection.execute(f"drop database {name} with (force)")
