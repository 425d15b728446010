"""How far the machine's answers are those that people give, per question and version of it. docs/statistics.md says what counts.

It rests on the snapshots that submitted reviews keep: what a person answered, and what the machine had said then.
"""

from __future__ import annotations

import datetime
import enum
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from avasanj.i18n import N_
from scoring import library
from scoring.evaluation import version_of
from scoring.reviews.tables import Origin, Review, ReviewAnswer, ReviewKind, ReviewState
from scoring.scorecard import NA, UNSURE, Kind, Question
from scoring.statistics.intervals import Share
from scoring.statistics.kappa import Kappa, kappa, weighted_kappa
from scoring.statistics.ranking import LEAST_CALLS

Row = TypeVarTuple("Row")
#: Below the first agreement is bad, from the second on good: the bands that supervisors know from Genesys.
FAIR, GOOD = 0.6, 0.8
NUMERIC = frozenset({Kind.SCALE, Kind.NUMBER})


class Band(enum.StrEnum):
    """What is shown beside a question."""

    TOO_FEW = "too_few"
    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"


#: What a page says of them.
BANDS = {
    Band.TOO_FEW: N_("Too few answers to judge by"),
    Band.RED: N_("The machine is often wrong here: let people answer it, or mend the question"),
    Band.YELLOW: N_("The machine is sometimes wrong here"),
    Band.GREEN: N_("The machine answers like people do"),
}


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """Which reviews are looked at: submitted from `since` up to `until`, of one scorecard or of all; `where` are over Review."""

    since: datetime.datetime
    until: datetime.datetime
    scorecard: str | None = None
    where: Sequence[ColumnElement[bool]] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question as it was at one time. A question that was changed has another version, and starts anew."""

    scorecard: str
    question: str
    version: str


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The machine's answers beside people's."""

    title: Mapping[str, str]
    kind: str
    current: bool  #: the published form asks it like this
    given: Share  #: exactly equal, of what people answered themselves in reviews
    with_kept: Share  #: the same together with what they let stand, which says less: nobody need have looked
    on: Share  #: the one of the two that `band` and `kappa` rest on
    band: Band
    kappa: Kappa | None
    blind: Share  #: in calibrations, where nobody sees what the machine said
    disputes: Share  #: in decided disputes, which are about doubtful answers only
    left_to_people: int  #: the machine was unsure: neither right nor wrong
    pairs: Mapping[tuple[str, str], int]  #: {(machine, person): answers}, of `on`

    @property
    def errors(self) -> list[tuple[str, str, int]]:
        """(machine, person, answers) where they differ, the most frequent first."""
        found = [(machine, person, n) for (machine, person), n in self.pairs.items() if machine != person]
        return sorted(found, key=lambda one: (-one[2], one))

    def stored(self) -> dict[str, Any]:
        return {
            "title": dict(self.title),
            "kind": self.kind,
            "current": self.current,
            "n": self.on.n,
            "band": self.band.value,
            "exact": self.on.stored(),
            "given": self.given.stored(),
            "with_kept": self.with_kept.stored(),
            "kappa": None if self.kappa is None else self.kappa.stored(),
            "blind": self.blind.stored(),
            "disputes": self.disputes.stored(),
            "left_to_people": self.left_to_people,
            "errors": [{"machine": machine, "person": person, "n": n} for machine, person, n in self.errors],
        }


@dataclass(frozen=True, kw_only=True)
class Counted:
    """So many answers in which the machine said one thing and a person another, or the same."""

    kind: str  #: of the review
    origin: str
    machine: str
    person: str
    n: int


def band(share: Share, least: int = LEAST_CALLS) -> Band:
    """Red below 60 %, yellow from there, green from 80 %; nothing is said below `least` answers."""
    if share.value is None or share.n < least:
        return Band.TOO_FEW
    return Band.RED if share.value < FAIR else Band.YELLOW if share.value < GOOD else Band.GREEN


def agreement(
    question: Question | None, rows: Sequence[Counted], *, current: bool, least: int = LEAST_CALLS
) -> Agreement:
    """Of one version of a question, from counted pairs; `question` None where its form is not kept any more. Pure."""
    kind = question.kind if question else Kind.YES_NO
    sure = [one for one in rows if UNSURE not in {one.machine, one.person}]
    given = _pairs(sure, kind, ReviewKind.REVIEW, Origin.GIVEN)
    kept = given + _pairs(sure, kind, ReviewKind.REVIEW, Origin.KEPT)
    # people who mostly correct would make the machine look worse than it is, were only their corrections counted
    pairs = kept if kept.total() > 2 * given.total() else given
    return Agreement(
        title=question.title if question else {},
        kind=kind.value,
        current=current,
        given=_exact(given),
        with_kept=_exact(kept),
        on=_exact(pairs),
        band=band(_exact(pairs), least),
        kappa=_kappa(pairs, kind),
        blind=_exact(_pairs(sure, kind, ReviewKind.CALIBRATION, Origin.GIVEN)),
        disputes=_exact(_pairs(sure, kind, ReviewKind.DISPUTE, Origin.GIVEN)),
        left_to_people=sum(one.n for one in rows if one.machine == UNSURE and one.kind == ReviewKind.REVIEW),
        pairs=pairs,
    )


def agreements(session: Session, reviewed: Reviewed, *, least: int = LEAST_CALLS) -> dict[Asked, Agreement]:
    """Of every question that people answered, those now asked first, in the order of the form."""
    names = (Review.scorecard, Review.scorecard_version, ReviewAnswer.question, ReviewAnswer.question_version)
    said = (Review.kind, ReviewAnswer.origin, ReviewAnswer.machine_value, ReviewAnswer.value)
    query = narrowed(select(*names, *said, func.count()), reviewed).where(ReviewAnswer.machine_value.is_not(None))
    rows: dict[Asked, list[Counted]] = defaultdict(list)
    versions = set()
    for row in session.execute(query.group_by(*names, *said)):
        card, version, key, question_version, kind, origin, machine, person, n = row
        versions.add((card, version))
        rows[Asked(scorecard=card, question=key, version=question_version)].append(
            Counted(kind=kind, origin=origin, machine=machine or UNSURE, person=person, n=n)
        )
    questions = asked_in(session, versions)
    now = {asked: place for place, asked in enumerate(_published(session))}
    order = sorted(rows, key=lambda one: (now.get(one, len(now)), one.scorecard, one.question, one.version))
    return {
        one: agreement(questions.get(one), rows[one], current=one in now, least=least)
        for one in order
        if one not in questions or questions[one].kind != Kind.TEXT
    }


def narrowed(query: Select[*Row], reviewed: Reviewed) -> Select[*Row]:
    """A query over submitted reviews and their answers, each person's last one to a question of a call."""
    wanted = [Review.submitted_at >= reviewed.since, Review.submitted_at < reviewed.until, *reviewed.where]
    if reviewed.scorecard is not None:
        wanted.append(Review.scorecard == reviewed.scorecard)
    joined = query.select_from(ReviewAnswer).join(Review, Review.id == ReviewAnswer.review_id)
    return joined.where(Review.state == ReviewState.SUBMITTED.value, ~_superseded(), *wanted)


def _superseded() -> ColumnElement[bool]:
    """Whether the same person answered this question of this call again, in a later review: a slip that is corrected is no answer."""
    later, again = aliased(Review), aliased(ReviewAnswer)
    names = ("call_id", "span_position", "scorecard", "scorecard_version", "evaluator_id")
    return exists().where(
        *(getattr(later, name) == getattr(Review, name) for name in names),
        later.kind == ReviewKind.REVIEW.value,
        Review.kind == ReviewKind.REVIEW.value,
        later.state == ReviewState.SUBMITTED.value,
        later.submitted_at > Review.submitted_at,
        again.review_id == later.id,
        again.question == ReviewAnswer.question,
        again.origin != Origin.CARRIED.value,
    )


def asked_in(session: Session, versions: set[tuple[str, int]]) -> dict[Asked, Question]:
    """The questions of these versions of scorecards."""
    cards = [library.card_of(session, *one) for one in sorted(versions)]
    return {
        Asked(scorecard=card.key, question=one.key, version=version_of(one)): one
        for card in cards
        if card is not None
        for one in card.questions
    }


def comparable(value: str, kind: Kind) -> str:
    """An answer so that equal ones are equal: numbers without their writing, several choices without their order."""
    if value in {NA, UNSURE}:
        return value
    if kind in NUMERIC:
        try:
            return f"{float(value):g}"
        except ValueError:
            return value
    return ",".join(sorted(value.split(","))) if kind == Kind.CHOICES else value


def _published(session: Session) -> list[Asked]:
    return [
        Asked(scorecard=card.key, question=one.key, version=version_of(one))
        for card in library.published(session)
        for one in card.questions
    ]


def _pairs(rows: Sequence[Counted], kind: Kind, review: ReviewKind, origin: Origin) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for one in rows:
        if one.kind == review.value and one.origin == origin.value:
            found[comparable(one.machine, kind), comparable(one.person, kind)] += one.n
    return found


def _exact(pairs: Counter[tuple[str, str]]) -> Share:
    return Share(hits=sum(n for (machine, person), n in pairs.items() if machine == person), n=pairs.total())


def _kappa(pairs: Counter[tuple[str, str]], kind: Kind) -> Kappa | None:
    if kind not in NUMERIC:
        return kappa(pairs.elements())
    # "does not apply" lies nowhere on a scale; that it was said rightly shows in the exact agreement
    return weighted_kappa((float(a), float(b)) for a, b in pairs.elements() if NA not in {a, b})
