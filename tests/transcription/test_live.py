"""Running calls are heard turn by turn from the files as they grow, and what was heard is not heard again."""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from avasanj.database import Database, utc_now
from avasanj.pbx_settings import PbxSettings
from avasanj.settings import Settings
from telephony.tables import Call, CallState, Direction, Disposition, HoldSpan, Party, Recording, Source
from tests.transcription import sounds
from tests.transcription.sounds import leg, words
from tests.transcription.test_following import begun_wav, pcm
from transcription import live_turns, stage
from transcription.engine import SpeechEngine
from transcription.live import LiveListener
from transcription.recogniser import Asked
from transcription.running import file_second, legs_now
from transcription.tables import LiveTurn, Transcript, Watch
from transcription.whisper import WhisperRecogniser
from transcription.windows import Span, Utterance
from transcription.words import Word

_PARTIES = (Party.CUSTOMER, Party.AGENT)
_PIECE_S = 1.0


@pytest.fixture(scope="module")
def engine(models_dir: Path) -> Iterator[SpeechEngine]:
    engine = SpeechEngine([WhisperRecogniser(models_dir / "whisper-base", threads=2)])
    yield engine
    engine.unload()


class Running:
    """A call whose files grow: as the PBX would write them, from a sample."""

    def __init__(self, settings: Settings, database: Database, name: str = "en-wrong-number") -> None:
        self.id = uuid.uuid4()
        self.database = database
        self.sound = {party: pcm(name, party) for party in _PARTIES}
        (folder,) = settings.recordings_dir
        self.paths = {party: folder / f"{self.id}-{party.value[0]}.wav" for party in _PARTIES}
        self.started_at = utc_now()
        with database.transaction() as session:
            session.add(
                Call(
                    id=self.id,
                    pbx="p",
                    linked_id=str(self.id),
                    source=Source.LIVE,
                    direction=Direction.INBOUND,
                    state=CallState.TALKING,
                    started_at=self.started_at,
                    answered_at=self.started_at,
                    language="en",
                    running=[
                        {"party": p.value, "path": str(self.paths[p]), "offset_s": 0.0, "cuts": [], "counts": None}
                        for p in _PARTIES
                    ],
                )
            )

    def begin(self) -> None:
        for path in self.paths.values():
            begun_wav(path)

    def write(self, from_s: float, to_s: float) -> None:
        for party, path in self.paths.items():
            with path.open("ab") as file:
                file.write(self.sound[party][round(from_s * 16_000) : round(to_s * 16_000)])

    @property
    def length_s(self) -> float:
        return max(map(len, self.sound.values())) / 16_000

    def end(self) -> None:
        with self.database.transaction() as session:
            row = session.get_one(Call, self.id)
            row.state, row.running, row.disposition = CallState.ENDED, None, Disposition.ANSWERED
            row.ended_at = self.started_at + datetime.timedelta(seconds=self.length_s)
            for party, path in self.paths.items():
                session.add(Recording(call_id=self.id, party=party, path=str(path), offset_s=0.0))

    @property
    def turns(self) -> list[LiveTurn]:
        with self.database.read() as session:
            return [turn for turn in live_turns.of_call(session, self.id) if turn.text]


@contextmanager
def listening(settings: Settings, database: Database, engine: SpeechEngine) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=LiveListener(settings, database, engine).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


def wait_until(there: object, within_s: float = 30.0) -> None:
    assert callable(there)
    end_s = time.monotonic() + within_s
    while not there():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.1)


def wait_until_quiet(call: Running, quiet_s: float = 4.0) -> None:
    """Until the other party's last words are there too, however laden the machine is."""
    since_s, seen = time.monotonic(), len(call.turns)

    def quiet() -> bool:
        nonlocal since_s, seen
        if len(call.turns) != seen:
            since_s, seen = time.monotonic(), len(call.turns)
        return time.monotonic() - since_s > quiet_s

    wait_until(quiet, 60)


@pytest.mark.model
def test_a_running_call_is_heard_as_it_grows_and_not_again_when_it_is_over(
    settings: Settings, database: Database, engine: SpeechEngine
) -> None:
    call = Running(settings, database)
    call.begin()
    with listening(settings, database, engine):
        call.write(0.0, call.length_s / 2)
        wait_until(lambda: call.turns)
        halfway = {turn.id for turn in call.turns}
        assert all(turn.end_s < call.length_s / 2 for turn in call.turns)
        call.write(call.length_s / 2, call.length_s + 2)
        for path in call.paths.values():
            with path.open("ab") as file:
                file.write(bytes(32_000))
        wait_until(lambda: len(call.turns) > len(halfway) and call.turns[-1].end_s > 0.8 * call.length_s)
        wait_until_quiet(call)
        assert halfway <= {turn.id for turn in call.turns}
        call.end()
        heard_live = call.turns
    said = [word for turn in heard_live for word in words(turn.text)]
    wanted = [word for turn in sounds.reference("en-wrong-number") for word in words(turn.text)]
    assert abs(len(said) - len(wanted)) < 0.2 * len(wanted)

    stage.prepare_playback(settings, database, call.id)
    before = engine.tally.audio_s
    stage.transcribe(settings, database, engine, call.id)
    spoken_s = sum(turn.end_s - turn.start_s for turn in heard_live)
    assert engine.tally.audio_s - before < 0.3 * spoken_s, "most of it was known"
    with database.read() as session:
        transcript = session.scalars(select(Transcript).where(Transcript.call_id == call.id)).one()
        assert live_turns.of_call(session, call.id) == []
        found = [
            word
            for turn in session.scalars(select(stage.Turn).where(stage.Turn.transcript_id == transcript.id))
            for word in words(turn.text)
        ]
    assert sounds.word_errors(sorted(wanted), sorted(found)) < 0.25 * len(wanted)


@pytest.mark.model
def test_watched_calls_come_first_where_not_all_can_be_followed(
    settings: Settings, database: Database, engine: SpeechEngine
) -> None:
    first, second = Running(settings, database), Running(settings, database)
    with database.transaction() as session:
        session.add(Watch(call_id=second.id, seen_at=utc_now()))
    for call in (first, second):
        call.begin()
        call.write(0.0, call.length_s)
    with listening(settings.model_copy(update={"live_calls": 1}), database, engine):
        wait_until(lambda: second.turns)
    assert first.turns == []


@pytest.mark.model
def test_a_call_is_followed_by_one_process_only(settings: Settings, database: Database, engine: SpeechEngine) -> None:
    call = Running(settings, database)
    call.begin()
    call.write(0.0, call.length_s)
    with listening(settings, database, engine):
        wait_until(lambda: call.turns)
        other = LiveListener(settings, database, engine)
        other._choose()
        assert other._calls == {}
        other._drop_all()
    again = LiveListener(settings, database, engine)

    def followed() -> bool:  # the server lets a lock go a moment after its connection has ended
        again._choose()
        return set(again._calls) == {call.id}

    wait_until(followed)
    again._drop_all()


def test_a_hold_is_masked_on_the_agents_file_and_a_cut_moves_its_clock() -> None:
    start = datetime.datetime(2026, 1, 5, 9, 0, tzinfo=datetime.UTC)

    def at(seconds: float) -> datetime.datetime:
        return start + datetime.timedelta(seconds=seconds)

    running = [
        {"party": party, "path": party, "offset_s": 5.0, "cuts": [[20.0, 30.0]], "counts": None}
        for party in ("customer", "agent")
    ]
    call = Call(id=uuid.uuid4(), started_at=start, answered_at=at(4), running=running, mutes=[[60.0, None]])
    call.hold_spans = [HoldSpan(started_at=at(40), ended_at=None, by="agent")]
    customer, agent = legs_now(call)
    assert customer.masked == ()
    assert agent.masked == ((pytest.approx(39.85), float("inf")),)
    assert customer.muted == ((60.0, float("inf")),)
    assert [file_second(agent, s) for s in (5.0, 20.0, 25.0, 31.0, 41.0)] == [0.0, 15.0, 15.0, 16.0, 26.0]


def test_only_what_was_heard_whole_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    one = leg(file, start_s=10.0)

    def turn(start_s: float, end_s: float, text: str = "hello") -> LiveTurn:
        return LiveTurn(
            file=str(file), start_s=start_s, end_s=end_s, text=text, confidence=0.9, words=[[text, start_s, end_s, 0.9]]
        )

    def said(start_s: float, end_s: float) -> Utterance:
        return Utterance(samples=sounds.silence(0), start_s=start_s, spans=(Span(start_s=start_s, end_s=end_s),))

    (found,) = live_turns.covering(one, said(2.0, 4.0), [turn(2.05, 3.95), turn(9.0, 10.0)]) or ()
    assert (found.start_s, found.end_s, found.text) == (12.05, 13.95, "hello")
    assert found.words[0].start_s == 12.05
    assert live_turns.covering(one, said(2.0, 4.0), [turn(2.0, 3.0)]) is None, "a half is missing"
    assert live_turns.covering(one, said(2.0, 4.0), [turn(1.0, 4.0)]) is None, "it says more than this"
    assert live_turns.covering(one, said(2.0, 4.0), []) is None
    beside = Utterance(
        samples=sounds.silence(0), start_s=2.0, spans=(Span(start_s=2.0, end_s=10.0), Span(start_s=10.5, end_s=11.0))
    )
    assert live_turns.covering(one, beside, [turn(2.0, 10.0)]) is None, "a short answer beside it is missing"
    twice = [turn(2.0, 3.9), turn(2.05, 4.0)]
    assert live_turns.covering(one, said(2.0, 4.0), twice) is None, "else its words would stand there twice"
    others = live_turns.Reuse(by_file={str(file): [turn(2.0, 4.0)]})
    assert others(one, said(2.0, 4.0)) is None, "another party's words from the same file"
    assert live_turns.covering(one, said(2.0, 4.0), [turn(2.0, 4.0, "")]) == [], "it was heard that nothing was said"


class Failing:
    """A model that reads no window."""

    kind, name, version, batch = "none", "none", "1", 1

    def load(self) -> None: ...
    def unload(self) -> None: ...
    def too_weak(self, language: str) -> bool:
        return False

    def recognise(self, asked: Sequence[Asked]) -> list[list[Word]]:
        raise RuntimeError("the card has failed")

    def recognise_carefully(self, asked: Asked) -> list[Word]:
        return []

    def language_of(self, samples: object, among: Sequence[str]) -> tuple[str, float]:
        return among[0], 1.0


@pytest.fixture
def deaf() -> Iterator[SpeechEngine]:
    engine = SpeechEngine([Failing()])
    yield engine
    engine.leave()


def row(call: Running, start_s: float, end_s: float, text: str = "hello") -> LiveTurn:
    return LiveTurn(
        call_id=call.id,
        file=str(call.paths[Party.CUSTOMER]),
        party=Party.CUSTOMER.value,
        start_s=start_s,
        end_s=end_s,
        at_s=start_s,
        text=text,
        confidence=0.9,
        words=[],
        model="none",
        model_version="1",
    )


def kept(call: Running, *rows: LiveTurn) -> list[str]:
    with call.database.transaction() as session:
        live_turns.keep(session, rows)
    return [turn.text for turn in call.turns]


def test_a_stretch_is_kept_once_however_often_its_file_is_followed(settings: Settings, database: Database) -> None:
    call = Running(settings, database)
    assert kept(call, row(call, 1.0, 3.0, "one"), row(call, 4.0, 5.0, "two")) == ["one", "two"]
    assert kept(call, row(call, 1.03, 3.0, "one"), row(call, 5.6, 6.0, "three")) == ["one", "two", "three"]


def test_what_was_said_in_a_muted_stretch_is_neither_kept_nor_shown(
    settings: Settings, database: Database, deaf: SpeechEngine
) -> None:
    call = Running(settings, database)
    assert kept(call, row(call, 1.0, 3.0, "my card is"), row(call, 4.0, 8.0, "six zero three seven"))
    with database.transaction() as session:
        session.get_one(Call, call.id).mutes = [[3.5, None]]
    assert [turn.text for turn in call.turns] == ["my card is"]
    assert kept(call, row(call, 9.0, 11.0, "nine nine one")) == ["my card is"]
    listener = LiveListener(settings, database, deaf)
    listener._choose()
    listener._drop_all()
    with database.read() as session:
        assert [turn.text for turn in session.scalars(select(LiveTurn).where(LiveTurn.call_id == call.id))] == [
            "my card is"
        ]


def test_a_call_whose_language_is_another_one_by_now_is_heard_anew(
    settings: Settings, database: Database, deaf: SpeechEngine
) -> None:
    call = Running(settings, database)
    listener = LiveListener(settings, database, deaf)
    listener._choose()
    kept(call, row(call, 1.0, 3.0))
    listener._choose()
    assert len(call.turns) == 1
    with database.transaction() as session:
        session.get_one(Call, call.id).language = "fa"
    listener._choose()
    assert call.turns == []
    assert listener._calls[call.id].language == "fa"
    listener._drop_all()


@pytest.mark.model
def test_a_window_that_cannot_be_read_ends_no_calls_hearing(
    settings: Settings, database: Database, deaf: SpeechEngine
) -> None:
    call = Running(settings, database)
    call.begin()
    call.write(0.0, call.length_s)
    listener = LiveListener(settings, database, deaf)
    listener._round()
    assert listener._awaited
    wait_until(lambda: all(one.done.done() for one in listener._awaited))
    listener._round()
    assert set(listener._calls) == {call.id}
    assert len(listener._calls[call.id].legs) == 2
    listener._drop_all()


@pytest.mark.model
def test_a_file_that_is_begun_again_is_heard_when_the_call_is_over(
    settings: Settings, database: Database, deaf: SpeechEngine
) -> None:
    call = Running(settings, database)
    call.begin()
    call.write(0.0, call.length_s)
    listener = LiveListener(settings, database, deaf)
    listener._round()
    kept(call, row(call, 1.0, 3.0))
    begun_wav(call.paths[Party.CUSTOMER])
    listener._round()
    assert call.turns == []
    assert listener._calls[call.id].hopeless == {str(call.paths[Party.CUSTOMER])}
    listener._drop_all()


def test_a_file_of_the_same_name_from_another_pbx_is_not_listened_to(
    settings: Settings, database: Database, deaf: SpeechEngine, tmp_path: Path
) -> None:
    folders = {name: tmp_path / name for name in ("p", "q")}
    for folder in folders.values():
        folder.mkdir()
    pbxs = {name: PbxSettings(host=name, recordings_dir=[folder]) for name, folder in folders.items()}
    several = settings.model_copy(update={"pbxs": pbxs})
    call = Running(several, database)
    begun_wav(folders["q"] / call.paths[Party.AGENT].name)
    with database.transaction() as session:
        running = session.get_one(Call, call.id).running or []
        told = [{**one, "path": f"/var/spool/monitor/{Path(one['path']).name}"} for one in running]
        session.get_one(Call, call.id).running = told
    listener = LiveListener(several, database, deaf)
    listener._choose()
    assert listener._calls[call.id].legs == {}
    begun_wav(folders["p"] / call.paths[Party.AGENT].name)
    listener._choose()
    (found,) = listener._calls[call.id].legs.values()
    assert Path(found.kept).parent == folders["p"]
    listener._drop_all()


def test_what_was_heard_of_a_call_without_a_transcript_is_kept_a_week(settings: Settings, database: Database) -> None:
    call = Running(settings, database)
    with database.transaction() as session:
        for start_s, days in ((1.0, 8), (5.0, 1)):
            session.add(
                LiveTurn(
                    call_id=call.id,
                    file="/a.wav",
                    party="agent",
                    start_s=start_s,
                    end_s=start_s + 1,
                    at_s=start_s,
                    text="hello",
                    confidence=0.9,
                    words=[],
                    model="m",
                    model_version="v",
                    heard_at=utc_now() - datetime.timedelta(days=days),
                )
            )
        session.flush()
        live_turns.forget_old(session)
    assert [turn.start_s for turn in call.turns] == [5.0]
