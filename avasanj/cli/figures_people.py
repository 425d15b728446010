"""What `avasanj figures calibration` and `avasanj figures coaching` show."""

from __future__ import annotations

import datetime
import uuid

from rich.console import Console
from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from avasanj.cli.app import print_json
from avasanj.cli.figures import points
from avasanj.people import User
from scoring.reviews import coaching
from scoring.reviews.calibration import people, sessions
from scoring.reviews.calibration_result import result
from scoring.reviews.coaching_ideas import ideas
from scoring.reviews.coaching_measure import Measure
from scoring.statistics.agreement import Reviewed
from scoring.statistics.evaluators import calibrated
from scoring.statistics.periods import Period
from scoring.statistics.scope import Scope


def show_sessions(session: Session, span: Period, *, as_json: bool) -> None:
    """All sessions with who has answered, and what the closed ones tell of questions and evaluators."""
    listed = sessions(session)
    named = {row.id: row.name for row in session.execute(select(User.id, User.name))}
    found = calibrated(session, Reviewed(since=span.starts_at, until=span.ends_at), named)
    if as_json:
        print_json(
            {
                "sessions": [
                    {
                        "id": str(one.session.id),
                        "title": one.session.title,
                        "state": one.session.state,
                        "closes_at": one.session.closes_at,
                        "people": {named.get(who, str(who)): state for who, state in one.states.items()},
                    }
                    for one in listed
                ],
                "questions": [
                    {"scorecard": asked.scorecard, "question": asked.question, "version": asked.version, **one.stored()}
                    for asked, one in found.questions.items()
                ],
                "evaluators": [one.stored() for one in found.people.values()],
            }
        )
        return
    table = Table("session", "title", "state", "answered", box=None)
    for one in listed:
        done = sum(state == "submitted" for state in one.states.values())
        table.add_row(str(one.session.id), one.session.title, one.session.state, f"{done} of {len(one.states)}")
    asked_table = Table("scorecard", "question", "alpha", "pairs alike", "like the expert", box=None)
    for asked, about in found.questions.items():
        alpha = "–" if about.alpha is None else f"{about.alpha.value:.2f}"
        asked_table.add_row(asked.scorecard, asked.question, alpha, points(about.together), points(about.with_expert))
    people_table = Table(
        "evaluator", "sessions", "like the expert", "like the others", "score to the expert's", box=None
    )
    for who in found.people.values():
        apart = "–" if who.stricter is None else f"{who.stricter.value:+.1f}"
        people_table.add_row(who.name, str(who.sessions), points(who.with_expert), points(who.with_others), apart)
    Console().print(table, asked_table, people_table, sep="\n")


def show_session(session: Session, session_id: uuid.UUID, *, as_json: bool) -> None:
    """One closed session: every question with everybody's answer."""
    found = result(session, session_id)
    if as_json:
        print_json(found.stored())
        return
    named = people(session, [one.person for one in found.participants])
    order = [one.person for one in found.participants if one.submitted]
    table = Table("question", "machine", *(named.get(one, "") for one in order), "alike", box=None)
    for one in found.questions:
        cells = (one.answers.get(who, "") for who in order)
        alike = one.together.value
        table.add_row(one.question, one.machine or "", *cells, "–" if alike is None else f"{100 * alike:.0f} %")
    told = "–" if found.alpha is None else f"{found.alpha.value:.2f}"
    Console().print(table, f"Krippendorff's alpha over the questions of this call: {told}", sep="\n")


def show_plans(session: Session, agent: uuid.UUID | None, now: datetime.datetime, *, due: bool, as_json: bool) -> None:
    """One row a plan. What is finished stays as it was measured then."""
    plans = coaching.due(session, now) if due else coaching.plans(session)
    wanted = [one for one in plans if agent is None or one.agent_id == agent]
    named = people(session, [one.agent_id for one in wanted])
    rows = []
    for plan in wanted:
        going = coaching.follow_up(session, plan.id, now) if plan.state == coaching.OPEN else None
        measured = plan.outcome if going is None else going.stored()
        rows.append((plan, measured))
    if as_json:
        print_json(
            [
                {
                    "id": str(plan.id),
                    "agent": named.get(plan.agent_id, ""),
                    "state": plan.state,
                    "scorecard": plan.scorecard,
                    "questions": plan.questions,
                    "goal": plan.goal,
                    "target": plan.target,
                    "starts_at": plan.starts_at,
                    "review_at": plan.review_at,
                    "baseline": plan.baseline,
                    "follow_up": measured,
                }
                for plan, measured in rows
            ]
        )
        return
    table = Table("agent", "questions", "state", "review", "before", "since", "target", "told", box=None)
    for plan, measured in rows:
        before = points(Measure.of(plan.baseline).points) if plan.baseline else "–"
        since = points(Measure.of(measured["after"]).points) if measured else "–"
        told = f"{measured['verdict']}; target {measured['target']}".replace("_", " ") if measured else "–"
        cells = (plan.state, f"{plan.review_at:%Y-%m-%d}", before, since, f"{100 * plan.target:.0f} %", told)
        table.add_row(named.get(plan.agent_id, ""), ", ".join(plan.questions), *cells)
    Console().print(table)


def show_ideas(session: Session, agent: uuid.UUID, scope: Scope, *, as_json: bool) -> None:
    """One row for each question on which the agent is behind the others."""
    found = ideas(session, agent, scope)
    if as_json:
        print_json([one.stored() for one in found])
        return
    table = Table("scorecard", "question", "own", "the others", "calls to listen to", box=None)
    for one in found:
        calls = ", ".join(str(place["call_id"]) for place in one.moments)
        table.add_row(one.scorecard, one.question, points(one.own), points(one.others), calls)
    Console().print(table if found else "The calls show nothing in which they are behind the others.")
