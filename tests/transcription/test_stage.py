"""The speech stage on a real database: one playback and one transcript a call, whatever its recordings are like."""

import datetime
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.i18n import translator
from avasanj.settings import Settings
from telephony.tables import Call, CallState, Direction, Disposition, Party, Recording, Source
from tests.transcription.sounds import reference, sample, tone, words, write_wav
from transcription import stage
from transcription.engine import SpeechEngine
from transcription.tables import Measures, Playback, Transcript
from transcription.turns import Said
from transcription.whisper import WhisperRecogniser

START = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)


@pytest.fixture
def engine(models_dir: Path) -> Iterator[SpeechEngine]:
    engine = SpeechEngine([WhisperRecogniser(models_dir / "whisper-base", threads=2)])
    yield engine
    engine.unload()


def save_call(database: Database, *recordings: Recording, **facts: object) -> uuid.UUID:
    call_id = uuid.uuid4()
    given: dict[str, object] = {
        "source": Source.IMPORTED,
        "direction": Direction.INBOUND,
        "state": CallState.ENDED,
        "disposition": Disposition.ANSWERED,
        "language": "en",
        **facts,
    }
    with database.transaction() as session:
        session.add(Call(id=call_id, pbx="p", linked_id=str(call_id), started_at=START, **given))
        session.flush()
        for recording in recordings:
            recording.call_id = call_id
            session.add(recording)
    return call_id


def pair(customer: Path, agent: Path) -> tuple[Recording, Recording]:
    return Recording(party=Party.CUSTOMER, path=str(customer)), Recording(party=Party.AGENT, path=str(agent))


def kept(database: Database, call_id: uuid.UUID) -> tuple[Playback | None, Transcript | None, list[str | None]]:
    with database.read() as session:
        wanted = select(Transcript).where(Transcript.call_id == call_id).options(selectinload(Transcript.turns))
        problems = select(Recording.problem).where(Recording.call_id == call_id).order_by(Recording.id)
        return session.get(Playback, call_id), session.scalars(wanted).first(), list(session.scalars(problems))


@pytest.mark.model
def test_a_call_is_heard_once_and_running_again_changes_nothing(
    settings: Settings, database: Database, engine: SpeechEngine
) -> None:
    call_id = save_call(
        database, *pair(sample("en-wrong-number", Party.CUSTOMER), sample("en-wrong-number", Party.AGENT))
    )
    for _ in range(2):
        stage.prepare_playback(settings, database, call_id)
    file = settings.media_dir / stage.playback.media_path(call_id)
    written_ns = file.stat().st_mtime_ns
    stage.transcribe(settings, database, engine, call_id)
    playback, transcript, problems = kept(database, call_id)
    assert playback is not None
    assert transcript is not None
    assert problems == [None, None]
    assert (transcript.source, transcript.model, transcript.too_weak) == ("whisper", "whisper-base int8", False)
    assert [t.position for t in transcript.turns] == list(range(len(transcript.turns)))
    assert all(0 <= t.start_s < t.end_s <= playback.duration_s + 0.1 for t in transcript.turns)
    assert all(t.confidence is not None and 0 < t.confidence <= 1 for t in transcript.turns)
    asked = [t.party for t in transcript.turns if "pharmacy" in words(t.text)]
    assert asked[0] == Party.CUSTOMER
    with database.read() as session:
        measures = session.get_one(Measures, call_id)
    for party, talk_s in ((Party.CUSTOMER, measures.customer_talk_s), (Party.AGENT, measures.agent_talk_s)):
        spoken_s = sum(t.end_s - t.start_s for t in reference("en-wrong-number") if t.party == party)
        assert talk_s == pytest.approx(spoken_s, rel=0.25), party
        assert 60 < measures.details["parties"][party.value]["words_per_minute"] < 300

    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, engine, call_id)
    assert file.stat().st_mtime_ns == written_ns
    again = kept(database, call_id)[1]
    assert again is not None
    assert again.id == transcript.id


def test_a_worker_taken_for_dead_that_saves_late_replaces_no_transcript(settings: Settings, database: Database) -> None:
    call_id = save_call(database)
    for text in ("the first", "the late one"):
        made = Transcript(call_id=call_id, language="en", source="whisper")
        said = [Said(party=Party.AGENT, start_s=0, end_s=1, text=text, confidence=None)]
        stage._save(database, call_id, made, said, {}, None)
    transcript = kept(database, call_id)[1]
    assert transcript is not None
    assert [turn.text for turn in transcript.turns] == ["the first"]


@pytest.mark.model
def test_a_broken_leg_leaves_the_other_with_a_warning_in_both_languages(
    settings: Settings, database: Database, engine: SpeechEngine, tmp_path: Path
) -> None:
    (tmp_path / "c.wav").write_bytes(b"RIFF" + bytes(40))
    call_id = save_call(database, *pair(tmp_path / "c.wav", sample("en-wrong-number", Party.AGENT)))
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, engine, call_id)
    playback, transcript, problems = kept(database, call_id)
    assert playback is not None
    assert playback.warning == "The customer's recording can't be used; only the agent is heard."
    assert "مشتری" in translator("fa").gettext(playback.warning)
    assert "is empty (44 bytes" in str(problems[0])
    assert problems[1] is None
    assert transcript is not None
    assert {turn.party for turn in transcript.turns} == {Party.AGENT}


def test_two_broken_legs_leave_their_problems_and_nothing_else(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "c.wav").write_bytes(b"not audio at all, just words " * 30)
    call_id = save_call(database, *pair(tmp_path / "c.wav", tmp_path / "gone.wav"))
    unused = SpeechEngine([WhisperRecogniser(tmp_path / "no model")])
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, unused, call_id)
    playback, transcript, problems = kept(database, call_id)
    assert (playback, transcript) == (None, None)
    assert "is not audio" in str(problems[0])
    assert "is not at" in str(problems[1])


def test_a_live_recording_outside_the_configured_folders_is_not_opened(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    inside, outside = settings.recordings_dirs[0], tmp_path / "elsewhere"
    outside.mkdir()
    write_wav(outside / "secret.wav", tone(1, 440))
    (inside / "link.wav").symlink_to(outside / "secret.wav")
    write_wav(inside / "a.wav", tone(1, 440))
    call_id = save_call(
        database,
        Recording(party=Party.CUSTOMER, path=f"{inside}/../elsewhere/secret.wav"),
        Recording(party=Party.CUSTOMER, path=str(inside / "link.wav")),
        Recording(party=Party.AGENT, path=str(inside / "a.wav")),
        source=Source.LIVE,
    )
    stage.prepare_playback(settings, database, call_id)
    playback, _, problems = kept(database, call_id)
    assert playback is not None
    assert ["outside the recordings' folders" in str(problem) for problem in problems] == [True, True, False]


def test_a_transcript_made_elsewhere_is_kept_as_it_came(settings: Settings, database: Database, tmp_path: Path) -> None:
    turns = [
        {"party": "agent", "start_s": 0.2, "end_s": 0.8, "text": "بفرمایید"},
        {"party": "agent", "start_s": 0.9, "end_s": 1.5, "text": "در خدمتم"},
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"language": "fa", "source": "typist", "turns": turns}))
    customer, agent = pair(write_wav(tmp_path / "c.wav", tone(2, 440)), write_wav(tmp_path / "a.wav", tone(2, 880)))
    agent.transcript_path = str(path)
    call_id = save_call(database, customer, agent, language="fa")
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, SpeechEngine([WhisperRecogniser(tmp_path / "no model")]), call_id)
    _, transcript, _ = kept(database, call_id)
    assert transcript is not None
    assert (transcript.source, transcript.model, transcript.language) == ("typist", None, "fa")
    assert [(t.text, t.start_s, t.confidence) for t in transcript.turns] == [
        ("بفرمایید", 0.2, None),
        ("در خدمتم", 0.9, None),
    ]


def test_a_bad_transcript_made_elsewhere_says_what_is_wrong(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    (tmp_path / "t.json").write_text('{"language": "fa", "source": "x", "turns": [{"party": "me"}]}')
    customer, agent = pair(write_wav(tmp_path / "c.wav", tone(2, 440)), write_wav(tmp_path / "a.wav", tone(2, 880)))
    customer.transcript_path = str(tmp_path / "t.json")
    call_id = save_call(database, customer, agent)
    stage.prepare_playback(settings, database, call_id)
    with pytest.raises(InputError, match="turn 1"):
        stage.transcribe(settings, database, SpeechEngine([WhisperRecogniser(tmp_path / "no model")]), call_id)


@pytest.mark.model
def test_persian_by_a_model_too_weak_for_it_is_marked(
    settings: Settings, database: Database, engine: SpeechEngine
) -> None:
    call_id = save_call(
        database, Recording(party=Party.AGENT, path=str(sample("fa-wrong-number", Party.AGENT))), language="fa"
    )
    stage.prepare_playback(settings, database, call_id)
    stage.transcribe(settings, database, engine, call_id)
    playback, transcript, _ = kept(database, call_id)
    assert transcript is not None
    assert (transcript.too_weak, transcript.language) == (True, "fa")
    assert playback is not None
    assert playback.warning == "The customer was not recorded; only the agent is heard."
