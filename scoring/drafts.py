"""Drafts of scorecards: begun from a version, from what came with Avasanj or from nothing, saved whole, thrown away.

Two people may have the same draft open. Who saves says what they had read (`seen`); what another has saved since is never overwritten.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from avasanj.people import AuditEntry, User
from scoring import card_faults as faults
from scoring import card_file, library
from scoring.card_faults import CardError, Problem
from scoring.card_text import written
from scoring.scorecard import Scorecard, Section
from scoring.tables import CardState, CardVersion

#: What a draft may be saved with, since a form is not written in one sitting. No call is scored by it until it is right.
MAY_WAIT = frozenset({faults.WEIGHTS, faults.NO_QUESTIONS})
NOT_A_DRAFT = N_("Version %(version)s of %(key)s is no draft any more and can't change. Start a new draft from it.")
CHANGED = N_("%(name)s has saved this draft since you opened it. Nothing was overwritten.")
SOMEBODY = N_("Somebody")
OTHER_CARD = N_("This text is of %(found)s, not of %(key)s, version %(version)s. Leave key and version as they are.")
KEY_TAKEN = N_("There is a scorecard %(key)s already. Choose another key.")
BAD_KEY = N_("A key is made of small letters, digits and _, and begins with a letter.")
NOT_NEW = N_("Nothing new of %(name)s came with this version of Avasanj.")
_VERSION_LINE = re.compile(r"^version:.*$", re.MULTILINE)
_ADDED = "scorecard.add_shipped"


@dataclass(frozen=True, kw_only=True)
class Saved:
    """A draft as it was saved, and what the linter says of it."""

    version: CardVersion
    problems: tuple[Problem, ...]


def digest(source: str) -> str:
    """Tells one text of a draft from another."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


def begin(session: Session, key: str, version: int, *, by: uuid.UUID | None) -> CardVersion:
    """A draft with the next number, with the same text. Raises InputError where there is no such version."""
    library.one_at_a_time(session)
    source = library.find(session, key, version).source
    return _add(session, key, source, by, "scorecard.begin_draft", version=version)


def create(session: Session, key: str, title: Mapping[str, str], *, by: uuid.UUID | None) -> CardVersion:
    """An empty form. Raises InputError for a key that is taken or is none."""
    library.one_at_a_time(session)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", key):
        raise InputError(BAD_KEY)
    if library.versions(session, key):
        raise InputError(KEY_TAKEN, key=key)
    heading = Section(key="main", title={"en": "Questions", "fa": "پرسش‌ها"}, questions=())
    card = Scorecard(key=key, version=1, title=dict(title), sections=(heading,))
    return _add(session, key, written(card), by, "scorecard.create")


def save(session: Session, key: str, version: int, source: str, *, seen: str, by: uuid.UUID | None) -> Saved:
    """The draft with this text in the place of the one whose digest was `seen`.

    Raises CardError for a text that can't be used, InputError where the draft was changed, published or removed meanwhile.
    """
    library.one_at_a_time(session)
    row = library.find(session, key, version)
    if row.state != CardState.DRAFT:
        raise InputError(NOT_A_DRAFT, key=key, version=version)
    read = card_file.check(source)
    refused = [one for one in read.problems if not one.warning and one.id not in MAY_WAIT]
    if read.unfinished is None or refused:
        raise CardError(f"{key}.yaml", read.problems)
    card = read.unfinished
    if (card.key, card.version) != (key, version):
        raise InputError(OTHER_CARD, found=f"{card.key} {card.version}", key=key, version=version)
    if digest(row.source) != seen and row.source != source:
        raise InputError(CHANGED, name=author(session, row) or SOMEBODY)
    if row.source != source:
        row.source, row.title, row.made_at, row.made_by = source, dict(card.title), utc_now(), by
        audit(session, by, "scorecard.save_draft", f"{key} {version}")
    session.flush()
    return Saved(version=row, problems=read.problems)


def delete(session: Session, key: str, version: int, *, by: uuid.UUID | None) -> None:
    """Throw a draft away. Raises InputError for a version that is none: calls may have been scored by it."""
    library.one_at_a_time(session)
    row = library.find(session, key, version)
    if row.state != CardState.DRAFT:
        raise InputError(NOT_A_DRAFT, key=key, version=version)
    session.delete(row)
    audit(session, by, "scorecard.delete_draft", f"{key} {version}")
    session.flush()


def author(session: Session, row: CardVersion) -> str | None:
    """Who saved this text last; None for what came with Avasanj or by the command line."""
    return session.scalar(select(User.name).where(User.id == row.made_by)) if row.made_by else None


def new_shipped(session: Session) -> list[Scorecard]:
    """What came with this version of Avasanj and is not among the center's scorecards, nor was taken in before."""
    rows = library.versions(session)
    known = {_without_version(library.parsed(row.source)) for row in rows}
    taken = set(session.scalars(select(AuditEntry.detail["shipped"].astext).where(AuditEntry.action == _ADDED)).all())
    return [
        card
        for name in (card_file.SHIPPED if rows else ())
        if _without_version(card := card_file.shipped(name)) not in known
        and digest(card_file.shipped_text(name)) not in taken
    ]


def add_shipped(session: Session, name: str, *, by: uuid.UUID | None) -> CardVersion:
    """A draft, with the next number, of one that came new. Raises InputError where nothing new of that name came."""
    library.one_at_a_time(session)
    if name not in {card.key for card in new_shipped(session)}:
        raise InputError(NOT_NEW, name=name)
    source = card_file.shipped_text(name)
    return _add(session, name, source, by, _ADDED, shipped=digest(source))


def numbered(source: str, version: int) -> str:
    """The text with another version number; as it was otherwise, comments too."""
    card = library.parsed(source)
    text = _VERSION_LINE.sub(f"version: {version}", source, count=1)
    wanted = dataclasses.replace(card, version=version)
    return text if card_file.check(text).unfinished == wanted else written(wanted)


def _without_version(card: Scorecard) -> str:
    return written(dataclasses.replace(card, version=1))


def _add(
    session: Session, key: str, source: str, by: uuid.UUID | None, action: str, /, **detail: object
) -> CardVersion:
    number = max((one.version for one in library.versions(session, key)), default=0) + 1
    text = numbered(source, number)
    title = dict(library.parsed(text).title)
    row = CardVersion(key=key, version=number, state=CardState.DRAFT, title=title, source=text, made_by=by)
    session.add(row)
    audit(session, by, action, f"{key} {number}", **detail)
    session.flush()
    return row


def publish(session: Session, key: str, version: int, *, seen: str, by: uuid.UUID | None) -> CardVersion:
    """Let a version fill in calls from now on, if it is still the text that the person looked at."""
    library.one_at_a_time(session)
    row = library.find(session, key, version)
    if digest(row.source) != seen:
        raise InputError(CHANGED, name=author(session, row) or SOMEBODY)
    return library.publish(session, key, version, by=by)


def take_in(session: Session, source: str, name: str, *, by: uuid.UUID | None) -> CardVersion:
    """A draft from a file; where its number is taken by another text, with the next one. Raises CardError for a faulty file."""
    library.one_at_a_time(session)
    card = card_file.load(source, name)
    known = {one.version: one for one in library.versions(session, card.key)}
    if card.version in known and known[card.version].source != source:
        return _add(session, card.key, source, by, "scorecard.import", version=card.version)
    return library.import_card(session, source, name, by=by).version
