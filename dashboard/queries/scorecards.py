"""What the pages about scorecards show: every form with its versions, what was scored by it, and one version as it reads."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.access import Person, visible_evaluations
from dashboard.queries.call import names
from scoring import card_file, drafts, library
from scoring.card_faults import Problem
from scoring.evaluation import version_of
from scoring.scorecard import Scorecard
from scoring.statistics.agreement import Agreement, Asked, Band, Reviewed, agreements
from scoring.tables import CardState, CardVersion, Evaluation

#: How far back people's answers are put beside the machine's.
AGREED = datetime.timedelta(days=90)


@dataclass(frozen=True, kw_only=True)
class Use:
    """What was scored by a version, as far as the person may see it."""

    evaluations: int = 0
    mean: float | None = None  #: of those that count
    to_check: int = 0  #: that wait for a person


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """One version in the list."""

    row: CardVersion
    card: Scorecard
    use: Use
    author: str | None
    refusals: tuple[Problem, ...]  #: of a draft: why it can't be published yet

    @property
    def is_draft(self) -> bool:
        return self.row.state == CardState.DRAFT

    @property
    def is_published(self) -> bool:
        return self.row.state == CardState.PUBLISHED


@dataclass(frozen=True, kw_only=True)
class CardRow:
    """One scorecard: the version that stands for it, and all of them, the newest first."""

    key: str
    versions: tuple[VersionRow, ...]

    @property
    def shown(self) -> VersionRow:
        return next((one for one in self.versions if one.is_published), self.versions[0])

    @property
    def published(self) -> VersionRow | None:
        return next((one for one in self.versions if one.is_published), None)

    @property
    def last_published(self) -> datetime.datetime | None:
        return max((one.row.published_at for one in self.versions if one.row.published_at), default=None)

    @property
    def evaluations(self) -> int:
        return sum(one.use.evaluations for one in self.versions)


def listed(session: Session, who: Person) -> list[CardRow]:
    """All for supervisors; for agents the published ones and those by which their own calls were scored."""
    use = _use(session, who)
    rows = [row for row in library.versions(session) if may_read(who, row, use)]
    by = names(session, {row.made_by for row in rows})
    found: dict[str, list[VersionRow]] = {}
    for row in rows:
        refusals = card_file.check(row.source).problems if row.state == CardState.DRAFT else ()
        found.setdefault(row.key, []).append(
            VersionRow(
                row=row,
                card=library.parsed(row.source),
                use=use.get((row.key, row.version), Use()),
                author=by.get(row.made_by) if row.made_by else None,
                refusals=tuple(one for one in refusals if not one.warning),
            )
        )
    cards = [CardRow(key=key, versions=tuple(versions)) for key, versions in found.items()]
    return sorted(cards, key=lambda card: (card.published is None, card.key))


def version(session: Session, who: Person, key: str, number: int) -> VersionRow | None:
    """One version; None where there is none or this person may not read it."""
    cards = [card for card in listed(session, who) if card.key == key]
    return next((one for card in cards for one in card.versions if one.row.version == number), None)


def may_read(who: Person, row: CardVersion, use: dict[tuple[str, int], Use]) -> bool:
    return who.supervises or row.state == CardState.PUBLISHED or (row.key, row.version) in use


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What publishing a version does."""

    retired: VersionRow | None  #: the version that ends
    also: Sequence[Scorecard]  #: other published forms
    warnings: tuple[Problem, ...]
    refusals: tuple[Problem, ...]


def consequence(session: Session, who: Person, found: VersionRow) -> Consequence:
    cards = listed(session, who)
    own = next(card for card in cards if card.key == found.row.key)
    problems = card_file.check(found.row.source).problems
    return Consequence(
        retired=own.published if own.published is not found else None,
        also=[card.published.card for card in cards if card.published and card.key != found.row.key],
        warnings=tuple(one for one in problems if one.warning),
        refusals=tuple(one for one in problems if not one.warning) if found.is_draft else (),
    )


def _use(session: Session, who: Person) -> dict[tuple[str, int], Use]:
    mean = func.avg(Evaluation.score).filter(Evaluation.counts)
    waiting = func.count().filter(Evaluation.needs_person)
    query = (
        select(Evaluation.scorecard, Evaluation.scorecard_version, func.count(), mean, waiting)
        .where(visible_evaluations(who))
        .group_by(Evaluation.scorecard, Evaluation.scorecard_version)
    )
    return {
        (key, number): Use(evaluations=count, mean=score, to_check=open_)
        for key, number, count, score, open_ in session.execute(query)
    }


def agreed(session: Session, who: Person, card: Scorecard) -> dict[str, Agreement]:
    """How far people's answers are the machine's, by the question's key; empty for agents."""
    if not who.supervises:
        return {}
    found = agreements(session, Reviewed(since=who.now - AGREED, until=who.now, scorecard=card.key))
    asked = {one.key: Asked(scorecard=card.key, question=one.key, version=version_of(one)) for one in card.questions}
    return {key: found[one] for key, one in asked.items() if one in found}


def poor(session: Session, who: Person) -> dict[str, int]:
    """How many of a published form's questions are answered otherwise by people in more than four of ten calls, by its key."""
    if not who.supervises:
        return {}
    counted: dict[str, int] = {}
    for asked, one in agreements(session, Reviewed(since=who.now - AGREED, until=who.now)).items():
        if one.current and one.band == Band.RED:
            counted[asked.scorecard] = counted.get(asked.scorecard, 0) + 1
    return counted


def seen(found: VersionRow) -> str:
    """By which text of a draft the page was made."""
    return drafts.digest(found.row.source)
