"""The life of a call, from the moment it is over, told once.

    intake      its customer is found and its place among that customer's calls taken; one stereo file is made to listen to
    transcribe  who said what, when                                                 (the speech queue: some calls at once)
    score       the customer's mood, the agent's work, each with evidence           (the scoring queue)
    sync        what is owed is opened, the event for other systems is filled in
    deliver     the event leaves, in the order of the customer's calls              (the sync queue, one customer at a time)

Beside it, when somebody asks: transcribe_again, another transcript of a call by another model; topics_again, what stored calls were
about by the list of topics in use, some calls at a time.

Each stage is a durable workflow whose id names it and its call. It stores its result under a unique key and asks for the next
stage by name, so running it again, wherever it was cut off, changes nothing. A step that fails is tried again with
growing pauses; one that keeps failing rests in the list of stuck work, where a person sees what failed and starts it again.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dbos import DBOS, StepOptions
from prometheus_client import Counter, Histogram
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

import crm_sync.connections
import crm_sync.delivery
import crm_sync.stage
import scoring.stage
import scoring.topics.again
import transcription.rehearing
import transcription.stage
import transcription.versions
from avasanj import stuck, work
from avasanj.database import Database
from avasanj.errors import AvasanjError, PassingError
from avasanj.log import get_logger
from avasanj.precedence import Haste, priority_of
from avasanj.settings import Settings
from scoring.encoder import Encoder
from telephony.recordings import note_awaited
from telephony.storage import Away
from telephony.store import load_ended
from telephony.tables import Call, Disposition
from transcription.engine import SpeechEngine
from transcription.rehearing import SpareEngine

_log = get_logger(__name__)
_FAILURES = Counter("avasanj_stage_failures_total", "Attempts at a stage that failed, by stage.", ["stage"])
_STUCK = Counter("avasanj_stage_stuck_total", "Stages given up until a person starts them again.", ["stage"])
_SECONDS = Histogram(
    "avasanj_stage_seconds", "Time that a stage took.", ["stage"], buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 1800)
)

#: A workflow that took its process down this often is not tried again by itself.
MAX_RECOVERY_ATTEMPTS = 5
_ATTEMPTS, _FIRST_PAUSE_S, _GROWTH = 8, 1.0, 2.0
#: Faults of the machine or the database, which pass.
_UNREACHED = (OperationalError, InterfaceError)
_PASSING = (OSError, MemoryError, *_UNREACHED)
_LOOK_S = 1.0
#: How long until recordings that could not be reached are looked for again.
_AWAY_PAUSE_S = 30.0
#: Attempts at what fails in a way that nobody foresaw: more would only hold up the calls behind it.
_SURPRISES = 3


class Activity:
    """Whether a model is at work, and since when it has not been."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self._ended_s = time.monotonic()

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1
                self._ended_s = time.monotonic()

    def when_idle(self, seconds: float, do: Callable[[], None]) -> None:
        """Call `do` if nothing has run for `seconds`; nothing starts while it does."""
        with self._lock:
            if not self._running and time.monotonic() - self._ended_s >= seconds:
                do()


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What the stages work with in this process. Models load when first used."""

    settings: Settings
    database: Database
    speech: SpeechEngine
    encoder: Encoder
    leaving: threading.Event = field(default_factory=threading.Event)  #: set when this process is to end
    speaking: Activity = field(default_factory=Activity)
    encoding: Activity = field(default_factory=Activity)

    @functools.cached_property
    def spare(self) -> SpareEngine:
        """For transcripts by another model."""
        return SpareEngine(self.settings)

    def rest(self, after_s: float) -> None:
        """Let models that have had nothing to do for `after_s` seconds leave the memory."""
        self.speaking.when_idle(after_s, self.speech.unload)
        self.speaking.when_idle(after_s, self.spare.unload)
        self.encoding.when_idle(after_s, self.encoder.unload)

    def leave(self) -> None:
        """Give up the calls whose words are being made: the next process with this one's name takes them up again."""
        self.speech.leave()
        self.spare.leave()


_tools: Tools | None = None


def use(tools: Tools) -> None:
    """Give the stages of this process their tools, before any of them runs."""
    global _tools  # noqa: PLW0603 - DBOS calls the stages by name, with ids only
    _tools = tools


@DBOS.workflow(name=work.INTAKE.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def intake(call_id: str) -> None:
    _stage(work.INTAKE, call_id, _take_in)


@DBOS.workflow(name=work.TRANSCRIBE.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def transcribe(call_id: str) -> None:
    _stage(work.TRANSCRIBE, call_id, _transcribe)


@DBOS.workflow(name=work.TRANSCRIBE_AGAIN.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def transcribe_again(asked_id: str) -> None:
    _stage(work.TRANSCRIBE_AGAIN, asked_id, _transcribe_again, _tell_who_asked)


@DBOS.workflow(name=work.SCORE.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def score(call_id: str) -> None:
    _stage(work.SCORE, call_id, _score)


@DBOS.workflow(name=work.TOPICS_AGAIN.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def topics_again(asked_id: str) -> None:
    _stage(work.TOPICS_AGAIN, asked_id, _topics_again, _keep_what_was_asked)


@DBOS.workflow(name=work.SYNC.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def sync(call_id: str) -> None:
    _stage(work.SYNC, call_id, _sync)


@DBOS.workflow(name=work.DELIVER.name, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
def deliver(connection_id: str, partition: str) -> None:
    _stage(
        work.DELIVER,
        connection_id,
        lambda tools, _id: crm_sync.delivery.deliver(tools.settings, tools.database, connection_id, partition),
        pause_connection,
    )


def _take_in(tools: Tools, call_id: uuid.UUID) -> None:
    crm_sync.stage.place(tools.settings, tools.database, call_id)
    with tools.database.read() as session:
        call = load_ended(session, call_id)
    if call.disposition == Disposition.ANSWERED and call.recordings:
        try:
            transcription.stage.prepare_playback(tools.settings, tools.database, call_id)
        except Away as away:
            _ask_later(tools, work.INTAKE, call_id, away)
            return
        _ask_for(tools, work.TRANSCRIBE, call_id)
    else:
        _ask_for(tools, work.SYNC, call_id)


def _transcribe(tools: Tools, call_id: uuid.UUID) -> None:
    urgency = Haste(tools.settings, tools.database, call_id)
    try:
        with tools.speaking():
            transcription.stage.transcribe(tools.settings, tools.database, tools.speech, call_id, urgency=urgency)
    except Away as away:
        _ask_later(tools, work.TRANSCRIBE, call_id, away)
        return
    _ask_for(tools, work.SCORE, call_id)


def _transcribe_again(tools: Tools, asked_id: uuid.UUID) -> None:
    try:
        with tools.speaking():
            transcription.rehearing.hear_again(tools.settings, tools.database, tools.spare, asked_id)
    except Away as away:
        with tools.database.transaction() as session:
            key = f"{work.TRANSCRIBE_AGAIN.name}:{asked_id}:{uuid.uuid4()}"
            work.enqueue(
                session, work.TRANSCRIBE_AGAIN, str(asked_id), key=key, priority=work.LATER, delay_s=_AWAY_PAUSE_S
            )
        _log.warning("recordings_away", stage=work.TRANSCRIBE_AGAIN.name, reason=str(away), again_in_s=_AWAY_PAUSE_S)


def _tell_who_asked(session: Session, _workflow_id: str, _job: work.Job, asked_id: str, reason: str) -> None:
    transcription.versions.gave_up(session, uuid.UUID(asked_id), reason)


def _score(tools: Tools, call_id: uuid.UUID) -> None:
    with tools.encoding():
        scoring.stage.score(tools.settings, tools.database, tools.encoder, call_id)
    # one sync for each scoring: a correction may show that the customer was dissatisfied after all
    _ask_for(tools, work.SYNC, call_id, once_for=(DBOS.workflow_id or "").removeprefix(f"{work.SCORE.name}:"))


def _topics_again(tools: Tools, asked_id: uuid.UUID) -> None:
    with tools.encoding():
        scoring.topics.again.go_on(
            tools.settings, tools.database, tools.encoder, asked_id, done_by=DBOS.workflow_id or ""
        )


def _sync(tools: Tools, call_id: uuid.UUID) -> None:
    crm_sync.stage.sync(tools.settings, tools.database, call_id)


def _ask_for(tools: Tools, job: work.Job, call_id: uuid.UUID, *, once_for: str = "") -> None:
    """Ask for a call's next stage, once for the call or for what is named; an archive being taken in does not hold up the
    calls of today.
    """
    with tools.database.transaction() as session:
        priority = priority_of(session, tools.settings, call_id)
        work.enqueue(session, job, str(call_id), key=f"{job.name}:{once_for or call_id}", priority=priority)


def _ask_later(tools: Tools, job: work.Job, call_id: uuid.UUID, away: Away) -> None:
    """The call's recordings can't be reached: say so on it, and do the stage again in a while, as often as it takes."""
    with tools.database.transaction() as session:
        note_awaited(session, call_id, str(away))
        key = f"{job.name}:{call_id}:{uuid.uuid4()}"
        work.enqueue(session, job, str(call_id), key=key, priority=work.LATER, delay_s=_AWAY_PAUSE_S)
    _log.warning("recordings_away", stage=job.name, call=str(call_id), again_in_s=_AWAY_PAUSE_S)


def _keep_for_a_person(session: Session, workflow_id: str, job: work.Job, subject_id: str, reason: str) -> None:
    if session.get(Call, uuid.UUID(subject_id)) is None:
        _log.info(
            "call_removed", stage=job.name, subject=subject_id
        )  # meanwhile, by a person: there is nothing to start again
        return
    stuck.record(session, workflow_id, job.name, subject_id, reason)


def _keep_what_was_asked(session: Session, workflow_id: str, job: work.Job, asked_id: str, reason: str) -> None:
    stuck.record(session, workflow_id, job.name, asked_id, reason)


def pause_connection(session: Session, _workflow_id: str, _job: work.Job, connection_id: str, reason: str) -> None:
    crm_sync.connections.pause(session, uuid.UUID(connection_id), reason)


def _stage(
    job: work.Job,
    subject_id: str,
    do: Callable[[Tools, uuid.UUID], None],
    put_aside: Callable[[Session, str, work.Job, str, str], None] = _keep_for_a_person,
) -> None:
    """Run a stage as one durable step, and put it aside where a person sees it when it fails for good."""
    tools = _tools
    assert tools is not None, "the worker gives the stages their tools"
    workflow_id = DBOS.workflow_id
    assert workflow_id is not None

    def attempt() -> None:
        with _SECONDS.labels(job.name).time():
            _patiently(tools, lambda: do(tools, uuid.UUID(subject_id)))

    def give_up(reason: str) -> None:
        with tools.database.transaction() as session:
            put_aside(session, workflow_id, job, subject_id, reason)

    try:
        DBOS.run_step(_options(job.name), attempt)
    except Exception as error:  # noqa: BLE001 - nothing is dropped: it is logged, counted and kept for a person
        _STUCK.labels(job.name).inc()
        remedy = "the dashboard's health page starts it again"
        _log.exception("stage_given_up", stage=job.name, subject=subject_id, remedy=remedy)
        DBOS.run_step(_options(f"{job.name}: given up"), give_up, _reason(error))


def _patiently(tools: Tools, do: Callable[[], None]) -> None:
    """Do it; where the database goes away meanwhile, do it again once it is back: that is no failure of the work's own."""
    while True:
        try:
            return do()
        except _UNREACHED:
            if not _away(tools.database):
                raise
            _log.warning("database_away", remedy="the stage is done again when it is back")
            while _away(tools.database):
                if tools.leaving.wait(_LOOK_S):
                    raise


def _away(database: Database) -> bool:
    try:
        with database.read() as session:
            session.execute(select(1))
    except _UNREACHED:
        return True
    return False


def _options(name: str) -> StepOptions:
    failures = 0

    def worth_another_try(error: BaseException) -> bool:
        nonlocal failures
        failures += 1
        _FAILURES.labels(name).inc()
        again = error.retry if isinstance(error, AvasanjError) else isinstance(error, _PASSING) or failures < _SURPRISES
        # A passing fault's text names a disk or a service and the remedy; other texts may name people's files.
        reason = str(error) if isinstance(error, PassingError) else type(error).__name__
        _log.warning("stage_failed", stage=name, reason=reason, again=again)
        return again

    return StepOptions(
        name=name,
        retries_allowed=True,
        max_attempts=_ATTEMPTS,
        interval_seconds=_FIRST_PAUSE_S,
        backoff_rate=_GROWTH,
        should_retry=worth_another_try,
    )


def _reason(error: Exception) -> str:
    """The last thing that went wrong, in words for a person."""
    last = getattr(error, "errors", None)
    cause = last[-1] if last else error
    return str(cause) if isinstance(cause, AvasanjError) else f"{type(cause).__name__}: {cause}"
