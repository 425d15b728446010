"""How soon the wall shows what happened: from the moment of writing to a browser's new page, while the center is busy."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from avasanj import login
from avasanj.bench.sandbox import free_port
from avasanj.database import Database, utc_now
from avasanj.errors import LastingError
from avasanj.migrate import upgrade
from avasanj.people import Role
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings, load_settings
from telephony import store
from telephony.ledger import Activity, CallSnapshot, Span, Visit
from telephony.tables import ActivityState, CallState, Direction, Disposition, VisitOutcome

#: As the page does: notices of one moment are answered once (SETTLE_MS in live.ts), and no second question before the answer.
_SETTLE_S = 0.25
_QUEUES = ("sales", "support", "billing", "returns")
_PASSWORD_CHARS = 24
_REASON = re.compile(r"pause-(\d+)-")
_START_S = 60.0
#: An event that no wall has shown after so long is lost.
_LOST_S = 10.0


def wall_update_delays(
    *, calls: int = 100, agents: int = 50, walls: int = 3, seconds: float = 30.0, earlier: int = 300
) -> list[float]:
    """Seconds from an event's writing (its transaction's begin) until a wall has fetched the page that shows it, one an event
    and wall.

    `calls` run all the while and each changes about every 5 s, `agents` are logged in, `walls` browsers are open, `earlier`
    calls have ended today. An agent pauses every 0.1 s: those are the events that are timed. The dashboard is a process of
    its own, the database a server of its own; both are thrown away. Raises LastingError where an event never shows.
    """
    with _center(calls=calls, agents=agents, earlier=earlier) as (database, settings, address, cookies):
        stop, shown = threading.Event(), Shown()
        watching = [threading.Thread(target=_watch, args=(address, cookies, shown, stop)) for _ in range(walls)]
        load = threading.Thread(target=_keep_busy, args=(database, settings, calls, agents, stop))
        for thread in (*watching, load):
            thread.start()
        time.sleep(2.0)
        try:
            _pause_agents(database, agents, shown, seconds)
            deadline = time.monotonic() + _LOST_S
            while time.monotonic() < deadline and shown.missing(walls):
                time.sleep(0.1)
        finally:
            stop.set()
            for thread in (*watching, load):
                thread.join(_LOST_S)
        if shown.missing(walls):
            raise LastingError(
                f"{shown.missing(walls)} of {len(shown.began)} events were shown on no wall within {_LOST_S:g} s."
            )
        return shown.delays()


class Shown:
    """When each event began, and when each wall showed it first. Monotonic seconds."""

    def __init__(self) -> None:
        self.began: dict[int, float] = {}
        self.seen: dict[tuple[int, int], float] = {}
        self._lock = threading.Lock()

    def saw(self, wall: int, events: set[int]) -> None:
        now = time.monotonic()
        with self._lock:
            for event in events:
                self.seen.setdefault((wall, event), now)

    def missing(self, walls: int) -> int:
        with self._lock:
            return len(self.began) * walls - len(self.seen)

    def delays(self) -> list[float]:
        return sorted(at - self.began[event] for (_, event), at in self.seen.items())


def _pause_agents(database: Database, agents: int, shown: Shown, seconds: float) -> None:
    """One agent after the other goes on a pause whose reason names the event; their last one ends."""
    last: dict[int, Activity] = {}
    until = time.monotonic() + seconds
    for event in itertools.count():
        if time.monotonic() > until:
            return
        agent, now = event % agents, utc_now()
        began = _did(agent, ActivityState.PAUSED, now, reason=f"pause-{event}-")
        ended = [_did(agent, ActivityState.PAUSED, last[agent].started_at, now)] if agent in last else []
        shown.began[event] = time.monotonic()
        with database.transaction() as session:
            store.save_activities(session, [*ended, began])
        last[agent] = began
        time.sleep(0.1)


def _keep_busy(database: Database, settings: Settings, calls: int, agents: int, stop: threading.Event) -> None:
    """Every call changes about every 5 s: some end and are followed by a new one that waits, is answered, talks."""
    chance, rounds = random.Random(7), itertools.count()  # noqa: S311 - no secret
    while not stop.wait(5.0 / calls):
        slot, number = chance.randrange(calls), next(rounds)
        state = chance.choice((CallState.WAITING, CallState.TALKING, CallState.ENDED))
        with database.transaction() as session:
            store.save(
                session, _call(f"busy-{slot}-{number // (calls * 4)}", utc_now(), state, slot % agents), settings
            )


def _watch(address: str, cookies: dict[str, str], shown: Shown, stop: threading.Event) -> None:
    """A browser with the wall open."""
    due = threading.Event()
    asking = threading.Thread(target=_renew, args=(address, cookies, shown, due, stop))
    asking.start()
    with (
        httpx.Client(base_url=address, cookies=cookies, timeout=_LOST_S * 3) as client,
        contextlib.suppress(httpx.HTTPError),
        client.stream("GET", "/live") as stream,
    ):
        for line in stream.iter_lines():
            if line.startswith("data: "):
                due.set()
            if stop.is_set():
                break
    asking.join(_LOST_S)


def _renew(address: str, cookies: dict[str, str], shown: Shown, due: threading.Event, stop: threading.Event) -> None:
    wall = threading.get_ident()
    with httpx.Client(base_url=address, cookies=cookies, timeout=_LOST_S * 3) as client:
        while not stop.is_set():
            if not due.wait(0.5):
                continue
            time.sleep(_SETTLE_S)
            due.clear()
            page = client.get("/wall").raise_for_status().text
            shown.saw(wall, {int(event) for event in _REASON.findall(page)})


@contextlib.contextmanager
def _center(*, calls: int, agents: int, earlier: int) -> Iterator[tuple[Database, Settings, str, dict[str, str]]]:
    """A dashboard over a center at work, with a supervisor logged in (as cookies)."""
    folder = Path(tempfile.mkdtemp(prefix="av-wall-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "pg")
    server.start()
    web = None
    try:
        url = server.url()
        upgrade(url)
        database = Database(url)
        settings = load_settings(data_dir=folder / "data", database_url=url)
        _fill(database, settings, calls=calls, agents=agents, earlier=earlier)
        port = free_port()
        own = {"AVASANJ_DATA_DIR": str(folder / "data"), "AVASANJ_DATABASE_URL": url, "AVASANJ_WEB_PORT": str(port)}
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AVASANJ_")}
        with (folder / "log").open("wb") as log:
            web = subprocess.Popen(
                [sys.executable, "-m", "avasanj", "web"], env=plain | own, cwd=folder, stdout=log, stderr=log
            )
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, web, folder / "log")
        yield database, settings, address, _log_in(database, settings, address)
        database.close()
    finally:
        if web is not None:
            web.terminate()
            web.wait(_START_S)
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _fill(database: Database, settings: Settings, *, calls: int, agents: int, earlier: int) -> None:
    """The day so far: calls that have ended, those that run, agents who have done their part."""
    now = utc_now()
    with database.transaction() as session:
        for number in range(earlier):
            at = now - datetime.timedelta(minutes=2 + number)
            store.save(session, _call(f"old-{number}", at, CallState.ENDED, number % agents), settings)
        for number in range(calls):
            store.save(session, _call(f"busy-{number}-0", now, CallState.TALKING, number % agents), settings)
        did = []
        for agent in range(agents):
            came = now - datetime.timedelta(hours=6)
            did.append(_did(agent, ActivityState.LOGGED_IN, came))
            for talk in range(40):
                start = came + datetime.timedelta(minutes=8 * talk)
                did.append(_did(agent, ActivityState.TALKING, start, start + datetime.timedelta(minutes=4)))
        store.save_activities(session, did)


def _call(linked_id: str, at: datetime.datetime, state: CallState, agent: int) -> CallSnapshot:
    queue, answered = _QUEUES[agent % len(_QUEUES)], at + datetime.timedelta(seconds=9)
    ended = at + datetime.timedelta(seconds=90) if state is CallState.ENDED else None
    talks = state is not CallState.WAITING
    span = Span(
        uniqueid=linked_id, interface=f"PJSIP/{1000 + agent}", agent_name=f"Agent {agent}", started_at=answered,
        ended_at=ended, hold_s=0.0, ring_s=4.0,
    )  # fmt: skip
    visit = Visit(
        queue=queue, joined_at=at, left_at=answered if talks else None, outcome=VisitOutcome.ANSWERED if talks else None
    )
    return CallSnapshot(
        pbx="bench", linked_id=linked_id, direction=Direction.INBOUND, state=state, caller_name=None, called_raw="02100000100",
        disposition=Disposition.ANSWERED if ended else None, queue=queue, caller_raw=f"0912{abs(hash(linked_id)) % 10**7:07d}",
        started_at=at, queued_at=at, answered_at=answered if talks else None, ended_at=ended, wait_s=9.0 if talks else None,
        ring_s=4.0, talk_s=81.0 if ended else None, hold_s=0.0, hung_up_by=None, complete=True,
        spans=(span,) if talks else (), holds=(), transfers=(), recordings=(), visits=(visit,),
    )  # fmt: skip


def _did(
    agent: int,
    state: ActivityState,
    start: datetime.datetime,
    end: datetime.datetime | None = None,
    reason: str | None = None,
) -> Activity:
    facts: dict[str, Any] = {"interface": f"PJSIP/{1000 + agent}", "agent_name": f"Agent {agent}", "linked_id": None}
    return Activity(pbx="bench", state=state, reason=reason, started_at=start, ended_at=end, **facts)


def _wait_for(address: str, web: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and web.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/health", timeout=5.0).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise LastingError(f"The dashboard did not start. The last it said:\n{log.read_text(errors='replace')[-2000:]}")


def _log_in(database: Database, settings: Settings, address: str) -> dict[str, str]:
    password = secrets.token_urlsafe(_PASSWORD_CHARS)
    with database.transaction() as session:
        facts: dict[str, Any] = {"login": "bench", "name": "Bench", "role": Role.SUPERVISOR, "language": "en"}
        made = login.add_user(session, settings, **facts, by=None)
    login.use_link(database, settings, made.link.rpartition("#")[2], password)
    answer = httpx.post(f"{address}/login", data={"login_name": "bench", "password": password}, timeout=30.0)
    return dict(answer.cookies)
