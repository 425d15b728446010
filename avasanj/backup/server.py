"""PostgreSQL's own programs and the whole-database statements, for the embedded server and for one of the center's own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from avasanj.errors import LastingError, PassingError
from avasanj.postgres import client_program

#: Major version of the programs that come with the embedded PostgreSQL; they read older servers, never newer ones.
PROGRAMS_MAJOR = 18
_LOCK_WAIT_MS = 60_000
#: PostgreSQL keeps 63 bytes of a name.
_NAME_MAX = 40


def dump(url: str, target: Path, *, snapshot: str) -> None:
    """Write the database, as `snapshot` sees it, to `target` in pg_dump's custom form."""
    _run(
        "pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--lock-wait-timeout={_LOCK_WAIT_MS}",
        f"--snapshot={snapshot}", f"--file={target}",
    )  # fmt: skip


def load(url: str, source: Path) -> None:
    """Fill the empty database at `url` from a dump; the first error ends it."""
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", str(source))


def check_programs(major: int) -> None:
    """Raise LastingError when our pg_dump is older than the server."""
    if major > PROGRAMS_MAJOR:
        raise LastingError(
            f"The database server is PostgreSQL {major}; the pg_dump that comes with Avasanj is {PROGRAMS_MAJOR} and can't read it. "
            f"Back the database up with the server's own pg_dump {major}, or use a newer Avasanj."
        )


def name_of(url: str) -> str:
    """The database's name in a URL."""
    name = make_url(url).database
    assert name
    return name


def beside(url: str, suffix: str) -> str:
    """URL of a database on the same server whose name says what it is for."""
    return make_url(url).set(database=f"{name_of(url)[:_NAME_MAX]}_{suffix}").render_as_string(hide_password=False)


@contextmanager
def administration(url: str) -> Iterator[Connection]:
    """An autocommitting connection to the server, outside the database itself."""
    other = "template1" if name_of(url) == "postgres" else "postgres"
    engine = create_engine(make_url(url).set(database=other), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except OperationalError as error:
        raise PassingError(
            f"The database server said: {_said(error)}. Mend that and run the same command again."
        ) from error
    finally:
        engine.dispose()


def exists(connection: Connection, name: str) -> bool:
    return connection.scalar(text("select 1 from pg_database where datname = :name"), {"name": name}) is not None


def create(connection: Connection, name: str) -> None:
    """Make an empty database. Raises LastingError with the remedy when the role may not."""
    try:
        connection.exec_driver_sql(f"create database {quoted(name)} template template0")
    except DBAPIError as error:
        raise LastingError(
            f"The database {name}, which restoring needs, can't be made: {_said(error)}. "
            "Let the role of AVASANJ_DATABASE_URL make databases (alter role … createdb) and own the one that it restores."
        ) from error


def drop(connection: Connection, name: str) -> None:
    """Drop a database that only restoring uses, and whoever a killed run left connected to it."""
    connection.exec_driver_sql(f"drop database if exists {quoted(name)} with (force)")


def put_in_place(connection: Connection, *, new: str, name: str, old: str) -> None:
    """Give the restored database its name, and the former one the name `old`, in one transaction: both or neither."""
    aside = [f"alter database {quoted(name)} rename to {quoted(old)}"] if exists(connection, name) else []
    try:
        for step in ("begin", *aside, f"alter database {quoted(new)} rename to {quoted(name)}", "commit"):
            connection.exec_driver_sql(step)
    except DBAPIError as error:
        connection.exec_driver_sql("rollback")
        raise LastingError(
            f"The restored database could not take its place: {_said(error)}. Stop what uses the database and run the same command again."
        ) from error


def others_in(connection: Connection, name: str) -> list[str]:
    """Programs connected to the database, each with where it is and what it calls itself."""
    rows = connection.execute(
        text(
            "select coalesce(nullif(application_name, ''), 'a program') || coalesce(' at ' || host(client_addr), '') "
            "|| ' (pid ' || pid || ')' "
            "from pg_stat_activity where datname = :name and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ),
        {"name": name},
    )
    return [row[0] for row in rows]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _run(program: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs against `url`. The password goes by the environment: everyone sees arguments."""
    parsed = make_url(url)
    password = parsed.password or parsed.query.get("password")
    shown = parsed.difference_update_query(["password"]).set(drivername="postgresql", password=None)
    environment = {**os.environ, "PGCONNECT_TIMEOUT": "10"}
    if password:
        environment["PGPASSWORD"] = str(password)
    command = [str(client_program(program)), f"--dbname={shown.render_as_string()}", "--no-password", *arguments]
    result = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode == 0:
        return
    said = result.stderr.decode(errors="replace").strip()[-600:]
    if "No space left" in said:
        raise PassingError(
            f"The disk is full: {program} could not go on. Make room and run the same command again. ({said[-200:]})"
        )
    raise LastingError(f"{program} failed: {said}")


def _said(error: DBAPIError) -> str:
    return str(error.orig).strip().split("\n", 1)[0].rstrip(".")
