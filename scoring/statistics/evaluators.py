"""Evaluators beside each other, over the calibration sessions that are closed: how far they agree, and who is stricter than the expert."""

from __future__ import annotations

import itertools
import statistics
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scoring.reviews.tables import CalibrationSession, Origin, Review, ReviewAnswer, ReviewKind
from scoring.scorecard import NA, Kind, Question
from scoring.statistics.agreement import NUMERIC, Asked, Reviewed, asked_in, comparable, narrowed
from scoring.statistics.alpha import Alpha, Level, alpha
from scoring.statistics.intervals import Difference, Points, Sample, mean_difference_of_pairs

_LEVELS = {Kind.SCALE: Level.ORDINAL, Kind.NUMBER: Level.INTERVAL}


@dataclass(frozen=True, kw_only=True)
class Said:
    """One person's own answer in one session."""

    session_id: uuid.UUID
    expert_id: uuid.UUID | None
    asked: Asked
    person: uuid.UUID
    value: str
    machine: str | None


@dataclass(frozen=True, kw_only=True)
class QuestionAgreement:
    """One question over all sessions."""

    title: Mapping[str, str]
    alpha: Alpha | None  #: None where there is too little, or nobody ever answered otherwise
    #: shares of each session, which counts once, since all its answers are about one call
    together: Points  #: of all pairs of people, those with the same answer
    with_expert: Points  #: of the others' answers, those that are the expert's

    def stored(self) -> dict[str, Any]:
        return {
            "title": dict(self.title),
            "alpha": None if self.alpha is None else self.alpha.stored(),
            "together": self.together.stored(),
            "with_expert": self.with_expert.stored(),
        }


@dataclass(frozen=True, kw_only=True)
class EvaluatorAgreement:
    """One person over all sessions."""

    name: str
    sessions: int
    #: shares of each session, which counts once
    with_expert: Points
    with_others: Points  #: of all pairs with another's answer, the equal ones
    #: their scores minus the expert's of the same calls: below zero is stricter; None without such calls
    stricter: Difference | None

    def stored(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "sessions": self.sessions,
            "with_expert": self.with_expert.stored(),
            "with_others": self.with_others.stored(),
            "score_to_expert": None if self.stricter is None else self.stricter.stored(2),
        }


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """All that the sessions tell."""

    questions: Mapping[Asked, QuestionAgreement]
    people: Mapping[uuid.UUID, EvaluatorAgreement]


def calibrated(session: Session, reviewed: Reviewed, names: Mapping[uuid.UUID, str] | None = None) -> Calibrated:
    """Of reviews submitted in the time of `reviewed`, in sessions that are closed by now."""
    query = narrowed(select(ReviewAnswer, Review, CalibrationSession.expert_id), reviewed).join(
        CalibrationSession, CalibrationSession.id == Review.session_id
    )
    query = query.where(
        CalibrationSession.state == "closed",
        Review.kind == ReviewKind.CALIBRATION.value,
        ReviewAnswer.origin == Origin.GIVEN.value,
    )
    rows = session.execute(query).all()
    questions = asked_in(session, {(review.scorecard, review.scorecard_version) for _, review, _ in rows})
    read = (_said(answer, review, expert, questions) for answer, review, expert in rows)
    said = [one for one in read if one is not None]
    scores = {(review.session_id, review.evaluator_id): review.score for _, review, _ in rows}
    by_question: dict[Asked, list[Said]] = defaultdict(list)
    for one in said:
        by_question[one.asked].append(one)
    return Calibrated(
        questions={
            asked: of_question(questions[asked], by_question[asked])
            for asked in questions
            if asked in by_question and questions[asked].kind != Kind.TEXT
        },
        people=_people(said, scores, names or {}),
    )


def of_question(question: Question, said: Sequence[Said]) -> QuestionAgreement:
    """Data to data."""
    units = _sessions(said)
    numeric = question.kind in NUMERIC
    values = [
        {who: float(value) if numeric else value for who, value in unit.items() if not numeric or value != NA}
        for unit in units.values()
    ]
    return QuestionAgreement(
        title=question.title,
        alpha=alpha(values, _LEVELS.get(question.kind, Level.NOMINAL)),
        together=_each(
            (id_, a == b) for id_, unit in units.items() for a, b in itertools.combinations(unit.values(), 2)
        ),
        with_expert=_with_expert([one for one in said if one.person != one.expert_id], said),
    )


def _said(
    answer: ReviewAnswer, review: Review, expert: uuid.UUID | None, known: Mapping[Asked, Question]
) -> Said | None:
    asked = Asked(scorecard=review.scorecard, question=answer.question, version=answer.question_version)
    if asked not in known or review.evaluator_id is None or review.session_id is None:
        return None
    return Said(
        session_id=review.session_id,
        expert_id=expert,
        asked=asked,
        person=review.evaluator_id,
        value=comparable(answer.value, known[asked].kind),
        machine=answer.machine_value,
    )


def _sessions(said: Sequence[Said]) -> dict[uuid.UUID, dict[uuid.UUID, str]]:
    found: dict[uuid.UUID, dict[uuid.UUID, str]] = defaultdict(dict)
    for one in said:
        found[one.session_id][one.person] = one.value
    return found


def _each(alike: Iterable[tuple[uuid.UUID, bool]]) -> Points:
    """The share of each session, and of these the sample."""
    found: dict[uuid.UUID, list[bool]] = defaultdict(list)
    for session_id, same in alike:
        found[session_id].append(same)
    shares = [statistics.fmean(one) for one in found.values()]
    if not shares:
        return Points(n=0, mean=None)
    spread = statistics.stdev(shares) if len(shares) > 1 else 0.0
    return Points(n=len(shares), mean=statistics.fmean(shares), spread=spread)


def _with_expert(wanted: Sequence[Said], said: Sequence[Said]) -> Points:
    experts = {(one.session_id, one.asked): one.value for one in said if one.person == one.expert_id}
    judged = [(one, experts[one.session_id, one.asked]) for one in wanted if (one.session_id, one.asked) in experts]
    return _each((one.session_id, one.value == expert) for one, expert in judged)


def _people(
    said: Sequence[Said], scores: Mapping[tuple[Any, Any], float | None], names: Mapping[uuid.UUID, str]
) -> dict[uuid.UUID, EvaluatorAgreement]:
    groups: dict[tuple[uuid.UUID, Asked], list[Said]] = defaultdict(list)
    for one in said:
        groups[one.session_id, one.asked].append(one)
    made = {}
    for person in sorted({one.person for one in said}, key=lambda one: (names.get(one, ""), str(one))):
        own = [one for one in said if one.person == person]
        others = [
            (one.session_id, other.value == one.value)
            for one in own
            for other in groups[one.session_id, one.asked]
            if other.person != person
        ]
        made[person] = EvaluatorAgreement(
            name=names.get(person, ""),
            sessions=len({one.session_id for one in own}),
            with_expert=_with_expert([one for one in own if one.expert_id != person], said),
            with_others=_each(others),
            stricter=_stricter(person, own, scores),
        )
    return made


def _stricter(
    person: uuid.UUID, own: Sequence[Said], scores: Mapping[tuple[Any, Any], float | None]
) -> Difference | None:
    apart = []
    for session_id, expert in sorted({(one.session_id, one.expert_id) for one in own if one.expert_id}, key=str):
        mine, theirs = scores.get((session_id, person)), scores.get((session_id, expert))
        if expert != person and mine is not None and theirs is not None:
            apart.append(mine - theirs)
    if not apart:
        return None
    spread = statistics.stdev(apart) if len(apart) > 1 else 0.0
    return mean_difference_of_pairs(Sample(n=len(apart), mean=statistics.fmean(apart), spread=spread))
