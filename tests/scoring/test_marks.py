"""The arithmetic of answers: what counts, what does not, what fails a form and who may say so."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.marks import asked, needs_person, points, result, score, share
from scoring.scorecard import NA, NO, UNSURE, YES, Band, Condition, Kind, Option
from tests.scoring.cards import TITLE, answered, card, question

VALUES = st.sampled_from([YES, NO, UNSURE, NA])
PAIRS = st.lists(st.tuples(VALUES, st.floats(min_value=0.5, max_value=100)))
OPTIONS = tuple(Option(key=key, title=TITLE, points=worth) for key, worth in (("none", 0), ("some", 2), ("all", 4)))


def made(pairs):
    return [answered(value, weight) for value, weight in pairs]


@given(PAIRS)
def test_a_score_lies_between_0_and_100_or_is_none(pairs):
    found = score(made(pairs))
    assert found is None or 0 <= found <= 100 + 1e-9
    assert (found is None) == all(value in {NA, UNSURE} for value, _ in pairs)


@given(PAIRS, st.sampled_from([NA, UNSURE]), st.floats(min_value=0.5, max_value=100))
def test_an_answer_that_does_not_count_changes_no_score(pairs, value, weight):
    assert score([*made(pairs), answered(value, weight)]) == score(made(pairs))


@given(PAIRS, st.integers(0, 20))
def test_turning_a_no_into_na_never_lowers_the_score(pairs, index):
    if not pairs or pairs[index % len(pairs)][0] != NO:
        return
    index %= len(pairs)
    before = score(made(pairs))
    after = score(made([(NA, weight) if n == index else (value, weight) for n, (value, weight) in enumerate(pairs)]))
    assert before is not None
    assert after is None or after >= before - 1e-9


@given(PAIRS, st.floats(min_value=0.1, max_value=10))
def test_scaling_every_weight_changes_no_score(pairs, factor):
    one, other = score(made(pairs)), score(made([(value, weight * factor) for value, weight in pairs]))
    assert one == pytest.approx(other) if one is not None else other is None


@given(PAIRS)
def test_points_add_up_to_the_score_once_those_that_do_not_count_are_left_out(pairs):
    answers = made(pairs)
    counted = [one for one in answers if points(one) is not None]
    possible = sum(one.question.weight for one in counted)
    if possible:
        assert score(answers) == pytest.approx(100 * sum(points(one) or 0 for one in counted) / possible)


@given(PAIRS, st.sampled_from(["rule", "model", "person"]))
def test_a_fatal_no_fails_the_form_only_when_a_person_says_it(pairs, by):
    fatal = dataclasses.replace(question("fatal"), fatal=True)
    answers = [*made(pairs), answered(NO, of=fatal, by=by)]
    found = result(card(*(one.question for one in answers)), answers)
    if by == "person":
        assert found.failed_by == ("fatal",)
        assert found.score == 0
        assert found.passed is False
    else:
        assert not found.failed
        assert found.doubted == ("fatal",)
        assert found.score == score(answers)
        assert needs_person(answers[-1])


def test_critical_questions_are_tracked_apart():
    good, bad = question("good", critical=True), question("bad", critical=True, weight=30)
    answers = [answered(YES, of=good), answered(NO, of=bad), answered(YES, 60)]
    found = result(card(good, bad, answers[2].question), answers)
    assert found.critical == ("bad",)
    assert found.critical_score == 25
    assert found.score == 70


def test_sections_have_scores_of_their_own_and_a_pass_mark_is_kept_to():
    one = question("a")
    found = result(card(one, pass_mark=50), [answered(NO, of=one)])
    assert found.sections == {"all": 0}
    assert found.passed is False
    assert result(card(one, pass_mark=50), [answered(UNSURE, of=one)]).passed is None
    assert result(card(one), [answered(NA, of=one)]).answered == 1
    assert result(card(one), [answered(UNSURE, of=one)]).answered == 0


@pytest.mark.parametrize(
    ("facts", "value", "worth"),
    [
        ({"points": {YES: 0.0, NO: 3.0}}, YES, 0),
        ({"points": {YES: 0.0, NO: 3.0}}, NO, 1),
        ({"kind": Kind.CHOICE, "options": OPTIONS}, "some", 0.5),
        ({"kind": Kind.CHOICE, "options": OPTIONS}, "all", 1),
        ({"kind": Kind.CHOICES, "options": OPTIONS}, "some,all", 1),
        ({"kind": Kind.CHOICES, "options": OPTIONS}, "some", pytest.approx(1 / 3)),
        ({"kind": Kind.CHOICES, "options": OPTIONS}, "none", 0),
        ({"kind": Kind.SCALE, "low": 1, "high": 5}, "3", 0.5),
        ({"kind": Kind.SCALE, "low": 1, "high": 5}, "9", 1),
        ({"kind": Kind.SCALE, "low": 1, "high": 5}, "good", None),
        ({"kind": Kind.NUMBER, "bands": (Band(up_to=20, points=2), Band(up_to=60, points=1), Band(up_to=None, points=0))}, "20", 1),
        ({"kind": Kind.NUMBER, "bands": (Band(up_to=20, points=2), Band(up_to=60, points=1))}, "21", 0.5),
        ({"kind": Kind.NUMBER, "bands": (Band(up_to=20, points=2), Band(up_to=60, points=1))}, "61", 0),
        ({"kind": Kind.NUMBER}, "61", None),
        ({"kind": Kind.TEXT}, "as agreed", None),
        ({}, NA, None),
    ],
)  # fmt: skip
def test_every_type_gives_its_points(facts, value, worth):
    assert share(question(**facts), value) == worth


def test_a_person_is_asked_about_unsure_and_about_weighty_answers_without_full_points():
    assert needs_person(answered(UNSURE))
    assert needs_person(answered(NO, critical=True))
    assert needs_person(answered("some", kind=Kind.CHOICE, options=OPTIONS, critical=True))
    assert not needs_person(answered(NO))
    assert not needs_person(answered(YES, critical=True))
    assert not needs_person(answered(NO, critical=True, by="person"))


def test_what_only_people_answer_waits_for_one_unless_nothing_hangs_on_it():
    assert needs_person(answered(UNSURE, weight=10, by="person"))
    assert needs_person(answered(UNSURE, weight=0, fatal=True, by="person"))
    assert not needs_person(answered(UNSURE, weight=0, by="person")), "a note"
    assert not needs_person(answered(UNSURE, weight=0, by="condition")), "a note that hangs on a question"
    assert not needs_person(answered("4", weight=10, kind=Kind.SCALE, by="person"))


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        (Condition(question="q", values=(YES,)), YES, True),
        (Condition(question="q", values=(YES,)), NO, False),
        (Condition(question="q", values=(YES,)), UNSURE, None),
        (Condition(question="q", values=(YES,)), NA, False),
        (Condition(question="q", values=("b",)), "a,b", True),
        (Condition(question="q", at_least=3), "3", True),
        (Condition(question="q", at_least=3, at_most=4), "5", False),
        (Condition(question="q", at_least=3), "many", False),
        (Condition(question="other", values=(YES,)), YES, None),
    ],
)
def test_a_condition_holds_fails_or_waits(condition, value, expected):
    assert asked(question("second", when=(condition,)), {"q": answered(value)}) is expected


def test_one_condition_that_fails_is_enough():
    conditions = (Condition(question="q", values=(YES,)), Condition(question="unknown", values=(YES,)))
    assert asked(question("second", when=conditions), {"q": answered(NO)}) is False
