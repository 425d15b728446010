"""How often calls are about what, week by week, and what grew more than chance explains. The rest is pure."""

from __future__ import annotations

import datetime
import math
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Date, Float, and_, case, cast, func, select
from sqlalchemy.orm import Session

from avasanj import calendars
from scoring.tables import Evaluation, Mood
from scoring.topics.tables import CallAbout, CallTopic
from scoring.topics.topic import Topics
from telephony.tables import Call, Source

WEEKS = 12
#: Fewer calls than this in the weeks before, or in the week itself, tell nothing of a change.
LEAST_CALLS = 20
#: A topic of fewer calls, this week and on the mean of the weeks before, is too rare to speak of a change.
LEAST_COUNT = 5
_Z = 1.96


@dataclass(frozen=True, kw_only=True)
class Change:
    """A topic's share of the week against its share in the weeks before: the difference with its 95 % interval, −1 to 1."""

    share: float
    before: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.share - self.before

    @property
    def sure(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, kw_only=True)
class TopicTrend:
    """One topic over the weeks. Rates are None where there is nothing to measure."""

    key: str
    counts: tuple[int, ...]  #: calls about it, a number a week, the oldest first
    shares: tuple[float | None, ...]  #: of the week's calls that were read
    drivers: int  #: calls of all weeks that were made because of it
    dissatisfied: float | None
    judged: int
    score: float | None  #: mean score of the evaluations that count
    scored: int
    change: Change | None

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """All topics that were heard, the most frequent first."""

    weeks: tuple[datetime.date, ...]  #: their first days, the oldest first
    calls: tuple[int, ...]  #: those that were read, a number a week
    without: int  #: of all weeks, those without a driver
    topics: tuple[TopicTrend, ...]
    grew: tuple[TopicTrend, ...]  #: surely more than before, the largest growth first

    @property
    def total(self) -> int:
        return sum(self.calls)


def trend(
    session: Session,
    topics: Topics,
    *,
    now: datetime.datetime,
    zone: str,
    language: str,
    dissatisfied_above: float,
    weeks: int = WEEKS,
    samples: bool = False,
) -> Trend:
    """The last `weeks` weeks, this one included. Weeks begin on Saturday for Persian and on Monday for English, in the center's `zone`.

    `samples`: of the sample calls instead of the real ones, which are never counted together.
    """
    today = now.astimezone(zoneinfo.ZoneInfo(zone)).date()
    last = calendars.week_start(today, language)
    firsts = tuple(last - datetime.timedelta(weeks=n) for n in reversed(range(weeks)))
    began = calendars.day_bounds(firsts[0], zone)[0]
    offset = 2 if language == "fa" else 0  # date_trunc's weeks begin on Monday
    local = func.timezone(zone, Call.started_at)
    week = cast(func.date_trunc("week", local + datetime.timedelta(days=offset)), Date) - offset
    of_them = and_(Call.started_at >= began, Call.started_at <= now, (Call.source == Source.SAMPLE) == samples)
    read = (
        select(week, func.count(), func.count().filter(CallAbout.driver.is_(None)))
        .select_from(CallAbout)
        .join(Call, Call.id == CallAbout.call_id)
        .where(of_them)
        .group_by(week)
    )
    totals = {row[0]: (row[1], row[2]) for row in session.execute(read)}
    score = (
        select(Evaluation.call_id, func.avg(Evaluation.score).label("score"))
        .where(Evaluation.counts if not samples else Evaluation.score.is_not(None), Evaluation.score.is_not(None))
        .group_by(Evaluation.call_id)
        .subquery()
    )
    unhappy = cast(case((Mood.dissatisfied >= dissatisfied_above, 1), else_=0), Float)
    rows = session.execute(
        select(
            CallTopic.topic,
            week,
            func.count(),
            func.count().filter(CallTopic.driver),
            func.sum(unhappy).filter(Mood.dissatisfied.is_not(None)),
            func.count(Mood.dissatisfied),
            func.sum(score.c.score),
            func.count(score.c.score),
        )
        .join(Call, Call.id == CallTopic.call_id)
        .outerjoin(Mood, Mood.call_id == CallTopic.call_id)
        .outerjoin(score, score.c.call_id == CallTopic.call_id)
        .where(of_them)
        .group_by(CallTopic.topic, week)
    ).all()
    calls = tuple(totals.get(first, (0, 0))[0] for first in firsts)
    by_key: dict[str, dict[datetime.date, tuple[float, ...]]] = {topic.key: {} for topic in topics.topics}
    for row in rows:
        by_key.setdefault(row[0], {})[row[1]] = tuple(float(value or 0) for value in row[2:])
    made = [_topic(key, found, firsts, calls) for key, found in by_key.items() if found]
    made.sort(key=lambda one: (-one.total, one.key))
    grew = [one for one in made if one.change and one.change.low > 0]
    return Trend(
        weeks=firsts,
        calls=calls,
        without=sum(found[1] for found in totals.values()),
        topics=tuple(made),
        grew=tuple(sorted(grew, key=lambda one: -one.change.difference if one.change else 0.0)),
    )


def _topic(
    key: str, found: Mapping[datetime.date, tuple[float, ...]], firsts: Sequence[datetime.date], calls: Sequence[int]
) -> TopicTrend:
    counts = tuple(int(found[first][0]) if first in found else 0 for first in firsts)
    sums = [sum(values) for values in zip(*found.values(), strict=True)]
    _, drivers, unhappy, judged, score, scored = sums
    return TopicTrend(
        key=key,
        counts=counts,
        shares=tuple(n / of if of else None for n, of in zip(counts, calls, strict=True)),
        drivers=int(drivers),
        dissatisfied=unhappy / judged if judged else None,
        judged=int(judged),
        score=score / scored if scored else None,
        scored=int(scored),
        change=change(counts, calls),
    )


def change(counts: Sequence[int], calls: Sequence[int]) -> Change | None:
    """The last week against those before. None where one side has fewer than 20 calls, or the topic fewer than 5.

    Newcombe's interval for the difference of two proportions from Wilson scores (1998, method 10). Weeks differ by more than chance, so
    both samples count for less by the factor by which the weeks before scattered (Pearson's χ² over its degrees of freedom).
    """
    before, of_before = sum(counts[:-1]), sum(calls[:-1])
    if not counts or calls[-1] < LEAST_CALLS or of_before < LEAST_CALLS:
        return None
    if counts[-1] < LEAST_COUNT and before * calls[-1] / of_before < LEAST_COUNT:
        return None
    scatter = _scatter(counts[:-1], calls[:-1])
    share, old = counts[-1] / calls[-1], before / of_before
    low, high = wilson(share, calls[-1] / scatter)
    old_low, old_high = wilson(old, of_before / scatter)
    down = math.sqrt((share - low) ** 2 + (old_high - old) ** 2)
    up = math.sqrt((high - share) ** 2 + (old - old_low) ** 2)
    return Change(share=share, before=old, low=share - old - down, high=share - old + up)


def wilson(share: float, n: float) -> tuple[float, float]:
    """95 % interval of a proportion of `n` (Wilson 1927)."""
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _scatter(counts: Sequence[int], calls: Sequence[int]) -> float:
    """How much more the weeks differ than chance makes them, 1 at least."""
    weeks = [(n, of) for n, of in zip(counts, calls, strict=True) if of]
    share = sum(n for n, _ in weeks) / max(1, sum(of for _, of in weeks))
    if len(weeks) < 3 or not 0 < share < 1:
        return 1.0
    chi = sum((n - of * share) ** 2 / (of * share * (1 - share)) for n, of in weeks)
    return max(1.0, chi / (len(weeks) - 1))
