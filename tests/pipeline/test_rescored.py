"""What a correction changes reaches the customer's record: real workers over a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from avasanj.database import Database
from crm_sync.tables import FollowUp
from tests.pipeline.product import Product, make_archive, wait_until
from tests.pipeline.test_speech_workers import MAIN
from transcription import corrections
from transcription.tables import Transcript, Turn

pytestmark = [pytest.mark.model, pytest.mark.timeout(300)]
ANGRY = (
    "This is outrageous, nobody ever calls me back and I want to make a complaint. I am cancelling and going elsewhere."
)


def test_a_customer_who_turns_out_dissatisfied_is_called_back(models_dir: Path) -> None:
    with Product(models_dir, import_acts_within_days=36500) as product:
        folder = product.folder / "archive"
        make_archive(folder, customers=1, calls_each=1)
        written = json.loads((folder / "c00-0.json").read_text())
        written["turns"][1]["text"] = "I would like to know your opening hours, please."
        (folder / "c00-0.json").write_text(json.dumps(written))
        product.postgres.start()
        taken_in = product.run("import", str(folder))
        assert taken_in.returncode == 0, taken_in.stderr
        worker = product.start(*MAIN)
        product.start("work", "--name", "speech", "--queue", "speech")
        database = Database(product.postgres.url())
        try:
            wait_until(lambda: _done(database, "sync"), 120, "the call is scored and handed on")
            with database.transaction() as session:
                assert session.scalars(select(FollowUp)).all() == []
                turn = session.scalars(select(Turn).where(Turn.party == "customer")).one()
                corrections.correct(session, turn.id, before=turn.said, after=ANGRY, by=None)
                corrections.score_again(session, session.get_one(Transcript, turn.transcript_id).call_id, at_once=True)
            wait_until(lambda: _done(database, "sync") == 2, 60, "the corrected call is handed on again")
            with database.read() as session:
                assert [one.rule for one in session.scalars(select(FollowUp))] == ["dissatisfied"]
            assert worker.poll() is None
        finally:
            database.engine.dispose()


def _done(database: Database, stage: str) -> int:
    with database.read() as session:
        query = text("select count(*) from work.workflow_status where name = :stage and status = 'SUCCESS'")
        return int(session.scalar(query, {"stage": stage}) or 0)
