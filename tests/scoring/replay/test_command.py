"""`avasanj scorecards replay` as a person types it: the whole way, with a process of its own."""

import json

import pytest
from typer.testing import CliRunner

from avasanj.cli import scorecards  # noqa: F401 - it registers the commands
from avasanj.cli.app import app
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.settings import Settings
from scoring.replay import planning
from scoring.replay.selection import Selection
from tests.scoring.replay.seed import seed


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["scorecards", *words])
    if isinstance(found.exception, InputError):
        raise found.exception
    return found.exit_code, found.stdout


@pytest.fixture
def center(settings: Settings, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AVASANJ_DATABASE_URL", database_url.replace("postgresql+psycopg", "postgresql"))
    seed(database, 6)
    return database


def test_a_draft_is_tried_and_shown_and_can_be_shown_again(center: Database):
    code, said = run("replay", "tiny", "--version", "2", "--processes", "1", "--since", "2026-11-01", "--json")
    found = json.loads(said)
    assert (code, found["state"], found["done"], found["broken"]) == (0, "done", 6, 0)
    assert found["summary"]["overall"]["up"] == 2
    assert found["changed"][0]["score_after"] == 60.0
    code, said = run("replay", "--resume", found["id"])
    assert code == 0
    assert "6 parts of calls: 6 come out otherwise" in said
    assert "greeting: no → yes" in said
    assert "Emma Collins" in said
    rows = json.loads(run("replays", "--json")[1])
    assert [(row["id"], row["state"], row["done"]) for row in rows] == [(found["id"], "done", 6)]
    assert "tiny 2" in run("replays")[1]


def test_one_that_was_left_is_taken_up_where_it_was(center: Database):
    with center.transaction() as session:
        run_id = planning.plan(session, Selection(most=3), scorecard="tiny", version=1).id
    code, said = run("replay", "--resume", str(run_id), "--processes", "1", "--json")
    assert (code, json.loads(said)["summary"]["changed"]) == (0, 0)


def test_what_makes_no_sense_is_said(center: Database):
    for words, why in (
        (("replay",), "nothing would be tried"),
        (("replay", "tiny", "--since", "yesterday"), "no day and no moment"),
        (("replay", "--resume", "x"), "no replay's id"),
        (("replay", "tiny", "--sample", "0"), "A sample is"),
        (("replay", "tiny", "--since", "2030-01-01"), "No call"),
    ):
        with pytest.raises(InputError, match=why):
            run(*words)
