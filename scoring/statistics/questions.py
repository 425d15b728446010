"""Figures per question: how often it is met, and how often it could not be told. Added up in the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from scoring.scorecard import NA, UNSURE, YES, Kind
from scoring.statistics.intervals import Points, Share
from scoring.statistics.periods import Period
from scoring.statistics.scope import By, Key, Scope, columns, counted, narrowed, places
from scoring.statistics.scores import keys
from scoring.tables import Answer, Evaluation

PERSON = "person"
#: Share of the question's points, 0 to 1; of a yes/no question without weight, whether it is yes; None for what doesn't count.
points: ColumnElement[float | None] = case(
    (Answer.value.in_((NA, UNSURE)), None),
    (
        and_(Answer.points.is_not(None), Answer.points_possible > 0),
        Answer.points / func.nullif(Answer.points_possible, 0),
    ),
    (Answer.kind == Kind.YES_NO.value, case((Answer.value == YES, 1.0), else_=0.0)),
)
_FULL = 1 - 1e-9


@dataclass(frozen=True, kw_only=True)
class QuestionKey:
    """A question of a scorecard; `key` is what else the figures are parted by. Forms' versions are put together."""

    key: Key
    scorecard: str
    question: str
    section: str | None


@dataclass(frozen=True, kw_only=True)
class QuestionFigures:
    """Of the answers in evaluations that count."""

    title: dict[str, str]  #: {"en", "fa"}, as last answered
    points: Points  #: share of the points, 0 to 1
    met: Share  #: with full points, of those that count
    not_applicable: Share  #: of all answers
    unsure: Share  #: left to a person and not answered yet, of those that apply
    by_people: Share  #: of those that are answered
    waiting: int  #: for a person

    def stored(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "points": self.points.stored(),
            "met": self.met.stored(),
            "not_applicable": self.not_applicable.stored(),
            "unsure": self.unsure.stored(),
            "by_people": self.by_people.stored(),
            "waiting": self.waiting,
        }


def question_figures(
    session: Session,
    scope: Scope,
    by: Sequence[By] = (),
    *,
    questions: Sequence[str] = (),
    periods: Sequence[Period] = (),
) -> dict[QuestionKey, QuestionFigures]:
    """For each question (of `questions`, if any are named) and each thing of `by`, in the order of the form."""
    parted = columns(by, periods)
    applies = Answer.value != NA
    answered = and_(applies, Answer.value != UNSURE)
    query = select(
        *parted,
        Evaluation.scorecard.label("form"),
        Answer.question,
        func.max(Answer.section).label("section"),
        func.min(Answer.position).label("place"),
        func.max(Answer.id).label("newest"),
        func.count().label("all"),
        func.count(points).label("n"),
        func.avg(points).label("mean"),
        func.stddev_samp(points).label("spread"),
        func.count().filter(points >= _FULL).label("met"),
        func.count().filter(applies).label("applies"),
        func.count().filter(Answer.value == UNSURE).label("unsure"),
        func.count().filter(answered).label("answered"),
        func.count().filter(answered, Answer.method == PERSON).label("people"),
        func.count().filter(Answer.needs_person).label("waiting"),
    ).select_from(Evaluation)
    joined = narrowed(query.join(Answer, Answer.evaluation_id == Evaluation.id), scope).where(counted)
    if questions:
        joined = joined.where(Answer.question.in_(questions))
    grouped = joined.group_by(*places(parted), Evaluation.scorecard, Answer.question)
    rows = sorted(session.execute(grouped).mappings(), key=lambda row: (row["form"], row["place"], row["question"]))
    titles = _titles(session, [row["newest"] for row in rows])
    return {
        QuestionKey(key=key, scorecard=row["form"], question=row["question"], section=row["section"]): _figures(
            row, titles[row["newest"]]
        )
        for key, row in zip(keys(session, rows, periods), rows, strict=True)
    }


def together(session: Session, scope: Scope, questions: Sequence[str]) -> Points:
    """Several questions as one measure: of each evaluation the mean share of their points, and of these the sample.

    So that a call counts once: the answers of one call hang together, and taken each by itself they would promise too much.
    """
    query = select(func.avg(points).label("share")).select_from(Evaluation)
    joined = narrowed(query.join(Answer, Answer.evaluation_id == Evaluation.id), scope)
    each = joined.where(counted, Answer.question.in_(questions)).group_by(Evaluation.id).subquery()
    n, mean, spread = session.execute(
        select(func.count(each.c.share), func.avg(each.c.share), func.stddev_samp(each.c.share))
    ).one()
    return Points(n=n, mean=mean, spread=spread or 0.0)


def _titles(session: Session, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    return {row.id: row.title for row in session.execute(select(Answer.id, Answer.title).where(Answer.id.in_(ids)))}


def _figures(row: Any, title: dict[str, str]) -> QuestionFigures:
    return QuestionFigures(
        title=title,
        points=Points(n=row["n"], mean=row["mean"], spread=row["spread"] or 0.0),
        met=Share(hits=row["met"], n=row["n"]),
        not_applicable=Share(hits=row["all"] - row["applies"], n=row["all"]),
        unsure=Share(hits=row["unsure"], n=row["applies"]),
        by_people=Share(hits=row["people"], n=row["answered"]),
        waiting=row["waiting"],
    )
