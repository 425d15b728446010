"""Corrections, hot words and several transcripts on a real database."""

from __future__ import annotations

import datetime
import json
import uuid
import wave
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from avasanj.database import Database, utc_now
from avasanj.errors import InputError, LastingError
from avasanj.people import AuditEntry, Role, User
from avasanj.settings import Settings
from telephony.tables import Party
from tests.transcription.sounds import sample
from tests.transcription.test_stage import pair, save_call
from transcription import corrections, hot_words, training, versions
from transcription.corrections import OvertakenError, correct
from transcription.evaluate import read_rows
from transcription.rehearing import SpareEngine, hear_again
from transcription.stage import prepare_playback
from transcription.tables import Correction, Rehearing, Transcript, Turn

HEARD = "I live in Zabolstan now"
MEANT = "I live in Zabolestan now"


@pytest.fixture
def person(database: Database) -> uuid.UUID:
    with database.transaction() as session:
        user = User(login="s", name="Sara", role=Role.SUPERVISOR)
        session.add(user)
        session.flush()
        return user.id


def spoken(
    database: Database, *said: str, current: bool = True, call_id: uuid.UUID | None = None
) -> tuple[uuid.UUID, list[int]]:
    """A call with a transcript of these turns, two seconds each; the call's and the turns' ids."""
    call_id = call_id or save_call(
        database, *pair(sample("en-wrong-number", Party.CUSTOMER), sample("en-wrong-number", Party.AGENT))
    )
    with database.transaction() as session:
        transcript = Transcript(
            call_id=call_id, language="en", source="whisper", model="m", current=current,
            set_aside_at=None if current else utc_now(),
        )  # fmt: skip
        transcript.turns = [
            Turn(
                position=n, party="customer", start_s=2.0 * n, end_s=2.0 * n + 2, text=words, confidence=0.9,
                words=[[w, 2.0 * n + 0.3 * k, 2.0 * n + 0.3 * k + 0.2, 0.9] for k, w in enumerate(words.split())],
            )
            for n, words in enumerate(said)
        ]  # fmt: skip
        session.add(transcript)
        session.flush()
        return call_id, [turn.id for turn in transcript.turns]


def turn(database: Database, turn_id: int) -> Turn:
    with database.read() as session:
        return session.get_one(Turn, turn_id)


def jobs(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(text("select workflow_uuid from work.workflow_status order by 1")))


def test_a_correction_stands_beside_the_original_with_who_and_when(database: Database, person: uuid.UUID) -> None:
    call_id, (turn_id,) = spoken(database, HEARD)
    with database.transaction() as session:
        correct(session, turn_id, before=HEARD, after=f" {MEANT}\n", by=person)
    found = turn(database, turn_id)
    assert (found.text, found.corrected, found.said, found.plain) == (HEARD, MEANT, MEANT, "i live in zabolestan now")
    with database.read() as session:
        (made,) = session.scalars(select(Correction))
        assert (made.before, made.after, made.made_by) == (HEARD, MEANT, person)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "turn.corrected")).one()
        assert entry.detail == {"call": str(call_id), "position": 0}
        assert HEARD not in str(entry.detail)


def test_many_corrections_have_the_call_scored_again_once(
    database: Database, person: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.datetime(2026, 11, 22, 8, 0, 30, tzinfo=datetime.UTC)
    monkeypatch.setattr(corrections, "utc_now", lambda: now)
    _, turns = spoken(database, "one", "two", "three")
    for turn_id, before in zip(turns, ("one", "two", "three"), strict=True):
        with database.transaction() as session:
            correct(session, turn_id, before=before, after=before + "s", by=person)
    assert len([key for key in jobs(database) if key.startswith("score:")]) == 1
    now += datetime.timedelta(seconds=corrections.SCORE_AGAIN_S)
    with database.transaction() as session:
        correct(session, turns[0], before="ones", after="one", by=person)
    assert len([key for key in jobs(database) if key.startswith("score:")]) == 2


def test_the_models_own_words_undo_a_correction_and_both_stay_in_the_history(
    database: Database, person: uuid.UUID
) -> None:
    _, (turn_id,) = spoken(database, HEARD)
    for before, after in ((HEARD, MEANT), (MEANT, HEARD)):
        with database.transaction() as session:
            correct(session, turn_id, before=before, after=after, by=person)
    assert turn(database, turn_id).corrected is None
    with database.read() as session:
        history = corrections.history(session, [turn_id])[turn_id]
    assert [(one.before, one.after) for one in history] == [(HEARD, MEANT), (MEANT, None)]


def test_who_saw_something_else_overwrites_nothing(database: Database, person: uuid.UUID) -> None:
    _, (turn_id,) = spoken(database, HEARD)
    with database.transaction() as session:
        correct(session, turn_id, before=HEARD, after=MEANT, by=person)
    with pytest.raises(OvertakenError) as refused, database.transaction() as session:
        correct(session, turn_id, before=HEARD, after="I leave now", by=person)
    assert refused.value.now == MEANT
    assert turn(database, turn_id).said == MEANT


def test_a_correction_that_comes_between_reading_and_saving_is_seen(database: Database, person: uuid.UUID) -> None:
    _, (turn_id,) = spoken(database, HEARD)
    with database.transaction() as late:
        late.get_one(Turn, turn_id)
        with database.transaction() as early:
            correct(early, turn_id, before=HEARD, after=MEANT, by=person)
        with pytest.raises(OvertakenError):
            correct(late, turn_id, before=HEARD, after="I leave now", by=person)


def test_saving_what_is_there_changes_nothing(database: Database, person: uuid.UUID) -> None:
    _, (turn_id,) = spoken(database, HEARD)
    with database.transaction() as session:
        correct(session, turn_id, before=HEARD, after=f"  {HEARD} ", by=person)
    with database.read() as session:
        assert session.scalars(select(Correction)).all() == []
    assert jobs(database) == []


def test_nothing_was_said_is_a_correction_too(database: Database, person: uuid.UUID) -> None:
    _, (turn_id,) = spoken(database, "Thank you for watching.")
    with database.transaction() as session:
        correct(session, turn_id, before="Thank you for watching.", after="", by=person)
    assert turn(database, turn_id).said == ""


def test_corrected_turns_become_clips_with_what_is_said_in_them(
    settings: Settings, database: Database, person: uuid.UUID, tmp_path: Path
) -> None:
    call_id, (first, second) = spoken(database, HEARD, "ring ring")
    for turn_id, before, after in ((first, HEARD, MEANT), (second, "ring ring", "")):
        with database.transaction() as session:
            correct(session, turn_id, before=before, after=after, by=person)
    made = training.export(settings, database, tmp_path / "out", datetime.datetime.min.replace(tzinfo=datetime.UTC))
    assert (made.clips, made.problems) == (2, [])
    rows = [json.loads(row) for row in (tmp_path / "out/corrections.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["text"], row["original"], row["language"], row["party"], row["call"]) for row in rows] == [
        (MEANT, HEARD, "en", "customer", str(call_id)),
        ("", "ring ring", "en", "customer", str(call_id)),
    ]
    assert [row.text for row in read_rows(tmp_path / "out/corrections.jsonl")] == [MEANT, ""]
    with wave.open(str(tmp_path / "out" / rows[1]["file"])) as clip:
        assert (clip.getframerate(), clip.getnchannels(), clip.getsampwidth()) == (16000, 1, 2)
        assert clip.getnframes() / 16000 == pytest.approx(2.6, abs=0.01)
    with wave.open(str(tmp_path / "out" / rows[0]["file"])) as clip:  # begins with the recording: nothing is before it
        assert clip.getnframes() / 16000 == pytest.approx(2.3, abs=0.01)


def test_a_call_whose_recording_is_gone_is_named_and_the_rest_is_exported(
    settings: Settings, database: Database, person: uuid.UUID, tmp_path: Path
) -> None:
    gone = save_call(database, *pair(tmp_path / "no.wav", tmp_path / "none.wav"))
    for call_id in (gone, None):
        _, (turn_id,) = spoken(database, HEARD, call_id=call_id)
        with database.transaction() as session:
            correct(session, turn_id, before=HEARD, after=MEANT, by=person)
    made = training.export(settings, database, tmp_path / "out", utc_now() - datetime.timedelta(days=1))
    assert made.clips == 1
    assert str(gone) in made.problems[0]


@pytest.mark.model
def test_hot_words_are_used_in_their_order_as_far_as_the_model_has_room(
    database: Database, person: uuid.UUID, models_dir: Path
) -> None:
    names = [f"Harbor Broadband {n}" for n in range(30)]
    with database.transaction() as session:
        assert hot_words.add(session, "en", names, person) == 30
        assert hot_words.add(session, "fa", ["آسمان‌نت"], person) == 1
    with database.transaction() as session:
        assert hot_words.chosen(session, "en") == tuple(names)
        listed = hot_words.listed(session, models_dir / "whisper-base")["en"]
        used = [one.word.text for one in listed if one.used]
        assert used == names[: len(used)]
        assert 5 < len(used) < 30
        hot_words.put_first(session, listed[-1].word.id, person)
    with database.read() as session:
        assert hot_words.chosen(session, "en")[:2] == ("Harbor Broadband 29", "Harbor Broadband 0")
        assert hot_words.chosen(session, "fa") == ("آسمان‌نت",)


def test_a_model_that_is_not_at_hand_is_guessed_to_have_less_room_than_it_has(tmp_path: Path) -> None:
    names = [f"Harbor Broadband {n}" for n in range(30)]
    assert hot_words.fitting(names, hot_words.pieces_of(tmp_path / "missing")) == 6
    (tmp_path / "model.onnx").touch()
    assert hot_words.fitting(names * 9, hot_words.pieces_of(tmp_path)) == 200


def test_a_hot_word_in_another_spelling_is_not_taken_twice(database: Database, person: uuid.UUID) -> None:
    with database.transaction() as session:
        assert hot_words.add(session, "fa", ["کتاب ۴", "كتاب  ٤", "می‌روم", "می روم", "  "], person) == 2
    with database.transaction() as session:
        assert hot_words.add(session, "fa", ["کتاب 4", "نو"], person) == 1


@pytest.mark.parametrize(("language", "word"), [("de", "Haus"), ("en", "x" * 81)])
def test_a_hot_word_that_can_not_be_used_is_refused(
    database: Database, person: uuid.UUID, language: str, word: str
) -> None:
    with pytest.raises(InputError), database.transaction() as session:
        hot_words.add(session, language, [word], person)


def test_lists_of_hot_words_are_read_with_heading_remarks_and_either_separator() -> None:
    assert hot_words.read('\ufeffword,note\nHarbor,x\n\n# off\n"Nair, Priya",\n') == ["Harbor", "Nair, Priya"]
    assert hot_words.read("کلمه;شرح\r\nآسمان‌نت;الف\r\n") == ["آسمان‌نت"]
    assert hot_words.read("one\ntwo") == ["one", "two"]


def test_choosing_another_transcript_takes_corrections_over_and_scores_the_call_again(
    database: Database, person: uuid.UUID
) -> None:
    call_id, (turn_id,) = spoken(database, HEARD)
    _, (other_turn,) = spoken(database, "I live in Zabolstan today", current=False, call_id=call_id)
    with database.transaction() as session:
        correct(session, turn_id, before=HEARD, after=MEANT, by=person)
    other_id = turn(database, other_turn).transcript_id
    with database.transaction() as session:
        versions.choose(session, call_id, other_id, person)
    assert turn(database, other_turn).said == "I live in Zabolestan today"
    with database.read() as session:
        by_id = {one.id: one for one in versions.of_call(session, call_id)}
        assert [one.current for one in by_id.values()].count(True) == 1
        assert by_id[other_id].current
        carried = session.scalars(select(Correction).where(Correction.turn_id == other_turn)).one()
        assert (carried.carried, carried.made_by) == (True, person)
        assert (by_id[turn(database, turn_id).transcript_id].set_aside_at is None) is False
    assert sum(key.startswith("score:") for key in jobs(database)) == 2
    with database.transaction() as session:  # again changes nothing
        versions.choose(session, call_id, other_id, person)
    assert sum(key.startswith("score:") for key in jobs(database)) == 2


def test_transcripts_set_aside_long_ago_are_removed_and_the_current_one_never(database: Database) -> None:
    call_id, _ = spoken(database, "now")
    spoken(database, "then", current=False, call_id=call_id)
    with database.transaction() as session:
        assert versions.forget_old(session, 1) == 0
        old = session.scalars(select(Transcript).where(Transcript.current.is_(False))).one()
        old.set_aside_at = utc_now() - datetime.timedelta(days=2)
    with database.transaction() as session:
        assert versions.forget_old(session, 1) == 1
    with database.read() as session:
        (left,) = session.scalars(select(Transcript).options(selectinload(Transcript.turns)))
    assert left.turns[0].text == "now"


def test_the_same_transcript_is_asked_for_once_at_a_time(
    settings: Settings, database: Database, person: uuid.UUID
) -> None:
    call_id, _ = spoken(database, HEARD)
    (settings.models_dir / "better").mkdir(parents=True)
    for wanted in (True, False):
        with database.transaction() as session:
            asked = versions.ask(session, settings, call_id, model="better", make_current=False, by=person)
        assert (asked is not None) is wanted
    assert sum(key.startswith("transcribe_again:") for key in jobs(database)) == 1
    with pytest.raises(InputError, match="no speech model"), database.transaction() as session:
        versions.ask(session, settings, call_id, model="missing", make_current=False, by=person)


@pytest.mark.model
def test_a_call_is_heard_again_by_another_model_and_waits_to_be_chosen(
    settings: Settings, database: Database, models_dir: Path, person: uuid.UUID
) -> None:
    call_id, _ = spoken(database, HEARD)
    prepare_playback(settings, database, call_id)
    model = str(models_dir / "whisper-base")
    spare = SpareEngine(settings)
    with database.transaction() as session:
        asked = versions.ask(session, settings, call_id, model=model, make_current=False, by=person)
        assert asked is not None
    for _ in range(2):  # done again without harm
        hear_again(settings, database, spare, asked.id)
    spare.unload()
    with database.read() as session:
        found = session.get_one(Rehearing, asked.id)
        assert found.transcript_id is not None
        made = versions.one(session, call_id, found.transcript_id)
        assert made is not None
        assert not made.current
        assert any("pharmacy" in one.text for one in made.turns)
        assert all(one.words for one in made.turns)
        assert len(versions.of_call(session, call_id)) == 2
        assert versions.open_rehearings(session, call_id) == []


@pytest.mark.model
def test_why_there_is_no_other_transcript_is_kept_where_it_was_asked_for(
    settings: Settings, database: Database, models_dir: Path, person: uuid.UUID, tmp_path: Path
) -> None:
    broken = save_call(database, *pair(tmp_path / "no.wav", tmp_path / "none.wav"))
    call_id, _ = spoken(database, HEARD, call_id=broken)
    model = str(models_dir / "whisper-base")
    with database.transaction() as session:
        asked = versions.ask(session, settings, call_id, model=model, make_current=True, by=person)
        assert asked is not None
    with pytest.raises(LastingError, match="recordings") as error:
        hear_again(settings, database, SpareEngine(settings), asked.id)
    with database.transaction() as session:
        versions.gave_up(session, asked.id, str(error.value))
    with database.read() as session:
        (shown,) = versions.open_rehearings(session, call_id)
    assert "Bring them back" in str(shown.problem)
