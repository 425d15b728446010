"""The database and what it tells about the running product: workers, stuck work, events that do not leave."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from avasanj import migrate
from avasanj.database import Database, utc_now
from avasanj.doctor.finding import Finding, fault, warning, well
from avasanj.people import StuckWork, Worker
from avasanj.settings import Settings
from avasanj.work import NEEDED
from crm_sync.tables import Connection, OutboxEvent
from telephony.tables import Call, Pbx, Source

#: Workers say that they live every 5 s; longer than this and they do not.
_ALIVE = datetime.timedelta(seconds=30)
_SKEW_MAX_S = 5.0


def database(settings: Settings, database: Database) -> Iterator[Finding]:
    """The database itself, then what it knows. A database that is not of this version is asked nothing more."""
    with database.engine.connect() as connection:
        server = connection.scalar(text("show server_version"))
        skew_s = abs((utc_now() - connection.execute(text("select clock_timestamp()")).scalar_one()).total_seconds())
    kind = "embedded PostgreSQL" if settings.database_url is None else "PostgreSQL"
    version = migrate.current(database.engine)
    if version is None:
        yield warning("database", f"{kind} {server}, still empty.", "`avasanj up` or `avasanj migrate` sets it up.")
    elif not migrate.knows(version):
        yield fault(
            "database",
            f"It is of version {version}, newer than this program's {migrate.head()}.",
            "Install the newer Avasanj, or restore a backup made with this version.",
        )
    elif version != migrate.head():
        yield warning(
            "database",
            f"{kind} {server} of version {version}; this program's is {migrate.head()}.",
            "Back up, then `avasanj migrate` (`avasanj up` does it too).",
        )
    else:
        yield well("database", f"{kind} {server}, version {version}")
    if skew_s > _SKEW_MAX_S:
        yield warning(
            "clock",
            f"This machine's clock and the database server's differ by {skew_s:.0f} s.",
            "Run a time service (chrony or systemd-timesyncd) on both.",
        )
    if version == migrate.head():
        with database.read() as session:
            yield from _workers(session)
            yield from _stuck(session)
            yield from _events(session)
            yield from _pbxs(session)
            yield from _gaps(settings, session)


def _workers(session: Session) -> Iterator[Finding]:
    seen = list(session.scalars(select(Worker)))
    alive = [one for one in seen if utc_now() - one.seen_at < _ALIVE]
    waiting = (
        session.scalar(
            text("select count(*) from work.workflow_status where status in ('ENQUEUED', 'DELAYED', 'PENDING')")
        )
        or 0
    )
    unserved = [queue.value for queue in NEEDED if not any(queue in one.queues for one in alive)]
    if not alive:
        text_ = f"No worker is running; {waiting} pieces of work wait."
        yield warning(
            "workers",
            text_,
            "Start `avasanj up`, or `avasanj work` on a machine of its own. Nothing is lost meanwhile.",
        )
    elif unserved:
        yield fault(
            "workers",
            f"{len(alive)} alive, but none takes from {', '.join(unserved)}; calls stop there.",
            f"Start `avasanj work {' '.join(f'--queue {queue}' for queue in unserved)}`.",
        )
    else:
        yield well("workers", f"{len(alive)} alive, {waiting} pieces of work waiting or running")
    if alive and (dead := [one.executor_id for one in seen if one not in alive]):
        yield warning(
            "workers",
            f"Not seen lately: {', '.join(sorted(dead))}.",
            "Others take over its work within a minute; start it again.",
        )


def _stuck(session: Session) -> Iterator[Finding]:
    found = session.scalars(
        select(StuckWork).where(StuckWork.requeued_at.is_(None)).order_by(StuckWork.failed_at.desc())
    ).all()
    if found:
        latest = found[0]
        yield fault(
            "stuck work",
            f"{len(found)} pieces failed for good; the latest at {latest.stage}: {latest.error[:300]}",
            "Mend what the sentence says, then start them again on the dashboard's page Health.",
        )
    else:
        yield well("stuck work", "none")


def _events(session: Session) -> Iterator[Finding]:
    for connection in session.scalars(select(Connection).order_by(Connection.name)):
        own = select(func.count()).where(OutboxEvent.connection_id == connection.id)
        waiting = session.scalar(own.where(OutboxEvent.state.in_(("ready", "sending")))) or 0
        dead = session.scalar(own.where(OutboxEvent.state == "dead")) or 0
        name = f"events to {connection.name}"
        if connection.state != "active":
            yield fault(
                name,
                f"Paused with {waiting} waiting: {connection.detail or 'no reason was kept'}",
                "Mend the receiver or AVASANJ_WEBHOOK_URL and its secret, then press Send again on the page Health. The order is kept.",
            )
        elif dead:
            yield warning(
                name, f"{dead} were given up; {waiting} waiting.", "The page Health shows what the receiver said."
            )
        else:
            yield well(name, f"{waiting} waiting")


def _pbxs(session: Session) -> Iterator[Finding]:
    """What the listener found wrong beside the connection: its journal, Asterisk's call records."""
    for pbx in session.scalars(select(Pbx).order_by(Pbx.name)):
        for trouble in pbx.troubles:
            text_, _, mend = trouble.partition(". ")
            yield warning(f"PBX {pbx.name}", f"{text_}.", mend or "See docs/telephony.md.")


def _gaps(settings: Settings, session: Session) -> Iterator[Finding]:
    since = utc_now() - datetime.timedelta(days=1)
    of_the_day = select(func.count()).where(Call.source == Source.LIVE, Call.started_at > since)
    calls = session.scalar(of_the_day) or 0
    touched = session.scalar(of_the_day.where(Call.complete.is_(False))) or 0
    if touched:
        unset = not any(pbx.cdr_csv or pbx.cdr_database_url for pbx in settings.each_pbx())
        mend = "Look at the log for when and why the connection was away (pbx_fault)."
        if unset:
            mend += " Set AVASANJ_CDR_CSV or AVASANJ_CDR_DATABASE_URL, so that such calls are repaired from Asterisk's records."
        yield warning("gaps", f"Of the last day's {calls} calls, events of {touched} were missed in part.", mend)
    elif calls:
        yield well("gaps", f"none in the last day's {calls} calls")
