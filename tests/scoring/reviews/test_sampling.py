"""Rules that give calls to people, on a real database: what is drawn, why, for whom, and never twice."""

import datetime
import threading
import uuid

import pytest
from sqlalchemy import select, update

from avasanj import teams
from avasanj.database import utc_now
from avasanj.errors import InputError
from avasanj.people import User
from avasanj.settings import Settings
from scoring.reviews import person, sampling, sampling_rules
from scoring.reviews.tables import Review, ReviewState, SamplingDraw, SamplingRule
from scoring.tables import Evaluation
from tests.scoring.reviews.center import START, Center

HOUR = datetime.timedelta(hours=1)
#: The week of START is over, and its calls are scored.
LATER = START + datetime.timedelta(days=8)


def rule(center: Center, **written: object) -> uuid.UUID:
    with center.database.transaction() as session:
        made = sampling_rules.add(session, {"name": "Weekly", **written})
        made.made_at = START
        return made.id


def assign(center: Center, settings: Settings, now: datetime.datetime = LATER) -> list[SamplingDraw]:
    with center.database.transaction() as session:
        return sampling.assign_due(session, now, settings)


def reviews(center: Center) -> list[Review]:
    with center.database.read() as session:
        return list(session.scalars(select(Review)))


def drawn(center: Center) -> set[uuid.UUID]:
    """Ids of the evaluations that were given out."""
    with center.database.read() as session:
        query = select(Evaluation.id).join(Review, Review.call_id == Evaluation.call_id)
        return set(session.scalars(query.where(Review.state != ReviewState.WITHDRAWN)))


def test_each_agent_gets_their_number_and_what_is_missing_is_said(center: Center, settings: Settings):
    for n in range(5):
        center.call("sara", at=START + n * HOUR)
    center.call("omid")
    center.call("omid", source="sample")
    center.call("omid", at=START - datetime.timedelta(days=9))
    rule(center, amount=3)
    [done] = assign(center, settings)
    assert done.assigned == 4
    assert done.shortages == [{"id": sampling.AGENT_SHORT, "values": {"name": "Omid", "found": 1, "wanted": 3}}]
    found = reviews(center)
    assert {one.evaluator_id for one in found} == {center.people["mina"], center.people["reza"]}
    assert all(one.due_at == LATER + datetime.timedelta(days=7) for one in found)
    assert {one.reason["id"] for one in found if one.reason} == {"Drawn by chance"}
    assert assign(center, settings) == []
    assert len(reviews(center)) == 4


def test_a_period_is_drawn_when_it_is_over_and_by_hand_before(center: Center, settings: Settings):
    for n in range(4):
        center.call("sara", at=START + n * HOUR)
    made, wednesday = rule(center, amount=3), START + datetime.timedelta(days=2)
    assert assign(center, settings, wednesday) == []
    with center.database.transaction() as session:
        [now] = sampling.assign_now(session, wednesday, settings, [session.get_one(SamplingRule, made)])
    assert now.assigned == 3
    center.call("omid", at=wednesday)
    [after] = assign(center, settings)
    assert after.assigned == 4, "only what was missing comes at the end"


def test_weeks_in_which_nothing_ran_are_made_up_for_but_none_from_before_the_rule(center: Center, settings: Settings):
    for week in range(-1, 3):
        center.call("sara", at=START + datetime.timedelta(days=7 * week))
    rule(center, amount=1)
    assert [one.assigned for one in assign(center, settings, START + datetime.timedelta(days=23))] == [1, 1, 1]


def test_risk_and_doubt_choose_what_is_worth_a_look(center: Center, settings: Settings):
    center.call("sara", dissatisfied=0.1)
    angry = center.call("sara", dissatisfied=0.9)
    complaint = center.call("sara", dissatisfied=0.6, contributions=("complaint",))
    fatal = center.call("sara", dissatisfied=0.2, says={"respect": ("no", 0.9)})
    rule(center, amount=3, chosen_by="risk")
    assign(center, settings)
    assert drawn(center) == {angry, complaint, fatal}
    reasons = {one.reason["id"] for one in reviews(center) if one.reason}
    assert reasons == {
        "The machine saw something that would fail the form",
        "The customer complained, threatened or asked for a manager",
        "The customer seems dissatisfied: %(percent)s%%",
    }
    unsure = center.call("omid", says={"greeting": ("unsure", 0.4), "outcome": ("unsure", 0.2)})
    center.call("omid")
    rule(center, name="Doubt", amount=1, chosen_by="doubt")
    assign(center, settings)
    assert unsure in drawn(center)


def test_filters_and_the_form_choose_the_calls(center: Center, settings: Settings):
    center.person("nika", team="North")
    fits = center.call("nika", queue="sales-1", talk_s=90, dissatisfied=0.8)
    for other in ({"queue": "help"}, {"talk_s": 20}, {"dissatisfied": 0.3}, {"dissatisfied": None}):
        center.call("nika", **{"queue": "sales-1", "talk_s": 90, "dissatisfied": 0.8, **other})
    center.call("sara", queue="sales-1", talk_s=90, dissatisfied=0.8)
    limits = {
        "queues": ["sales*"], "min_talk_s": 60, "dissatisfied_above": 0.5, "teams": ["North"],
        "languages": ["en"], "directions": ["inbound"],
    }  # fmt: skip
    rule(center, amount=100, unit="percent", per="team", scorecard="desk", filters=limits)
    assign(center, settings)
    assert drawn(center) == {fits}


def test_nobody_is_given_their_own_call_nor_one_that_somebody_reviewed(center: Center, settings: Settings):
    own = center.call("mina")
    done = center.call("mina")
    with center.database.transaction() as session:
        person.submit(session, person.start(session, done, center.people["reza"]).id)
    rule(center, amount=2)
    [first] = assign(center, settings)
    assert {one.evaluator_id for one in reviews(center)} == {center.people["reza"]}
    assert drawn(center) == {own, done}
    assert first.assigned == 1


def test_each_evaluator_gets_their_number(center: Center, settings: Settings):
    for n in range(5):
        center.call("sara", at=START + n * HOUR)
    rule(center, per="evaluator", amount=3, evaluators=["mina", "reza"])
    [done] = assign(center, settings)
    held = [one.evaluator_id for one in reviews(center)]
    assert sorted(held.count(center.people[who]) for who in ("mina", "reza")) == [2, 3]
    assert [one["id"] for one in done.shortages] == [sampling.EVALUATOR_SHORT]


def test_work_goes_to_whoever_has_less_and_what_was_given_back_to_somebody_else(center: Center, settings: Settings):
    with center.database.transaction() as session:
        for made in [center.call("omid", at=START - datetime.timedelta(days=30)) for _ in range(3)]:
            person.start(session, made, center.people["mina"])
    for n in range(3):
        center.call("sara", at=START + n * HOUR)
    made = rule(center, amount=3)
    assign(center, settings)
    mine = [one for one in reviews(center) if one.rule_id == made]
    assert {one.evaluator_id for one in mine} == {center.people["reza"]}
    with center.database.transaction() as session:
        person.withdraw(session, mine[0].id)
        sampling.assign_now(session, START, settings, [session.get_one(SamplingRule, made)])
    again = [one for one in reviews(center) if one.call_id == mine[0].call_id and one.state == ReviewState.ASSIGNED]
    assert [one.evaluator_id for one in again] == [center.people["mina"]]


def test_without_anybody_to_evaluate_it_is_said_and_tried_again(center: Center, settings: Settings):
    center.call("sara")
    rule(center, evaluators=["mina"], amount=1)
    with center.database.transaction() as session:
        session.execute(SamplingRule.__table__.update().values(evaluators=[str(uuid.uuid4())]))
    [none] = assign(center, settings)
    assert none.shortages == [{"id": sampling.NO_EVALUATORS, "values": {}}]
    with center.database.transaction() as session:
        session.execute(SamplingRule.__table__.update().values(evaluators=[]))
    assert [one.assigned for one in assign(center, settings)] == [1]


def test_the_sampler_run_twice_at_once_gives_each_call_once(center: Center, settings: Settings):
    for n in range(8):
        center.call("sara", at=START + n * HOUR)
    rule(center, amount=5)
    together, made = threading.Barrier(3), []

    def run() -> None:
        together.wait(10)
        made.extend(one.assigned for one in assign(center, settings))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert made == [5]
    assert len({one.call_id for one in reviews(center)}) == len(reviews(center)) == 5


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ({"name": " "}, "needs a name"),
        ({"colour": 1}, "no “colour”"),
        ({"per": "city"}, "agent, team, queue, evaluator, all"),
        ({"amount": 0}, "above 0"),
        ({"amount": 2.5}, "above 0"),
        ({"amount": 101, "unit": "percent"}, "at most 100"),
        ({"amount": "many"}, "above 0"),
        ({"due_days": -1}, "due_days"),
        ({"scorecard": "none"}, "no scorecard “none”"),
        ({"evaluators": ["sara"]}, "“sara” is nobody who may evaluate"),
        ({"evaluators": "mina"}, "list of texts"),
        ({"filters": {"teams": ["South"]}}, "no team “South”"),
        ({"filters": {"dissatisfied_above": 7}}, "0 to 1"),
        ({"filters": {"min_talk_s": -3}}, "from 0 on"),
        ({"filters": {"languages": ["de"]}}, "en, fa"),
        ({"filters": []}, "keys with values"),
        ({"active": "no"}, "true, false"),
        ({"scorecard": 5}, "no scorecard “5”"),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(lasting_center: Center, written: dict, says: str):
    with lasting_center.database.read() as session, pytest.raises(InputError, match=says):
        sampling_rules.add(session, {"name": "Weekly", **written})


def test_rules_are_changed_and_removed_and_their_reviews_stay(center: Center, settings: Settings):
    center.call("sara")
    made = rule(center, amount=1, evaluators=["boss"])
    assign(center, settings)
    with center.database.transaction() as session:
        changed = sampling_rules.change(session, made, {"name": "Daily", "period": "day"}, by=center.people["boss"])
        assert (changed.name, changed.period, changed.evaluators) == ("Daily", "day", [])
        assert sampling_rules.find(session, "Daily").id == made
        with pytest.raises(InputError, match="already"):
            sampling_rules.add(session, {"name": "Daily"})
        sampling_rules.remove(session, made, by=center.people["boss"])
        assert sampling_rules.rules(session) == []
    [left] = reviews(center)
    assert (left.rule_id, left.evaluator_id) == (None, center.people["boss"])


def test_what_lies_with_somebody_shut_out_goes_to_others_with_its_answers(center: Center, settings: Settings):
    center.call("sara")
    made = rule(center, amount=1)
    assign(center, settings)
    [given] = reviews(center)
    left, stays = sorted(("mina", "reza"), key=lambda one: center.people[one] != given.evaluator_id)
    with center.database.transaction() as session:
        person.answer(session, given.id, "greeting", "no")
        session.execute(update(User).where(User.login == left).values(active=False))
    assert assign(center, settings, LATER + HOUR) == [], "nothing new is drawn"
    [now] = reviews(center)
    assert (now.id, now.rule_id, now.evaluator_id) == (given.id, made, center.people[stays])
    assert now.due_at == LATER + HOUR + datetime.timedelta(days=7)
    with center.database.read() as session:
        assert person.preview(session, now.id).stood[0].answer.value == "no"


def test_what_is_given_back_after_the_draw_is_made_up_for(center: Center, settings: Settings):
    for n in range(2):
        center.call("sara", at=START + n * HOUR)
    rule(center, amount=1)
    assign(center, settings)
    [given] = reviews(center)
    with center.database.transaction() as session:
        person.withdraw(session, given.id)
    [again] = assign(center, settings, LATER + HOUR)
    assert (again.assigned, len(drawn(center))) == (1, 1)
    assert assign(center, settings, LATER + 2 * HOUR) == []


def test_a_rule_that_was_off_gives_out_nothing_of_that_time(center: Center, settings: Settings):
    now = utc_now()
    for week in range(4):
        center.call("sara", at=now - datetime.timedelta(days=7 * week + 8))
    made = rule(center, amount=1, active=False)
    with center.database.transaction() as session:
        session.get_one(SamplingRule, made).made_at = now - datetime.timedelta(days=40)
    with center.database.transaction() as session:
        sampling_rules.change(session, made, {"name": "Weekly", "amount": 1, "active": True})
    assert assign(center, settings, now) == []


def test_a_rule_whose_team_was_dissolved_says_so(center: Center, settings: Settings):
    center.person("nima", team="North")
    center.call("nima")
    rule(center, amount=1, filters={"teams": ["North"]})
    with center.database.transaction() as session:
        teams.remove(session, teams.find(session, "North").id)
    [done] = assign(center, settings)
    assert (done.assigned, done.shortages) == (0, [{"id": sampling.TEAM_GONE, "values": {}}])
