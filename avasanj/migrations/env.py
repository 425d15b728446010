"""Alembic's door: runs the steps over the connection that `avasanj.migrate` hands it."""

from __future__ import annotations

from alembic import context

from avasanj.database import Base
from avasanj.migrate import SCHEMAS, import_tables

import_tables()


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """Leave out the pipeline's own tables and alembic's."""
    return kind != "table" or name != "alembic_version"


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name in SCHEMAS,
    include_object=_ours,
    version_table_schema="public",
    compare_type=True,
)
with context.begin_transaction():
    # A migration that can't get its lock gives up rather than stand in every caller's way.
    connection.exec_driver_sql("set local lock_timeout = '10s'")
    context.run_migrations()
