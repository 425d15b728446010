"""The sample calls: put through the whole pipeline on the first start, marked as samples, and removed by one command."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from avasanj import stuck, work
from avasanj.database import Database
from avasanj.errors import InputError
from avasanj.notify import announce
from avasanj.people import StuckWork
from avasanj.settings import Settings
from crm_sync.tables import Customer, TimelineEntry
from scoring.tables import Mood
from telephony.archive import import_folder
from telephony.tables import Call, Source

FOLDER = Path(__file__).resolve().parent.parent / "samples"
_LOOK_S = 0.3
_LONGEST_S = 1800.0


def put_through(
    settings: Settings,
    database: Database,
    console: Console,
    stop: threading.Event,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Take the sample calls in and wait, with a progress bar, until each is understood. What has been done is not repeated."""
    if _removed(settings).exists():
        console.print("The sample calls were removed; `avasanj demo` brings them back.")
        return
    if not (FOLDER / "calls.csv").exists():
        raise InputError(
            f"The sample calls are not in {FOLDER}. They come with a checkout of the source, not with the wheel."
        )
    report = import_folder(settings, database, FOLDER, sample=True)
    for problem in report.problems:
        console.print(f"[yellow]{problem}[/yellow]")
    with database.read() as session:
        calls = session.scalar(select(func.count()).select_from(Call).where(Call.source == Source.SAMPLE)) or 0
    columns = (TextColumn("Sample calls"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("samples", total=calls)
        waited_s = 0.0
        while waited_s < _LONGEST_S:
            with database.read() as session:
                done, failed = _done(session)
            progress.update(task, completed=done + failed)
            if done + failed >= calls or stop.wait(_LOOK_S):
                break
            waited_s += _LOOK_S
            meanwhile()
    if failed:
        console.print(
            f"[yellow]{failed} of {calls} sample calls failed; the dashboard's health page says why.[/yellow]"
        )


def bring_back(settings: Settings) -> None:
    """Undo the mark that `remove` leaves."""
    _removed(settings).unlink(missing_ok=True)


def remove(settings: Settings, database: Database) -> int:
    """Take every sample call away, with its customers, follow-ups and files; how many calls that were."""
    with database.transaction() as session:
        calls = session.scalars(select(Call.id).where(Call.source == Source.SAMPLE)).all()
        session.execute(delete(StuckWork).where(StuckWork.subject_id.in_([str(call) for call in calls])))
        session.execute(delete(Call).where(Call.id.in_(calls)))
        # A sample that is brought back has the same id, and its work the same keys.
        jobs = (work.INTAKE, work.TRANSCRIBE, work.SCORE, work.SYNC)
        work.forget(session, [f"{job.name}:{call}" for job in jobs for call in calls])
        used = exists().where(TimelineEntry.customer_id == Customer.id)
        session.execute(delete(Customer).where(Customer.sample, ~used))
        for call in calls:
            announce(session, "call", call)
    for call in calls:
        shutil.rmtree(settings.data_dir / "archive" / str(call), ignore_errors=True)
        for file in (settings.media_dir / str(call)[:2]).glob(f"{call}.*"):
            file.unlink(missing_ok=True)
    _removed(settings).touch()
    return len(calls)


def _done(session: Session) -> tuple[int, int]:
    """How many sample calls are understood, and how many wait for a person."""
    samples = select(Call.id).where(Call.source == Source.SAMPLE)
    done = session.scalar(select(func.count()).select_from(Mood).where(Mood.call_id.in_(samples))) or 0
    ids = {str(call) for call in session.scalars(samples)}
    failed = sum(1 for piece in stuck.waiting(session) if piece.subject_id in ids)
    return done, failed


def _removed(settings: Settings) -> Path:
    return settings.data_dir / "samples-removed"
