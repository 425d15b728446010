"""The list of calls: filters, pages by key, and one row for a call that has just changed."""

from __future__ import annotations

import datetime
import uuid
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, or_, select, true, tuple_
from sqlalchemy.orm import Session, aliased

from avasanj.people import StuckWork
from avasanj.persian import ascii_digits
from crm_sync.tables import Customer, FollowUp, TimelineEntry
from dashboard.access import Person, visible_calls, visible_evaluations
from dashboard.queries.said import Place, calls_that_say, places, terms
from dashboard.queries.topics import title_of
from scoring.reviews.doubt import hesitates
from scoring.tables import Evaluation, Mood
from scoring.topics.tables import CallTopic
from telephony.lines import extension
from telephony.tables import AgentSpan, Call, CallState, Disposition, Recording, Source
from transcription.tables import Transcript

PAGE_ROWS = 50


class CallFilters(BaseModel):
    """What the list is narrowed to; the words of its sentence. Empty: no limit."""

    when: Literal["", "today", "week", "7d"] = ""
    outcome: Literal["", "answered", "unanswered"] = ""
    queue: str = ""
    mood: Literal["", "dissatisfied"] = ""
    review: Literal["", "needed", "hesitant"] = ""
    owed: Literal["", "open"] = ""
    flaw: Literal["", "recording", "awaited", "gaps"] = ""
    course: Literal["", "transferred", "repeat"] = ""
    samples: Literal["", "without", "only"] = ""
    topic: str = ""
    q: str = ""
    said: str = ""

    @property
    def query(self) -> str:
        """The filters as they stand in an address; "" for none."""
        return urlencode({name: value for name, value in self.model_dump().items() if value})


@dataclass(frozen=True, kw_only=True)
class CallRow:
    """One call as the list shows it."""

    call: Call
    agents: str | None
    customer_id: uuid.UUID | None
    customer_name: str | None
    dissatisfied: float | None
    curve: list[Any]
    score: float | None
    needs_person: bool
    open_follow_ups: int
    flawed: bool  #: one of its recordings can't be used
    repeats: (
        tuple[uuid.UUID, datetime.datetime] | None
    )  #: the customer's call before and when it began, if this repeats it
    stage: str | None
    places: Sequence[Place] = ()  #: where it was said, in a list of the calls in which something was said

    @property
    def live(self) -> bool:
        return self.call.state != CallState.ENDED

    @property
    def order(self) -> str:
        """Sorts as the list does, newest last."""
        return f"{self.call.started_at.timestamp():017.6f}-{self.call.id}"


@dataclass(frozen=True, kw_only=True)
class CallPage:
    """One page of the list; `cursor` opens the next one, None at the end."""

    now: list[CallRow]
    rows: list[CallRow]
    cursor: str | None
    queues: list[str]
    any_calls: bool
    topic: str = ""  #: title of the topic that the list is narrowed to


def page(session: Session, who: Person, filters: CallFilters, cursor: str = "") -> CallPage:
    """Calls in progress (on the first page only) and a page of ended ones, newest first."""
    wanted = and_(visible_calls(who), narrowed(who, filters))
    ended = _rows(who).where(wanted, Call.state == CallState.ENDED).order_by(Call.started_at.desc(), Call.id.desc())
    if cursor:
        at, _, call_id = cursor.partition("_")
        ended = ended.where(
            tuple_(Call.started_at, Call.id) < (datetime.datetime.fromisoformat(at), uuid.UUID(call_id))
        )
    rows = _with_places(session, filters, [_row(found) for found in session.execute(ended.limit(PAGE_ROWS + 1))])
    running = _rows(who).where(wanted, Call.state != CallState.ENDED).order_by(Call.started_at)
    last = rows[PAGE_ROWS - 1].call if len(rows) > PAGE_ROWS else None
    return CallPage(
        now=[] if cursor else [_row(found) for found in session.execute(running.limit(200))],
        rows=rows[:PAGE_ROWS],
        cursor=f"{last.started_at.isoformat()}_{last.id}" if last else None,
        queues=_queues(session),
        any_calls=bool(session.scalar(select(select(Call.id).where(visible_calls(who)).exists()))),
        topic=title_of(session, filters.topic, who.language) if filters.topic else "",
    )


def row(session: Session, who: Person, filters: CallFilters, call_id: uuid.UUID) -> CallRow | None:
    """The call's row, or None when it is not in this person's filtered list."""
    found = session.execute(_rows(who).where(Call.id == call_id, visible_calls(who), narrowed(who, filters))).first()
    return _with_places(session, filters, [_row(found)])[0] if found else None


def _with_places(session: Session, filters: CallFilters, rows: list[CallRow]) -> list[CallRow]:
    """The rows with the places where the words were said, if the list is narrowed to such calls."""
    found = places(session, [row.call.id for row in rows], filters.said)
    return [replace(row, places=found.get(row.call.id, ())) for row in rows] if found else rows


def rows_of(session: Session, who: Person, wanted: ColumnElement[bool], most: int = 200) -> list[CallRow]:
    """Calls for which `wanted` holds, newest first."""
    found = _rows(who).where(wanted).order_by(Call.started_at.desc(), Call.id.desc()).limit(most)
    return [_row(row) for row in session.execute(found)]


def neighbours(
    session: Session, who: Person, filters: CallFilters, call: Call
) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """Ids of the calls shown before (newer) and after (older) this one in the filtered list."""
    ids = select(Call.id).where(visible_calls(who), narrowed(who, filters), Call.state == CallState.ENDED)
    here, key = (call.started_at, call.id), tuple_(Call.started_at, Call.id)
    newer = session.scalar(ids.where(key > here).order_by(Call.started_at, Call.id).limit(1))
    older = session.scalar(ids.where(key < here).order_by(Call.started_at.desc(), Call.id.desc()).limit(1))
    return newer, older


def narrowed(who: Person, filters: CallFilters) -> ColumnElement[bool]:
    """The filters as a condition on Call. A mood or an outcome can't be asked of calls in progress, so they drop out."""
    wanted: list[ColumnElement[bool]] = _of_the_ledger(filters)
    if filters.when:
        wanted.append(Call.started_at >= _since(who, filters.when))
    if filters.mood:
        wanted.append(_any(Mood.call_id == Call.id, Mood.dissatisfied >= who.site.settings.dissatisfied_above))
    if filters.review:
        wanted.append(_unsure(who, hesitates() if filters.review == "hesitant" else None))
    if filters.owed:
        wanted.append(_any(FollowUp.call_id == Call.id, FollowUp.state == "open"))
    if filters.topic:
        wanted.append(_any(CallTopic.call_id == Call.id, CallTopic.topic == filters.topic))
    if filters.q.strip():
        wanted.append(_found_by(filters.q.strip()))
    if terms(filters.said):
        wanted.append(calls_that_say(filters.said))
    return and_(*wanted)


def _of_the_ledger(filters: CallFilters) -> list[ColumnElement[bool]]:
    """What is asked of the call itself and of its recordings."""
    wanted: list[ColumnElement[bool]] = [true()]
    if filters.outcome:
        answered = Call.disposition == Disposition.ANSWERED
        wanted.append(answered if filters.outcome == "answered" else Call.disposition != Disposition.ANSWERED)
    if filters.queue:
        wanted.append(Call.queue == filters.queue)
    if filters.flaw:
        broken = _any(Recording.call_id == Call.id, Recording.problem.is_not(None))
        flaws = {"recording": broken, "awaited": Call.recordings_problem.is_not(None), "gaps": Call.complete.is_(False)}
        wanted.append(flaws[filters.flaw])
    if filters.course:
        wanted.append(Call.transfers > 0 if filters.course == "transferred" else Call.repeat_of.is_not(None))
    if filters.samples:
        wanted.append((Call.source == Source.SAMPLE) if filters.samples == "only" else (Call.source != Source.SAMPLE))
    return wanted


def stage(call: Call, *, usable: bool, recorded: bool, transcript: bool, judged: bool, stuck: bool) -> str | None:
    """What is still to be done for an ended call, or why nothing can be: a key of words.WORK; None when all is done."""
    if call.state != CallState.ENDED:
        return None
    if stuck:
        return "stuck"
    if call.recordings_problem is not None:
        return "awaited"
    if judged or call.disposition != Disposition.ANSWERED:
        return None
    if not usable:
        return "unheard" if recorded else "unrecorded"
    return "scoring" if transcript else "transcribing"


def _queues(session: Session) -> list[str]:
    names = select(Call.queue).where(Call.queue.is_not(None)).distinct().order_by(Call.queue)
    return [name for name in session.scalars(names) if name]


def _any(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the call has a row for which all hold, whatever else the query joins."""
    return exists().where(*conditions).correlate(Call)


def _unsure(who: Person, also: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Whether an answer that this person may see waits for a person."""
    waits = (Evaluation.call_id == Call.id, Evaluation.needs_person.is_(True), visible_evaluations(who))
    return _any(*waits, true() if also is None else also)


def _found_by(text: str) -> ColumnElement[bool]:
    """By digits of a number, by an agent's extension or interface, or by part of the customer's or the agent's name."""
    plain = ascii_digits(text)
    digits = "".join(c for c in plain if c.isdigit()).lstrip("0")
    on_line = Call.id.in_(
        select(AgentSpan.call_id).where(or_(AgentSpan.interface == plain, extension(AgentSpan.interface) == plain))
    )
    if len(digits) >= 3 or (digits and digits == plain):
        return or_(Call.customer_e164.contains(digits), Call.linked_id == text, on_line)
    named = _any(
        TimelineEntry.call_id == Call.id,
        TimelineEntry.customer_id == Customer.id,
        Customer.name.icontains(text, autoescape=True),
    )
    by = _any(AgentSpan.call_id == Call.id, AgentSpan.agent_name.icontains(text, autoescape=True))
    return or_(named, by, on_line, Call.caller_name.icontains(text, autoescape=True))


def _since(who: Person, when: str) -> datetime.datetime:
    """Start of the center's day, or of its week (Saturday in Persian pages, Monday in English ones), or 7 days ago."""
    if when == "7d":
        return who.now - datetime.timedelta(days=7)
    here = who.now.astimezone(zoneinfo.ZoneInfo(who.site.settings.timezone))
    first_weekday = 5 if who.language == "fa" else 0
    back = (here.weekday() - first_weekday) % 7 if when == "week" else 0
    return datetime.datetime.combine(here.date() - datetime.timedelta(days=back), datetime.time(), here.tzinfo)


def _rows(who: Person) -> Select[Any]:
    separator = "، " if who.language == "fa" else ", "
    agents = (
        select(func.string_agg(func.coalesce(func.nullif(AgentSpan.agent_name, ""), func.nullif(AgentSpan.interface, "")), separator))
        .where(AgentSpan.call_id == Call.id).scalar_subquery()
    )  # fmt: skip
    earlier = aliased(Call)
    own = (Evaluation.call_id == Call.id, visible_evaluations(who))
    evaluation = select(func.min(Evaluation.score)).where(*own).scalar_subquery()
    return (
        select(
            Call,
            Mood.dissatisfied,
            Mood.curve,
            TimelineEntry.customer_id,
            Customer.name,
            agents.label("agents"),
            evaluation.label("score"),
            _unsure(who).label("needs_person"),
            _any(Evaluation.call_id == Call.id).label("evaluated"),
            select(func.count())
            .where(FollowUp.call_id == Call.id, FollowUp.state == "open")
            .scalar_subquery()
            .label("owed"),
            _any(Recording.call_id == Call.id, Recording.problem.is_(None)).label("usable"),
            _any(Recording.call_id == Call.id, Recording.problem.is_not(None)).label("flawed"),
            _any(Recording.call_id == Call.id).label("recorded"),
            _any(Transcript.call_id == Call.id).label("transcript"),
            _any(StuckWork.subject_id == cast(Call.id, String), StuckWork.requeued_at.is_(None)).label("stuck"),
            Mood.call_id.label("mood_call"),
            select(earlier.started_at).where(earlier.id == Call.repeat_of).scalar_subquery().label("repeated_at"),
        )
        .outerjoin(Mood, Mood.call_id == Call.id)
        .outerjoin(TimelineEntry, TimelineEntry.call_id == Call.id)
        .outerjoin(Customer, Customer.id == TimelineEntry.customer_id)
    )


def _row(found: Any) -> CallRow:
    call: Call = found.Call
    judged = found.mood_call is not None or found.evaluated
    return CallRow(
        call=call,
        agents=found.agents,
        customer_id=found.customer_id,
        customer_name=found.name or call.caller_name,
        dissatisfied=found.dissatisfied,
        curve=found.curve or [],
        score=found.score,
        needs_person=found.needs_person,
        open_follow_ups=found.owed,
        flawed=found.flawed,
        repeats=(call.repeat_of, found.repeated_at) if call.repeat_of and found.repeated_at else None,
        stage=stage(
            call, usable=found.usable, recorded=found.recorded, transcript=found.transcript, judged=judged, stuck=found.stuck
        ),
    )  # fmt: skip
