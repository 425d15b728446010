"""What the page Topics shows, and what a call's page says of what the call was about."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, ClassVar

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from avasanj import calendars
from avasanj.people import User
from dashboard import topic_words
from dashboard.access import Person
from scoring.topics import again, keeping, lists, proposals
from scoring.topics.keeping import Outcome, State
from scoring.topics.tables import CallAbout, CallTopic, Proposal, StoredPromise, TopicList
from scoring.topics.topic import Topics
from scoring.topics.trend import TopicTrend, Trend, trend
from telephony.tables import Call, Source

#: Of fewer calls no rate and no mean is shown: one unhappy call of one is no 100 %.
LEAST_CALLS = 10


@dataclass(frozen=True, kw_only=True)
class TopicsPage:
    """Everything of the page. `samples`: there are no real calls yet, so the sample calls are shown."""

    words: ClassVar[ModuleType] = topic_words
    least: ClassVar[int] = LEAST_CALLS
    topics: Topics
    trend: Trend
    samples: bool
    titles: Mapping[str, str]
    weeks: Sequence[str]  #: their first days as the language writes them
    proposals: Sequence[Proposal]
    versions: Sequence[TopicList]
    promises: Mapping[str, Mapping[State, int]]
    behind: int  #: calls that were read by an earlier list, or by none
    reading: bool  #: whether the workers read them by the one in use

    def title(self, key: str) -> str:
        return self.titles.get(key, key)


@dataclass(frozen=True, kw_only=True)
class AboutCall:
    """What one call was about."""

    words: ClassVar[ModuleType] = topic_words
    about: CallAbout | None
    topics: Sequence[CallTopic]
    titles: Mapping[str, str]
    promises: Sequence[Outcome]
    people: Mapping[uuid.UUID, str]  #: names of those who said what became of a promise

    def title(self, key: str) -> str:
        return self.titles.get(key, key)


def page(session: Session, who: Person) -> TopicsPage:
    settings, topics = who.site.settings, lists.current(session)
    samples = not session.scalar(select(exists().where(CallAbout.call_id == Call.id, Call.source != Source.SAMPLE)))
    found = trend(
        session,
        topics,
        now=who.now,
        zone=settings.timezone,
        language=who.language,
        dissatisfied_above=settings.dissatisfied_above,
        samples=samples,
    )
    return TopicsPage(
        topics=topics,
        trend=found,
        samples=samples and found.total > 0,
        titles=topics.titles(who.language),
        weeks=[calendars.short_date(first, who.language) for first in found.weeks],
        proposals=proposals.open_ones(session),
        versions=lists.versions(session),
        behind=again.count_behind(session),
        reading=again.is_asked_for(session),
        promises=keeping.counted(
            session,
            since=calendars.day_bounds(found.weeks[0], settings.timezone)[0],
            now=who.now,
            within_h=settings.follow_up_within_h,
        ),
    )


def of_call(session: Session, who: Person, call_id: uuid.UUID) -> AboutCall:
    """Of a call that the person may see."""
    rows = session.scalars(select(CallTopic).where(CallTopic.call_id == call_id)).all()
    settings = who.site.settings
    promises = keeping.of_call(session, call_id, now=who.now, within_h=settings.follow_up_within_h)
    return AboutCall(
        about=session.get(CallAbout, call_id),
        topics=sorted(rows, key=lambda one: (not one.driver, -one.confidence, one.topic)),
        titles=lists.current(session).titles(who.language),
        promises=promises,
        people=_names(session, {one.marked.marked_by for one in promises if one.marked and one.marked.marked_by}),
    )


def _names(session: Session, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    return {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(ids)))}


def title_of(session: Session, key: str, language: str) -> str:
    """A topic's title; the key itself for one that is no more."""
    return lists.current(session).titles(language).get(key, key)


def promise(session: Session, promise_id: int) -> StoredPromise | None:
    return session.get(StoredPromise, promise_id)


def may_mark(session: Session, who: Person, one: StoredPromise) -> bool:
    """Supervisors say of every promise what became of it; agents only where the ledger can't tell and nobody else has said."""
    if who.supervises:
        return True
    settings = who.site.settings
    found = keeping.outcomes(session, [one], now=who.now, within_h=settings.follow_up_within_h)[0]
    return not found.seen_in_ledger and (found.marked is None or found.marked.marked_by == who.id)


def topics_json(p: TopicsPage) -> dict[str, Any]:
    """The page as data. Shares and rates 0 to 1, None where there is nothing to measure."""
    return {
        "version": p.topics.version,
        "samples": p.samples,
        "weeks": list(p.trend.weeks),
        "calls": list(p.trend.calls),
        "without_driver": p.trend.without,
        "topics": [_topic_json(one, p) for one in p.trend.topics],
        "grew": [one.key for one in p.trend.grew],
        "proposals": [
            {"id": one.id, "calls": one.size, "tightness": one.tightness, "words": one.words, "examples": one.examples}
            for one in p.proposals
        ],
        "promises": {kind: {state.value: n for state, n in found.items()} for kind, found in p.promises.items()},
    }


def about_json(found: AboutCall) -> dict[str, Any]:
    """What a call was about, as data."""
    about = found.about
    return {
        "driver": about.driver if about else None,
        "reason": about.reason if about else None,
        "summary": about.summary if about else [],
        "topics": [
            {name: getattr(one, name) for name in ("topic", "driver", "confidence", "method", "evidence")}
            for one in found.topics
        ],
        "promises": [
            {
                **one.promise.evidence,
                "id": one.promise.id,
                "due_at": one.due_at,
                "state": one.state.value,
                "overdue": one.overdue,
                "call_id": one.by.call_id if one.by else None,
                "marked": one.marked is not None,
            }
            for one in found.promises
        ],
    }


def _topic_json(one: TopicTrend, p: TopicsPage) -> dict[str, Any]:
    change = one.change
    names = ("key", "counts", "shares", "drivers", "dissatisfied", "judged", "score", "scored")
    return {name: getattr(one, name) for name in names} | {
        "title": p.title(one.key),
        "change": None
        if change is None
        else {"share": change.share, "before": change.before, "low": change.low, "high": change.high},
    }
