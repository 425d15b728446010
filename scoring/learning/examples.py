"""What people's answers teach a form: sentences that its questions should, or should not, have taken for a yes.

A person who answered yes where the machine did not, and marked the words, has given an example of what is meant; one who answered no
where the machine had heard a yes has given one of what only sounds like it. They are proposed, never taken over: whoever writes the form
decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.persian import searchable
from scoring.likeness import split
from scoring.reviews.tables import Origin, Review, ReviewAnswer, ReviewState
from scoring.scorecard import NO, YES
from scoring.tables import Answer, Evaluation

#: Only what reads words can learn from words.
METHODS = frozenset({"rule", "likeness", "model"})
MOST = 20


@dataclass(frozen=True, kw_only=True)
class Example:
    """A sentence, and how many people's answers rest on it."""

    sentence: str
    answers: int


@dataclass(frozen=True, kw_only=True)
class Proposed:
    """Of one question: sentences to add to its `like` and `unlike` examples, the commonest first."""

    question: str
    like: Sequence[Example]
    unlike: Sequence[Example]


def proposed(session: Session, scorecard: str) -> list[Proposed]:
    """Questions of a scorecard, of any version, whose answers teach something."""
    query = (
        select(ReviewAnswer, Answer)
        .join(Review, ReviewAnswer.review_id == Review.id)
        .join(
            Evaluation,
            (Evaluation.call_id == Review.call_id)
            & (Evaluation.span_position == Review.span_position)
            & (Evaluation.scorecard == Review.scorecard)
            & (Evaluation.scorecard_version == Review.scorecard_version),
        )
        .join(Answer, (Answer.evaluation_id == Evaluation.id) & (Answer.question == ReviewAnswer.question))
        .where(
            Review.scorecard == scorecard,
            Review.state == ReviewState.SUBMITTED,
            ReviewAnswer.origin == Origin.GIVEN,
            ReviewAnswer.value.in_([YES, NO]),
            ReviewAnswer.machine_method.in_(METHODS),
        )
        .order_by(ReviewAnswer.id)
    )
    like: dict[str, list[str]] = defaultdict(list)
    unlike: dict[str, list[str]] = defaultdict(list)
    for given, answer in session.execute(query):
        if given.value == YES and given.machine_value != YES:
            like[given.question] += sentences(given.evidence)
        elif given.value == NO and given.machine_value == YES:
            unlike[given.question] += sentences(_machines(answer))
    questions = sorted({*like, *unlike})
    found = [Proposed(question=one, like=counted(like[one]), unlike=counted(unlike[one])) for one in questions]
    return [one for one in found if one.like or one.unlike]


def sentences(evidence: Iterable[Mapping[str, Any]]) -> list[str]:
    """Those of the words that an answer rests on."""
    return [sentence for item in evidence for sentence in split(str(item.get("text", "")))]


def counted(said: Iterable[str]) -> list[Example]:
    """The same sentence in another spelling counts for one; the first spelling is kept."""
    first: dict[str, str] = {}
    counts: dict[str, int] = defaultdict(int)
    for sentence in said:
        key = searchable(sentence)
        first.setdefault(key, sentence)
        counts[key] += 1
    order = sorted(first, key=lambda key: -counts[key])
    return [Example(sentence=first[key], answers=counts[key]) for key in order[:MOST]]


def _machines(answer: Answer) -> list[Mapping[str, Any]]:
    """The words that the machine's own answer rested on."""
    said = answer.machine["evidence"] if answer.machine else answer.evidence
    return list(said)
