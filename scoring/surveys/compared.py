"""How well predicted satisfaction agrees with what customers answered, where both are known."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scoring.surveys.tables import Survey
from scoring.tables import Mood
from telephony.tables import Call, Disposition, Source

#: With fewer pairs a correlation says nothing.
LEAST_PAIRS = 10


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Of calls with both: `surveyed` and `predicted` are means (1 to 5), `apart` the mean distance, `within_one` the share at
    most one grade apart, `correlation` Pearson's (None with fewer than LEAST_PAIRS, or where one never varies).
    """

    n: int
    surveyed: float
    predicted: float
    apart: float
    within_one: float
    correlation: float | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    answered: int  #: answered calls in the time
    asked: int  #: of these, with a survey's answer
    all: Agreement | None  #: None without a call that has both
    by_queue: Mapping[str, Agreement]


def compare(session: Session, since: datetime.datetime, until: datetime.datetime) -> Compared:
    """Over calls that began from `since` to before `until`; samples are left out."""
    of_time = (Call.started_at >= since, Call.started_at < until, Call.source != Source.SAMPLE)
    answered = select(func.count()).select_from(Call).where(*of_time, Call.disposition == Disposition.ANSWERED)
    asked = select(func.count()).select_from(Survey).join(Call, Call.id == Survey.call_id).where(*of_time)
    query = (
        select(Call.queue, Survey.grade, Mood.satisfaction)
        .join(Survey, Survey.call_id == Call.id)
        .join(Mood, Mood.call_id == Call.id)
        .where(*of_time, Mood.satisfaction.is_not(None))
    )
    pairs = [(queue or "", grade, float(found["grade"])) for queue, grade, found in session.execute(query)]
    queues = sorted({queue for queue, _, _ in pairs if queue})
    return Compared(
        answered=session.scalar(answered) or 0,
        asked=session.scalar(asked) or 0,
        all=agreement([(grade, ours) for _, grade, ours in pairs]),
        by_queue={
            name: found for name in queues if (found := agreement([(g, ours) for q, g, ours in pairs if q == name]))
        },
    )


def agreement(pairs: Sequence[tuple[float, float]]) -> Agreement | None:
    """Of (surveyed, predicted); None without any."""
    if not pairs:
        return None
    theirs, ours = np.array(pairs, np.float64).T
    varies = len(pairs) >= LEAST_PAIRS and theirs.std() > 0 and ours.std() > 0
    return Agreement(
        n=len(pairs),
        surveyed=float(theirs.mean()),
        predicted=float(ours.mean()),
        apart=float(np.abs(theirs - ours).mean()),
        within_one=float((np.abs(theirs - ours) <= 1).mean()),
        correlation=float(np.corrcoef(theirs, ours)[0, 1]) if varies else None,
    )
