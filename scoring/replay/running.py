"""A replay in work: some processes side by side, watched until its chunks are done or somebody stops it.

Processes of their own, not threads of a worker: rules are pure Python, so threads would share one processor and delay the scoring of
today's calls; processes have a lower priority, are stopped in a moment, and take nothing down with them. What they have done lies in the
database chunk by chunk, so whoever goes on, here or elsewhere, does what is left.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select, update

from avasanj.database import Database, utc_now
from avasanj.errors import LastingError, PassingError
from avasanj.i18n import N_
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.settings import Settings
from scoring.replay import comparing_rows
from scoring.replay.planning import STEERABLE, found, is_encoded
from scoring.replay.process import told
from scoring.replay.tables import ReplayChunk, ReplayRun, ReplayState

_LOOK_S, _LEAVE_S = 0.5, 10.0
#: Deaths of a process without a chunk done in between after which the replay is given up.
_MOST_DEATHS = 3
DIED = N_("The processes that try the calls ended %(deaths)s times without finishing one part. The log says why.")
LEAVING = "The worker leaves; the replay goes on when it is back."
#: done, chosen
Show = Callable[[int, int], None]
_log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Calls tried of those that were chosen, and how many of them could not be tried."""

    done: int
    chosen: int
    broken: int
    cpu_s: float  #: of the processes that tried them


def progress(database: Database, run_id: uuid.UUID) -> Progress:
    with database.read() as session:
        done = ReplayChunk.done_at.is_not(None)
        row = session.execute(
            select(
                func.coalesce(func.sum(ReplayChunk.calls).filter(done), 0),
                func.coalesce(func.sum(ReplayChunk.calls), 0),
                func.coalesce(func.sum(ReplayChunk.broken), 0),
                func.coalesce(func.sum(ReplayChunk.cpu_s), 0.0),
            ).where(ReplayChunk.run_id == run_id)
        ).one()
    return Progress(done=int(row[0]), chosen=int(row[1]), broken=int(row[2]), cpu_s=float(row[3] or 0.0))


def carry_on(
    settings: Settings,
    database: Database,
    run_id: uuid.UUID,
    *,
    processes: int | None = None,
    stop: threading.Event | None = None,
    show: Show | None = None,
) -> str:
    """Try what is left of a replay that is to run, and return the state that it ends in.

    `processes` side by side (as many as AVASANJ_THREADS if None; one where the text model is needed, which has threads of its own).
    Raises PassingError when `stop` is set; what was done stays done, and the replay goes on from there.
    """
    with database.read() as session:
        run = found(session, run_id)
    if run.state != ReplayState.RUNNING:
        return run.state
    encoded = is_encoded(run)
    count = processes or (1 if encoded else settings.threads)
    document = json.dumps(told(settings, database.url, run_id, settings.threads if encoded else 1))
    crew = _Crew(document, count)
    try:
        return _watch(database, run_id, crew, stop or threading.Event(), show)
    finally:
        crew.end()


def start(database: Database, run_id: uuid.UUID) -> None:
    """Let it run in this process, without asking the workers. Raises InputError for one that is over."""
    with database.transaction() as session:
        run = found(session, run_id, lock=True)
        if run.state not in STEERABLE:
            raise LastingError(f"The replay {run_id} is {run.state}: it can't be started.")
        run.state, run.problem = ReplayState.RUNNING.value, None
        run.started_at, run.seen_at = run.started_at or utc_now(), utc_now()


class _Crew:
    """The processes. A new one is started where one has ended and work is left."""

    def __init__(self, document: str, count: int) -> None:
        self._document, self._count = document, count
        self._running: list[subprocess.Popen[str]] = []
        self.deaths = 0

    def look(self) -> int:
        """How many are at work; those that ended badly are counted as deaths."""
        for one in [one for one in self._running if one.poll() is not None]:
            self._running.remove(one)
            _close(one)
            if one.returncode != 0:
                self.deaths += 1
                _log.warning("replay_process_ended", code=one.returncode)
        return len(self._running)

    def fill(self) -> None:
        for _ in range(self._count - len(self._running)):
            process = subprocess.Popen(
                [sys.executable, "-m", "scoring.replay.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                text=True,
                start_new_session=True,  # Ctrl-C is for whoever watches: it lets the chunks that are half done go
            )
            self._running.append(process)
            if process.stdin:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(self._document + "\n")
                    process.stdin.flush()

    def end(self) -> None:
        for one in self._running:
            one.terminate()
        for one in self._running:
            try:
                one.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
            _close(one)
        self._running.clear()


def _close(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        with contextlib.suppress(OSError):
            process.stdin.close()


def _watch(database: Database, run_id: uuid.UUID, crew: _Crew, stop: threading.Event, show: Show | None) -> str:
    last = progress(database, run_id)
    announced = last.done
    while True:
        now = progress(database, run_id)
        if now.done > last.done:
            crew.deaths = 0
        last = now
        if show:
            show(now.done, now.chosen)
        if now.done - announced >= max(1, now.chosen // 100):
            announced = now.done
            _tell(database, run_id)
        state = _state(database, run_id)
        if state != ReplayState.RUNNING:
            return state
        if now.done >= now.chosen:
            return _finish(database, run_id)
        if crew.look() == 0 and crew.deaths >= _MOST_DEATHS:
            return _give_up(database, run_id, crew.deaths)
        crew.fill()
        if stop.wait(_LOOK_S):
            raise PassingError(LEAVING)


def _state(database: Database, run_id: uuid.UUID) -> str:
    with database.transaction() as session:
        session.execute(
            update(ReplayRun)
            .where(ReplayRun.id == run_id, ReplayRun.state == ReplayState.RUNNING)
            .values(seen_at=utc_now(), started_at=func.coalesce(ReplayRun.started_at, utc_now()))
        )
        return session.scalar(select(ReplayRun.state).where(ReplayRun.id == run_id)) or ReplayState.CANCELLED


def _tell(database: Database, run_id: uuid.UUID) -> None:
    with database.transaction() as session:
        announce(session, "replay", run_id)


def _finish(database: Database, run_id: uuid.UUID) -> str:
    with database.read() as session:
        summary = comparing_rows.summary(session, found(session, run_id))
    with database.transaction() as session:
        run = found(session, run_id, lock=True)
        if run.state == ReplayState.RUNNING:
            run.state, run.ended_at, run.summary = ReplayState.DONE.value, utc_now(), summary
        announce(session, "replay", run_id)
        return run.state


def _give_up(database: Database, run_id: uuid.UUID, deaths: int) -> str:
    with database.transaction() as session:
        run = found(session, run_id, lock=True)
        run.state, run.problem = ReplayState.FAILED.value, {"id": DIED, "values": {"deaths": deaths}}
        announce(session, "replay", run_id)
        return run.state
