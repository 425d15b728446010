"""What an agent might work on: questions that they meet more seldom than the others, as far as the calls tell, with places to listen to."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scoring.statistics.intervals import Difference, Points, points_difference
from scoring.statistics.questions import QuestionFigures, QuestionKey, points, question_figures
from scoring.statistics.scope import Scope, counted, narrowed
from scoring.statistics.student import LEVEL
from scoring.tables import Answer, Evaluation
from telephony.tables import AgentSpan, Call

#: So many places are named for a question.
EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class Idea:
    """A question on which the agent is behind the others beyond chance."""

    scorecard: str
    question: str
    title: Mapping[str, str]
    own: Points
    others: Points
    gap: Difference  #: own minus the others'
    #: places in the newest calls where it was missed, as a plan keeps them: [{"call_id", "start_s", "end_s", "note"}]
    moments: Sequence[Mapping[str, Any]]

    def stored(self) -> dict[str, Any]:
        return {
            "scorecard": self.scorecard,
            "question": self.question,
            "title": dict(self.title),
            "own": self.own.stored(),
            "others": self.others.stored(),
            "gap": self.gap.stored(),
            "moments": [dict(one) for one in self.moments],
        }


def ideas(session: Session, agent: uuid.UUID, scope: Scope) -> list[Idea]:
    """The widest gap first. `scope` says of which time and form, and within which others (a queue, a team) to compare.

    The more questions are looked at, the more of them look bad by chance: the intervals are widened for their number (Bonferroni).
    """
    mine = dataclasses.replace(scope, agents=[agent], teams=())
    rest = dataclasses.replace(scope, where=[*scope.where, AgentSpan.user_id.is_distinct_from(agent)])
    own, others = question_figures(session, mine), question_figures(session, rest)
    behind = _behind(own, others)
    return [
        Idea(
            scorecard=key.scorecard,
            question=key.question,
            title=own[key].title,
            own=own[key].points,
            others=others[key].points,
            gap=gap,
            moments=_moments(session, mine, key),
        )
        for key, gap in sorted(behind.items(), key=lambda item: item[1].value)
    ]


def _behind(
    own: Mapping[QuestionKey, QuestionFigures], others: Mapping[QuestionKey, QuestionFigures]
) -> dict[QuestionKey, Difference]:
    both = [key for key in own if key in others]
    level = 1 - (1 - LEVEL) / max(1, len(both))
    found = {key: points_difference(others[key].points, own[key].points, level) for key in both}
    return {key: gap for key, gap in found.items() if gap is not None and gap.shown and gap.value < 0}


def _moments(session: Session, scope: Scope, key: QuestionKey) -> list[dict[str, Any]]:
    """Where something was heard, that place; where nothing was, the beginning of the call: what is missing has no place."""
    query = narrowed(
        select(Evaluation.call_id, Answer.evidence)
        .select_from(Evaluation)
        .join(Answer, Answer.evaluation_id == Evaluation.id),
        dataclasses.replace(scope, scorecard=key.scorecard),
    ).where(counted, Answer.question == key.question, points < 1)
    rows = session.execute(query.order_by(Call.started_at.desc(), Evaluation.id).limit(EXAMPLES))
    return [_moment(call_id, evidence) for call_id, evidence in rows]


def _moment(call_id: uuid.UUID, evidence: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    place: Mapping[str, Any] = evidence[0] if evidence else {}
    return {
        "call_id": str(call_id),
        "start_s": place.get("start_s", 0.0),
        "end_s": place.get("end_s", 0.0),
        "note": place.get("text", ""),
    }
