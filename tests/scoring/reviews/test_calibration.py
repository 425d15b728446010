"""Calibration sessions in a small center: blind until closed, judged afterwards, and without effect on what stands."""

import datetime
import uuid

import pytest
from sqlalchemy import select

from avasanj.database import utc_now
from avasanj.errors import AccessError, InputError
from avasanj.people import AuditEntry, Role
from scoring.reviews import calibration, person
from scoring.reviews.calibration_result import result
from scoring.reviews.tables import CalibrationSession, Review
from scoring.statistics.agreement import Reviewed, agreements
from scoring.statistics.evaluators import calibrated
from tests.scoring.reviews.center import Center

HOUR = datetime.timedelta(hours=1)


def reviews_of(center: Center, session_id: uuid.UUID) -> dict[uuid.UUID, uuid.UUID]:
    with center.database.read() as session:
        rows = session.scalars(select(Review).where(Review.session_id == session_id))
        return {row.evaluator_id: row.id for row in rows if row.evaluator_id}


def opened(center: Center, evaluation: uuid.UUID, expert: str | None = "boss") -> uuid.UUID:
    with center.database.transaction() as session:
        people = [center.people[login] for login in ("mina", "reza", "boss")]
        made = calibration.open_session(
            session, evaluation, people, by=center.people["boss"], title="Weekly", closes_at=utc_now() + HOUR,
            expert=center.people[expert] if expert else None,
        )  # fmt: skip
        return made.id


def answers(center: Center, session_id: uuid.UUID, login: str, given: dict[str, str], *, submit: bool = True) -> None:
    review = reviews_of(center, session_id)[center.people[login]]
    with center.database.transaction() as session:
        for question, value in given.items():
            person.answer(session, review, question, value, by=center.people[login])
        if submit:
            person.submit(session, review, by=center.people[login])


def test_a_session_from_its_opening_to_its_result(center: Center):
    evaluation = center.call()
    before, _ = center.standing(evaluation)
    id_ = opened(center, evaluation)
    answers(center, id_, "boss", {"greeting": "no", "outcome": "solved", "respect": "yes", "warmth": "4"})
    answers(center, id_, "mina", {"greeting": "no", "outcome": "open", "respect": "yes", "warmth": "4"})
    mina, boss = center.people["mina"], center.people["boss"]
    with center.database.read() as session:
        seen = calibration.answers_of(session, id_, mina)
        assert [one.evaluator_id for one in seen] == [mina], "nobody sees another's answers while it is open"
        with pytest.raises(AccessError, match="closed"):
            result(session, id_)
        [progress] = calibration.sessions(session, participant=mina)
        assert not progress.done
        assert progress.states[boss] == "submitted"
    answers(center, id_, "reza", {"greeting": "yes", "outcome": "solved"}, submit=False)
    with center.database.transaction() as session:
        calibration.close(session, id_, by=boss)
    with center.database.read() as session:
        found = result(session, id_)
        assert len(calibration.answers_of(session, id_, mina)) == 3
        audited = set(session.scalars(select(AuditEntry.action)))
    by_key = {one.question: one for one in found.questions}
    assert by_key["greeting"].distribution == {"no": 2}
    assert (by_key["greeting"].expert, by_key["greeting"].machine) == ("no", "yes")
    assert by_key["outcome"].apart == [mina]
    assert (found.machine.hits, found.machine.n) == (2, 3), "the machine was wrong on the greeting, and asked of three"
    people = {one.person: one for one in found.participants}
    assert not people[center.people["reza"]].submitted, "what was not handed in counts for nothing"
    assert (people[mina].with_usual.hits, people[mina].with_usual.n) == (3, 4)
    assert people[mina].apart_on == ["outcome"]
    assert found.alpha is not None
    assert {"calibration.opened", "calibration.closed"} <= audited
    after, _ = center.standing(evaluation)
    assert (after.score, after.review_id, after.needs_person) == (before.score, None, before.needs_person)
    with center.database.read() as session:
        everything = Reviewed(since=utc_now() - HOUR, until=utc_now() + HOUR)
        machine = {asked.question: one for asked, one in agreements(session, everything).items()}
        among = calibrated(session, everything, calibration.people(session, [mina]))
    assert (machine["greeting"].blind.hits, machine["greeting"].blind.n) == (0, 2)
    assert machine["greeting"].given.n == 0, "a calibration is no review"
    assert among.people[mina].name == "Mina"
    assert (among.people[mina].with_expert.mean, among.people[mina].with_expert.n) == (0.75, 1)
    assert among.people[mina].stricter is not None
    assert among.people[boss].with_expert.n == 0


def test_without_an_expert_the_answer_of_most_is_the_usual_one(center: Center):
    id_ = opened(center, center.call(), expert=None)
    for login, value in (("boss", "no"), ("mina", "yes"), ("reza", "no")):
        answers(center, id_, login, {"greeting": value, "respect": value})
    with center.database.transaction() as session:
        late = session.get_one(CalibrationSession, id_)
        late.closes_at = utc_now() - HOUR
        session.flush()
        assert [one.id for one in calibration.close_due(session, utc_now())] == [id_]
        assert calibration.close_due(session, utc_now()) == []
        found = result(session, id_)
    greeting = found.questions[0]
    assert (greeting.usual, greeting.expert) == ("no", None)
    assert greeting.apart == [center.people["mina"]]
    assert (greeting.together.hits, greeting.together.n) == (1, 3)
    assert found.alpha is not None
    assert found.stored()["participants"][0]["submitted"] is True


def test_who_cannot_take_part_is_refused_with_the_reason(center: Center):
    evaluation, boss, mina = center.call(agent="reza"), center.people["boss"], center.people["mina"]
    center.person("noor", Role.SUPERVISOR)

    def ask(*people: uuid.UUID, **facts) -> CalibrationSession:
        with center.database.transaction() as session:
            return calibration.open_session(session, evaluation, people, **{"by": boss, "title": "One", **facts})

    with pytest.raises(InputError, match="at least 2"):
        ask(mina)
    with pytest.raises(AccessError, match="spoke themselves"):
        ask(mina, center.people["reza"])
    with pytest.raises(AccessError, match="Only supervisors"):
        ask(mina, center.people["omid"])
    with pytest.raises(InputError, match="later moment"):
        ask(mina, boss, closes_at=utc_now() - HOUR)
    with pytest.raises(InputError, match="name"):
        ask(mina, boss, title=" ")
    made = ask(mina, boss)
    with center.database.transaction() as session:
        noor = center.people["noor"]
        assert calibration.invite(session, made.id, noor, by=boss).evaluator_id == noor
        assert calibration.invite(session, made.id, noor, by=boss).state == "assigned"
        calibration.close(session, made.id, by=boss)
        for again in (
            lambda: calibration.close(session, made.id, by=boss),
            lambda: calibration.invite(session, made.id, noor, by=boss),
        ):
            with pytest.raises(InputError, match="closed"):
                again()
