"""Who sits at which line, from when to when: the PBX knows interfaces and members' names, people are ours.

A line is an interface (`PJSIP/1001`), its extension alone (`1001`, whatever the technology and for `Local/1001@…` too) or a
queue member's name. Where several fit, the interface goes before the extension and the extension before the name, and a line
of one PBX before one of every PBX.
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from avasanj import login
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.notify import announce
from avasanj.people import User
from telephony.tables import AgentActivity, AgentLine, AgentSpan, Call

#: From when a line holds that has always been somebody's.
ALWAYS = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
#: The extension in an interface: what stands between the technology and "@" or the call's own number.
_EXTENSION = r"^[^/]+/([^@/]+)"
Person = AgentSpan | AgentActivity


def add(
    session: Session,
    *,
    user_id: uuid.UUID,
    line: str,
    pbx: str | None,
    valid_from: datetime.datetime,
    valid_to: datetime.datetime | None,
    by: uuid.UUID | None,
) -> AgentLine:
    """Give a person a line for a time, and name them in what was done on it then. `by` None: from the command line.

    Raises InputError for no line, a time that ends before it begins, and where another has the line in that time.
    """
    line = line.strip()
    if not line:
        raise InputError(
            N_("A line needs a name: an extension as 1001, an interface as PJSIP/1001, or a queue member's name.")
        )
    if valid_to is not None and valid_to <= valid_from:
        raise InputError(N_("The time at the line ends before it begins. Choose a later end."))
    session.get_one(User, user_id)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"line:{line}"))))
    taken = _overlapping(session, line, pbx, valid_from, valid_to)
    if taken is not None:
        raise InputError(
            N_("The line %(line)s is already %(name)s's in that time. End it there first, or choose another time."),
            line=line,
            name=session.get_one(User, taken.user_id).name,
        )
    made = AgentLine(user_id=user_id, pbx=pbx or None, line=line, valid_from=valid_from, valid_to=valid_to)
    session.add(made)
    session.flush()
    _renamed(session, made.line, valid_from, valid_to)
    login.audit(session, by, "line.added", user_id, **_told(made))
    return made


def give(session: Session, *, user_id: uuid.UUID, line: str, pbx: str | None, by: uuid.UUID) -> AgentLine:
    """Give a person a line that is nobody's now: from always on, or since whoever had it last. Raises InputError as `add` does."""
    same = (AgentLine.line == line.strip(), AgentLine.pbx.is_not_distinct_from(pbx or None))
    since = session.scalar(select(func.max(AgentLine.valid_to)).where(*same)) or ALWAYS
    return add(session, user_id=user_id, line=line, pbx=pbx, valid_from=since, valid_to=None, by=by)


def end(session: Session, line_id: int, *, at: datetime.datetime, by: uuid.UUID) -> None:
    """Let a person's time at a line end at `at`; before its beginning, it never was. Raises InputError where it has ended before."""
    line = session.get_one(AgentLine, line_id, with_for_update=True)
    if line.valid_to is not None and line.valid_to <= at:
        raise InputError(N_("This line has ended before. Choose an earlier moment."))
    until = line.valid_to
    if at <= line.valid_from:
        at = line.valid_from
        session.delete(line)
    else:
        line.valid_to = at
    session.flush()
    _renamed(session, line.line, at, until)
    login.audit(session, by, "line.ended", line.user_id, **(_told(line) | {"valid_to": at.isoformat()}))


def name_spans(session: Session, *wanted: ColumnElement[bool]) -> None:
    """Say of these spans (flushed) whose they are, as the lines say now."""
    owner = _owner(AgentSpan.interface, AgentSpan.agent_name, Call.pbx, AgentSpan.started_at)
    statement = update(AgentSpan).where(AgentSpan.call_id == Call.id, *wanted)
    _write(session, statement.where(AgentSpan.user_id.is_distinct_from(owner)).values(user_id=owner))


def name_activities(session: Session, *wanted: ColumnElement[bool]) -> None:
    """Say of these activities whose they are, as the lines say now."""
    owner = _owner(AgentActivity.interface, AgentActivity.agent_name, AgentActivity.pbx, AgentActivity.started_at)
    statement = update(AgentActivity).where(*wanted)
    _write(session, statement.where(AgentActivity.user_id.is_distinct_from(owner)).values(user_id=owner))


def _write(session: Session, statement: Any) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})


def _overlapping(
    session: Session, line: str, pbx: str | None, valid_from: datetime.datetime, valid_to: datetime.datetime | None
) -> AgentLine | None:
    """Who has the same line (of the same PBX) at some moment of that time."""
    same = and_(AgentLine.line == line, AgentLine.pbx.is_not_distinct_from(pbx or None))
    meets = [or_(AgentLine.valid_to.is_(None), AgentLine.valid_to > valid_from)]
    if valid_to is not None:
        meets.append(AgentLine.valid_from < valid_to)
    return session.scalars(select(AgentLine).where(same, *meets).order_by(AgentLine.valid_from).limit(1)).first()


def _renamed(session: Session, line: str, since: datetime.datetime, until: datetime.datetime | None) -> None:
    """Name again what was done on the line from `since` to `until`, and nothing else."""

    def window(table: type[Person]) -> list[ColumnElement[bool]]:
        on_it = or_(table.interface == line, table.agent_name == line, extension(table.interface) == line)
        return [on_it, table.started_at >= since, *([] if until is None else [table.started_at < until])]

    name_spans(session, *window(AgentSpan))
    name_activities(session, *window(AgentActivity))
    announce(session, "agent", line)


def extension(interface: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[str | None]:
    """The extension in an interface, in SQL: 1001 of PJSIP/1001 and of Local/1001@from-queue/n; null where there is none."""
    return func.substring(interface, _EXTENSION)


def _owner(
    interface: InstrumentedAttribute[str],
    name: InstrumentedAttribute[str | None],
    pbx: InstrumentedAttribute[str],
    at: InstrumentedAttribute[datetime.datetime],
) -> ScalarSelect[uuid.UUID]:
    """Whose a row is, by the lines; the same rule for one row that is saved and for all rows of a line that changes."""
    line = AgentLine.line
    return (
        select(AgentLine.user_id)
        .where(
            or_(line == interface, line == name, line == extension(interface)),
            or_(AgentLine.pbx.is_(None), AgentLine.pbx == pbx),
            AgentLine.valid_from <= at,
            or_(AgentLine.valid_to.is_(None), AgentLine.valid_to > at),
        )
        .order_by((line == interface).desc(), func.coalesce(line == extension(interface), False).desc())
        .order_by(AgentLine.pbx.is_not(None).desc(), AgentLine.valid_from.desc(), AgentLine.id)
        .limit(1)
        .correlate(AgentSpan, AgentActivity, Call)
        .scalar_subquery()
    )


def _told(line: AgentLine) -> dict[str, object]:
    until = line.valid_to.isoformat() if line.valid_to else None
    return {"line": line.line, "pbx": line.pbx, "valid_from": line.valid_from.isoformat(), "valid_to": until}
