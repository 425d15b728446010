"""Coaching plans in a small center: from a measured start over examples to a plain verdict."""

import datetime
import uuid

import pytest
from sqlalchemy import select

from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.people import AuditEntry
from scoring.reviews import coaching
from scoring.reviews.coaching_ideas import ideas
from scoring.reviews.coaching_measure import Verdict, reached, verdict
from scoring.reviews.tables import CoachingPlan
from scoring.statistics.intervals import Points, points_difference
from scoring.statistics.scope import Scope
from tests.scoring.reviews.center import Center

DAY = datetime.timedelta(days=1)


def calls(center: Center, agent: str, at: datetime.datetime, *, met: int, missed: int) -> None:
    for n in range(met + missed):
        says = {} if n < met else {"greeting": ("no", 0.9)}
        center.call(agent=agent, at=at + n * datetime.timedelta(minutes=5), says=says)


def begun(center: Center, **facts) -> CoachingPlan:
    now = utc_now()
    with center.database.transaction() as session:
        given = {
            "by": center.people["mina"], "scorecard": "desk", "questions": ["greeting"], "goal": "Greets every caller",
            "target": 0.8, "starts_at": now - 10 * DAY, "review_at": now + 4 * DAY,
        }  # fmt: skip
        return coaching.begin(session, facts.pop("agent", center.people["sara"]), **{**given, **facts})


def test_a_plan_is_measured_before_and_after_and_ends_with_a_verdict(center: Center):
    now, mina = utc_now(), center.people["mina"]
    calls(center, "sara", now - 20 * DAY, met=3, missed=12)
    calls(center, "sara", now - 5 * DAY, met=15, missed=1)
    calls(center, "omid", now - 20 * DAY, met=6, missed=6)
    calls(center, "omid", now - 5 * DAY, met=6, missed=6)
    with center.database.read() as session:
        evaluation = center.evaluation(session, center.call(at=now - 90 * DAY))
    plan = begun(center, moments=[{"call_id": evaluation.call_id, "start_s": 1, "end_s": 4.256, "note": "no hello"}])
    assert plan.baseline is not None
    assert (plan.baseline["n"], plan.baseline["mean"]) == (15, 0.2)
    assert plan.baseline["questions"]["greeting"]["met"]["hits"] == 3
    assert plan.moments == [{"call_id": str(evaluation.call_id), "start_s": 1.0, "end_s": 4.26, "note": "no hello"}]
    with center.database.transaction() as session:
        found = coaching.follow_up(session, plan.id, now)
        assert found is not None
        assert (found.after.points.n, found.after.points.mean) == (16, pytest.approx(15 / 16))
        assert found.change is not None
        assert found.change.interval.low > 0.4
        assert found.verdict == Verdict.BETTER
        assert found.target == Verdict.NOT_SHOWN, "16 calls do not prove 80 %"
        assert found.others is not None
        assert not found.others.shown
        assert found.beyond_others is not None
        assert found.beyond_others.interval.low > 0.1
        assert not found.changed_questions
        assert coaching.due(session, now) == []
        assert [one.id for one in coaching.due(session, now + 5 * DAY, coach=mina)] == [plan.id]
        done = coaching.finish(session, plan.id, by=mina, notes="Well done")
        assert (done.state, done.notes) == ("done", "Well done")
        assert done.outcome is not None
        assert done.outcome["verdict"] == "better"
        with pytest.raises(InputError, match="finished"):
            coaching.cancel(session, plan.id, by=mina)
        assert {"coaching.begun", "coaching.finished"} <= set(session.scalars(select(AuditEntry.action)))


def test_a_plan_that_starts_later_is_measured_when_it_has_started(center: Center):
    now, mina = utc_now(), center.people["mina"]
    calls(center, "sara", now - 2 * DAY, met=2, missed=2)
    plan = begun(center, starts_at=now + DAY, review_at=now + 9 * DAY)
    assert plan.baseline is None
    with center.database.transaction() as session:
        assert coaching.follow_up(session, plan.id, now) is None
        later = coaching.follow_up(session, plan.id, now + 2 * DAY)
        assert later is not None
        assert (later.before.points.n, later.verdict) == (4, Verdict.NO_CALLS)
        assert coaching.postpone(session, plan.id, now + 30 * DAY, by=mina).review_at == now + 30 * DAY
        with pytest.raises(InputError, match="after it has started"):
            coaching.postpone(session, plan.id, now, by=mina)
        coaching.note(session, plan.id, "Listens to three calls", by=mina)
        assert coaching.cancel(session, plan.id, by=mina, reason="Left").notes == "Listens to three calls\nLeft"
        assert coaching.plans(session, agent=center.people["sara"], state="open") == []
        assert len(coaching.plans(session, coach=mina)) == 1


def test_what_makes_no_plan_is_refused_with_the_reason(center: Center):
    now, other = utc_now(), center.call(agent="omid")
    with center.database.read() as session:
        foreign = center.evaluation(session, other).call_id
    for facts, said in (
        ({"goal": " "}, "to reach"),
        ({"questions": []}, "at least one"),
        ({"questions": ["note"]}, "“Note”"),
        ({"target": 80}, "up to 100 %, not 80"),
        ({"review_at": now - 30 * DAY}, "after it has started"),
        ({"scorecard": "nothing"}, "nothing"),
        ({"agent": uuid.uuid4()}, "no such person"),
        ({"agent": center.people["mina"]}, "coaches themselves"),
        ({"moments": [{"call_id": foreign, "start_s": 0, "end_s": 1}]}, "did not speak"),
        ({"moments": [{"call_id": "x", "start_s": 0, "end_s": 1}]}, "place in a call"),
    ):
        with pytest.raises(InputError, match=said):
            begun(center, **facts)
    with pytest.raises(AccessError):
        begun(center, by=center.people["omid"])


def test_ideas_are_questions_on_which_the_agent_is_behind_beyond_chance(center: Center):
    now, sara = utc_now(), center.people["sara"]
    calls(center, "sara", now - 20 * DAY, met=3, missed=12)
    calls(center, "omid", now - 20 * DAY, met=14, missed=2)
    scope = Scope(since=now - 30 * DAY, until=now)
    with center.database.read() as session:
        [found] = ideas(session, sara, scope)
        assert ideas(session, center.people["omid"], scope) == []
        assert (found.question, found.own.n, found.others.n) == ("greeting", 15, 16)
        assert found.gap.interval.high < -0.1
        assert len(found.moments) == 3
        plan = coaching.begin(
            session, sara, by=center.people["mina"], scorecard=found.scorecard, questions=[found.question], goal="Greets",
            target=0.9, review_at=now + DAY, moments=found.moments,
        )  # fmt: skip
        assert plan.moments[0]["call_id"] == found.moments[0]["call_id"]


def test_verdicts_are_plain_only_where_the_calls_are():
    weak, strong = (Points(n=200, mean=mean, spread=0.3) for mean in (0.5, 0.8))
    assert verdict(points_difference(weak, strong)) == Verdict.BETTER
    assert verdict(points_difference(strong, weak)) == Verdict.WORSE
    few = Points(n=3, mean=0.8, spread=0.3)
    assert verdict(points_difference(weak, few)) == Verdict.NOT_SHOWN
    assert reached(strong, 0.7) == Verdict.REACHED
    assert reached(weak, 0.7) == Verdict.MISSED
    assert reached(few, 0.7) == Verdict.NOT_SHOWN
    assert reached(Points(n=0, mean=None), 0.7) == Verdict.NO_CALLS
    assert reached(Points(n=2, mean=1.0), 1.0) == Verdict.NOT_SHOWN
    assert reached(Points(n=40, mean=1.0), 1.0) == Verdict.REACHED
