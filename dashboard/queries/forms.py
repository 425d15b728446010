"""The filled-in forms of a call as its page shows them: what stands, what a person has answered and not yet submitted, who may answer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.errors import AccessError
from avasanj.people import User
from dashboard.access import Person
from scoring import library
from scoring.marks import Result
from scoring.reviews import person, standing
from scoring.reviews.evaluators import check_not_own
from scoring.reviews.tables import Review, ReviewAnswer
from scoring.scorecard import UNSURE, Kind, Question, Scorecard
from scoring.tables import Answer, Evaluation

#: A scale with more steps than this is typed, not clicked.
_MOST_STEPS = 11


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question: the answer that stands, and the one that this person has given in their open review."""

    answer: Answer
    question: Question | None  #: None where the form is not kept any more
    given: ReviewAnswer | None = None
    said_by: str | None = None  #: the name of whoever gave or confirmed what stands
    comment: str = ""  #: what they wrote with it

    @property
    def value(self) -> str:
        return self.given.value if self.given else self.answer.value

    @property
    def waits(self) -> bool:
        """Whether it is for a person to say, and nobody has."""
        return self.given is None and (self.answer.needs_person or self._is_open)

    @property
    def _is_open(self) -> bool:
        """Scored and unanswered: forms filled in before people's own questions waited don't say so themselves."""
        scored = self.answer.points_possible or self.answer.critical or self.answer.fatal
        return self.answer.value == UNSURE and bool(scored)

    @property
    def machine(self) -> str | None:
        """The machine's own answer, where it has one that can be confirmed."""
        own = self.answer.machine["value"] if self.answer.machine else self.answer.value
        return None if own == UNSURE or (self.answer.method == "person" and not self.answer.machine) else str(own)

    @property
    def steps(self) -> list[int]:
        """The numbers of a scale that are clicked."""
        question = self.question
        if question is None or question.kind != Kind.SCALE or question.high - question.low >= _MOST_STEPS:
            return []
        return list(range(question.low, question.high + 1))

    def label(self, language: str) -> str:
        """What is answered, as people read it; yes, no, unsure and na as they are."""
        options = {one.key: one.title[language] for one in self.question.options} if self.question else {}
        if options and set(self.value.split(",")) <= set(options):
            return ("، " if language == "fa" else ", ").join(options[key] for key in self.value.split(","))
        if self.given is None and self.answer.label:
            return str(self.answer.label[language])
        return self.value


@dataclass(frozen=True, kw_only=True)
class Form:
    """One evaluation."""

    evaluation: Evaluation
    card: Scorecard | None
    items: Sequence[Item]
    review: Review | None  #: this person's own that is open
    standing: Review | None  #: the one whose answers stand
    may_answer: bool
    preview: Result | None  #: what it would come to with the open review's answers
    names: dict[uuid.UUID, str] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return sum(item.waits for item in self.items)

    @property
    def section_titles(self) -> dict[str, dict[str, Any]]:
        return {one["key"]: one for one in self.evaluation.sections}

    def titles(self, keys: Sequence[str], language: str) -> str:
        """Questions by their titles, in one line."""
        known = {item.answer.question: item.answer.title for item in self.items}
        found = [known[key].get(language) or known[key]["en"] for key in keys if key in known]
        return ("، " if language == "fa" else ", ").join(found)


def forms_of(session: Session, who: Person, evaluations: Sequence[Evaluation]) -> list[Form]:
    """Each evaluation with what this person may do with it."""
    return [_form(session, who, evaluation) for evaluation in evaluations]


def _form(session: Session, who: Person, evaluation: Evaluation) -> Form:
    card = library.card_of(session, evaluation.scorecard, evaluation.scorecard_version)
    may = card is not None and who.supervises and _is_others(session, who, evaluation)
    review = person.open_review(session, evaluation, who.id) if may else None
    stands = standing.standing_review(session, evaluation) if evaluation.review_id else None
    names = _names(session, [stands, review], evaluation)
    return Form(
        evaluation=evaluation,
        card=card,
        items=_items(evaluation, card, review, stands, names),
        review=review,
        standing=stands,
        may_answer=may,
        preview=person.preview(session, review.id).result if review and review.answers else None,
        names=names,
    )


def _items(
    evaluation: Evaluation,
    card: Scorecard | None,
    review: Review | None,
    stands: Review | None,
    names: dict[uuid.UUID, str],
) -> list[Item]:
    questions = {one.key: one for one in card.questions} if card else {}
    given = {one.question: one for one in review.answers} if review else {}
    theirs = {one.question: one for one in stands.answers} if stands else {}
    found = []
    for answer in evaluation.answers:
        by = answer.made_by.get("person") or answer.made_by.get("confirmed")
        written = theirs.get(answer.question)
        found.append(
            Item(
                answer=answer,
                question=questions.get(answer.question),
                given=given.get(answer.question),
                said_by=names.get(uuid.UUID(by)) if by else None,
                comment=written.comment if written else "",
            )
        )
    return found


def _names(session: Session, reviews: Sequence[Review | None], evaluation: Evaluation) -> dict[uuid.UUID, str]:
    made = [answer.made_by.get("person") or answer.made_by.get("confirmed") for answer in evaluation.answers]
    ids = {uuid.UUID(one) for one in made if one} | {one.evaluator_id for one in reviews if one and one.evaluator_id}
    if not ids:
        return {}
    return {one.id: one.name for one in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}


def _is_others(session: Session, who: Person, evaluation: Evaluation) -> bool:
    """Nobody judges a call in which they spoke."""
    try:
        check_not_own(session, evaluation.call_id, who.id)
    except AccessError:
        return False
    return True
