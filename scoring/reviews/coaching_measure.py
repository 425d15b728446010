"""What coaching is measured by: the agent's share of points on the plan's questions, before and after, each call once."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.i18n import N_
from scoring.statistics.intervals import Difference, Points, apart, points_difference
from scoring.statistics.questions import question_figures, together
from scoring.statistics.ranking import LEAST_CALLS
from scoring.statistics.scope import Scope, counted, narrowed
from scoring.tables import Answer, Evaluation
from telephony.tables import AgentSpan


class Verdict(enum.StrEnum):
    """What the calls tell of a change, or of a target."""

    BETTER = "better"
    WORSE = "worse"
    NOT_SHOWN = "not_shown"  #: the calls don't tell: perhaps a change, perhaps none
    NO_CALLS = "no_calls"  #: none on one side
    REACHED = "reached"
    MISSED = "missed"


#: What a page says of a change, and of a target.
CHANGES = {
    Verdict.BETTER: N_("Better than before, and more than chance explains"),
    Verdict.WORSE: N_("Worse than before, and more than chance explains"),
    Verdict.NOT_SHOWN: N_("The calls show no change: there may be one, and there may be none"),
    Verdict.NO_CALLS: N_("There are no calls to compare"),
}
TARGETS = {
    Verdict.REACHED: N_("The target is reached"),
    Verdict.MISSED: N_("The target is not reached"),
    Verdict.NOT_SHOWN: N_("The calls do not tell yet whether the target is reached"),
    Verdict.NO_CALLS: N_("There are no calls yet"),
}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """The plan's questions over a time. `versions` are those of the questions that were answered then."""

    since: datetime.datetime
    until: datetime.datetime
    points: Points  #: share of points, 0 to 1, of each call
    questions: Mapping[str, Mapping[str, Any]]  #: per question: {"points", "met", …}
    versions: frozenset[str]

    def stored(self) -> dict[str, Any]:
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            **self.points.stored(),
            "questions": dict(self.questions),
            "versions": sorted(self.versions),
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Measure:
        """As it was stored."""
        return cls(
            since=datetime.datetime.fromisoformat(stored["since"]),
            until=datetime.datetime.fromisoformat(stored["until"]),
            points=Points(n=stored["n"], mean=stored["mean"], spread=stored["spread"]),
            questions=stored["questions"],
            versions=frozenset(stored["versions"]),
        )


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    """A plan's questions after its start, beside those before it."""

    before: Measure
    after: Measure
    change: Difference | None  #: share of points, later minus earlier
    verdict: Verdict
    target: Verdict  #: reached, missed, not shown, or no calls
    others: Difference | None  #: how the other agents changed on the same questions in the same times
    #: the agent's change less that of the others: what the times brought all of them is taken out
    beyond_others: Difference | None
    changed_questions: bool  #: a question was changed meanwhile, so that the two measures are not of the same thing

    def stored(self) -> dict[str, Any]:
        return {
            "before": self.before.stored(),
            "after": self.after.stored(),
            "change": None if self.change is None else self.change.stored(),
            "verdict": self.verdict.value,
            "target": self.target.value,
            "others": None if self.others is None else self.others.stored(),
            "beyond_others": None if self.beyond_others is None else self.beyond_others.stored(),
            "changed_questions": self.changed_questions,
        }


def measure(
    session: Session,
    agent: uuid.UUID,
    scorecard: str,
    questions: Sequence[str],
    since: datetime.datetime,
    until: datetime.datetime,
) -> Measure:
    """Of the agent's evaluations that count, in calls that began from `since` up to `until`."""
    scope = Scope(since=since, until=until, scorecard=scorecard, agents=[agent])
    each = question_figures(session, scope, questions=questions)
    versions = narrowed(
        select(Answer.made_by["question"].astext)
        .select_from(Evaluation)
        .join(Answer, Answer.evaluation_id == Evaluation.id),
        scope,
    ).where(counted, Answer.question.in_(questions))
    return Measure(
        since=since,
        until=until,
        points=together(session, scope, questions),
        questions={key.question: one.stored() for key, one in each.items()},
        versions=frozenset(one for one in session.scalars(versions.distinct()) if one),
    )


def compared(
    session: Session,
    agent: uuid.UUID,
    scorecard: str,
    questions: Sequence[str],
    before: Measure,
    after: Measure,
    target: float,
) -> FollowUp:
    """The two measures, and what the other agents did meanwhile."""
    rest = [
        together(
            session,
            Scope(
                since=one.since, until=one.until, scorecard=scorecard, where=[AgentSpan.user_id.is_distinct_from(agent)]
            ),
            questions,
        )
        for one in (before, after)
    ]
    change, others = points_difference(before.points, after.points), points_difference(rest[0], rest[1])
    return FollowUp(
        before=before,
        after=after,
        change=change,
        verdict=verdict(change),
        target=reached(after.points, target),
        others=others,
        beyond_others=None if change is None or others is None else apart(others, change),
        changed_questions=bool(before.versions and after.versions and before.versions != after.versions),
    )


def verdict(change: Difference | None) -> Verdict:
    """Better or worse only where the interval leaves nothing else."""
    if change is None:
        return Verdict.NO_CALLS
    if not change.shown:
        return Verdict.NOT_SHOWN
    return Verdict.BETTER if change.value > 0 else Verdict.WORSE


def reached(points: Points, target: float) -> Verdict:
    """Whether a target share is reached, as far as the calls tell."""
    interval = points.interval
    if interval is None:
        return Verdict.NO_CALLS
    # all of many calls is as much as can be: no interval ever begins at 1
    if interval.low >= target or (points.n >= LEAST_CALLS and (points.mean or 0.0) >= 1):
        return Verdict.REACHED
    return Verdict.MISSED if interval.high < target else Verdict.NOT_SHOWN
