"""The evaluations from which a sampling rule draws: those of its period that its filters let through, each with why it is worth a look."""

from __future__ import annotations

import fnmatch
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import Session

from avasanj.i18n import N_
from avasanj.people import Team, User
from scoring import library
from scoring.reviews.doubt import NOT_ASKED
from scoring.reviews.drawing import Candidate
from scoring.reviews.tables import Review, ReviewKind, ReviewState, SamplingRule
from scoring.scorecard import NA, UNSURE
from scoring.statistics.periods import Period
from scoring.tables import Answer, Evaluation, Mood
from telephony.tables import AgentSpan, Call, CallState, Source
from transcription.tables import Transcript

BY_CHANCE = N_("Drawn by chance")
UNSURE_OF = N_("The machine is unsure of %(percent)s%% of the form")
FATAL_SEEN = N_("The machine saw something that would fail the form")
CRITICAL_SEEN = N_("A critical question without full points")
COMPLAINED = N_("The customer complained, threatened or asked for a manager")
DISSATISFIED = N_("The customer seems dissatisfied: %(percent)s%%")
NO_RISK = N_("Nothing stands out; drawn to fill up the number")
REASONS = (BY_CHANCE, UNSURE_OF, FATAL_SEEN, CRITICAL_SEEN, COMPLAINED, DISSATISFIED, NO_RISK)
#: Contributions to dissatisfaction that are words of a complaint.
_COMPLAINTS = frozenset({"complaint", "churn", "escalation", "legal"})
_FATAL_RISK, _COMPLAINT_RISK, _CRITICAL_RISK = 1.0, 0.5, 0.5
_DISSATISFIED_FROM = 0.5
Part = tuple[uuid.UUID, int, str, int]


@dataclass(frozen=True, kw_only=True)
class Drawable:
    """A candidate, the evaluation that it is, and why it would be looked at."""

    candidate: Candidate
    part: Part
    reason: Mapping[str, Any]
    group_name: str


def drawable(session: Session, rule: SamplingRule, period: Period) -> list[Drawable]:
    """Everything in the period that the rule is about, also what has been reviewed: percent are of all calls."""
    rows = _one_form_each(session, [row for row in session.execute(_query(rule, period)) if _fits(rule, row)])
    spoke, reviews = _speakers(session, period), _reviews(session, period)
    doubts = _doubts(session, period) if rule.chosen_by == "doubt" else {}
    found = []
    for row in rows:
        part: Part = (row.call_id, row.span_position, row.scorecard, row.scorecard_version)
        of_part = reviews[part]
        live = [one for one in of_part if one.state != ReviewState.WITHDRAWN]
        own = next((one for one in live if one.rule_id == rule.id), None)
        gave_back = {str(one.evaluator_id) for one in of_part if one.state == ReviewState.WITHDRAWN}
        weight, reason = _worth(rule.chosen_by, row, doubts.get(row.id, 0.0))
        group, name = _group(rule.per, row)
        candidate = Candidate(
            key=str(row.id),
            group=group,
            weight=weight,
            barred=frozenset(spoke[row.call_id] | gave_back),
            reviewed=bool(live) and own is None,
            drawn_for=str(own.evaluator_id) if own else None,
        )
        found.append(Drawable(candidate=candidate, part=part, reason=reason, group_name=name))
    return found


def _query(rule: SamplingRule, period: Period) -> Select[Any]:
    language = select(Transcript.language).where(Transcript.call_id == Call.id, Transcript.current).limit(1)
    query = (
        select(
            Evaluation.id,
            Evaluation.call_id,
            Evaluation.span_position,
            Evaluation.scorecard,
            Evaluation.scorecard_version,
            Evaluation.agent_name,
            Evaluation.agent_interface,
            Evaluation.doubted,
            Evaluation.critical,
            AgentSpan.user_id,
            User.name.label("person"),
            User.team_id,
            Team.name.label("team"),
            Call.queue,
            Call.direction,
            Call.talk_s,
            Mood.dissatisfied,
            Mood.contributions,
            func.coalesce(language.scalar_subquery(), Call.language).label("language"),
        )
        .join(Call, Call.id == Evaluation.call_id)
        .outerjoin(
            AgentSpan, (AgentSpan.call_id == Evaluation.call_id) & (AgentSpan.position == Evaluation.span_position)
        )
        .outerjoin(User, User.id == AgentSpan.user_id)
        .outerjoin(Team, Team.id == User.team_id)
        .outerjoin(Mood, Mood.call_id == Evaluation.call_id)
        .where(*_in(period), Call.state == CallState.ENDED, Call.source != Source.SAMPLE)
        .order_by(Evaluation.id)
    )
    return query.where(Evaluation.scorecard == rule.scorecard) if rule.scorecard else query


def _in(period: Period) -> tuple[Any, ...]:
    return Call.started_at >= period.starts_at, Call.started_at < period.ends_at


def _fits(rule: SamplingRule, row: Row[Any]) -> bool:
    """Whether the rule's filters let it through; what is not known passes no filter."""
    limits = rule.filters
    queues, directions, languages = (limits.get(name) for name in ("queues", "directions", "languages"))
    least_s, above = limits.get("min_talk_s"), limits.get("dissatisfied_above")
    return (
        (not queues or any(fnmatch.fnmatchcase(row.queue or "", queue) for queue in queues))
        and (not directions or row.direction in directions)
        and (not languages or row.language in languages)
        and (not limits.get("teams") or str(row.team_id) in limits["teams"])
        and (not least_s or (row.talk_s or 0) >= least_s)
        and (above is None or (row.dissatisfied is not None and row.dissatisfied > above))
    )


def _one_form_each(session: Session, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """One evaluation of each agent's part: by the form that suits it best, not by one that is filled in beside."""
    beside = {card.key for card in library.published(session) if card.beside}
    best: dict[tuple[uuid.UUID, int], Row[Any]] = {}
    for row in sorted(rows, key=lambda one: (one.scorecard in beside, one.scorecard, -one.scorecard_version)):
        best.setdefault((row.call_id, row.span_position), row)
    return [*best.values()]


def _group(per: str, row: Row[Any]) -> tuple[str, str]:
    """What an evaluation counts for, and its name for people; "" where there is none."""
    if per == "agent":
        name = row.person or row.agent_name or row.agent_interface or ""
        return (f"person:{row.user_id}" if row.user_id else f"line:{row.agent_name or row.agent_interface}"), name
    if per == "team":
        return f"team:{row.team_id or ''}", row.team or ""
    if per == "queue":
        return f"queue:{row.queue or ''}", row.queue or ""
    return "all", ""


def _worth(chosen_by: str, row: Row[Any], doubt: float) -> tuple[float, dict[str, Any]]:
    """How much the evaluation is worth a look by the rule's lights, and why, as a catalogue message."""
    if chosen_by == "doubt":
        return round(doubt, 6), {"id": UNSURE_OF, "values": {"percent": round(100 * doubt)}}
    if chosen_by == "risk":
        return _risk(row)
    return 0.0, {"id": BY_CHANCE, "values": {}}


def _risk(row: Row[Any]) -> tuple[float, dict[str, Any]]:
    complained = any(one.get("name") in _COMPLAINTS and one.get("weight", 0) > 0 for one in row.contributions or [])
    dissatisfied = row.dissatisfied or 0.0
    risk = dissatisfied
    risk += _FATAL_RISK * bool(row.doubted) + _COMPLAINT_RISK * complained + _CRITICAL_RISK * bool(row.critical)
    if row.doubted:
        return risk, {"id": FATAL_SEEN, "values": {}}
    if complained:
        return risk, {"id": COMPLAINED, "values": {}}
    if dissatisfied >= _DISSATISFIED_FROM:
        return risk, {"id": DISSATISFIED, "values": {"percent": round(100 * dissatisfied)}}
    return risk, {"id": CRITICAL_SEEN if row.critical else NO_RISK, "values": {}}


def _doubts(session: Session, period: Period) -> dict[uuid.UUID, float]:
    """Share of each form's weight of which the machine is not sure, 0 to 1: unsure answers whole, others by their confidence.

    Of what the machine was asked: a question for people is open on every call, and tells none from another.
    """
    doubt = case((Answer.value == UNSURE, 1.0), else_=1.0 - Answer.confidence)
    weight = func.nullif(func.sum(Answer.points_possible), 0)
    query = (
        select(Answer.evaluation_id, func.sum(Answer.points_possible * doubt) / weight)
        .join(Evaluation, Evaluation.id == Answer.evaluation_id)
        .join(Call, Call.id == Evaluation.call_id)
        .where(*_in(period), Answer.value != NA, Answer.method.not_in(NOT_ASKED))
        .group_by(Answer.evaluation_id)
    )
    return {id_: float(share or 0.0) for id_, share in session.execute(query)}


def _speakers(session: Session, period: Period) -> defaultdict[uuid.UUID, set[str]]:
    found: defaultdict[uuid.UUID, set[str]] = defaultdict(set)
    query = select(AgentSpan.call_id, AgentSpan.user_id).join(Call, Call.id == AgentSpan.call_id)
    for call_id, user_id in session.execute(query.where(*_in(period), AgentSpan.user_id.is_not(None))):
        found[call_id].add(str(user_id))
    return found


def _reviews(session: Session, period: Period) -> defaultdict[Part, list[Review]]:
    """Reviews and dispute decisions; a calibration is no evaluation of the agent."""
    found: defaultdict[Part, list[Review]] = defaultdict(list)
    query = select(Review).join(Call, Call.id == Review.call_id)
    for one in session.scalars(query.where(*_in(period), Review.kind != ReviewKind.CALIBRATION)):
        found[one.call_id, one.span_position, one.scorecard, one.scorecard_version].append(one)
    return found
