"""Score figures per agent, team, queue, scorecard and period, added up in the database. docs/statistics.md says what each means."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from avasanj.people import Team, User
from scoring.reviews.tables import Dispute
from scoring.statistics.intervals import Difference, Sample, Share, mean_difference, share_difference
from scoring.statistics.periods import Period, before
from scoring.statistics.ranking import Standing, ranking
from scoring.statistics.scope import Agent, By, Key, Scope, columns, narrowed, open_dispute, places
from scoring.tables import Evaluation


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of the evaluations that count. What stands apart is counted beside: disputed, kept out of averages, without a score."""

    score: Sample
    passed: Share  #: of those that the form can pass or not
    failed: Share  #: by a fatal question, which a person has confirmed
    critical: Share  #: with at least one critical question without full points, of those that have one
    answered: float | None  #: mean share of the applicable weight that is answered, 0 to 1
    reviewed: Share  #: where a person's evaluation stands
    waiting: int  #: for a person to decide something in them
    disputed: int  #: objected to and not decided: not in any figure above
    kept_out: int  #: of averages, by scoring
    unscored: int  #: nothing in them could be scored
    #: oldest and newest version of the form among those that count; None without any. Of one form only does it mean anything
    versions: tuple[int, int] | None = None

    def stored(self) -> dict[str, Any]:
        return {
            "score": self.score.stored(),
            "passed": self.passed.stored(),
            "failed": self.failed.stored(),
            "critical": self.critical.stored(),
            "answered": None if self.answered is None else round(self.answered, 4),
            "reviewed": self.reviewed.stored(),
            "waiting": self.waiting,
            "disputed": self.disputed,
            "kept_out": self.kept_out,
            "unscored": self.unscored,
            "versions": None if self.versions is None else list(self.versions),
        }


@dataclass(frozen=True, kw_only=True)
class Change:
    """Against the period before: later minus earlier, None where either has no calls."""

    key: Key
    now: Figures
    earlier: Figures
    score: Difference | None
    passed: Difference | None

    @property
    def form_changed(self) -> bool:
        """Whether the two times were scored by other versions of the form, so that a difference may be the form's."""
        now, earlier = self.now.versions, self.earlier.versions
        return now is not None and earlier is not None and now != earlier

    def stored(self, by: Sequence[By]) -> dict[str, Any]:
        return {
            **self.key.stored(by),
            **self.now.stored(),
            "before": self.earlier.stored(),
            "score_change": None if self.score is None else self.score.stored(2),
            "passed_change": None if self.passed is None else self.passed.stored(),
            "form_changed": self.form_changed,
        }


NOTHING = Figures(
    score=Sample(n=0, mean=None),
    passed=Share(hits=0, n=0),
    failed=Share(hits=0, n=0),
    critical=Share(hits=0, n=0),
    answered=None,
    reviewed=Share(hits=0, n=0),
    waiting=0,
    disputed=0,
    kept_out=0,
    unscored=0,
)


def figures(
    session: Session, scope: Scope, by: Sequence[By] = (), *, periods: Sequence[Period] = ()
) -> dict[Key, Figures]:
    """Figures for each thing of `by`; with `By.PERIOD`, for each of `periods`, which follow one another.

    Nothing is said of what has no evaluation at all.
    """
    parted = columns(by, periods)
    # joined once, since asking for it in each column would cost three times as much
    disputed = Dispute.id.is_not(None)
    counted = and_(Evaluation.counts, Evaluation.score.is_not(None), ~disputed)
    has_critical = and_(counted, Evaluation.critical_score.is_not(None))

    def of(*wanted: Any) -> Any:
        return func.count().filter(counted, *wanted)

    query = select(
        *parted,
        of().label("n"),
        func.avg(Evaluation.score).filter(counted).label("mean"),
        func.stddev_samp(Evaluation.score).filter(counted).label("spread"),
        of(Evaluation.passed).label("passed"),
        of(Evaluation.passed.is_not(None)).label("passable"),
        of(Evaluation.failed).label("failed"),
        func.count().filter(has_critical).label("critical_of"),
        func.count().filter(has_critical, func.jsonb_array_length(Evaluation.critical) > 0).label("critical"),
        func.avg(Evaluation.answered).filter(counted).label("answered"),
        of(Evaluation.review_id.is_not(None)).label("reviewed"),
        of(Evaluation.needs_person).label("waiting"),
        func.min(Evaluation.scorecard_version).filter(counted).label("oldest"),
        func.max(Evaluation.scorecard_version).filter(counted).label("newest"),
        func.count().filter(disputed).label("disputed"),
        func.count().filter(~Evaluation.counts, ~disputed).label("kept_out"),
        func.count().filter(Evaluation.counts, Evaluation.score.is_(None), ~disputed).label("unscored"),
    )
    grouped = narrowed(query, scope).outerjoin(Dispute, open_dispute).group_by(*places(parted))
    rows = session.execute(grouped).mappings().all()
    return dict(zip(keys(session, rows, periods), map(_figures, rows), strict=True))


def changes(session: Session, scope: Scope, now: Period, by: Sequence[By] = ()) -> dict[Key, Change]:
    """Each thing of `by` in the period `now`, and against the one right before it. Of `scope` the times don't count."""
    earlier = before(now)
    wide = dataclasses.replace(scope, since=earlier.starts_at, until=now.ends_at)
    found = figures(session, wide, (*by, By.PERIOD), periods=(earlier, now))
    made: dict[Key, Change] = {}
    for key in {dataclasses.replace(key, period=None): None for key in found}:
        a, b = (found.get(dataclasses.replace(key, period=one), NOTHING) for one in (earlier, now))
        made[key] = Change(
            key=key,
            now=b,
            earlier=a,
            score=mean_difference(a.score, b.score),
            passed=share_difference(a.passed, b.passed),
        )
    return made


def standings(found: Mapping[Key, Figures], *, least_calls: int) -> dict[Key, Standing]:
    """Who stands where by their mean score; figures of one scorecard only can be compared."""
    return ranking({key: one.score for key, one in found.items()}, least_calls=least_calls)


def keys(session: Session, rows: Sequence[Mapping[Any, Any]], periods: Sequence[Period]) -> list[Key]:
    """What each row of `columns` is about, with people's and teams' names."""
    people = _names(session, User, {row["user_id"] for row in rows})
    teams = _names(session, Team, {row["team_id"] for row in rows})
    made = []
    for row in rows:
        user_id, team_id = row["user_id"], row["team_id"]
        named = user_id is not None or row["agent"] is not None
        made.append(
            Key(
                agent=Agent(name=people.get(user_id) or row["agent"] or "", user_id=user_id) if named else None,
                team=teams.get(team_id),
                team_id=team_id,
                queue=row["queue"],
                scorecard=row["scorecard"],
                version=row["version"],
                period=None if row["period"] is None else periods[row["period"] - 1],
            )
        )
    return made


def _names(session: Session, table: type[User | Team], ids: set[uuid.UUID | None]) -> dict[uuid.UUID | None, str]:
    wanted = ids - {None}
    if not wanted:
        return {}
    query = select(table.id, table.name).where(table.id.in_(wanted))
    return {row.id: row.name for row in session.execute(query)}


def _figures(row: Mapping[Any, Any]) -> Figures:
    n = row["n"]
    return Figures(
        score=Sample(n=n, mean=row["mean"], spread=row["spread"] or 0.0),
        passed=Share(hits=row["passed"], n=row["passable"]),
        failed=Share(hits=row["failed"], n=n),
        critical=Share(hits=row["critical"], n=row["critical_of"]),
        answered=row["answered"],
        reviewed=Share(hits=row["reviewed"], n=n),
        waiting=row["waiting"],
        disputed=row["disputed"],
        kept_out=row["kept_out"],
        unscored=row["unscored"],
        versions=None if row["oldest"] is None else (row["oldest"], row["newest"]),
    )
