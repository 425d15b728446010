"""`avasanj transcripts` as a person types it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from avasanj.cli import transcripts  # noqa: F401 - registers the commands
from avasanj.cli.app import app
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.settings import Settings
from telephony.tables import AgentSpan
from tests.transcription.test_corrections import HEARD, MEANT, spoken
from tests.transcription.test_stage import START
from transcription.corrections import correct
from transcription.tables import Rehearing


@pytest.fixture
def settings(settings: Settings, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Settings:
    """As the command line reads them."""
    monkeypatch.setenv("AVASANJ_DATABASE_URL", database_url.replace("+psycopg", ""))
    monkeypatch.setenv("AVASANJ_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("AVASANJ_TIMEZONE", "Asia/Tehran")
    return settings


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["transcripts", *arguments], catch_exceptions=False)


def test_transcript_is_shown_as_it_is_corrected(settings: Settings, database: Database) -> None:
    call_id, (turn_id,) = spoken(database, HEARD)
    with database.transaction() as session:
        correct(session, turn_id, before=HEARD, after=MEANT, by=None)
    assert run("show", str(call_id), "--language", "en").output == f"0:00 Customer: {MEANT}\n"
    assert json.loads(run("show", str(call_id), "--format", "json").output)["turns"][0]["original"] == HEARD
    with pytest.raises(InputError, match="no transcript"):
        run("show", str(uuid.uuid4()))
    with pytest.raises(InputError, match="no call's id"):
        run("show", "42")


def test_calls_are_asked_for_again_by_day_queue_agent_and_language(settings: Settings, database: Database) -> None:
    (settings.models_dir / "better").mkdir(parents=True)
    call_id, _ = spoken(database, HEARD)
    with database.transaction() as session:
        session.add(
            AgentSpan(call_id=call_id, position=0, interface="PJSIP/7", agent_name="Priya Nair", started_at=START)
        )
    limits = [
        ("--from", "2026-01-05", True), ("--from", "2026-01-06", False), ("--to", "2026-01-05", True),
        ("--to", "2026-01-04", False), ("--to", "2026-01-05T12:00", False), ("--to", "2026-01-05T13:00", True),
        ("--queue", "sales", False), ("--agent", "nair", True), ("--agent", "PJSIP/7", True), ("--agent", "Ali", False),
        ("--language", "en", True), ("--language", "fa", False), ("--call", str(call_id), True), ("--call", str(uuid.uuid4()), False),
    ]  # fmt: skip
    for option, value, found in limits:
        told = json.loads(run("again", "--model", "better", option, value, "--dry-run", "--json").output)
        assert (told["calls"] == [str(call_id)], told["asked"]) == (found, 0), (option, value)
    for times in (1, 0):
        told = json.loads(run("again", "--model", "better", "--language", "en", "--make-current", "--json").output)
        assert told["asked"] == times
    with database.read() as session:
        asked = session.scalars(select(Rehearing)).one()
    assert (asked.call_id, asked.model, asked.make_current) == (call_id, "better", True)
    with pytest.raises(InputError, match="Say which calls"):
        run("again", "--model", "better")
    with pytest.raises(InputError, match="no day"):
        run("again", "--model", "better", "--from", "yesterday")


def test_corrections_are_written_for_training(settings: Settings, database: Database, tmp_path: Path) -> None:
    _, (turn_id,) = spoken(database, HEARD)
    with database.transaction() as session:
        correct(session, turn_id, before=HEARD, after=MEANT, by=None)
    told = json.loads(run("corrections", "--out", str(tmp_path / "out"), "--json").output)
    assert (told["clips"], told["problems"]) == (1, [])
    (row,) = (tmp_path / "out/corrections.jsonl").read_text(encoding="utf-8").splitlines()
    assert (tmp_path / "out" / json.loads(row)["file"]).is_file()
    assert (
        json.loads(run("corrections", "--out", str(tmp_path / "none"), "--from", "2999-01-01", "--json").output)[
            "clips"
        ]
        == 0
    )
