"""The versions of the heads that were trained at this center: which one is in use, and going back.

Version 0 are the heads that came with Avasanj; they are in use while no other is. A running worker asks for each call which version
is in use, and reads its text only when that has changed.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.log import get_logger
from avasanj.login import audit
from avasanj.people import AuditEntry
from scoring import heads as trained
from scoring.heads import Heads
from scoring.learning.tables import HeadState, HeadVersion
from scoring.models import NAME

SHIPPED = 0
_LOCK = "scoring:heads"
_TRIED = "heads.tried"
_KEPT = 3  #: versions held in memory
_known: dict[uuid.UUID, Heads] = {}
_told: set[uuid.UUID] = set()  #: versions that can't be read, of which the log knows
DAMAGED = N_("Version %(number)s of the heads is damaged and can't be read. Train anew, or take another version.")
OTHER_ENCODER = N_(
    "Version %(number)s of the heads was trained for the text model %(encoder)s; this one is %(known)s. Train anew."
)
_log = get_logger(__name__)


def in_use(database: Database) -> Heads:
    """The heads that calls are judged by now."""
    with database.read() as session:
        return in_use_now(session)


def in_use_now(session: Session) -> Heads:
    """As `in_use`, in a session that is open already. In the place of one that can't be read, the last one before it that can."""
    now = current(session)
    if now is None:
        return trained.shipped()
    for version_id in (now.id, *session.scalars(_before(now))):
        try:
            return heads_of(session, version_id)
        except InputError as error:
            if version_id not in _told:
                _told.add(version_id)
                _log.error(
                    "heads_unreadable", reason=str(error), remedy="calls are judged by those that were in use before"
                )
    return trained.shipped()


def heads_of(session: Session, version_id: uuid.UUID) -> Heads:
    """A version's heads. Its text never changes, so it is read once. Raises InputError where it is damaged or of another text model."""
    found = _known.get(version_id)
    if found is None:
        query = select(HeadVersion.number, HeadVersion.heads).where(HeadVersion.id == version_id)
        found = _read(*session.execute(query).one())
        while len(_known) >= _KEPT:
            _known.pop(next(iter(_known)), None)
        _known[version_id] = found
    return found


def _read(number: int, written: str) -> Heads:
    try:
        made = trained.loads(written)
        sound, encoder = trained.is_sound(made), made.provenance["encoder"]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        sound, encoder = False, NAME
    if encoder != NAME:
        raise InputError(OTHER_ENCODER, number=number, encoder=str(encoder), known=NAME)
    if not sound:
        raise InputError(DAMAGED, number=number)
    return made


def _before(now: HeadVersion) -> Select[uuid.UUID]:
    """Ids of the versions that were in use before it, the last one first."""
    return select(HeadVersion.id).where(HeadVersion.used_at < _used_at(now)).order_by(HeadVersion.used_at.desc())


def versions(session: Session) -> Sequence[HeadVersion]:
    """All that were trained here, the newest first."""
    return session.scalars(select(HeadVersion).order_by(HeadVersion.number.desc())).all()


def current(session: Session) -> HeadVersion | None:
    """The version in use; None while it is the one that came with Avasanj."""
    return session.scalar(select(HeadVersion).where(HeadVersion.state == HeadState.IN_USE))


def next_number(session: Session) -> int:
    """The number that the next version gets. Holds off other trainings until the transaction ends."""
    session.execute(text("select pg_advisory_xact_lock(hashtext(:key))"), {"key": _LOCK})
    return (session.scalar(select(func.max(HeadVersion.number))) or SHIPPED) + 1


def tried_beside(session: Session, number: int) -> set[str]:
    """What was learnt for each candidate that was ever compared with version `number`, dry runs too: who looks often is lucky once."""
    kept = {one.counts.get("data") for one in versions(session) if one.figures.get("compared_with") == number}
    data = AuditEntry.detail["data"].astext
    dry = select(data).where(AuditEntry.action == _TRIED, AuditEntry.subject == str(number))
    return {one for one in (*kept, *session.scalars(dry)) if one}


def note_try(session: Session, number: int, data: str, by: uuid.UUID | None) -> None:
    """That a candidate was compared with version `number` in a dry run, once for what it was learnt from."""
    if data not in tried_beside(session, number):
        audit(session, by, _TRIED, number, data=data)


def keep(
    session: Session,
    made: Heads,
    *,
    number: int,
    figures: Mapping[str, Any],
    counts: Mapping[str, Any],
    by: uuid.UUID | None = None,
) -> HeadVersion:
    """Keep trained heads as a candidate. Using them is another step."""
    version = HeadVersion(
        number=number, state=HeadState.CANDIDATE, heads=trained.dumps(made), figures=dict(figures), counts=dict(counts),
        made_by=by, made_at=utc_now(),
    )  # fmt: skip
    session.add(version)
    session.flush()
    audit(session, by, "heads.trained", number)
    return version


def use(session: Session, number: int, by: uuid.UUID | None = None) -> HeadVersion | None:
    """Judge by version `number` from now on; 0 are those that came with Avasanj (None).

    Raises InputError for an unknown one, and for one that is damaged or was trained for another text model.
    """
    version = None
    if number != SHIPPED:
        version = session.scalar(select(HeadVersion).where(HeadVersion.number == number))
        if version is None:
            known = ", ".join(str(one.number) for one in reversed(versions(session)))
            raise InputError(
                N_("There is no version %(number)s of the heads. There are: %(known)s."),
                number=number, known=f"0, {known}" if known else "0",
            )  # fmt: skip
        heads_of(session, version.id)  # one that can't be read is refused
        version.used_at = utc_now()
    _take(session, version)
    audit(session, by, "heads.used", number)
    return version


def back(session: Session, by: uuid.UUID | None = None) -> HeadVersion | None:
    """Judge by what was in use before, the heads that came with Avasanj (None) in the end. Raises InputError where those are in use."""
    now = current(session)
    if now is None:
        raise InputError(
            N_(
                "The heads that came with Avasanj are in use; nothing was before them. `avasanj heads use N` takes another."
            )
        )
    earlier = session.scalar(_before(now).limit(1))
    version = session.get_one(HeadVersion, earlier) if earlier else None
    _take(session, version)
    audit(session, by, "heads.back", version.number if version else SHIPPED, before=now.number)
    return version


def _used_at(version: HeadVersion) -> datetime.datetime:
    assert version.used_at is not None
    return version.used_at


def _take(session: Session, version: HeadVersion | None) -> None:
    """One at most is in use: what was, is put away first."""
    session.execute(text("select pg_advisory_xact_lock(hashtext(:key))"), {"key": _LOCK})
    now = current(session)
    if now is not None and now is not version:
        now.state, now.retired_at = HeadState.RETIRED, utc_now()
        session.flush()
    if version is not None:
        version.state, version.retired_at = HeadState.IN_USE, None
        session.flush()
