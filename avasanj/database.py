"""The database: one declarative base for every room, short transactions, and nothing that commits elsewhere."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import DateTime, Engine, MetaData, Text, Uuid, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session

#: A server on another host that vanished, or a firewall that forgot us, is noticed within a minute and not after two hours.
KEEP_ALIVE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
#: Constraint names are fixed, so that a migration down can name what a migration up made.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table. A room puts its tables in the PostgreSQL schema of its own name."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime.datetime: DateTime(timezone=True),
        uuid.UUID: Uuid(),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: JSONB(),
        list[float]: JSONB(),
    }


class Database:
    """A connection pool with the two ways of using it: read, and change.

    `url` is a SQLAlchemy URL with the psycopg driver. Connections are tested before use, because the embedded
    server may have been restarted between two of them.
    """

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        self.url = url
        self.engine: Engine = create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,  # an error in a log must not carry names and numbers
            pool_size=pool_size,
            max_overflow=10,
            connect_args={"connect_timeout": 5, "options": "-c timezone=UTC -c jit=off", **KEEP_ALIVE},
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever is changed in it is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends well: the only commit in the product."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def utc_now() -> datetime.datetime:
    """The moment, timezone-aware, as every time in the database is."""
    return datetime.datetime.now(datetime.UTC)
