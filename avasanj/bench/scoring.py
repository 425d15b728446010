"""The benches of scoring: a draft tried on a hundred thousand stored calls, and what scoring costs beside hearing."""

from __future__ import annotations

import dataclasses
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avasanj import migrate
from avasanj.bench import call_center
from avasanj.bench.figures import Figure
from avasanj.bench.measure import Say
from avasanj.database import Database
from avasanj.errors import LastingError
from avasanj.postgres import EmbeddedPostgres
from avasanj.settings import Settings

FORM = "service"
_LOOK_S = 0.5
#: What issue and documentation promise: a hundred thousand calls of sixty turns, on two cores.
_CALLS, _WITHIN_S = 100_000, 300.0


def replay(settings: Settings, say: Say, *, calls: int = _CALLS, turns: int = 60) -> list[Figure]:
    """Make up calls, then try a draft of the service form by rules alone on all of them, in as many processes as there are threads."""
    from scoring.replay import planning, running
    from scoring.replay.selection import Selection

    with _database() as (database, server):
        began_s = time.monotonic()
        standing = _forms(database)
        call_center.fill(database.url, calls, turns, standing, lambda done: say(f"{done} of {calls} calls made up …"))
        made_s = time.monotonic() - began_s
        say(f"trying the draft on {calls} calls, {settings.threads} processes …")
        began_s = time.monotonic()
        with _watched(server) as used:
            with database.transaction() as session:
                run_id = planning.plan(session, Selection(), scorecard=FORM, version=2).id
            planned_s = time.monotonic() - began_s
            running.start(database, run_id)
            state = running.carry_on(settings, database, run_id)
        took_s = time.monotonic() - began_s
        came_to = running.progress(database, run_id)
        with database.read() as session:
            summary = planning.found(session, run_id).summary or {}
    if state != "done" or came_to.broken or summary["parts"] != calls:
        raise LastingError(f"The replay is {state}: {summary.get('parts')} of {calls} calls, {came_to.broken} broken.")
    return [
        Figure(name="calls made up and stored", value=made_s, unit="s"),
        Figure(name="calls chosen and cut into chunks", value=planned_s, unit="s"),
        Figure(name=f"replay of {calls} calls of {turns} turns", value=took_s, unit="s", below=_limit(calls, turns)),
        Figure(name="calls a second", value=calls / took_s, unit=""),
        Figure(name="processor time a call, trying", value=1000 * came_to.cpu_s / calls, unit="ms"),
        Figure(name="processor time a call, all with the database", value=1000 * used.cpu_s / calls, unit="ms"),
        Figure(name="memory of the processes at most", value=used.peak_mb, unit="MB"),
        Figure(name="calls that came out otherwise", value=summary["changed"], unit=""),
    ]


def _limit(calls: int, turns: int) -> float | None:
    """The promise is about the whole; smaller replays are measured without one."""
    return _WITHIN_S if (calls, turns) == (_CALLS, 60) else None


def _forms(database: Database) -> call_center.Standing:
    """The service form by rules alone, published; and a draft of it that greets and ends otherwise."""
    from scoring import card_file, library
    from scoring.card_text import written
    from scoring.scorecard import Scorecard, Wording

    shipped = card_file.kept(card_file.shipped_text(FORM))

    def ruled(version: int, without: str) -> Scorecard:
        sections = []
        for section in shipped.sections:
            questions = [dataclasses.replace(one, likeness=None) for one in section.questions]
            for n, one in enumerate(questions):
                if one.key == without and one.rule:
                    kept = Wording(en=one.rule.any_of.en[1:], fa=one.rule.any_of.fa[1:])
                    questions[n] = dataclasses.replace(one, rule=dataclasses.replace(one.rule, any_of=kept))
            sections.append(dataclasses.replace(section, questions=tuple(questions)))
        return dataclasses.replace(shipped, version=version, sections=tuple(sections))

    published = ruled(1, "")
    with database.transaction() as session:
        library.import_card(session, written(published), f"{FORM}.yaml")
        library.publish(session, FORM)
        library.import_card(session, written(ruled(2, "greeting")), f"{FORM}.yaml")
    return call_center.Standing(key=FORM, version=1, questions=[(one.key, one.weight) for one in published.questions])


@dataclasses.dataclass
class _Used:
    cpu_s: float = 0.0
    peak_mb: float = 0.0


@contextmanager
def _watched(server: EmbeddedPostgres) -> Iterator[_Used]:
    """Processor time of this process, its children and the database while the block runs; the children's memory at most."""
    import psutil

    used, stop = _Used(), threading.Event()
    me = psutil.Process()
    postmaster = psutil.Process(int((server.data / "postmaster.pid").read_text().split("\n", 1)[0]))
    spent: dict[int, float] = {}
    first: dict[int, float] = {}

    def look() -> None:
        resident = 0.0
        for root in (me, postmaster):
            for one in [root, *root.children(recursive=True)]:
                try:
                    times = one.cpu_times()
                    spent[one.pid] = times.user + times.system
                    resident += one.memory_info().rss / 1e6 if root is me else 0.0
                except psutil.NoSuchProcess:
                    continue
        used.peak_mb = max(used.peak_mb, resident)

    look()
    first |= spent

    def watch() -> None:
        while not stop.wait(_LOOK_S):
            look()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield used
    finally:
        stop.set()
        thread.join()
        look()
        used.cpu_s = sum(seconds - first.get(pid, 0.0) for pid, seconds in spent.items())


@contextmanager
def _database() -> Iterator[tuple[Database, EmbeddedPostgres]]:
    """A server of the bench's own, thrown away at the end."""
    with tempfile.TemporaryDirectory(prefix="av-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        server = EmbeddedPostgres(folder)
        server.start()
        database = Database(server.url())
        try:
            migrate.upgrade(server.url())
            yield database, server
        finally:
            database.close()
            server.stop()
