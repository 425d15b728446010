"""Commands about teams: who works with whom."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from avasanj.cli.app import Json, app, opened_database, print_json, settings_and_log
from avasanj.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

teams = typer.Typer(no_args_is_help=True, help="Teams of people: list, add, put people into one, remove.")
app.add_typer(teams, name="teams")
Name = Annotated[str, typer.Argument(help="A team's name.")]


@teams.command(name="list")
def list_(*, json: Json = False) -> None:
    """Every team, who looks after it, and how many are in it."""
    from avasanj import teams as known

    with opened_database(settings_and_log()) as database, database.read() as session:
        found = known.teams(session)
    rows = [{"name": one.name, "supervisor": one.supervisor, "people": one.people} for one in found]
    if json:
        print_json(rows)
        return
    table = Table("name", "supervisor", "people", box=None)
    for one in found:
        table.add_row(one.name, one.supervisor or "-", str(one.people))
    Console().print(table)


@teams.command()
def add(
    name: Name,
    *,
    supervisor: Annotated[str | None, typer.Option(help="Log-in name of whoever looks after it.")] = None,
    json: Json = False,
) -> None:
    """Make a team."""
    from avasanj import teams as known

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        known.add(session, name, supervisor_id=_person(session, supervisor) if supervisor else None)
    _say({"name": name, "done": "added"}, as_json=json)


@teams.command()
def put(
    name: Name,
    people: Annotated[list[str], typer.Argument(help="Log-in names.")],
    *,
    json: Json = False,
) -> None:
    """Put people into a team, out of whichever they were in."""
    from avasanj import teams as known

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        team = known.find(session, name)
        for login in people:
            known.move(session, _person(session, login), team.id)
    _say({"name": name, "done": f"{len(people)} put in"}, as_json=json)


@teams.command()
def remove(name: Name, *, json: Json = False) -> None:
    """Dissolve a team; its people are in none."""
    from avasanj import teams as known

    with opened_database(settings_and_log()) as database, database.transaction() as session:
        known.remove(session, known.find(session, name).id)
    _say({"name": name, "done": "removed"}, as_json=json)


def _person(session: Session, login: str) -> uuid.UUID:
    from sqlalchemy import func, select

    from avasanj.people import User

    found = session.scalar(select(User.id).where(func.lower(User.login) == login.strip().lower()))
    if found is None:
        raise InputError(f"Nobody has the log-in name {login}.")
    return found


def _say(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(row)
    else:
        print(f"{row['name']}: {row['done']}")
