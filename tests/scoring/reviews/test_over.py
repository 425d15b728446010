"""Whatever a person answers over whatever the machine said: what stands follows one law, and taking it back leaves no trace."""

import datetime
import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import card_file, evaluation
from scoring.marks import asked, result
from scoring.reviews.over import Given, counts, is_full, stand
from scoring.reviews.standing import machine_of, settle
from scoring.reviews.tables import Origin, Review
from scoring.rules import Stretch
from scoring.scorecard import NA, UNSURE, Answered, Kind, Question
from scoring.spans import AgentPart
from scoring.tables import Evaluation
from tests.scoring.reviews.center import FORM

CARD = card_file.kept(FORM)
MINA = uuid.UUID(int=7)


def words(question: Question) -> list[str]:
    """Some answers to a question."""
    some = {
        Kind.YES_NO: ["yes", "no"], Kind.CHOICE: ["solved", "open"], Kind.CHOICES: ["asks", "asks,checks"],
        Kind.SCALE: ["1", "5"], Kind.NUMBER: ["0", "9"], Kind.TEXT: ["a word"],
    }  # fmt: skip
    return [*some[question.kind], NA]


@st.composite
def machines(draw: st.DrawFn) -> dict[str, Answered]:
    """What the machine may have said: conditions as it keeps them."""
    done: dict[str, Answered] = {}
    for one in CARD.questions:
        state = asked(one, done)
        value = draw(st.sampled_from([*words(one), UNSURE]))
        method = draw(st.sampled_from(["rule", "measure", "person"]))
        if state is not True:
            value, method = (NA if state is False else UNSURE), "condition"
        elif method == "person":
            value = UNSURE
        done[one.key] = Answered(
            question=one, value=value, confidence=0.5, method=method, reason={"id": "why", "values": {}}
        )
    return done


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Given]:
    chosen = draw(st.lists(st.sampled_from(CARD.questions), unique_by=lambda one: one.key))
    origins = st.sampled_from([one.value for one in Origin])
    return {one.key: Given(value=draw(st.sampled_from(words(one))), origin=draw(origins), by=MINA) for one in chosen}


def row_of(machine: dict[str, Answered], kept_out: tuple[str, ...] = ()) -> Evaluation:
    part = AgentPart(position=0, interface=None, name=None, queue=None, stretch=Stretch(turns=()))
    filled = evaluation.Filled(part=part, card=CARD, answers=tuple(machine.values()), kept_out=kept_out)
    return evaluation.row(uuid.UUID(int=1), filled, {"speech": "s"})


def shown(row: Evaluation) -> dict[str, object]:
    """All that is stored of an evaluation and its answers, ids aside."""
    facts = (
        "score",
        "passed",
        "failed",
        "doubted",
        "critical",
        "critical_score",
        "answered",
        "needs_person",
        "counts",
        "review_id",
    )
    of_answer = (
        "value",
        "label",
        "confidence",
        "method",
        "evidence",
        "reason",
        "points",
        "needs_person",
        "made_by",
        "machine",
    )
    return {name: getattr(row, name) for name in facts} | {
        answer.question: {name: getattr(answer, name) for name in of_answer} for answer in row.answers
    }


@settings(max_examples=200, deadline=None)
@given(machines(), answers())
def test_what_is_asked_stands_as_the_person_said_and_the_rest_as_the_machine_did(machine, said):
    stood = stand(CARD, machine, said)
    standing = {one.answer.question.key: one.answer for one in stood}
    for one in stood:
        question = one.answer.question
        applies = asked(question, standing)
        if applies is False:
            assert one.answer.value == NA
        elif question.key in said:
            assert one.answer.value == said[question.key].value
        elif machine[question.key].method != "condition":
            assert one.answer == machine[question.key]
        else:
            assert one.answer.value == UNSURE
    came_to = result(CARD, [one.answer for one in stood])
    fatal = [key for key, one in said.items() if key == "respect" and one.value == "no" and standing[key].value == "no"]
    if came_to.failed:
        assert fatal, "only a person fails a form"


@settings(max_examples=150, deadline=None)
@given(machines(), answers(), answers())
def test_the_machines_own_answers_are_kept_whole_and_taking_reviews_back_leaves_no_trace(machine, first, second):
    row = row_of(machine)
    before = shown(row)
    for said in (first, second):
        review = Review(id=uuid.uuid4(), submitted_at=datetime.datetime.now(datetime.UTC))
        settle(row, CARD, stand(CARD, machine_of(row, CARD), said), review)
        assert machine_of(row, CARD) == machine
        once = shown(row)
        settle(row, CARD, stand(CARD, machine_of(row, CARD), said), review)
        assert shown(row) == once
    settle(row, CARD, stand(CARD, machine_of(row, CARD), {}), None)
    assert shown(row) == before


@settings(max_examples=80, deadline=None)
@given(machines(), answers())
def test_a_call_that_was_not_heard_counts_only_once_every_scored_answer_is_somebodys(machine, said):
    stood = stand(CARD, machine, said)
    told = [{"id": evaluation.ONE_CHANNEL, "values": {}}]
    assert counts(told, stood) == is_full(stood)
    assert not counts([{"id": evaluation.SAMPLE, "values": {}}], stood)
    assert counts([], stood)
    if is_full(stood):
        weighty = [one for one in stood if one.answer.question.weight and one.answer.value != NA]
        assert all(one.answer.value != UNSURE for one in weighty)
        assert all(one.answer.method == "measure" or (one.given and one.given.decided) for one in weighty)
