"""Teams are made, change and go, and their people with them."""

import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from avasanj import teams
from avasanj.cli import teams as _commands  # noqa: F401 - it registers the commands
from avasanj.cli.app import app
from avasanj.errors import InputError
from avasanj.i18n import translator
from avasanj.people import User
from avasanj.settings import Settings
from tests.scoring.reviews.center import Center


def test_a_team_has_people_and_a_supervisor_and_can_be_dissolved(center: Center):
    with center.database.transaction() as session:
        north = teams.add(session, " North ", supervisor_id=center.people["mina"], by=center.people["boss"])
        for login in ("sara", "omid"):
            teams.move(session, center.people[login], north.id)
        teams.move(session, center.people["omid"], None)
        [listed] = teams.teams(session)
        assert (listed.name, listed.supervisor, listed.people) == ("North", "Mina", 1)
        for wrong in ({"name": " "}, {"name": "north"}, {"name": "South", "supervisor_id": center.people["sara"]}):
            with pytest.raises(InputError):
                teams.add(session, **wrong)
        teams.change(session, north.id, name="NORTH")
        assert [(one.name, one.supervisor) for one in teams.teams(session)] == [("NORTH", None)]
        teams.remove(session, north.id)
        session.expire_all()
        assert session.scalars(select(User.team_id).where(User.team_id.is_not(None))).all() == []


def test_teams_on_the_command_line(
    center: Center, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AVASANJ_DATABASE_URL", database_url.replace("postgresql+psycopg", "postgresql"))

    def run(*words: str) -> str:
        found = CliRunner().invoke(app, ["teams", *words])
        assert found.exit_code == 0, found.output
        return found.stdout

    run("add", "North", "--supervisor", "mina")
    run("put", "North", "sara", "omid")
    assert json.loads(run("list", "--json")) == [{"name": "North", "supervisor": "Mina", "people": 2}]
    assert "North" in run("list")
    assert "removed" in run("remove", "North")
    assert isinstance(CliRunner().invoke(app, ["teams", "remove", "North"]).exception, InputError)


def test_every_text_about_teams_has_its_persian():
    say = translator("fa").gettext
    assert all(say(text) != text for text in teams.TEXTS)
