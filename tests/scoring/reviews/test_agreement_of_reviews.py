"""From people's submitted reviews to what is shown beside a question."""

import datetime
import uuid

from avasanj.database import utc_now
from scoring import library
from scoring.reviews import person
from scoring.statistics.agreement import Reviewed, agreements
from scoring.statistics.disagreements import disagreements
from tests.scoring.reviews.center import FORM, Center

DAY = datetime.timedelta(days=1)


def reviewed(center: Center, evaluation: uuid.UUID, **given: str) -> None:
    with center.database.transaction() as session:
        review = person.start(session, evaluation, center.people["mina"])
        for question, value in given.items():
            person.answer(session, review.id, question, value)
        person.submit(session, review.id)


def test_agreement_comes_from_reviews_and_leads_to_the_calls(center: Center):
    right, wrong, doubted = (center.call(says={"outcome": ("unsure", 0.3)} if n == 2 else None) for n in range(3))
    reviewed(center, right, greeting="yes", outcome="solved")
    reviewed(center, wrong, greeting="no", outcome="solved")
    reviewed(center, doubted, outcome="open")
    span = Reviewed(since=utc_now() - DAY, until=utc_now() + DAY, scorecard="desk")
    with center.database.read() as session:
        found = {asked.question: (asked, one) for asked, one in agreements(session, span, least=2).items()}
        _, greeting = found["greeting"]
        assert (greeting.given.hits, greeting.given.n) == (1, 2)
        assert (greeting.with_kept.hits, greeting.with_kept.n) == (2, 3), "the third was let stand"
        assert greeting.band == "red"
        assert greeting.current
        assert greeting.title["fa"] == "سلام می‌کند"
        assert (found["outcome"][1].left_to_people, found["outcome"][1].given.n) == (1, 2)
        assert "note" not in found
        [error] = disagreements(session, span, "greeting")
        assert (error.machine, error.person, error.confidence) == ("yes", "no", 0.95)
        assert error.call_id == center.evaluation(session, wrong).call_id
        assert disagreements(session, span, "greeting", machine="no") == []
        assert agreements(session, Reviewed(since=span.until, until=span.until + DAY)) == {}


def test_a_changed_question_starts_anew(center: Center):
    reviewed(center, center.call(), greeting="no", respect="yes")
    changed = FORM.replace("version: 1", "version: 2").replace("[hello]", "[hello, hi]")
    with center.database.transaction() as session:
        library.import_card(session, changed, "desk.yaml")
        library.publish(session, "desk")
        center.card = library.published(session)[0]
    reviewed(center, center.call(), greeting="yes", respect="yes")
    span = Reviewed(since=utc_now() - DAY, until=utc_now() + DAY)
    with center.database.read() as session:
        found = agreements(session, span)
    greetings = [one for asked, one in found.items() if asked.question == "greeting"]
    assert [(one.current, one.given.hits, one.given.n) for one in greetings] == [(True, 1, 1), (False, 0, 1)]
    [respect] = [one for asked, one in found.items() if asked.question == "respect"]
    assert respect.given.n == 2, "a question that stayed the same goes on"


def test_who_corrects_their_own_answer_is_counted_once(center: Center):
    made = center.call()
    reviewed(center, made, greeting="no")
    reviewed(center, made, greeting="yes")
    span = Reviewed(since=utc_now() - DAY, until=utc_now() + DAY, scorecard="desk")
    with center.database.read() as session:
        found = {asked.question: one for asked, one in agreements(session, span).items()}
        assert (found["greeting"].given.hits, found["greeting"].given.n) == (1, 1)
        assert found["outcome"].with_kept.n == 1
        assert disagreements(session, span, "greeting") == []
