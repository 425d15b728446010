import uuid
from collections.abc import Iterator

import psycopg
import pytest

from avasanj.database import Database
from avasanj.postgres import EmbeddedPostgres
from tests.scoring.reviews.center import Center, open_center


@pytest.fixture
def center(database: Database) -> Center:
    return open_center(database)


@pytest.fixture(scope="module")
def lasting_center(postgres: EmbeddedPostgres) -> Iterator[Center]:
    """One center for all tests of a module: for those that don't mind what the others leave there."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(host=str(postgres.data), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {name} template template_avasanj")
        database = Database(postgres.url(name))
        yield open_center(database)
        database.close()
        connection.execute(f"drop database {name} with (force)")
