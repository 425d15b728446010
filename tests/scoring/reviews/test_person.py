"""A person's answers over the machine's, on a real database: what stands, what comes back, who may, and two at once."""

import threading
import uuid

import pytest
from sqlalchemy import select

from avasanj.errors import AccessError, InputError
from avasanj.people import AuditEntry
from scoring.evaluation import ONE_CHANNEL, SAMPLE
from scoring.reviews import calibration, person
from scoring.reviews.tables import Origin, Review, ReviewAnswer, ReviewState
from tests.scoring.reviews.center import Center

FULL = {
    "greeting": "yes", "outcome": "solved", "steps": "checks, asks", "warmth": "5", "tries": "۲", "respect": "yes", "note": "ok",
}  # fmt: skip


@pytest.fixture(scope="module", name="center")
def _center(lasting_center: Center) -> Center:
    return lasting_center


def review(
    center: Center, evaluation_id: uuid.UUID, who: str = "mina", submit: bool = True, **answers: str
) -> uuid.UUID:
    with center.database.transaction() as session:
        begun = person.start(session, evaluation_id, center.people[who])
        for question, value in answers.items():
            person.answer(session, begun.id, question, value)
        if submit:
            person.submit(session, begun.id)
    return begun.id


def rows(center: Center, review_id: uuid.UUID) -> dict[str, ReviewAnswer]:
    with center.database.read() as session:
        return {
            one.question: one
            for one in session.scalars(select(ReviewAnswer).where(ReviewAnswer.review_id == review_id))
        }


def test_a_persons_answers_stand_over_the_machines_which_is_kept_beside(center: Center):
    made = center.call(says={"greeting": ("no", 0.8)})
    before, _ = center.standing(made)
    assert before.score == pytest.approx(50.0)  # 20 for the outcome and 10 for respect, of 60
    done = review(center, made, greeting="yes", warmth="3")
    after, answers = center.standing(made)
    greeting = answers["greeting"]
    assert (greeting.value, greeting.method, greeting.made_by["person"]) == (
        "yes",
        "person",
        str(center.people["mina"]),
    )
    assert greeting.machine is not None
    assert (greeting.machine["value"], greeting.machine["confidence"], greeting.machine["method"]) == (
        "no",
        0.8,
        "rule",
    )
    assert after.score == pytest.approx(100 * (30 + 20 + 10 + 5) / 70)
    assert after.review_id == done
    assert after.reviewed_at is not None
    assert answers["outcome"].machine is None
    assert answers["outcome"].method == "rule"
    kept = rows(center, done)
    assert (kept["greeting"].machine_value, kept["greeting"].machine_confidence, kept["greeting"].origin) == (
        "no",
        0.8,
        Origin.GIVEN,
    )
    assert (kept["outcome"].value, kept["outcome"].origin) == ("solved", Origin.KEPT)
    assert "steps" not in kept, "what nobody answered is no answer"


def test_a_fatal_no_fails_the_form_only_where_a_person_says_so(center: Center):
    made = center.call(says={"respect": ("no", 0.9)})
    machine, _ = center.standing(made)
    assert (machine.failed, machine.doubted, machine.needs_person) == (False, ["respect"], True)
    let_stand = review(center, made, warmth="5")
    passed_over, answers = center.standing(made)
    assert (passed_over.failed, answers["respect"].needs_person) == (False, True), "it must be answered, not let stand"
    assert "respect" not in rows(center, let_stand)
    review(center, made, respect="no")
    failed, answers = center.standing(made)
    assert (failed.failed, failed.score, failed.passed) == (True, 0.0, False)
    assert not answers["respect"].needs_person
    review(center, made, respect="yes")
    cleared, _ = center.standing(made)
    assert (cleared.failed, cleared.doubted) == (False, [])


def test_a_question_for_people_waits_until_one_answers_it_but_a_note_waits_for_nobody(center: Center):
    made = center.call()
    before, answers = center.standing(made)
    assert before.needs_person
    assert {key for key, one in answers.items() if one.needs_person} == {"steps", "warmth", "tries"}
    review(center, made, warmth="5", steps="na")
    assert center.standing(made)[0].needs_person, "a third one is open"
    review(center, made, tries="1")
    after, answers = center.standing(made)
    assert (after.needs_person, answers["note"].value) == (False, "unsure")


def test_conditions_follow_the_persons_answers(center: Center):
    made = center.call()
    first = review(center, made, outcome="open")
    now_asked, answers = center.standing(made)
    assert (answers["promise"].value, answers["promise"].needs_person, now_asked.needs_person) == ("unsure", True, True)
    second = review(center, made, promise="no", steps="asks", warmth="3", tries="1")
    answered, answers = center.standing(made)
    assert (answers["promise"].value, answers["outcome"].value, answered.needs_person) == ("no", "open", False)
    assert rows(center, second)["outcome"].origin == Origin.CARRIED
    review(center, made, outcome="solved")
    _, answers = center.standing(made)
    assert (answers["promise"].value, answers["promise"].method) == ("na", "condition")
    assert first != second


def test_a_question_that_is_left_out_takes_no_answer_but_na(center: Center):
    made = center.call()
    begun = review(center, made, submit=False)
    with center.database.transaction() as session:
        with pytest.raises(InputError, match="not asked after what was answered to “Outcome”"):
            person.answer(session, begun, "promise", "yes")
        person.answer(session, begun, "promise", "na")
        person.answer(session, begun, "outcome", "open")
        person.answer(session, begun, "promise", "yes")
        person.answer(session, begun, "outcome", "solved")
        person.submit(session, begun)
    assert rows(center, begun)["promise"].value == "na"


def test_an_answer_to_no_question_is_refused(center: Center):
    begun = review(center, center.call(), submit=False)
    with center.database.transaction() as session, pytest.raises(InputError, match="no question “colour”"):
        person.answer(session, begun, "colour", "yes")


def test_a_persons_answers_survive_a_new_transcript_and_stand_over_its_machine_answers(center: Center):
    made = center.call(says={"greeting": ("no", 0.8)})
    review(center, made, greeting="yes", warmth="5")
    before, _ = center.standing(made)
    center.score_again(made, {"greeting": ("unsure", 0.4), "outcome": ("open", 0.95), "respect": ("unsure", 0.3)})
    after, answers = center.standing(made)
    assert after.score == before.score, "what was confirmed stays too"
    assert answers["greeting"].machine is not None
    assert answers["greeting"].machine["value"] == "unsure"
    assert (answers["outcome"].value, answers["outcome"].made_by["person"]) == ("solved", str(center.people["mina"]))
    assert after.review_id == before.review_id


def test_the_review_before_or_the_machine_stands_again_when_one_is_withdrawn(center: Center):
    made = center.call(says={"greeting": ("no", 0.8)})
    alone, _ = center.standing(made)
    first = review(center, made, greeting="yes")
    with_first, _ = center.standing(made)
    second = review(center, made, who="reza", greeting="na", warmth="1")
    with center.database.transaction() as session:
        person.withdraw(session, second, by=center.people["reza"])
    again, answers = center.standing(made)
    assert (again.review_id, again.score) == (first, with_first.score)
    with center.database.transaction() as session:
        person.withdraw(session, first)
    machine, answers = center.standing(made)
    assert (machine.review_id, machine.reviewed_at, machine.score) == (None, None, alone.score)
    assert (answers["greeting"].value, answers["greeting"].method, answers["greeting"].machine) == ("no", "rule", None)
    assert "person" not in answers["greeting"].made_by
    with center.database.transaction() as session, pytest.raises(InputError, match="withdrawn already"):
        person.withdraw(session, first)


@pytest.mark.parametrize(("reason", "counts"), [(ONE_CHANNEL, True), (SAMPLE, False)])
def test_a_full_review_makes_a_call_count_that_the_machine_could_not_hear_but_never_a_sample(
    center: Center, reason: str, counts: bool
):
    unheard = dict.fromkeys(("greeting", "outcome", "respect"), ("unsure", 0.0))
    made = center.call(says=unheard, kept_out=(reason,))
    first = review(center, made, greeting="yes", outcome="solved")
    partly, _ = center.standing(made)
    assert not partly.counts
    with center.database.transaction() as session:
        person.withdraw(session, first)
    full = review(center, made, **FULL)
    whole, _ = center.standing(made)
    assert (whole.counts, whole.score, whole.answered) == (counts, 100.0, 1.0)
    with center.database.transaction() as session:
        person.withdraw(session, full)
    assert not center.standing(made)[0].counts


def test_nobody_evaluates_a_call_of_their_own_and_no_agent_evaluates(center: Center):
    by_supervisor, transferred = center.call("mina"), center.call("sara", second_agent="mina")
    for made in (by_supervisor, transferred):
        with center.database.transaction() as session, pytest.raises(AccessError, match="spoke themselves"):
            person.start(session, made, center.people["mina"])
    with center.database.transaction() as session:
        with pytest.raises(AccessError, match="Only supervisors"):
            person.start(session, transferred, center.people["omid"])
        with pytest.raises(InputError, match="no such person"):
            person.start(session, transferred, uuid.uuid4())
        with pytest.raises(InputError, match="no such evaluation"):
            person.start(session, uuid.uuid4(), center.people["reza"])


def test_nobody_answers_or_submits_for_another_and_none_twice(center: Center):
    begun = review(center, center.call(), submit=False)
    with center.database.transaction() as session:
        with pytest.raises(AccessError, match="somebody else"):
            person.answer(session, begun, "greeting", "no", by=center.people["reza"])
        with pytest.raises(AccessError, match="somebody else"):
            person.submit(session, begun, by=center.people["reza"])
        person.submit(session, begun, by=center.people["mina"])
        for late in (lambda: person.submit(session, begun), lambda: person.answer(session, begun, "greeting", "no")):
            with pytest.raises(InputError, match="already"):
                late()


def test_starting_again_goes_on_with_what_was_begun(center: Center):
    made = center.call()
    begun = review(center, made, submit=False, greeting="no")
    assert review(center, made, submit=False) == begun
    with center.database.transaction() as session:
        found = person.preview(session, begun)
        assert found.result.score == pytest.approx(50.0)
        person.unanswer(session, begun, "greeting")
        assert person.preview(session, begun).result.score == pytest.approx(100.0)
    assert center.standing(made)[0].score == pytest.approx(100.0), "nothing stands before it is submitted"


def test_a_calibration_changes_nothing_and_is_not_led_by_the_machine(center: Center):
    made = center.call(says={"greeting": ("no", 0.8)})
    before, _ = center.standing(made)
    with center.database.transaction() as session:
        both = [center.people["mina"], center.people["reza"]]
        calibration.open_session(session, made, both, by=center.people["boss"], title="Weekly")
        begun = person.start(session, made, center.people["mina"], kind="calibration")
        person.answer(session, begun.id, "greeting", "yes")
        person.submit(session, begun.id)
    after, _ = center.standing(made)
    assert (after.score, after.review_id) == (before.score, None)
    found = rows(center, begun.id)
    assert {key: (row.value, row.machine_value) for key, row in found.items()} == {"greeting": ("yes", "no")}
    with center.database.read() as session:
        assert session.get_one(Review, begun.id).score == 100.0


def test_two_evaluators_who_submit_at_once_both_stand_and_neither_is_lost(center: Center):
    made = center.call(says={"greeting": ("no", 0.8)})
    reviews = [
        review(center, made, who="mina", submit=False, greeting="yes"),
        review(center, made, who="reza", submit=False, warmth="1"),
    ]
    together = threading.Barrier(2)

    def submit(one: uuid.UUID) -> None:
        together.wait(10)
        with center.database.transaction() as session:
            person.submit(session, one)

    threads = [threading.Thread(target=submit, args=(one,)) for one in reviews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    standing, answers = center.standing(made)
    assert (answers["greeting"].value, answers["warmth"].value) == ("yes", "1")
    with center.database.read() as session:
        done = {one.id: one.submitted_at for one in session.scalars(select(Review).where(Review.id.in_(reviews)))}
    assert standing.review_id == max(done, key=lambda one: done[one])
    assert len(set(done.values())) == 2


def test_one_evaluator_in_two_windows_begins_one_review(center: Center):
    made, together, found = center.call(), threading.Barrier(2), []

    def begin() -> None:
        together.wait(10)
        found.append(review(center, made, submit=False))

    threads = [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 2
    assert found[0] == found[1]


def test_what_was_done_is_in_the_audit_log(center: Center):
    done = review(center, center.call(), greeting="no")
    with center.database.read() as session:
        query = (
            select(AuditEntry.action, AuditEntry.user_id).where(AuditEntry.subject == str(done)).order_by(AuditEntry.id)
        )
        found = [tuple(one) for one in session.execute(query)]
        assert found == [("review.started", center.people["mina"]), ("review.submitted", center.people["mina"])]
        assert session.get_one(Review, done).state == ReviewState.SUBMITTED
