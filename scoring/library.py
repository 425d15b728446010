"""The center's scorecards: drafts, the published version of each, and retired ones, to which old evaluations still belong.

A version that was published once never changes. The YAML text is what is kept, so that what goes in comes out as it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from avasanj.database import Database, utc_now
from avasanj.errors import InputError
from avasanj.i18n import N_
from avasanj.login import audit
from scoring import card_file
from scoring.card_faults import CardError, Problem
from scoring.scorecard import Scorecard
from scoring.tables import CardState, CardVersion

CANT_CHANGE = N_(
    "%(name)s: version %(version)s of %(key)s was published and can't change, since calls were scored by it. "
    "Write version: %(next)s into the file. Nothing was imported."
)
NO_CARD = N_("There is no scorecard %(key)s. There are: %(known)s.")
NO_CARDS = N_("There is no scorecard %(key)s, and no other one either.")
NO_VERSION = N_("There is no version %(version)s of %(key)s. There are: %(known)s.")
NO_DRAFT = N_("%(key)s has no draft to publish. Import one, or name the version to publish again.")
UNFINISHED = N_("Version %(version)s of %(key)s is not finished: %(fault)s Nothing was published.")
NONE_PUBLISHED = N_("No version of %(key)s is published.")
#: Filled in from the first start on; the others wait as drafts for somebody who wants them.
PUBLISHED_AT_FIRST = "service"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import did: "added", "replaced" (a draft) or "unchanged"; and what the linter warns of."""

    version: CardVersion
    done: str
    warnings: tuple[Problem, ...]


def ensure_shipped(database: Database) -> None:
    """Take in the scorecards that come with Avasanj, if there is none at all yet."""
    with database.read() as session:
        if session.scalar(select(CardVersion.id).limit(1)) is not None:
            return
    with database.transaction() as session:
        one_at_a_time(session)
        if session.scalar(select(CardVersion.id).limit(1)) is not None:
            return
        for name in card_file.SHIPPED:
            import_card(session, card_file.shipped_text(name), f"{name}.yaml", quiet=True)
        publish(session, PUBLISHED_AT_FIRST, quiet=True)


def versions(session: Session, key: str | None = None) -> Sequence[CardVersion]:
    """All versions, or those of one scorecard; the newest first in each."""
    query = select(CardVersion).order_by(CardVersion.key, CardVersion.version.desc())
    return session.scalars(query if key is None else query.where(CardVersion.key == key)).all()


def import_card(
    session: Session, source: str, name: str, *, by: uuid.UUID | None = None, quiet: bool = False
) -> Imported:
    """A draft from a file's text. Raises CardError for a faulty file, InputError for a version that can't change any more."""
    read = card_file.check(source)
    if read.card is None:
        raise CardError(name, read.problems)
    card = read.card
    one_at_a_time(session)
    known = {one.version: one for one in versions(session, card.key)}
    row, done = known.get(card.version), "added"
    if row is None:
        row = CardVersion(key=card.key, version=card.version, state=CardState.DRAFT, title={}, source="", made_by=by)
        session.add(row)
    elif row.source == source:
        done = "unchanged"
    elif row.state == CardState.DRAFT:
        done, row.made_at, row.made_by = "replaced", utc_now(), by
    else:
        raise InputError(CANT_CHANGE, name=name, version=card.version, key=card.key, next=max(known) + 1)
    row.title, row.source = dict(card.title), source
    if done != "unchanged" and not quiet:
        audit(session, by, "scorecard.import", f"{card.key} {card.version}", done=done)
    session.flush()
    return Imported(version=row, done=done, warnings=read.problems)


def find(session: Session, key: str, version: int | None = None) -> CardVersion:
    """That version; without one, the published, else the newest. Raises InputError naming what there is."""
    known = versions(session, key)
    if not known:
        keys = sorted({one.key for one in versions(session)})
        raise InputError(NO_CARD, key=key, known=keys) if keys else InputError(NO_CARDS, key=key)
    if version is None:
        return next((one for one in known if one.state == CardState.PUBLISHED), known[0])
    for one in known:
        if one.version == version:
            return one
    there = [str(one.version) for one in reversed(known)]
    raise InputError(NO_VERSION, version=version, key=key, known=there)


def publish(
    session: Session, key: str, version: int | None = None, *, by: uuid.UUID | None = None, quiet: bool = False
) -> CardVersion:
    """Let a version (without one: the newest draft) fill in calls from now on; the one before it is retired.

    Raises InputError where there is nothing to publish or the draft is not finished. Evaluations that are there stay as they are.
    """
    one_at_a_time(session)
    known = versions(session, key)
    drafts = [one for one in known if one.state == CardState.DRAFT]
    if version is None and known and not drafts:
        raise InputError(NO_DRAFT, key=key)
    row = find(session, key, version if version is not None or not drafts else drafts[0].version)
    if row.state == CardState.PUBLISHED:
        return row
    if row.state == CardState.DRAFT and (read := card_file.check(row.source)).card is None:
        raise InputError(UNFINISHED, version=row.version, key=key, fault=read.problems[0].stored)
    for one in known:
        if one.state == CardState.PUBLISHED:
            one.state, one.retired_at = CardState.RETIRED, utc_now()
    session.flush()  # two published versions at once are refused by the database
    row.state, row.published_at, row.retired_at = CardState.PUBLISHED, utc_now(), None
    if not quiet:
        audit(session, by, "scorecard.publish", f"{key} {row.version}")
    session.flush()
    return row


def retire(session: Session, key: str, *, by: uuid.UUID | None = None) -> CardVersion:
    """Fill in no more calls by this scorecard. Raises InputError where none of its versions is published."""
    one_at_a_time(session)
    row = find(session, key)
    if row.state != CardState.PUBLISHED:
        raise InputError(NONE_PUBLISHED, key=key)
    row.state, row.retired_at = CardState.RETIRED, utc_now()
    audit(session, by, "scorecard.retire", f"{key} {row.version}")
    session.flush()
    return row


def published(session: Session) -> tuple[Scorecard, ...]:
    """The scorecards by which calls are scored now, in the order of their keys."""
    query = select(CardVersion.source).where(CardVersion.state == CardState.PUBLISHED).order_by(CardVersion.key)
    return tuple(parsed(source) for source in session.scalars(query))


def card_of(session: Session, key: str, version: int) -> Scorecard | None:
    """A version of whatever state, to which an evaluation belongs; None for one that was never kept."""
    query = select(CardVersion.source).where(CardVersion.key == key, CardVersion.version == version)
    source = session.scalar(query)
    return parsed(source) if source is not None else None


@lru_cache(maxsize=128)
def parsed(source: str) -> Scorecard:
    """A kept text as the scorecard that it was when it was taken in, whatever a later linter says of it."""
    return card_file.kept(source)


def one_at_a_time(session: Session) -> None:
    """Whoever changes scorecards goes before or after all others who do, until the transaction's end."""
    session.execute(text("select pg_advisory_xact_lock(hashtext('scoring.card_version'))"))
