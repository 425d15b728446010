"""Calls given to people by the center's rules, period by period. `scoring.reviews.drawing` decides which; this gives them out.

A period is drawn once it is over and its last calls have been scored. A rule can be drawn sooner by hand; what is missing then comes at
the period's end, and what is given back later is made up for. Whatever was drawn is never drawn again.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from avasanj import login
from avasanj.i18n import N_
from avasanj.log import get_logger
from avasanj.notify import announce
from avasanj.people import Team, User
from avasanj.settings import Settings
from scoring.reviews.candidates import Drawable, drawable
from scoring.reviews.drawing import EVALUATOR, Draw, Shortage, Wish, draw
from scoring.reviews.handing_over import hand_over
from scoring.reviews.loads import loads_of
from scoring.reviews.tables import Review, ReviewKind, ReviewState, SamplingDraw, SamplingRule
from scoring.statistics.periods import Calendar, Length, Period, before, period
from telephony.tables import Call

#: So long after its end a period's last calls are heard and scored.
GRACE = datetime.timedelta(hours=2)
#: So many periods are made up for after a time in which nothing ran.
MADE_UP = 7
AGENT_SHORT = N_("%(name)s had only %(found)s of %(wanted)s calls to evaluate")
TEAM_SHORT = N_("Team %(name)s had only %(found)s of %(wanted)s calls to evaluate")
NO_TEAM_SHORT = N_("Agents without a team had only %(found)s of %(wanted)s calls to evaluate")
QUEUE_SHORT = N_("Queue %(name)s had only %(found)s of %(wanted)s calls to evaluate")
ALL_SHORT = N_("There were only %(found)s of %(wanted)s calls to evaluate")
EVALUATOR_SHORT = N_("%(name)s could be given only %(found)s of %(wanted)s calls")
BLOCKED = N_("Nobody may evaluate %(count)s more calls of %(name)s: all evaluators spoke in them or gave them back")
TEAM_GONE = N_(
    "A team that this rule names was dissolved, so that none of its calls are drawn: name another team, or none"
)
NO_EVALUATORS = N_("Nobody can evaluate by this rule: there is no active supervisor among its evaluators")
TEXTS = (
    AGENT_SHORT, TEAM_SHORT, NO_TEAM_SHORT, QUEUE_SHORT, ALL_SHORT, EVALUATOR_SHORT, BLOCKED, TEAM_GONE, NO_EVALUATORS,
)  # fmt: skip
_SHORT = {"agent": AGENT_SHORT, "team": TEAM_SHORT, "queue": QUEUE_SHORT, "all": ALL_SHORT, EVALUATOR: EVALUATOR_SHORT}
_log = get_logger(__name__)


def assign_due(session: Session, now: datetime.datetime, settings: Settings) -> list[SamplingDraw]:
    """Draw every period that is over and not drawn yet, by every active rule. Asked again, it draws nothing twice.

    What lies with somebody who was shut out is handed over first.
    """
    _one_at_a_time(session)
    hand_over(session, now)
    rules = session.scalars(select(SamplingRule).where(SamplingRule.active).order_by(SamplingRule.made_at)).all()
    return [draw_rule(session, rule, period, now) for rule in rules for period in _due(session, rule, now, settings)]


def assign_now(
    session: Session, now: datetime.datetime, settings: Settings, rules: Sequence[SamplingRule]
) -> list[SamplingDraw]:
    """Draw by these rules from the calls of the running period so far."""
    _one_at_a_time(session)
    hand_over(session, now)
    calendar = Calendar.of(settings.language, settings.timezone)
    return [draw_rule(session, rule, period(Length(rule.period), now, calendar), now) for rule in rules]


def draw_rule(session: Session, rule: SamplingRule, during: Period, now: datetime.datetime) -> SamplingDraw:
    """Give out what the rule still wants of a period. The caller holds the sampling's lock (`assign_due`, `assign_now`)."""
    _one_at_a_time(session)
    loads = loads_of(session, rule)
    pool = drawable(session, rule, during)
    seed = f"{rule.id}/{during.starts_at.isoformat()}"
    wish = Wish(per=rule.per, amount=rule.amount, unit=rule.unit, seed=seed)
    drawn = draw([one.candidate for one in pool], wish, loads)
    given = _give(session, rule, pool, drawn, now)
    row = session.scalar(
        select(SamplingDraw).where(SamplingDraw.rule_id == rule.id, SamplingDraw.period_starts_at == during.starts_at)
    )
    if row is None:
        row = SamplingDraw(rule_id=rule.id, period_starts_at=during.starts_at, period_ends_at=during.ends_at)
        session.add(row)
    row.period_ends_at, row.assigned = during.ends_at, _live(session, rule, [during])[during]
    row.drawn_at, row.shortages = now, _told(session, rule, pool, drawn) if loads else [_message(NO_EVALUATORS)]
    session.flush()
    _log.info("reviews_drawn", rule=rule.name, assigned=given, shortages=len(row.shortages))
    return row


def latest_draws(session: Session) -> dict[uuid.UUID, SamplingDraw]:
    """The last draw of each rule, by the rule's id: what it gave out and what it lacked."""
    query = select(SamplingDraw).ext(distinct_on(SamplingDraw.rule_id))
    rows = session.scalars(query.order_by(SamplingDraw.rule_id, SamplingDraw.period_starts_at.desc()))
    return {row.rule_id: row for row in rows}


def _due(session: Session, rule: SamplingRule, now: datetime.datetime, settings: Settings) -> list[Period]:
    """Periods that are over and not drawn, or of which something was given back, the oldest first; none from before the rule."""
    query = select(SamplingDraw).where(SamplingDraw.rule_id == rule.id)
    drawn = {row.period_starts_at: row for row in session.scalars(query)}
    calendar = Calendar.of(settings.language, settings.timezone)
    over = [before(period(Length(rule.period), now - GRACE, calendar))]
    while len(over) < MADE_UP:
        over.append(before(over[-1]))
    live = _live(session, rule, over)
    return [
        one for one in over[::-1] if one.ends_at > rule.made_at and _wants(drawn.get(one.starts_at), one, live[one])
    ]


def _wants(known: SamplingDraw | None, one: Period, live: int) -> bool:
    if known is None or known.drawn_at < one.ends_at + GRACE or known.shortages == [_message(NO_EVALUATORS)]:
        return True
    return live < known.assigned


def _live(session: Session, rule: SamplingRule, during: Sequence[Period]) -> dict[Period, int]:
    """How many reviews of each period's calls the rule has given out that nobody gave back."""
    query = select(Call.started_at).join(Review, Review.call_id == Call.id)
    query = query.where(Review.rule_id == rule.id, Review.state != ReviewState.WITHDRAWN)
    began = session.scalars(query.where(Call.started_at >= min(one.starts_at for one in during))).all()
    return {one: sum(one.starts_at <= at < one.ends_at for at in began) for one in during}


def _give(session: Session, rule: SamplingRule, pool: Sequence[Drawable], drawn: Draw, now: datetime.datetime) -> int:
    """The reviews, assigned; how many were new."""
    due_at = now + datetime.timedelta(days=rule.due_days)
    rows = [
        {
            "id": uuid.uuid4(),
            **dict(zip(("call_id", "span_position", "scorecard", "scorecard_version"), one.part, strict=True)),
            "evaluator_id": uuid.UUID(drawn.given[one.candidate.key]),
            "kind": ReviewKind.REVIEW.value,
            "rule_id": rule.id,
            "reason": dict(one.reason),
            "state": ReviewState.ASSIGNED.value,
            "assigned_at": now,
            "due_at": due_at,
            "comment": "",
        }
        for one in pool
        if one.candidate.key in drawn.given
    ]
    if not rows:
        return 0
    # somebody may have begun one of them at this very moment
    made = session.execute(
        insert(Review).on_conflict_do_nothing().returning(Review.id, Review.evaluator_id), rows
    ).all()
    for who in {one.evaluator_id for one in made}:
        announce(session, "inbox", who)
    login.audit(session, None, "reviews.drawn", rule.id, rule=rule.name, reviews=len(made))
    return len(made)


def _told(session: Session, rule: SamplingRule, pool: Sequence[Drawable], drawn: Draw) -> list[dict[str, Any]]:
    """What there was too little of, as catalogue messages."""
    names = {one.candidate.group: one.group_name for one in pool}
    if rule.per == EVALUATOR and drawn.shortages:
        people = select(User.id, User.name).where(User.id.in_([uuid.UUID(one.group) for one in drawn.shortages]))
        names = {str(id_): name for id_, name in session.execute(people)}
    gone = [_message(TEAM_GONE)] if _lacks_a_team(session, rule) else []
    return gone + [message for one in drawn.shortages for message in _shortage(rule.per, one, names.get(one.group, ""))]


def _lacks_a_team(session: Session, rule: SamplingRule) -> bool:
    named = {uuid.UUID(one) for one in rule.filters.get("teams", ())}
    return bool(named - {*session.scalars(select(Team.id).where(Team.id.in_(named)))}) if named else False


def _shortage(per: str, short: Shortage, name: str) -> list[dict[str, Any]]:
    what = NO_TEAM_SHORT if per == "team" and not name else _SHORT[per]
    found = [_message(what, name=name, found=short.found, wanted=short.wanted)]
    if short.blocked:
        found.append(_message(BLOCKED, count=short.blocked, name=name))
    return found


def _message(text_: str, **values: object) -> dict[str, Any]:
    return {"id": text_, "values": values}


def _one_at_a_time(session: Session) -> None:
    session.execute(text("select pg_advisory_xact_lock(hashtext('scoring.sampling'))"))
