"""Recordings that can't be reached any more when their call is to be understood: the work waits for them by itself."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

import pytest
from sqlalchemy import text

from avasanj import pipeline
from avasanj.database import Database, utc_now
from avasanj.pipeline import Tools
from avasanj.settings import Settings
from scoring.encoder import Encoder
from telephony import problems
from telephony.storage import storages
from telephony.tables import Call, CallState, Direction, Disposition, Party, Recording, Source
from tests.telephony.test_recordings import sound
from transcription.engine import SpeechEngine
from transcription.tables import Playback
from transcription.whisper import WhisperRecogniser


@pytest.fixture
def tools(settings: Settings, database: Database) -> Tools:
    """Nothing here is transcribed or scored, so no model is loaded."""
    return Tools(
        settings=settings,
        database=database,
        speech=SpeechEngine([WhisperRecogniser(settings.models_dir / "none")]),
        encoder=Encoder(settings.models_dir / "none"),
    )


def live_call(database: Database, path: Path) -> uuid.UUID:
    id_ = uuid.uuid4()
    with database.transaction() as session:
        call = Call(
            id=id_, pbx="pbx", linked_id="1.1", source=Source.LIVE, direction=Direction.INBOUND, state=CallState.ENDED,
            disposition=Disposition.ANSWERED, started_at=utc_now(),
        )  # fmt: skip
        call.recordings = [Recording(party=Party.CUSTOMER, path=str(path), offset_s=0.0)]
        session.add(call)
    return id_


def waiting(database: Database) -> list[tuple[str, datetime.timedelta]]:
    """Stages that were asked for, and how long each is to wait."""
    query = "select name, to_timestamp(delay_until_epoch_ms / 1000.0) - now() from work.workflow_status order by 1"
    with database.read() as session:
        return [(name, delay) for name, delay in session.execute(text(query))]


def state(database: Database, id_: uuid.UUID) -> tuple[str | None, list[str | None], bool]:
    """Why the call waits, what is wrong with its recordings, and whether it can be played."""
    with database.read() as session:
        call = session.get_one(Call, id_)
        wrong = list(session.scalars(text("select problem from telephony.recording")))
        return call.recordings_problem, wrong, session.get(Playback, id_) is not None


@pytest.mark.parametrize("stage", ["intake", "transcription"])
def test_stage_is_asked_for_again_and_the_call_says_why_it_waits(
    tools: Tools, database: Database, tmp_path: Path, stage: str
) -> None:
    root = tools.settings.recordings_dir[0]
    id_ = live_call(database, sound(root / "1-r.wav", 2.0))
    for place in storages(tools.settings):
        place.check()
    if stage == "transcription":
        pipeline._take_in(tools, id_)
        assert state(database, id_) == (None, [None], True)
    root.rename(tmp_path / "away")
    (pipeline._take_in if stage == "intake" else pipeline._transcribe)(tools, id_)
    away = problems.text(problems.FOLDER_AWAY, folder=root, fault="it is not there")
    assert state(database, id_) == (away, [None], stage == "transcription"), "nothing is given up"
    (again,) = [delay for _, delay in waiting(database) if delay is not None]
    assert datetime.timedelta(seconds=10) < again <= datetime.timedelta(seconds=30)
    (tmp_path / "away").rename(root)
    pipeline._take_in(tools, id_)
    assert state(database, id_) == (None if stage == "intake" else away, [None], True)
