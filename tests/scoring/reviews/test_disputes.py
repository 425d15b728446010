"""Agents see, acknowledge and dispute their evaluations, on a real database."""

import datetime
import threading
import uuid

import pytest
from sqlalchemy import select

from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.scoring_settings import ScoringSettings
from scoring.reviews import acknowledgements, disputed, disputes, person
from scoring.reviews.dispute_states import LEADS_TO, check
from scoring.reviews.tables import Dispute, DisputeState, Review, ReviewState
from scoring.tables import Evaluation
from tests.scoring.reviews.center import Center
from tests.scoring.reviews.test_person import review

LIMITS = ScoringSettings(dispute_window_days=14, dispute_open_at_most=2, dispute_decide_within_days=7)
DAY = datetime.timedelta(days=1)


def dispute(
    center: Center, made: uuid.UUID, *questions: str, who: str = "sara", now: datetime.datetime | None = None
) -> uuid.UUID:
    with center.database.transaction() as session:
        asked = questions or ("greeting",)
        return disputes.open_(session, made, center.people[who], asked, "I did greet.", limits=LIMITS, now=now).id


def stored(center: Center, dispute_id: uuid.UUID) -> Dispute:
    with center.database.read() as session:
        return session.get_one(Dispute, dispute_id)


def test_an_accepted_dispute_changes_the_score_and_keeps_both(center: Center):
    made = center.call()
    review(center, made, greeting="no", warmth="5")
    before, _ = center.standing(made)
    opened = dispute(center, made)
    with center.database.read() as session:
        assert session.scalars(select(Evaluation.id).where(disputed.is_disputed())).all() == [made]
        assert [one.id for one in disputed.pending(session)] == [opened]
    with center.database.transaction() as session:
        begun = disputes.take(session, opened, center.people["reza"])
        person.answer(session, begun.id, "greeting", "yes")
        disputes.accept(session, opened, center.people["reza"], outcome="You are right.")
    after, answers = center.standing(made)
    done = stored(center, opened)
    assert (done.state, done.decided_by, done.review_id) == (
        DisputeState.ACCEPTED,
        center.people["reza"],
        after.review_id,
    )
    assert (done.score_before, done.score_after) == (before.score, after.score)
    assert before.score is not None
    assert after.score is not None
    assert after.score > before.score
    assert (answers["greeting"].value, answers["warmth"].value) == ("yes", "5"), (
        "what was not disputed stays as it was reviewed"
    )
    assert answers["warmth"].made_by["person"] == str(center.people["mina"])
    with center.database.transaction() as session:
        assert session.scalars(select(Evaluation.id).where(disputed.is_disputed())).all() == []
        assert disputed.outcomes(session, utc_now() - DAY) == {
            "states": {"accepted": 1},
            "mean_change": after.score - before.score,
        }
        with pytest.raises(InputError, match="decided by this review"):
            person.withdraw(session, begun.id)
        with pytest.raises(InputError, match="decided already"):
            disputes.open_(session, made, center.people["sara"], ["greeting"], "Again", limits=LIMITS)


def test_a_rejected_dispute_changes_nothing_and_says_why(center: Center):
    made = center.call(says={"greeting": ("no", 0.8)})
    before, _ = center.standing(made)
    opened = dispute(center, made)
    with center.database.transaction() as session:
        begun = disputes.take(session, opened, center.people["mina"])
        person.answer(session, begun.id, "greeting", "yes")
        with pytest.raises(InputError, match="needs a reason"):
            disputes.reject(session, opened, center.people["mina"], " ")
        disputes.reject(session, opened, center.people["mina"], "Nothing to hear.")
    after, _ = center.standing(made)
    assert (after.score, after.review_id) == (before.score, None)
    assert (stored(center, opened).outcome, stored(center, opened).score_after) == ("Nothing to hear.", before.score)
    with center.database.read() as session:
        assert session.get_one(Review, begun.id).state == ReviewState.WITHDRAWN


def test_whoever_is_party_does_not_decide(center: Center):
    made = center.call()
    review(center, made, greeting="no")
    opened = dispute(center, made)
    with center.database.transaction() as session:
        with pytest.raises(AccessError, match="disputed review"):
            disputes.take(session, opened, center.people["mina"])
        with pytest.raises(AccessError, match="Only supervisors"):
            disputes.take(session, opened, center.people["sara"])
        with pytest.raises(InputError, match="Nobody has taken"):
            disputes.accept(session, opened, center.people["reza"])
        with pytest.raises(InputError, match="taken no dispute"):
            person.start(session, made, center.people["reza"], kind="dispute")
        begun = disputes.take(session, opened, center.people["reza"])
        with pytest.raises(InputError, match="accept or reject"):
            person.submit(session, begun.id)
        with pytest.raises(AccessError, match="Somebody else"):
            disputes.reject(session, opened, center.people["boss"], "No.")
        with pytest.raises(InputError, match="No disputed answer was changed"):
            disputes.accept(session, opened, center.people["reza"])
        with pytest.raises(InputError, match="disputes this evaluation"):
            person.withdraw(session, center.standing(made)[0].review_id)
        disputes.give_back(session, opened, center.people["boss"])
        assert disputes.reject(session, opened, center.people["boss"], "No.").state == DisputeState.REJECTED


def test_an_agent_disputes_only_their_own_within_the_limits(center: Center):
    made = center.call()
    with center.database.transaction() as session:
        for who in ("omid", "mina"):
            with pytest.raises(AccessError, match="agent whose work"):
                disputes.open_(session, made, center.people[who], ["greeting"], "No", limits=LIMITS)
        for questions, reason, says in (
            ([], "x", "Name the questions"),
            (["colour"], "x", "no question"),
            (["greeting"], " ", "needs a reason"),
        ):
            with pytest.raises(InputError, match=says):
                disputes.open_(session, made, center.people["sara"], questions, reason, limits=LIMITS)
    with pytest.raises(InputError, match="for 14 days"):
        dispute(center, made, now=utc_now() + 15 * DAY)
    first = dispute(center, made)
    with pytest.raises(InputError, match="disputed already"):
        dispute(center, made)
    dispute(center, center.call())
    with pytest.raises(InputError, match="2 disputes open"):
        dispute(center, center.call())
    with center.database.transaction() as session:
        with pytest.raises(AccessError, match="agent whose work"):
            disputes.withdraw(session, first, center.people["omid"])
        disputes.withdraw(session, first, center.people["sara"])
    assert stored(center, dispute(center, made)).state == DisputeState.OPEN, "what was withdrawn can be opened again"


def test_what_nobody_decides_in_time_expires_once_and_can_be_opened_again(center: Center):
    made = center.call()
    opened = dispute(center, made)
    with center.database.transaction() as session:
        begun = disputes.take(session, opened, center.people["reza"])
        assert disputes.expire(session, utc_now() + 6 * DAY) == []
        assert [one.id for one in disputes.expire(session, utc_now() + 8 * DAY)] == [opened]
        assert disputes.expire(session, utc_now() + 9 * DAY) == []
        with pytest.raises(InputError, match="ended already"):
            disputes.reject(session, opened, center.people["reza"], "Late")
    with center.database.read() as session:
        assert session.get_one(Review, begun.id).state == ReviewState.WITHDRAWN
    assert stored(center, dispute(center, made)).state == DisputeState.OPEN


def test_an_agent_in_many_windows_keeps_to_the_limit(center: Center):
    calls = [center.call() for _ in range(4)]
    together, refused = threading.Barrier(4), []

    def open_one(made: uuid.UUID) -> None:
        together.wait(10)
        try:
            dispute(center, made)
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=open_one, args=(made,)) for made in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 2
    with center.database.read() as session:
        assert len(disputed.of_agent(session, center.people["sara"])) == 2


@pytest.mark.parametrize("now", [*DisputeState])
def test_every_way_between_states_is_in_the_table(now: DisputeState):
    for to in DisputeState:
        if to in LEADS_TO[now]:
            check(now, to)
        else:
            with pytest.raises(InputError, match="dispute"):
                check(now, to)


def test_an_agent_acknowledges_each_version_once(center: Center):
    made = center.call()
    sara = center.people["sara"]
    with center.database.transaction() as session:
        assert list(acknowledgements.waiting(session, sara)) == [], "the machine's own are not asked for"
        seen = acknowledgements.acknowledge(session, made, sara)
        again = acknowledgements.acknowledge(session, made, sara, comment="Thanks")
        assert (again.id, again.comment, again.review_id) == (seen.id, "Thanks", None)
        with pytest.raises(AccessError, match="agent whose work"):
            acknowledgements.acknowledge(session, made, center.people["mina"])
    done = review(center, made, greeting="no")
    with center.database.transaction() as session:
        [waits] = acknowledgements.waiting(session, sara)
        assert acknowledgements.of(session, waits) is None
        second = acknowledgements.acknowledge(session, made, sara)
        assert (second.review_id, second.score) == (done, waits.score)
        assert list(acknowledgements.waiting(session, sara)) == []
