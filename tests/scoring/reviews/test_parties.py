"""Nobody decides in their own cause, and nothing that stands is changed behind a dispute's back, on a real database."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.people import AuditEntry, User
from scoring.reviews import calibration, coaching, disputes, inbox, person
from scoring.reviews.standing import one_at_a_time
from scoring.reviews.tables import Dispute, Review
from tests.scoring.reviews.center import Center
from tests.scoring.reviews.test_disputes import DAY, dispute, stored
from tests.scoring.reviews.test_person import review


def shut_out(center: Center, *logins: str) -> None:
    with center.database.transaction() as session:
        session.execute(update(User).where(User.login.in_(logins)).values(active=False))


def test_a_supervisor_does_not_take_back_what_was_said_of_their_own_call(center: Center):
    made = center.call("reza")
    done = review(center, made, greeting="no")
    with center.database.transaction() as session, pytest.raises(AccessError, match="spoke themselves"):
        person.withdraw(session, done, by=center.people["reza"])
    with center.database.transaction() as session:
        begun = person.start(session, made, center.people["mina"]).id
        for choose in (
            lambda: inbox.reassign(session, begun, center.people["boss"], by=center.people["reza"]),
            lambda: inbox.assign(session, made, center.people["boss"], by=center.people["reza"]),
        ):
            with pytest.raises(AccessError, match="spoke themselves"):
                choose()
    opened = dispute(center, made, who="reza")
    with center.database.transaction() as session:
        disputes.take(session, opened, center.people["boss"])
        with pytest.raises(AccessError, match="spoke themselves"):
            disputes.give_back(session, opened, center.people["reza"])


def test_whoever_gave_the_disputed_answer_does_not_decide_though_another_review_carries_it(center: Center):
    made = center.call()
    review(center, made, who="mina", greeting="no")
    review(center, made, who="reza", warmth="4")
    opened = dispute(center, made, "greeting")
    other = center.call()
    review(center, other, who="mina", greeting="no")
    review(center, other, who="reza", warmth="4")
    of_warmth = dispute(center, other, "warmth")
    with center.database.transaction() as session:
        for who in ("mina", "reza"):
            with pytest.raises(AccessError, match="gave a disputed answer"):
                disputes.take(session, opened, center.people[who])
        assert disputes.take(session, opened, center.people["boss"]).kind == "dispute"
        assert disputes.take(session, of_warmth, center.people["mina"]), "her answer is not what is disputed"


def test_where_nobody_else_can_decide_an_administrator_does_and_a_supervisor_is_told_the_way_out(center: Center):
    shut_out(center, "reza", "boss")
    made, by_boss = center.call(), center.call()
    review(center, made, greeting="no")
    opened = dispute(center, made)
    with center.database.transaction() as session, pytest.raises(AccessError, match="second supervisor"):
        disputes.take(session, opened, center.people["mina"])
    with center.database.transaction() as session:
        session.execute(update(User).where(User.login == "boss").values(active=True))
    with center.database.transaction() as session, pytest.raises(AccessError, match="gave a disputed answer"):
        disputes.take(session, opened, center.people["mina"])
    review(center, by_boss, who="boss", greeting="no")
    of_boss = dispute(center, by_boss)
    with center.database.transaction() as session, pytest.raises(AccessError, match="gave a disputed answer"):
        disputes.take(session, of_boss, center.people["boss"])
    shut_out(center, "mina")
    with center.database.transaction() as session:
        begun = disputes.take(session, of_boss, center.people["boss"])
        person.answer(session, begun.id, "greeting", "yes")
        disputes.accept(session, of_boss, center.people["boss"])
        said = select(AuditEntry.detail).where(AuditEntry.action == "dispute.accepted")
        assert session.scalars(said).one()["own_answer"] is True


def test_a_dispute_whose_decider_is_gone_can_be_taken(center: Center):
    opened = dispute(center, center.call())
    with center.database.transaction() as session:
        disputes.take(session, opened, center.people["reza"])
        session.execute(update(Dispute).values(decider_id=None))
        session.execute(update(Review).values(evaluator_id=None))
    with center.database.transaction() as session:
        begun = disputes.take(session, opened, center.people["mina"])
        person.answer(session, begun.id, "greeting", "no")
        assert disputes.accept(session, opened, center.people["mina"]).decided_by == center.people["mina"]


def test_no_review_stands_over_an_evaluation_while_it_is_disputed_nor_over_the_decision_unseen(center: Center):
    made = center.call()
    review(center, made, greeting="no")
    opened = dispute(center, made)
    draft = review(center, made, submit=False, greeting="no")
    with center.database.transaction() as session, pytest.raises(InputError, match="Decide the dispute first"):
        person.submit(session, draft)
    with center.database.transaction() as session:
        begun = disputes.take(session, opened, center.people["reza"])
        with pytest.raises(InputError, match="accept or reject"):
            person.withdraw(session, begun.id, by=center.people["boss"])
        person.answer(session, begun.id, "greeting", "yes")
        disputes.accept(session, opened, center.people["reza"])
    with center.database.transaction() as session:
        with pytest.raises(InputError, match="decided after this review was begun"):
            person.submit(session, draft)
        person.withdraw(session, draft)
    assert center.standing(made)[1]["greeting"].value == "yes"
    review(center, made, greeting="no")
    assert center.standing(made)[1]["greeting"].value == "no", "whoever begins after the decision has seen it"


def test_a_dispute_that_nobody_decided_in_time_can_be_opened_again_though_its_days_are_over(center: Center):
    made = center.call()
    opened = dispute(center, made, now=utc_now() + 13 * DAY)
    with center.database.transaction() as session:
        assert [one.id for one in disputes.expire(session, utc_now() + 21 * DAY)] == [opened]
    again = dispute(center, made, now=utc_now() + 22 * DAY)
    assert stored(center, again).state == "open"
    with center.database.transaction() as session:
        disputes.withdraw(session, again, center.people["sara"])
    with pytest.raises(InputError, match="for 14 days"):
        dispute(center, made, now=utc_now() + 36 * DAY)


def test_the_same_form_submitted_twice_is_submitted_once(center: Center):
    made = center.call()
    done = review(center, made, greeting="no")
    before, _ = center.standing(made)
    review(center, made)
    after, _ = center.standing(made)
    assert (after.review_id, after.reviewed_at) == (done, before.reviewed_at)
    with center.database.read() as session:
        assert len(session.scalars(select(Review).where(Review.call_id == before.call_id)).all()) == 1
    center.score_again(made, {"steps": ("asks", 0.9)})
    again = review(center, made)
    assert center.standing(made)[0].review_id == again, "now the machine says something that nobody had confirmed"


def test_nobody_coaches_themselves_out_of_a_plan(center: Center):
    now = utc_now()
    with center.database.transaction() as session:
        plan = coaching.begin(
            session, center.people["reza"], by=center.people["boss"], scorecard="desk", questions=["greeting"],
            goal="Greets", target=0.9, review_at=now + DAY,
        )  # fmt: skip
        with pytest.raises(InputError, match="coaches themselves"):
            coaching.cancel(session, plan.id, by=center.people["reza"])


def test_only_who_was_asked_takes_part_in_a_calibration_and_nobody_ends_anothers_part(center: Center):
    made = center.call()
    with center.database.transaction() as session:
        with pytest.raises(InputError, match="not asked"):
            person.start(session, made, center.people["mina"], kind="calibration")
        people = [center.people["mina"], center.people["reza"]]
        opened = calibration.open_session(session, made, people, by=center.people["boss"], title="T")
        begun = person.start(session, made, center.people["mina"], kind="calibration")
        assert begun.session_id == opened.id
        with pytest.raises(AccessError, match="somebody else's"):
            person.withdraw(session, begun.id, by=center.people["reza"])
        person.answer(session, begun.id, "greeting", "yes")
        person.submit(session, begun.id)
        calibration.close(session, opened.id, by=center.people["boss"])
        with pytest.raises(InputError, match="stay as they are"):
            person.withdraw(session, begun.id, by=center.people["mina"])


def test_who_submits_while_a_calibration_is_being_closed_is_in_time_or_refused(center: Center):
    made = center.call()
    with center.database.transaction() as session:
        people = [center.people["mina"], center.people["reza"]]
        opened = calibration.open_session(session, made, people, by=center.people["boss"], title="T").id
        begun = person.start(session, made, center.people["mina"], kind="calibration").id
        person.answer(session, begun, "greeting", "yes")
    with center.database.transaction() as closing:
        calibration.close(closing, opened, by=center.people["boss"])
        refused = meanwhile(center, lambda session: person.submit(session, begun))
    assert refused() == "InputError"
    with center.database.read() as session:
        assert session.get_one(Review, begun).state == "withdrawn"


def test_a_calibration_closed_by_hand_at_its_very_end_is_closed_once(center: Center):
    made, now = center.call(), utc_now()
    with center.database.transaction() as session:
        people = [center.people["mina"], center.people["reza"]]
        opened = calibration.open_session(
            session, made, people, by=center.people["boss"], title="T", closes_at=now + DAY
        ).id
        call_id = center.evaluation(session, made).call_id
    with center.database.transaction() as session:
        one_at_a_time(session, call_id)
        due = meanwhile(center, lambda other: calibration.close_due(other, now + 2 * DAY))
        calibration.close(session, opened, by=center.people["boss"])
    assert due() == "done"
    with center.database.read() as session:
        assert calibration.sessions(session, state="closed")[0].session.id == opened


def meanwhile(center: Center, do: Callable[[Session], object]) -> Callable[[], str]:
    """Runs `do` beside a transaction that is not committed yet; the name of the error that came of it, once it is asked."""
    came: list[str] = []

    def run() -> None:
        try:
            with center.database.transaction() as session:
                do(session)
            came.append("done")
        except Exception as error:
            came.append(type(error).__name__)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.5)

    def result() -> str:
        thread.join(20)
        return came[0]

    return result
