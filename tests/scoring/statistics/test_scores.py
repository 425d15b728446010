"""Figures added up by the database, on rows made there."""

import datetime
import uuid

import pytest
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from avasanj.database import Database
from avasanj.people import User
from scoring.reviews.tables import Dispute
from scoring.statistics.periods import Calendar, Length, period, periods
from scoring.statistics.questions import question_figures, together
from scoring.statistics.scope import By, Key, Scope
from scoring.statistics.scores import changes, figures, standings
from scoring.tables import Answer, Evaluation
from telephony.tables import AgentSpan, Call
from tests.scoring.statistics.rows import START

CALENDAR = Calendar(zone="UTC", jalali=False)
DAY = datetime.timedelta(days=1)
ALL = Scope(since=START - DAY, until=START + 400 * DAY, scorecard="service")


def dispute(session: Session, evaluation: Evaluation, state: str) -> None:
    session.add(
        Dispute(
            call_id=evaluation.call_id, span_position=0, scorecard="service", scorecard_version=1, reason="no", state=state,
            deadline_at=START,
        )
    )  # fmt: skip


def test_figures_are_those_of_the_rows(filled: Database):
    with filled.read() as session:
        rows = [one for one in session.scalars(select(Evaluation)) if one.counts]
        found = figures(session, ALL)[Key()]
    scores = [one.score or 0.0 for one in rows]
    assert found.score.n == len(rows) == 588
    assert found.score.mean == pytest.approx(sum(scores) / len(scores))
    assert found.passed.hits == sum(bool(one.passed) for one in rows)
    assert found.critical.hits == sum(bool(one.critical) for one in rows)
    assert found.waiting == sum(one.needs_person for one in rows)
    assert (found.kept_out, found.disputed, found.reviewed.hits) == (12, 0, 0)


def test_what_is_disputed_stands_apart_until_it_is_decided(filled: Database):
    with filled.read() as session:
        one, other = session.scalars(select(Evaluation).where(Evaluation.counts).order_by(Evaluation.id).limit(2))
        dispute(session, one, "open")
        dispute(session, other, "rejected")
        session.flush()
        found = figures(session, ALL)[Key()]
        assert (found.disputed, found.score.n) == (1, 587)
        session.execute(update(Dispute).values(state="accepted"))
        found = figures(session, ALL)[Key()]
        assert (found.disputed, found.score.n) == (0, 588)


def test_agents_are_people_else_the_names_of_the_pbx(filled: Database):
    with filled.read() as session:
        session.execute(update(AgentSpan).where(AgentSpan.interface == "PJSIP/3").values(user_id=None))
        found = figures(session, ALL, [By.AGENT])
        named = {key.agent.name: key.agent.user_id for key in found if key.agent}
        ranks = standings(found, least_calls=20)
    assert set(named) == {"Agent 0", "Agent 1", "Agent 2", "agent3", "Agent 4", "Agent 5"}
    assert named["agent3"] is None
    assert sum(one.score.n for one in found.values()) == 588
    assert all(one.ranked for one in ranks.values())


def test_teams_queues_and_periods_part_all_of_it(filled: Database):
    weeks = periods(Length.WEEK, 5, START + 24 * DAY, CALENDAR)
    with filled.read() as session:
        teams = figures(session, ALL, [By.TEAM, By.QUEUE, By.VERSION])
        by_week = figures(session, ALL, [By.PERIOD], periods=weeks)
    assert {key.team for key in teams} == {"Team 0", "Team 1", "Team 2", "Team 3"}
    assert {key.queue for key in teams} == {"sales", "support", "billing"}
    assert {(key.scorecard, key.version) for key in teams} == {("service", 1)}
    assert sum(one.score.n for one in teams.values()) == 588
    assert {key.period for key in by_week} <= set(weeks)
    assert sum(one.score.n for one in by_week.values()) == 588


def test_a_scope_lets_in_only_what_it_names(filled: Database):
    with filled.read() as session:
        user = session.scalars(select(AgentSpan.user_id).where(AgentSpan.interface == "PJSIP/2")).first()
        assert user is not None

        def n(**limits) -> int:
            scope = Scope(**{"since": ALL.since, "until": ALL.until, **limits})
            return sum(one.score.n for one in figures(session, scope).values())

        own = n(agents=[user])
        assert own == n(where=[AgentSpan.user_id == user]) == 96
        own_part = (AgentSpan.call_id == Evaluation.call_id, AgentSpan.position == Evaluation.span_position)
        assert n(where=[exists().where(*own_part, AgentSpan.user_id == user).correlate(Evaluation)]) == 96
        assert n(queues=["sales"]) + n(queues=["support", "billing"]) == 588
        assert n(scorecard="other") == n(version=2) == n(agents=[uuid.uuid4()]) == 0
        team = session.scalars(select(User.team_id).where(User.id == user)).one()
        assert n(agents=[user], teams=[team]) == 96 <= n(teams=[team])
        assert n(agents=[user], teams=[uuid.uuid4()]) == 0
        assert n(until=START + datetime.timedelta(hours=10)) == 9
        assert n(where=[Call.queue == "sales"], queues=["support"]) == 0


def test_a_change_has_an_interval_and_is_only_shown_where_it_is_one(filled: Database):
    october = period(Length.WEEK, START + 10 * DAY, CALENDAR)
    with filled.read() as session:
        later = select(Call.id).where(Call.started_at >= october.starts_at)
        session.execute(update(Evaluation).where(Evaluation.call_id.in_(later)).values(score=Evaluation.score - 30))
        found = changes(session, ALL, october, [By.QUEUE])
        assert not found[Key(queue="sales")].form_changed
        session.execute(update(Evaluation).where(Evaluation.call_id.in_(later)).values(scorecard_version=2))
        assert changes(session, ALL, october, [By.QUEUE])[Key(queue="sales")].stored([By.QUEUE])["form_changed"]
        empty = changes(session, ALL, period(Length.WEEK, START, CALENDAR))
    sales = found[Key(queue="sales")]
    assert sales.score is not None
    assert sales.score.shown
    assert sales.score.interval.high < -15
    assert sales.passed is not None
    assert not sales.passed.shown
    assert empty[Key()].score is None, "there were no calls before"


def test_questions_have_their_share_met_and_what_could_not_be_told(filled: Database):
    with filled.read() as session:
        found = {one.question: figure for one, figure in question_figures(session, ALL).items()}
        counted = select(Answer).join(Evaluation, Evaluation.id == Answer.evaluation_id).where(Evaluation.counts)
        rows = list(session.scalars(counted.where(Answer.question == "q3")))
        few = question_figures(session, ALL, [By.AGENT], questions=["q3"])
    assert [*found] == [f"q{n}" for n in range(8)]
    yes, no, unsure = (sum(row.value == value for row in rows) for value in ("yes", "no", "unsure"))
    assert (found["q3"].met.hits, found["q3"].met.n) == (yes, yes + no)
    assert found["q3"].points.mean == pytest.approx(yes / (yes + no))
    assert (found["q3"].unsure.hits, found["q3"].unsure.n) == (unsure, len(rows))
    assert found["q3"].title == {"en": "Q", "fa": "س"}
    assert len(few) == 6


def test_several_questions_as_one_measure_count_each_call_once(filled: Database):
    with filled.read() as session:
        one, both = (together(session, ALL, questions) for questions in (["q1"], ["q1", "q2"]))
    assert both.n == 588
    assert one.n < 588
    assert both.spread < one.spread
