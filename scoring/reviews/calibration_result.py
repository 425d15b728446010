"""What came of a calibration session: who answered what, how far they agree with the expert and with each other, and the machine."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from scoring import library
from scoring.reviews.calibration import closed
from scoring.reviews.standing import machine_of
from scoring.reviews.tables import CalibrationSession, Origin, Review, ReviewState
from scoring.scorecard import UNSURE, Kind, Question, Scorecard
from scoring.statistics.agreement import comparable
from scoring.statistics.alpha import Alpha, alpha
from scoring.statistics.intervals import Share
from scoring.tables import Evaluation


@dataclass(frozen=True, kw_only=True)
class QuestionResult:
    """One question, as everybody answered it."""

    question: str
    title: Mapping[str, str]
    kind: str
    answers: Mapping[uuid.UUID, str]  #: by person; who left it unanswered is left out
    comments: Mapping[uuid.UUID, str]
    expert: str | None
    machine: str | None  #: what the machine had said; None where it had said nothing
    usual: str | None  #: the expert's answer, else the one that most gave; None where there is neither

    @property
    def distribution(self) -> dict[str, int]:
        """Answers, the most frequent first."""
        return dict(Counter(self.answers.values()).most_common())

    @property
    def apart(self) -> list[uuid.UUID]:
        """Who answered otherwise than usual."""
        return [] if self.usual is None else [one for one, value in self.answers.items() if value != self.usual]

    @property
    def together(self) -> Share:
        """Of all pairs of people, those with the same answer."""
        n = len(self.answers)
        same = sum(count * (count - 1) // 2 for count in Counter(self.answers.values()).values())
        return Share(hits=same, n=n * (n - 1) // 2)


@dataclass(frozen=True, kw_only=True)
class ParticipantResult:
    """One person's answers beside the others'."""

    person: uuid.UUID
    is_expert: bool
    submitted: bool
    answered: int
    score: float | None  #: what their own answers come to
    with_usual: Share  #: with the expert, or else with the answer that most gave; without those where there is neither
    apart_on: Sequence[str]  #: questions


@dataclass(frozen=True, kw_only=True)
class CalibrationResult:
    """`alpha` is over the questions of this one call: it tells how far one looked with the same eyes, not how well in general."""

    session: CalibrationSession
    questions: Sequence[QuestionResult]
    participants: Sequence[ParticipantResult]
    alpha: Alpha | None  #: None where fewer than two answered, or all gave one answer to everything
    machine: Share  #: the machine's sure answers, with the usual ones
    scores: tuple[float, float] | None  #: lowest and highest

    def stored(self) -> dict[str, Any]:
        return {
            "id": str(self.session.id),
            "title": self.session.title,
            "call_id": str(self.session.call_id),
            "expert": None if self.session.expert_id is None else str(self.session.expert_id),
            "alpha": None if self.alpha is None else self.alpha.stored(),
            "machine": _plain(self.machine),
            "scores": None if self.scores is None else list(self.scores),
            "questions": [
                {
                    "question": one.question,
                    "title": dict(one.title),
                    "answers": {str(person): value for person, value in one.answers.items()},
                    "distribution": one.distribution,
                    "expert": one.expert,
                    "machine": one.machine,
                    "together": _plain(one.together),
                    "apart": [str(person) for person in one.apart],
                }
                for one in self.questions
            ],
            "participants": [
                {
                    "person": str(one.person),
                    "is_expert": one.is_expert,
                    "submitted": one.submitted,
                    "answered": one.answered,
                    "score": one.score,
                    "with_usual": _plain(one.with_usual),
                    "apart_on": list(one.apart_on),
                }
                for one in self.participants
            ],
        }


def result(session: Session, session_id: uuid.UUID) -> CalibrationResult:
    """Of a closed session. Raises InputError for an unknown one, AccessError for an open one."""
    made = closed(session, session_id)
    query = select(Review).where(Review.session_id == made.id).options(selectinload(Review.answers))
    reviews = list(session.scalars(query.order_by(Review.assigned_at, Review.id)))
    card = library.card_of(session, made.scorecard, made.scorecard_version)
    about = select(Evaluation).where(
        Evaluation.call_id == made.call_id,
        Evaluation.span_position == made.span_position,
        Evaluation.scorecard == made.scorecard,
        Evaluation.scorecard_version == made.scorecard_version,
    )
    evaluation = session.scalar(about.options(selectinload(Evaluation.answers)))
    own = machine_of(evaluation, card) if evaluation and card else {}
    return drawn_together(made, card, reviews, {key: one.value for key, one in own.items()})


def drawn_together(
    made: CalibrationSession, card: Scorecard | None, reviews: Sequence[Review], machine: Mapping[str, str]
) -> CalibrationResult:
    """Data to data. Only what people answered themselves is theirs; the machine's answers are those at submission, else `machine`."""
    submitted = [one for one in reviews if one.state == ReviewState.SUBMITTED.value and one.evaluator_id is not None]
    questions = [
        _question(one, submitted, made.expert_id, machine.get(one.key)) for one in (card.questions if card else ())
    ]
    asked = [one for one in questions if one.answers]
    scores = [one.score for one in submitted if one.score is not None]
    # a form's questions are its units; "yes" to one question is another answer than "yes" to the next only in name
    units = [
        {person: _named(one, value) for person, value in one.answers.items()} for one in asked if one.kind != Kind.TEXT
    ]
    sure = [one for one in asked if one.usual is not None and one.machine not in {None, UNSURE}]
    return CalibrationResult(
        session=made,
        questions=questions,
        participants=[_participant(one, asked, made.expert_id) for one in reviews if one.evaluator_id is not None],
        alpha=alpha(units),
        machine=Share(hits=sum(one.machine == one.usual for one in sure), n=len(sure)),
        scores=(min(scores), max(scores)) if scores else None,
    )


def _question(
    question: Question, reviews: Sequence[Review], expert: uuid.UUID | None, machine: str | None
) -> QuestionResult:
    answers: dict[uuid.UUID, str] = {}
    comments: dict[uuid.UUID, str] = {}
    for review in reviews:
        row = next((one for one in review.answers if one.question == question.key), None)
        if row is None or review.evaluator_id is None:
            continue
        machine = row.machine_value or machine
        if row.origin == Origin.GIVEN.value:
            answers[review.evaluator_id] = comparable(row.value, question.kind)
            comments[review.evaluator_id] = row.comment
    of_expert = answers.get(expert) if expert else None
    return QuestionResult(
        question=question.key,
        title=question.title,
        kind=question.kind.value,
        answers=answers,
        comments={person: text for person, text in comments.items() if text},
        expert=of_expert,
        machine=None if machine is None else comparable(machine, question.kind),
        usual=None if question.kind == Kind.TEXT else of_expert or _most(answers),
    )


def _most(answers: Mapping[uuid.UUID, str]) -> str | None:
    """The answer that more gave than any other; None where two are level, or nobody has answered."""
    most = Counter(answers.values()).most_common(2)
    if not most or (len(most) > 1 and most[0][1] == most[1][1]):
        return None
    return most[0][0]


def _plain(one: Share) -> dict[str, Any]:
    """Without an interval: all of it is about one call, and tells nothing of others."""
    return {"n": one.n, "hits": one.hits, "share": None if one.value is None else round(one.value, 4)}


def _named(one: QuestionResult, value: str) -> str:
    return value if one.kind == Kind.YES_NO.value else f"{one.question}={value}"


def _participant(review: Review, questions: Sequence[QuestionResult], expert: uuid.UUID | None) -> ParticipantResult:
    person = review.evaluator_id
    assert person is not None
    own = [one for one in questions if person in one.answers]
    judged = [one for one in own if one.usual is not None]
    apart = [one.question for one in judged if one.answers[person] != one.usual]
    submitted = review.state == ReviewState.SUBMITTED.value
    return ParticipantResult(
        person=person,
        is_expert=person == expert,
        submitted=submitted,
        answered=len(own),
        score=review.score if submitted else None,
        with_usual=Share(hits=len(judged) - len(apart), n=len(judged)),
        apart_on=apart,
    )
